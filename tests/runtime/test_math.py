"""nnrt_math.h beside libm in double: the errors that its head comment promises hold for floats from
all over the range, for both compilers, with and without -ffast-math; and the loops become vector
code. test_math.py --all takes all of the 2^32 floats (test_math_long.py does), as emitted programs
are compiled."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent / "math"
HEADER = nn.ROOT / "runtime" / "nnrt_math.h"
FLAGS = {"plain": ["-O1"], "vectors": ["-O3", "-march=native"],
         "any_order": ["-O3", "-march=native", "-DNNRT_REORDER"],
         "fast_math": ["-O3", "-march=native", "-ffast-math"]}
STRIDE = 4099  # coprime to 2, so that all mantissas occur


def promised():
  """The table in the header: function to units in the last place."""
  rows = re.findall(r"nnrt_(\w+)f +([\d.]+)", HEADER.read_text().split("Infinite arguments")[0])
  return {name: float(bound) for name, bound in rows}


def built(compiler, folder):
  include = ["-std=c99", f"-I{nn.ROOT / 'runtime'}", f"-I{HERE}"]
  objects = []
  for variant, flags in FLAGS.items():
    objects.append(folder / f"{variant}.o")
    nn.must([compiler, *nn.WARNINGS, *flags, *include, f"-DLIST={variant}_functions", "-c",
             HERE / "functions.c", "-o", objects[-1]])
  nn.must([compiler, "-O2", *include, HERE / "measure.c", *objects, "-lm", "-o", folder / "measure"])


def measured(variants, folder, stride):
  """Variant and function to the largest error and where it is, by as many processes as there are
  processors."""
  parts = os.cpu_count() or 1
  running = [subprocess.Popen([folder / "measure", str(stride), str(part), str(parts), *variants],
                              stdout=subprocess.PIPE, text=True) for part in range(parts)]
  found = {}
  for process in running:
    for row in process.communicate(timeout=3000)[0].splitlines():
      variant, name, error, _, place = row.split()
      found[variant, name] = max(found.get((variant, name), (0.0, "")), (float(error), place))
    nn.demand(process.returncode == 0, "measure failed")
  return found


def errors_hold(variant, found):
  bounds = promised()
  errors = {name: row for (of, name), row in found.items() if of == variant}
  nn.demand(len(bounds) >= 9 and bounds.keys() == errors.keys(), f"{sorted(bounds)} promised")
  for name, bound in bounds.items():
    nn.demand(errors[name][0] <= bound, f"{name}: more than {bound} units: {errors[name]}")
  return ", ".join(f"{name} {error:.2f}" for name, (error, _) in errors.items())


def vectorised(compiler, folder):
  """Every loop is said to have become vector code."""
  says = {"gcc": "-fopt-info-vec", "clang": "-Rpass=loop-vectorize"}[compiler]
  done = nn.must([compiler, "-O3", "-march=native", says, f"-I{nn.ROOT / 'runtime'}",
                  "-DLIST=functions", "-c", HERE / "functions.c", "-o", folder / "functions.o"])
  loops = len(re.findall(r"loop vectorized|vectorized loop", done.stderr))
  nn.demand(loops >= len(promised()), f"only {loops} loops of {len(promised())}")


def main():
  every = "--all" in sys.argv
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for compiler in filter(shutil.which, ("gcc",) if every else ("gcc", "clang")):
      built(compiler, folder)
      variants = [variant for variant in FLAGS if not every or variant != "plain"]
      found = measured(variants, folder, 1 if every else STRIDE)
      for variant in variants:
        tally.case(f"{compiler} {variant}", errors_hold, variant, found)
      tally.case(f"{compiler}: vector code", vectorised, compiler, folder)
  tally.close()


if __name__ == "__main__":
  main()
