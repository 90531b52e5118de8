"""A wrong derivative in the op table must make the emitted program's `check` fail.

A second nncc is built in a scratch folder from the same sources, with one row of
compiler/graph/ops.def changed: a factor that is off, a sign that is flipped, a term left out.
"""

import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

PARTS = ["CMakeLists.txt", "CMakePresets.json", "cmake", "cli", "compiler", "grammar", "runtime",
         "shared"]

# (what is wrong, the row's derivative, in its place, a model that uses the function)
CHANGES = [
  ("tanh off by a factor", '"1 - y^2"', '"1.02 * (1 - y^2)"', "softmax_class"),
  ("tanh with its sign flipped", '"1 - y^2"', '"y^2 - 1"', "softmax_class"),
  ("sin with its sign flipped", '"cos(a)"', '"-cos(a)"', "rnn_start_shape"),
]


def changed_compiler(folder, old, new):
  """Copies the sources, changes the row, builds nncc."""
  source, build = folder / "source", folder / "build"
  if not source.exists():
    source.mkdir()
    for part in PARTS:
      path = nn.ROOT / part
      if path.is_dir():
        shutil.copytree(path, source / part)
      elif path.exists():
        shutil.copy(path, source / part)
    (source / "tests").mkdir()
    (source / "tests" / "CMakeLists.txt").write_text("")
  table = nn.ROOT / "compiler" / "graph" / "ops.def"
  text = table.read_text()
  nn.demand(text.count(old) == 1, f"{old} stands {text.count(old)} times in ops.def")
  (source / "compiler" / "graph" / "ops.def").write_text(text.replace(old, new))
  environment = {k: v for k, v in os.environ.items() if k not in ("CC", "CFLAGS")}
  if not (build / "CMakeCache.txt").exists():
    nn.must(["cmake", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Release",
             "-DBUILD_TESTING=OFF"], env=environment)
  nn.must(["cmake", "--build", build, "--target", "nncc", "-j2"], env=environment, timeout=500)
  return build / "nncc"


def check_refuses(folder, old, new, model):
  compiler = changed_compiler(folder, old, new)
  source = folder / "m.c"
  for real in ("double", "float"):
    nn.must([compiler, nn.MODELS / f"{model}.nn", "--real", real, "-o", source])
    program = nn.compile_c([source], folder / "m")
    done = nn.run([program, "check"])
    nn.demand(done.returncode == 1, f"check passes in {real}, status {done.returncode}")


def check_accepts(folder, model):
  """The same models pass with the right rows: the failures above are the rows' alone."""
  for real in ("double", "float"):
    nn.must([nn.build(nn.MODELS / f"{model}.nn", folder, "--real", real, stem="right"), "check"])


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
