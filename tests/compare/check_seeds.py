"""`check` with many seeds on every model: how often does it fail, and how long does it take?

All gradients are right (test_torch.py), so that every failure is a false one. Not a test of the
suite: it takes minutes.

  check_seeds.py [--seeds 30] [--first 1] [--flags "-O3 -march=native"] [MODEL.nn ...]
"""

import argparse
import concurrent.futures
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402


def arguments():
  parser = argparse.ArgumentParser(description="check with many seeds")
  parser.add_argument("models", nargs="*", type=pathlib.Path)
  parser.add_argument("--seeds", type=int, default=30)
  parser.add_argument("--first", type=int, default=1)
  parser.add_argument("--flags", default="-O1")
  return parser.parse_args()


def try_model(model, real, options, root):
  """Failing seeds with what was said, and the longest time that one took."""
  name = f"{model.stem}_{real}"
  source = nn.emit(model, root / f"{name}.c", "--real", real)
  program = nn.compile_c([source], root / name, *options.flags.split())
  failures, longest = [], 0.0
  for seed in range(options.first, options.first + options.seeds):
    begun = time.perf_counter()
    done = nn.run([program, "check", "--seed", seed], timeout=600)
    longest = max(longest, time.perf_counter() - begun)
    if done.returncode != 0:
      failures.append(f"seed {seed}: {done.stderr.strip()}")
  return failures, longest


def main():
  options = arguments()
  failed = 0
  with tempfile.TemporaryDirectory(prefix="nncc-seeds-") as name, \
       concurrent.futures.ThreadPoolExecutor(2) as pool:
    jobs = {(model, real): pool.submit(try_model, model, real, options, pathlib.Path(name))
            for model in options.models or sorted(nn.MODELS.glob("*.nn"))
            for real in ("double", "float")}
    for (model, real), job in jobs.items():
      failures, longest = job.result()
      failed += len(failures)
      print(f"{model.stem} {real}: {len(failures)} failed, at most {longest:.1f} s", flush=True)
      print("".join(f"  {line}\n" for line in failures), end="", flush=True)
  print(f"{failed} failed")
  sys.exit(1 if failed else 0)


if __name__ == "__main__":
  main()
