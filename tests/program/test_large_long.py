"""4 GB of .npy and 4 GB of CSV train in under 300 MB of resident memory; the first step on .npy
is done within a second. Needs 12 GB of disk."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import numpy
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-numpy)")
  sys.exit(77)

from support import nn                                                      # noqa: E402

MODEL = """
input x[64]
target y
z = dense(x, 1)
loss (z[0] - y)^2
"""
BYTES, COLUMNS = 4 << 30, 65
SANITIZED = "SANITIZED" in os.environ


def make_npy(folder):
  samples = BYTES // (4 * COLUMNS) + 1
  values = numpy.random.default_rng(1).standard_normal((50000, COLUMNS)).astype("f4")
  large = numpy.lib.format.open_memmap(folder / "a.npy", "w+", "f4", (samples, COLUMNS))
  for k in range(0, samples, len(values)):
    large[k:k + len(values)] = values[:len(large[k:k + len(values)])]
  large.flush()


def make_csv(folder):
  values = numpy.random.default_rng(1).standard_normal((10000, COLUMNS))
  text = "".join(",".join(f"{value:.6f}" for value in row) + "\n" for row in values).encode()
  with open(folder / "a.csv", "wb") as file:
    for _ in range(BYTES // len(text) + 1):
      file.write(text)


def check_peak(folder, name):
  peak = nn.peak_of([folder / "m", "train", "--epochs", "1", "--batch", "512", "--data", name],
                    folder, timeout=1500)
  nn.demand(SANITIZED or peak < 300, f"{peak:.0f} MB resident")
  return f"{peak:.0f} MB resident"


def check_first_step(folder):
  saved = folder / "first.safetensors"
  command = [folder / "m", "train", "--data", "a.npy", "--save", saved, "--save-every", "1"]
  began = time.monotonic()
  with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as run:
    while not saved.exists() and run.poll() is None and time.monotonic() < began + 60:
      time.sleep(0.001)
    seconds = time.monotonic() - began
    run.send_signal(signal.SIGKILL)
  nn.demand(saved.exists() and (SANITIZED or seconds < 1), f"{seconds:.2f} s")
  return f"{seconds:.3f} s"


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-large-", dir=os.environ.get("TMPDIR")) as name:
    folder = pathlib.Path(name)
    if shutil.disk_usage(folder).free < 3.5 * BYTES:
      print("skipped: needs 14 GB of disk")
      sys.exit(77)
    (folder / "m.nn").write_text(re.sub("^\n", "", MODEL))
    nn.build(folder / "m.nn", folder)
    make_npy(folder)
    tally.case("the first step on 4 GB of .npy", check_first_step, folder)
    tally.case("4 GB of .npy", check_peak, folder, "a.npy")
    (folder / "a.npy").unlink()
    make_csv(folder)
    tally.case("4 GB of CSV", check_peak, folder, "a.csv")
  tally.close()


if __name__ == "__main__":
  main()
