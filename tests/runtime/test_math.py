"""nnrt_math.h beside libm in double: the errors that its head comment promises hold for floats from
all over the range, for both compilers, with and without -ffast-math; and the loops become vector
code. test_math.py --all takes all of the 2^32 floats (test_math_long.py does), as emitted programs
are compiled."""

import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent / "math"
HEADER = nn.ROOT / "runtime" / "nnrt_math.h"
FLAGS = {"plain": ["-O1"], "vectors": ["-O3", "-march=native"],
         "any order": ["-O3", "-march=native", "-DNNRT_REORDER"],
         "fast-math": ["-O3", "-march=native", "-ffast-math"]}
STRIDE = 4099  # coprime to 2, so that all mantissas occur


def promised():
  """The table in the header: function to units in the last place."""
  rows = re.findall(r"nnrt_(\w+)f +([\d.]+)", HEADER.read_text().split("Infinite arguments")[0])
  return {name: float(bound) for name, bound in rows}


def measured(compiler, flags, folder, stride):
  include = ["-std=c99", f"-I{nn.ROOT / 'runtime'}", f"-I{HERE}"]
  nn.must([compiler, *nn.WARNINGS, *flags, *include, "-c", HERE / "functions.c", "-o",
           folder / "functions.o"])
  nn.must([compiler, "-O2", *include, HERE / "measure.c", folder / "functions.o", "-lm", "-o",
           folder / "measure"])
  finite = ["FINITE"] if "-ffast-math" in flags else []
  rows = nn.must([folder / "measure", stride, *finite], timeout=3000).stdout.split("\n")
  return {row.split()[0]: (float(row.split()[1]), row) for row in rows if row}


def errors_hold(compiler, flags, folder, stride):
  bounds, found = promised(), measured(compiler, flags, folder, stride)
  nn.demand(len(bounds) >= 7 and bounds.keys() == found.keys(), f"{sorted(bounds)} promised")
  for name, bound in bounds.items():
    nn.demand(found[name][0] <= bound, f"more than {bound} units: {found[name][1]}")
  return ", ".join(f"{name} {error:.2f}" for name, (error, _) in found.items())


def vectorised(compiler, folder):
  """Every loop is said to have become vector code."""
  says = {"gcc": "-fopt-info-vec", "clang": "-Rpass=loop-vectorize"}[compiler]
  done = nn.must([compiler, "-O3", "-march=native", says, f"-I{nn.ROOT / 'runtime'}", "-c",
                  HERE / "functions.c", "-o", folder / "functions.o"])
  loops = len(re.findall(r"loop vectorized|vectorized loop", done.stderr))
  nn.demand(loops >= len(promised()), f"only {loops} loops of {len(promised())}")


def main():
  stride = 1 if "--all" in sys.argv else STRIDE
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as name:
    for compiler in filter(shutil.which, ("gcc", "clang")):
      for words, flags in FLAGS.items():
        if stride == 1 and (words == "plain" or compiler != "gcc"):
          continue
        tally.case(f"{compiler} {words}", errors_hold, compiler, flags, pathlib.Path(name), stride)
      tally.case(f"{compiler}: vector code", vectorised, compiler, pathlib.Path(name))
  tally.close()


if __name__ == "__main__":
  main()
