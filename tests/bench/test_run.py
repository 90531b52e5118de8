"""bench/run as a stranger would call it, short: its table, its files, the losses beside PyTorch's."""

import json
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import torch                                                              # noqa: F401
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-torch)")
  sys.exit(77)

from support import nn                                                      # noqa: E402

RUN = nn.ROOT / "bench" / "run"


def quick_run(folder):
  done = nn.must([RUN, "--quick", "--threads", "1", "--no-install", "--no-build", "--build",
                  os.environ["BUILD_DIR"], "--out", folder, "T1"], timeout=300)
  nn.demand("| T1 |" in done.stdout, "no row of T1 in the table")
  results = json.loads((folder / "bench.json").read_text())
  row = results["tasks"]["T1"]
  nn.demand(row["losses_differ"] <= 1e-4, f"losses differ by {row['losses_differ']}")
  nn.demand(row["ours_1"] > 0 and row["torch_1"] > 0 and row["predict_torch"] > 0, f"{row}")
  nn.demand(results["peak"]["bits_256"] >= 0, "no peak")
  nn.demand((folder / "bench.svg").read_text().startswith("<svg"), "no picture")
  return f"losses within {row['losses_differ']:.1e}"


def unknown_task(_):
  done = nn.run([RUN, "--no-install", "T99"])
  nn.demand(done.returncode == 2 and "no task T99" in done.stderr, done.stderr)


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as name:
    tally.case("quick run of T1", quick_run, pathlib.Path(name))
    tally.case("unknown task", unknown_task, None)
  tally.close()


if __name__ == "__main__":
  main()
