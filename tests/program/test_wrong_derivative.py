"""A wrong derivative in the op table must make the emitted program's `check` fail.

A second nncc is linked of the same objects but for the table's, compiled anew with one row of
compiler/graph/ops.def changed: a factor that is off, a sign that is flipped, a term left out.
"""

import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

BUILD = pathlib.Path(os.environ["BUILD_DIR"])
POSIX = ("-D_POSIX_C_SOURCE=200809L", "-D_XOPEN_SOURCE=700")

# (what is wrong, the row's derivative, in its place, a model that uses the function)
CHANGES = [
  ("tanh off by a factor", '"1 - y^2"', '"1.02 * (1 - y^2)"', "softmax_class"),
  ("tanh with its sign flipped", '"1 - y^2"', '"y^2 - 1"', "softmax_class"),
  ("sin with its sign flipped", '"cos(a)"', '"-cos(a)"', "rnn_start_shape"),
]


def changed_compiler(folder, old, new):
  """nncc again, of the same objects but for the table's."""
  graph = nn.ROOT / "compiler" / "graph"
  text = (graph / "ops.def").read_text()
  nn.demand(text.count(old) == 1, f"{old} stands {text.count(old)} times in ops.def")
  (folder / "ops.def").write_text(text.replace(old, new))
  shutil.copy(graph / "op.c", folder / "op.c")
  include = [f"-I{nn.ROOT / 'compiler' / name}" for name in ("graph", "base", "syntax")]
  objects = sorted((BUILD / "CMakeFiles" / "nncc.dir").rglob("*.o"))
  nn.must([nn.CC, "-O1", *POSIX, *include, folder / "op.c", *objects, BUILD / "libcompiler.a", "-lm",
           "-o", folder / "nncc"])
  return folder / "nncc"


def check_refuses(folder, old, new, model):
  compiler = changed_compiler(folder, old, new)
  source = folder / "m.c"
  for real in ("double", "float"):
    nn.must([compiler, nn.MODELS / f"{model}.nn", "--real", real, "-o", source])
    program = nn.compile_c([source], folder / "m", *nn.PLAINLY)
    done = nn.run([program, "check"])
    nn.demand(done.returncode == 1, f"check passes in {real}, status {done.returncode}")


def check_accepts(folder, model):
  """The same models pass with the right rows: the failures above are the rows' alone."""
  for real in ("double", "float"):
    program = nn.build(nn.MODELS / f"{model}.nn", folder, "--real", real, stem="right",
                       flags=nn.PLAINLY)
    nn.must([program, "check"])


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-derivative-") as name:
    folder = pathlib.Path(name)
    for model in sorted({change[3] for change in CHANGES}):
      tally.case(f"{model} is right", check_accepts, folder, model)
    for what, old, new, model in CHANGES:
      tally.case(what, check_refuses, folder, old, new, model)
  tally.close()


if __name__ == "__main__":
  main()
