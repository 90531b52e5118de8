"""A loss or gradient that is not finite ends training before it reaches the parameters, with a line that
names the step and the tensor that was the first."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import numpy
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-numpy)")
  sys.exit(77)

from support import nn, safetensors                                           # noqa: E402

DEEP = """model deep
input  x[3]
target y[2]
a = dense(x, 4)
h = tanh(a)
u = dense(log(x), 4)
v = tanh(u) + h
z = dense(v, 2)
loss mse(z, y)
"""
DIVIDED = """model divided
input  x[3]
target y[2]
a = tanh(dense(x, 4))
q[i] = a[i] / (x[0] - 2)
r = dense(tanh(q), 2)
s = dense(q, 2)
loss mse(r + s, y)
"""
ROOT = """model root
input  x[3]
target y[2]
param w[3] ~ ones
h = tanh(dense(x, 2))
loss mse(h, y) + sum(sqrt(w * x))
"""

def make_data(folder):
  """Sample 9 has a negative x[1]; sample 13 an x[0] of 2; sample 17 an x[2] of 0."""
  draw = numpy.random.default_rng(1)
  x = draw.uniform(0.5, 1.5, size=(32, 3))
  x[9, 1] = -1
  x[13, 0] = 2
  x[17, 2] = 0
  numpy.save(folder / "x.npy", x)
  y = draw.normal(size=(32, 2))
  numpy.save(folder / "y.npy", y)
  numpy.save(folder / "first_x.npy", x[:4])
  numpy.save(folder / "first_y.npy", y[:4])
  numpy.save(folder / "positive.npy", numpy.abs(x))


def train(folder, stem, *options):
  x, y = ("positive", "y") if stem == "root" else ("x", "y")
  if "--epochs" in options:
    x, y = "first_x", "first_y"
  done = nn.run([folder / stem, "train", "--data", f"x={x}.npy", "--data", f"y={y}.npy", "--batch", 4,
                 "--no-shuffle", "--save", f"{stem}.w", *options], cwd=folder)
  nn.demand(done.returncode == 1, f"status {done.returncode}: {done.stderr}{done.stdout}")
  nn.demand(done.stderr.count("\n") == 1, done.stderr)
  return done.stderr


def stops(folder, stem, model, step, options, *says):
  """In this step; what the step before saved is there, finite."""
  (folder / f"{stem}.nn").write_text(model)
  nn.build(folder / f"{stem}.nn", folder, stem=stem, flags=nn.PLAINLY)
  line = train(folder, stem, "--save-every", 1, *options)
  for words in (f"at step {step} (epoch 1)", "what was saved before is kept", *says):
    nn.demand(words in line, f"no '{words}' in: {line}")
  kept = safetensors.read(folder / f"{stem}.w")
  nn.demand(kept["@step"] == step - 1, f"step {kept['@step']} was kept")
  nn.demand(all(numpy.isfinite(value).all() for value in kept.values()), "what is kept is not finite")
  return line.split(": ", 1)[1].split("; try")[0]


def overflow(folder, stem, *options, says):
  """An update that overflows is found in the step after it, or before anything is saved."""
  before = (folder / f"{stem}.w").read_bytes()
  line = train(folder, stem, "--optimizer", "sgd(3e38)", *options)
  nn.demand(says in line, line)
  nn.demand((folder / f"{stem}.w").read_bytes() == before, "what was saved was overwritten")
  return line.split(": ", 1)[1].split("; try")[0]


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    make_data(folder)
    tally.case("logarithm", stops, folder, "deep", DEEP, 3, (), "the loss is not finite (nan)",
               "was the first, at element")
    tally.case("division", stops, folder, "divided", DIVIDED, 4, (), "q was the first")
    tally.case("gradient", stops, folder, "root", ROOT, 5, (), "the gradient is not finite",
               "that of w was the first")
    for name, options, says in (
        ("update", (), "at step 2 (epoch 1): u.b was the first, in the update of step 1"),
        ("save", ("--save-every", 1), "u.b is not finite after step 1 (epoch 1)"),
        ("end", ("--epochs", 1), "u.b is not finite after step 1 (epoch 1)")):
      tally.case(name, lambda: overflow(folder, "deep", *options, says=says))
  tally.close()


if __name__ == "__main__":
  main()
