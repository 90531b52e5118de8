"""PyTorch as a peer: one process that serves commands, one line of JSON each way.

  torch_peer.py THREADS
  {"do": "train", "task": "T3", "seconds": 0.2}     -> {"samples_per_s": ...}
  {"do": "predict", "task": "T3", "seconds": 0.2}   -> {"microseconds": ...}   batch 1, jit.freeze
  {"do": "losses", "task": "T3", "folder": F}       -> {"losses": [...]}        writes F/w, F/x, F/y
  {"do": "memory"}                                  -> {"bytes": ...}           resident, at most

With one thread times are processor time, so that a busy machine disturbs less; else wall time.
"""

import json
import math
import pathlib
import resource
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))

import tasks                                                                # noqa: E402
from support import safetensors                                             # noqa: E402

PARTS, STEPS = 5, 100


# ---- the models ---------------------------------------------------------------------------------

def dense_stack(function, *widths):
  layers = []
  for a, b in zip(widths, widths[1:]):
    layers += [nn.Linear(a, b), function()]
  return nn.Sequential(*layers[:-1])


class Recurrent(nn.Module):
  def __init__(self, cell, classes=65, hidden=256):
    super().__init__()
    self.classes = classes
    self.cell = cell(classes, hidden, batch_first=True)
    self.out = nn.Linear(hidden, classes)

  def forward(self, c):
    return self.out(self.cell(functional.one_hot(c, self.classes).float())[0])


class Block(nn.Module):
  def __init__(self, width, heads):
    super().__init__()
    self.heads = heads
    self.a, self.qkv = nn.LayerNorm(width), nn.Linear(width, 3 * width)
    self.o, self.c = nn.Linear(width, width), nn.LayerNorm(width)
    self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

  def attention(self, x, mask):
    n, t, d = x.shape
    q, k, v = (part.view(n, t, self.heads, d // self.heads).transpose(1, 2)
               for part in self.qkv(x).split(d, dim=2))
    p = (q @ k.transpose(2, 3) / math.sqrt(d // self.heads)).masked_fill(mask, -math.inf)
    return self.o((p.softmax(3) @ v).transpose(1, 2).reshape(n, t, d))

  def forward(self, x, mask):
    h = x + self.attention(self.a(x), mask)
    return h + self.down(functional.gelu(self.up(self.c(h))))


class Transformer(nn.Module):
  def __init__(self, classes, width=384, heads=6, layers=6, steps=64):
    super().__init__()
    self.tokens = nn.Parameter(0.02 * torch.randn(classes, width))
    self.places = nn.Parameter(0.02 * torch.randn(steps, width))
    self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
    self.norm = nn.LayerNorm(width)
    self.register_buffer("mask", torch.ones(steps, steps).triu(1).bool(), persistent=False)

  def forward(self, c):
    x = functional.embedding(c, self.tokens) + self.places
    for block in self.blocks:
      x = block(x, self.mask)
    return self.norm(x) @ self.tokens.t()


def convolutions():
  return nn.Sequential(
    nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
    nn.MaxPool2d(2), nn.Flatten(), dense_stack(nn.ReLU, 256, 120, 84, 10))


def wide_convolutions():
  def pair(a, b):
    return [nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), nn.ReLU(),
            nn.MaxPool2d(2)]
  return nn.Sequential(*pair(3, 64), *pair(64, 128), nn.Flatten(), dense_stack(nn.ReLU, 8192, 256, 10))


def normed(a, b, stride=1):
  return [nn.Conv2d(a, b, 3, stride=stride, padding=1), nn.BatchNorm2d(b)]


class Residual(nn.Module):
  def __init__(self, width):
    super().__init__()
    self.inside = nn.Sequential(*normed(width, width), nn.ReLU(), *normed(width, width))

  def forward(self, x):
    return torch.relu(self.inside(x) + x)


def residual_network():
  return nn.Sequential(
    *normed(3, 32), nn.ReLU(), Residual(32), Residual(32),
    *normed(32, 64, 2), nn.ReLU(), Residual(64), Residual(64),
    *normed(64, 128, 2), nn.ReLU(), Residual(128),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


MODELS = {
  "T1": lambda: dense_stack(nn.Tanh, 4, 16, 3), "T2": lambda: dense_stack(nn.Tanh, 64, 32, 10),
  "T3": lambda: dense_stack(nn.ReLU, 784, 256, 128, 10),
  "T4": lambda: dense_stack(nn.ReLU, 1024, 2048, 2048, 1000),
  "T5": lambda: Recurrent(nn.RNN), "T6": lambda: Recurrent(nn.LSTM),
  "T7": lambda: dense_stack(nn.Tanh, 30, 16, 1), "T8": convolutions,
  "C1": wide_convolutions, "C2": residual_network,
  "G1": lambda: Transformer(50257), "G2": lambda: Transformer(65),
}


def optimizer_of(name, model):
  if name in ("G1", "G2"):
    return torch.optim.AdamW(model.parameters(), lr=0.0003)
  return torch.optim.SGD(model.parameters(), lr=0.01)


def draw(shape, classes, n, generator):
  if classes:
    return torch.randint(classes, (n, *shape), generator=generator)
  return torch.randn((n, *shape), generator=generator)


def data_of(name, n):
  generator = torch.Generator().manual_seed(1)
  (x, y) = (draw(shape, classes, n, generator) for shape, classes in tasks.data_shapes(name))
  return x, (y > 0).float() if name == "T7" else y


def loss_of(name, z, y):
  if name == "T7":
    return functional.binary_cross_entropy_with_logits(z, y)
  return functional.cross_entropy(z.reshape(-1, z.shape[-1]), y.reshape(-1))


class Training:
  def __init__(self, name):
    torch.manual_seed(1)
    self.name = name
    self.model = MODELS[name]()
    self.optimizer = optimizer_of(name, self.model)
    self.x, self.y = data_of(name, tasks.TASKS[name].batch)

  def step(self):
    self.optimizer.zero_grad(set_to_none=True)
    loss = loss_of(self.name, self.model(self.x), self.y)
    loss.backward()
    self.optimizer.step()
    return loss


# ---- time ---------------------------------------------------------------------------------------

def now(threads):
  return time.process_time() if threads == 1 else time.perf_counter()


def seconds_a_call(call, seconds, threads):
  """The fastest of five parts of so many seconds each, after one to warm up."""
  def part(count):
    begun = now(threads)
    for _ in range(count):
      call()
    return now(threads) - begun
  count = 1
  taken = part(count)
  while taken < seconds / 4:
    count *= 2
    taken = part(count)
  count = max(1, round(count * seconds / taken))
  return min(part(count) for _ in range(PARTS)) / count


# ---- commands -----------------------------------------------------------------------------------

def train(request, threads):
  training = Training(request["task"])
  seconds = seconds_a_call(training.step, request["seconds"], threads)
  return {"samples_per_s": tasks.TASKS[request["task"]].batch / seconds}


def predict(request, threads):
  model = MODELS[request["task"]]().eval()
  x, _ = data_of(request["task"], 1)
  with torch.no_grad():
    frozen = torch.jit.freeze(torch.jit.trace(model, x))
    for _ in range(10):
      frozen(x)
    seconds = seconds_a_call(lambda: frozen(x), request["seconds"], threads)
  return {"microseconds": seconds * 1e6}


def as_array(tensor):
  array = tensor.detach().numpy()
  return array.astype(numpy.int32) if array.dtype == numpy.int64 else array


def losses(request, _):
  training = Training(request["task"])
  folder = pathlib.Path(request["folder"])
  names = tasks.parameter_names(request["task"])
  safetensors.write(folder / "w.safetensors", {
    name: as_array(value) for name, value in zip(names, training.model.parameters(), strict=True)})
  numpy.save(folder / "x.npy", as_array(training.x))
  numpy.save(folder / "y.npy", as_array(training.y))
  return {"losses": [training.step().item() for _ in range(request.get("steps", STEPS))]}


def memory(*_):
  return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


COMMANDS = {"train": train, "predict": predict, "losses": losses, "memory": memory}


def main():
  threads = int(sys.argv[1])
  torch.set_num_threads(threads)
  for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(COMMANDS[request["do"]](request, threads)), flush=True)


if __name__ == "__main__":
  main()
