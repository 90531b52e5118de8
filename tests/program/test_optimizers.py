"""Every optimizer of the library against PyTorch's (lion against its published rule): 200 steps in
double from the same weights, over the same batches, element by element to 1e-6."""

import os
import pathlib
import sys
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import numpy
  import torch
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-numpy python3-torch)")
  sys.exit(77)

from support import nn, safetensors                                           # noqa: E402

MODEL = """model optimizers
input  x[6]
target y : class(4)
h = tanh(dense(x, 8))
z = dense(h, 4)
optimizer started(rate) {
  state s = 0.5
  s = s + g^2
  p = p - rate * g / (sqrt(s) + 1e-10)
}
loss softmax_cross_entropy(z, y)
"""
STEPS, BATCH, BATCHES = 200, 10, 8


class Lion(torch.optim.Optimizer):
  """Chen et al. 2023, algorithm 2, in NumPy."""

  def __init__(self, parameters, lr, betas, weight_decay=0.0):
    super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})
    self.m = {}

  @torch.no_grad()
  def step(self, closure=None):
    for group in self.param_groups:
      beta1, beta2 = group["betas"]
      for number, parameter in enumerate(group["params"]):
        g, w = parameter.grad.numpy().copy(), parameter.numpy()
        m = self.m.get(number, numpy.zeros_like(g))
        update = numpy.sign(beta1 * m + (1 - beta1) * g)
        w -= group["lr"] * (update + group["weight_decay"] * w)
        self.m[number] = beta2 * m + (1 - beta2) * g


OPTIM = torch.optim
CASES = [
  ("sgd(0.1)", lambda p: OPTIM.SGD(p, lr=0.1)),
  ("sgd(0.1, momentum = 0.9)", lambda p: OPTIM.SGD(p, lr=0.1, momentum=0.9)),
  ("nesterov(0.05)", lambda p: OPTIM.SGD(p, lr=0.05, momentum=0.9, nesterov=True)),
  ("adagrad", lambda p: OPTIM.Adagrad(p)),
  ("adagrad(0.3, epsilon = 1e-3)", lambda p: OPTIM.Adagrad(p, lr=0.3, eps=1e-3)),
  ("started(0.2)", lambda p: OPTIM.Adagrad(p, lr=0.2, initial_accumulator_value=0.5)),
  ("rmsprop", lambda p: OPTIM.RMSprop(p)),
  ("rmsprop(0.002, decay = 0.9, momentum = 0.7)",
   lambda p: OPTIM.RMSprop(p, lr=0.002, alpha=0.9, momentum=0.7)),
  ("adam", lambda p: OPTIM.Adam(p)),
  ("adam(0.01, beta1 = 0.8, beta2 = 0.95, epsilon = 1e-5)",
   lambda p: OPTIM.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-5)),
  ("adamw(0.01)", lambda p: OPTIM.AdamW(p, lr=0.01)),
  ("adamw(0.02, decay = 0.3)", lambda p: OPTIM.AdamW(p, lr=0.02, weight_decay=0.3)),
  ("lion(0.001)", lambda p: Lion(p, 0.001, (0.9, 0.99))),
  ("lion(0.002, beta1 = 0.95, beta2 = 0.98, decay = 0.1)",
   lambda p: Lion(p, 0.002, (0.95, 0.98), 0.1)),
]


def follow(start, data, make):
  """The same steps by PyTorch; the weights that come out."""
  names = ["h.W", "h.b", "z.W", "z.b"]
  w = {name: torch.tensor(start[name]).requires_grad_() for name in names}
  x, y = (torch.tensor(value) for value in data)
  optimizer = make(list(w.values()))
  for step in range(STEPS):
    of = slice(step % BATCHES * BATCH, (step % BATCHES + 1) * BATCH)
    optimizer.zero_grad()
    h = torch.tanh(x[of] @ w["h.W"].T + w["h.b"])
    torch.nn.functional.cross_entropy(h @ w["z.W"].T + w["z.b"], y[of]).backward()
    optimizer.step()
  return {name: value.detach().numpy() for name, value in w.items()}


def compare(program, folder, start, data, text, make):
  nn.must([program, "train", "--load", "start", "--save", "end", "--data", "x=x.npy", "--data",
           "y=y.npy", "--batch", BATCH, "--epochs", STEPS // BATCHES, "--no-shuffle",
           "--optimizer", text], cwd=folder)
  found, expected = safetensors.read(folder / "end"), follow(start, data, make)
  nn.demand(int(found["@step"]) == STEPS, f"{found['@step']} steps")
  worst = max(numpy.abs(found[name] - value).max() for name, value in expected.items())
  moved = max(numpy.abs(start[name] - value).max() for name, value in expected.items())
  nn.demand(moved > 0.01, f"nothing moved: {moved}")
  nn.demand(worst <= 1e-6, f"differs by {worst:.3g}")
  return f"moved {moved:.2g}, differs by {worst:.1g}"


def main():
  tally = nn.Tally()
  draw = numpy.random.default_rng(3)
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    data = (draw.normal(size=(BATCH * BATCHES, 6)), draw.integers(0, 4, BATCH * BATCHES))
    numpy.save(folder / "x.npy", data[0])
    numpy.save(folder / "y.npy", data[1])
    (folder / "m.nn").write_text(MODEL)
    program = nn.build(folder / "m.nn", folder, "--real", "double", flags=nn.PLAINLY)
    nn.must([program, "train", "--epochs", 0, "--save", "start", "--data", "x=x.npy", "--data",
             "y=y.npy"], cwd=folder)
    start = safetensors.read(folder / "start")
    for text, make in CASES:
      tally.case(text, compare, program, folder, start, data, text, make)
  tally.close()


if __name__ == "__main__":
  main()
