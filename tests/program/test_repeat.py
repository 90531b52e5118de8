"""Copies along an axis: what is emitted does not grow with them, and nothing else tells.

Length and nncc's time for the GPT example; names in files and what parameters begin with are those
of copies written out; weights that are saved are loaded again, by name.
"""

import pathlib
import resource
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn, safetensors                                          # noqa: E402

GPT = nn.ROOT / "examples" / "gpt" / "gpt.nn"
ROWS = "0.1,0.2,0.3,1,0,1\n0.3,-0.2,0.1,0,1,1\n-0.5,0.4,0.2,1,1,0\n"
REPEATED = """model m
input x[3]
target y[3]
h = x
repeat 2 { h = dense(h, 3) |> tanh }
output h
loss mse(h, y)
"""
WRITTEN = """model m
input x[3]
target y[3]
h = dense(dense(x, 3) |> tanh, 3) |> tanh
output h
loss mse(h, y)
"""


def check_length(folder):
  counts = {}
  for layers in (2, 3, 12):
    text = nn.emit(GPT, folder / f"l{layers}.c", "-D", f"L={layers}").read_text()
    counts[layers] = text.count("\n")
  nn.demand(len(set(counts.values())) == 1, f"lines by number of layers: {counts}")
  return f"{counts[2]} lines"


def sanitized():
  return b"__asan_init" in pathlib.Path(nn.NNCC).read_bytes()


def check_time(folder):
  before = resource.getrusage(resource.RUSAGE_CHILDREN)
  nn.emit(GPT, folder / "large.c", "-D", "L=6", "-D", "heads=6", "-D", "D=384")
  after = resource.getrusage(resource.RUSAGE_CHILDREN)
  seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
  nn.demand(sanitized() or seconds < 0.1, f"{seconds:.2f} s of processor time")
  return f"{seconds:.3f} s"


def trained(folder, stem, text):
  """Weights as they begin (rate 0), and the loss of a test with them."""
  model = folder / f"{stem}.nn"
  model.write_text(text)
  (folder / "d.csv").write_text(ROWS)
  program = nn.build(model, folder, "--real", "double", stem=stem, flags=nn.PLAINLY)
  weights = folder / f"{stem}.safetensors"
  nn.must([program, "train", "--data", folder / "d.csv", "--epochs", "1", "--rate", "0",
           "--save", weights])
  tested = nn.must([program, "test", "--load", weights, "--data", folder / "d.csv"])
  return program, weights, tested.stdout


def check_same_as_written(folder):
  program, repeated, loss = trained(folder, "repeated", REPEATED)
  _, written, loss_too = trained(folder, "written", WRITTEN)
  ours, theirs = safetensors.read(repeated), safetensors.read(written)
  if isinstance(ours, tuple):
    ours, theirs = ours[0], theirs[0]
  names = [name for name in sorted(theirs) if not name.startswith("@")]
  nn.demand(names == ["h.1.W", "h.1.b", "h.2.W", "h.2.b"], f"written out: {names}")
  for name in names:
    nn.demand(name in ours, f"no tensor {name}")
    nn.demand((ours[name] == theirs[name]).all(), f"{name} begins with other numbers")
  nn.demand(loss == loss_too, f"{loss!r}, not {loss_too!r}")
  tested = nn.must([program, "test", "--load", written, "--data", folder / "d.csv"])
  nn.demand(tested.stdout == loss, "weights of the model written out give another loss")
  nn.must([program, "check"])


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-repeat-") as root:
    folder = pathlib.Path(root)
    tally.case("length does not depend on the number of copies", check_length, folder)
    tally.case("nncc's time for 6 layers of 384 channels", check_time, folder)
    tally.case("names, first values, losses as of copies written out", check_same_as_written,
               folder)
  tally.close()


if __name__ == "__main__":
  main()
