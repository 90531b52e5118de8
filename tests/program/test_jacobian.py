"""Derivatives at every place of an index: what is emitted does not grow with the places.

Some lines more say which kernel a size gets, and what it packs; a line for each place would be
thousands. A row that is too long to be read as zeros where it is not there has some fewer. What makes
a function of a loop that threads share, or parts of a batch, is not counted: that depends on how much
there is to do.
"""

import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

MODELS = nn.ROOT / "tests" / "models"
RECURRENT = """model m
let T = 5
let M = 4
input x[T, 3]
target y[M]
h = gru(x, M)
output J[i, t, j] = grad(h[T - 1, i], x)[t, j]
loss mse(h[T - 1], y) + sum(J^2)
"""
SIZES = (40, 300, 5000)
KERNELS = 30
# What adds up the parts of a batch, where one is cut. Of such a function the head, its struct, what it reads of that; the call, and sums of shares.
SHARED = [r"/\* A batch's parts: .*?(?=\nstatic double compute_gradient)",
          r"/\* [^\n]*for one share of the samples\. \*/\nstruct nnrt_split_\d+ \{.*?\n\};\n",
          r"static void nnrt_split_.*?\n  const size_t s_begin[^\n]*\n",
          r"nnrt_team_run\(n <.*?\);\n", r" +add_shares_\w+\(.*?\);\n",
          r"[^\n]*_share\w* = at\(.*?\*/\n", r"/\* Adds what shares.*?\n\}\n"]


def check_length(model, names, folder):
  counts = {}
  for size in SIZES:
    defines = [word for name in names for word in ("-D", f"{name}={size}")]
    written = nn.emit(model, folder / f"{size}.c", *defines).read_text()
    for part in SHARED:
      written = re.sub(part, "", written, flags=re.DOTALL)
    counts[size] = written.count("\n")
  for size, lines in counts.items():
    least = min(counts[smaller] for smaller in SIZES if smaller <= size)
    nn.demand(lines - least <= KERNELS, f"lines by size: {counts}")
  return f"lines by size: {counts}"


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-jacobian-") as root:
    folder = pathlib.Path(root)
    recurrent = folder / "recurrent.nn"
    recurrent.write_text(RECURRENT)
    tally.case("Jacobian of a network", check_length, MODELS / "jacobian_mlp.nn", "M", folder)
    tally.case("Hessian, third derivatives", check_length, MODELS / "hessian.nn", "N", folder)
    tally.case("Jacobian through time", check_length, recurrent, "TM", folder)
  tally.close()


if __name__ == "__main__":
  main()
