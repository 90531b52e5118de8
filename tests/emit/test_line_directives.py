"""--line-directives: gcc -g knows the lines of the model that each line of C stems from, what stems
from none keeps the emitted file's own number, and the C is as clean as without."""

import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

MODEL = """model lines
input x[5]
target y[3]
param W[4, 5], b[4]

h = tanh(W @ x + b)
let unused = 1
z = dense(h, 3)

output z
loss sum((z - y)^2)
"""
# Declarations: their gradients. Equations. The call of the layer. The output. The loss.
EXPECTED = {4, 6, 8, 10, 11}
CLEAN = ["gru_equations", "repeat_copies", "softmax_by_exponentials"]


def compiled(folder, *options):
  (folder / "lines.nn").write_text(MODEL)
  nn.must([nn.NNCC, "lines.nn", "--line-directives", *options, "-o", "lines.c"], cwd=folder)
  code = (folder / "lines.c").read_text()
  if nn.SANITIZED: # of nncc, whose text is the same in every build
    return code
  # --standalone brings the text of all kernels, which takes gcc long where it does not optimise.
  flags = ["-fsyntax-only"] if "--standalone" in options else nn.QUICKLY
  nn.must(["gcc", *nn.WARNINGS, "-g", *flags, f"-I{nn.INCLUDE}", "-c", "lines.c", "-o", "lines.o"],
          cwd=folder)
  return code


def check_debugger():
  with tempfile.TemporaryDirectory(prefix="nncc-lines-") as name:
    folder = pathlib.Path(name)
    compiled(folder)
    told = nn.must(["objdump", "--dwarf=decodedline", "lines.o"], cwd=folder).stdout
  rows = re.findall(r"^(\S+)\s+(\d+)\s+0(?:x|\s)", told, re.M)
  found = {int(line) for path, line in rows if path.endswith("lines.nn")}
  nn.demand(found == EXPECTED, f"lines of the model: {sorted(found)}")
  nn.demand(any(path.endswith("lines.c") for path, _ in rows), "the emitted file has no lines left")


def check_statements():
  """What stands under a directive, by words of the statement."""
  with tempfile.TemporaryDirectory(prefix="nncc-lines-") as name:
    code = compiled(pathlib.Path(name))
  under = re.findall(r'^#line (\d+) "lines.nn"\n(.*)', code, re.M)
  for line, part in ((4, "d_W)"), (6, "tanh"), (8, "d_z_W["), (11, "loss")):
    nn.demand(any(int(n) == line and part in text for n, text in under), f"{part} not under {line}")
  wrong = [text for n, text in under if "tanh" in text and int(n) != 6]
  nn.demand(not wrong, f"tanh elsewhere: {wrong}")


def check_way_back(*options):
  with tempfile.TemporaryDirectory(prefix="nncc-lines-") as name:
    lines = compiled(pathlib.Path(name), *options).split("\n")
  back = [(k, line) for k, line in enumerate(lines) if line.endswith('"lines.c"')]
  nn.demand(back, "no way back")
  for k, line in back: # the directive is line k + 1, it counts the one behind it
    nn.demand(line == f'#line {k + 2} "lines.c"', f"line {k + 1}: {line}")


def check_clean(stem):
  with tempfile.TemporaryDirectory(prefix="nncc-lines-") as name:
    folder = pathlib.Path(name)
    plain, directed = folder / "plain.c", folder / "directed.c"
    nn.emit(nn.MODELS / f"{stem}.nn", plain)
    nn.emit(nn.MODELS / f"{stem}.nn", directed, "--line-directives")
    for compiler in () if nn.SANITIZED else ("gcc", "clang"):
      nn.must([compiler, *nn.WARNINGS, "-g", "-fsyntax-only", f"-I{nn.INCLUDE}", directed])
    kept = re.sub(r"^#line .*\n", "", directed.read_text(), flags=re.M)
    nn.demand(kept.split() == plain.read_text().split(), "the C is another one")
    nn.demand("#line" not in plain.read_text(), "directives that nobody asked for")


def main():
  tally = nn.Tally()
  if not nn.SANITIZED:
    tally.case("what gcc tells a debugger", check_debugger)
  tally.case("statements", check_statements)
  tally.case("the way back", check_way_back)
  tally.case("the way back, alone", check_way_back, "--lib", "--standalone")
  tally.case("the way back, a whole program", check_way_back, "--standalone")
  for stem in CLEAN:
    tally.case(stem, check_clean, stem)
  tally.close()


if __name__ == "__main__":
  main()
