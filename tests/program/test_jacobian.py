"""Derivatives at every place of an index: what is emitted does not grow with the places.

Some lines more say which kernel a size gets, what it packs, and which loops threads share, each a
function: half as many again at most. A line for each place would be thousands. A row that is too
long to be read as zeros where it is not there has some lines fewer.
"""

import pathlib
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


def check_length(model, names, folder):
  counts = {}
  for size in SIZES:
    defines = [word for name in names for word in ("-D", f"{name}={size}")]
    counts[size] = nn.emit(model, folder / f"{size}.c", *defines).read_text().count("\n")
  for size, lines in counts.items():
    least = min(counts[smaller] for smaller in SIZES if smaller <= size)
    nn.demand(lines - least <= least / 2, f"lines by size: {counts}")
  return f"{counts[SIZES[0]]} lines"


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
