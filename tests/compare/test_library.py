"""Every layer and loss of the library against PyTorch's own, for several shapes each.

Loss, outputs and every gradient, first and second derivatives, in double to 1e-9 (by the plain loops,
which are the reference) and in float to 1e-4 of each tensor's largest entry (by what ships). Further:
batchnorm in prediction, dropout, metrics; and that no layer of the library is left out.

  test_library.py [--keep FOLDER] [--real double|float] [GROUP ...]
"""

import argparse
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from compare import grouped                                                 # noqa: E402
from library import layers, losses, states                                  # noqa: E402
from support import nn                                                      # noqa: E402


def everything_is_compared(groups):
  printed = nn.must([nn.NNCC, "--print-library"]).stdout
  there = set(re.findall(r"^layer (\w+)", printed, re.M))
  missing = there - set(groups) - set(states.TESTS)
  nn.demand(not missing, f"not compared: {' '.join(sorted(missing))}")
  return f"{len(there)} layers and losses"


def arguments():
  parser = argparse.ArgumentParser(description="the library against PyTorch")
  parser.add_argument("groups", nargs="*", help="names of layers; all where left out")
  parser.add_argument("--keep", type=pathlib.Path, help="work in this folder and leave it there")
  parser.add_argument("--real", choices=["double", "float"], help="only this type")
  return parser.parse_args()


def run_all(options, root):
  reals = [options.real] if options.real else ["double", "float"]
  tally = nn.Tally()
  groups = {**layers.CASES.groups(), **losses.CASES.groups()}
  grouped.run_groups(tally, groups, options.groups, root, reals)
  for name, test in states.TESTS.items():
    if name in (options.groups or [name]):
      folder = root / f"{name}_states"
      folder.mkdir(parents=True, exist_ok=True)
      tally.case(f"{name}, states and modes", test, folder)
  if not options.groups:
    tally.case("every layer is compared", everything_is_compared, groups)
  tally.close()


def main():
  options = arguments()
  if options.keep:
    run_all(options, options.keep)
  else:
    with tempfile.TemporaryDirectory(prefix="nncc-library-") as root:
      run_all(options, pathlib.Path(root))


if __name__ == "__main__":
  main()
