"""What one batch's gradient does not show: batchnorm in prediction, dropout, metrics, carried
states. Each test takes a folder to work in and gives back a note."""

import numpy
import torch
from torch.nn import functional

from support import nn, safetensors

TOLERANCE = 1e-9
SAMPLES = 8


def program(folder, text, stem="m", *options):
  model = folder / f"{stem}.nn"
  model.write_text(text, encoding="utf-8")
  return nn.build(model, folder, "--real", "double", *options, stem=stem, flags=nn.PLAINLY)


def write(folder, **tensors):
  """Writes each as NAME.npy; gives back the --data options by name."""
  for name, value in tensors.items():
    numpy.save(folder / f"{name}.npy", value)
  return lambda *names: [word for name in names
                         for word in ("--data", f"{name}={folder / name}.npy")]


def close(what, given, wanted):
  given, wanted = numpy.asarray(given), numpy.asarray(wanted)
  nn.demand(given.shape == wanted.shape, f"{what}: shape {given.shape}, not {wanted.shape}")
  error = numpy.max(numpy.abs(given - wanted)) / max(1e-3, numpy.max(numpy.abs(wanted)))
  nn.demand(error <= TOLERANCE, f"{what} is off by {error:.1e} of its largest entry")


def reported(done):
  """The figures that `test` prints, by name."""
  return {words[0]: float(words[1]) for words in map(str.split, done.stdout.split("\n\n")[0].splitlines())}


# ---- batchnorm ---------------------------------------------------------------------------------

NORM = """
model norm
input  x[3], image[2, 3, 4]
target y[3]
a = batchnorm(x)
b = batchnorm(image, eps = 1e-3)
output a
output b
loss   mse(a, y) + mean(b^2)
"""


def predicted(folder, run, data):
  nn.must([run, "predict", "--load", folder / "W.safetensors", *data("x", "image"), "-o",
           folder / "P.npy"])
  return [numpy.load(folder / f"P.{name}.npy") for name in "ab"]


def demand_prediction(folder, run, data, weights, x, image):
  """Against PyTorch's evaluation mode with the same statistics."""
  at = lambda name: torch.as_tensor(numpy.array(weights[name]))
  given = predicted(folder, run, data)
  for name, value, eps, found in ("a", x, 1e-5, given[0]), ("b", image, 1e-3, given[1]):
    wanted = functional.batch_norm(torch.as_tensor(value), at(f"@mean.{name}.m"),
                                   at(f"@mean.{name}.v"), at(f"{name}.g"), at(f"{name}.b"),
                                   training=False, eps=eps)
    close(f"prediction {name}", found, wanted)


def batchnorm(folder):
  """Prediction with statistics that were loaded; the averages over two epochs of two batches."""
  random = numpy.random.default_rng(3)
  x, image = random.normal(1, 2, (SAMPLES, 3)), random.normal(-1, 3, (SAMPLES, 2, 3, 4))
  data = write(folder, x=x, image=image, y=random.normal(size=(SAMPLES, 3)))
  run = program(folder, NORM)
  weights = {f"{name}.{part}": random.normal(size=n) for name, n in (("a", 3), ("b", 2))
             for part in "gb"}
  weights |= {f"@mean.{name}.m": random.normal(size=n) for name, n in (("a", 3), ("b", 2))}
  weights |= {f"@mean.{name}.v": random.uniform(0.5, 2, n) for name, n in (("a", 3), ("b", 2))}
  safetensors.write(folder / "W.safetensors", weights)
  demand_prediction(folder, run, data, weights, x, image)
  nn.must([run, "train", *data("x", "image", "y"), "--batch", SAMPLES // 2, "--epochs", 2,
           "--no-shuffle", "--rate", 0.01, "--save", folder / "W.safetensors"])
  weights = safetensors.read(folder / "W.safetensors")
  for name, value in ("a", x), ("b", image):
    close(f"average of {name}", weights[f"@mean.{name}.m"], running(value, numpy.mean))
    close(f"variance of {name}", weights[f"@mean.{name}.v"], running(value, numpy.var))
  demand_prediction(folder, run, data, weights, x, image)
  return "prediction, running averages"


def running(value, statistic):
  """0.9 old + 0.1 new over both halves, twice; begins at the first batch's value."""
  axes = tuple(axis for axis in range(value.ndim) if axis != 1)
  halves = [statistic(half, axis=axes) for half in (value[:SAMPLES // 2], value[SAMPLES // 2:])]
  average = halves[0]
  for new in [*halves[1:], *halves]:
    average = 0.9 * average + 0.1 * new
  return average


# ---- dropout -----------------------------------------------------------------------------------

DROPOUT = """
model drop
input  x[500]
param  w[500] ~ ones
h = dropout(w * x, 0.25)
output h
loss   sum(h)
"""


def dropout(folder):
  """Prediction is the identity; in training a quarter is 0 and the rest is scaled by 4/3."""
  run = program(folder, DROPOUT)
  x = numpy.ones((4, 500))
  data = write(folder, x=x)
  weights = folder / "W.safetensors"
  safetensors.write(weights, {"w": numpy.ones(500)})
  nn.must([run, "predict", "--load", weights, *data("x"), "-o", folder / "P.npy"])
  close("prediction", numpy.load(folder / "P.npy"), x)

  def slope(seed):
    nn.must([run, "grad", "--load", weights, *data("x"), "--seed", seed, "-o",
             folder / "G.safetensors"])
    return safetensors.read(folder / "G.safetensors")["w"] * len(x)
  first, other = slope(1), slope(2)
  close("same seed", slope(1), first)
  nn.demand(numpy.any(first != other), "another seed draws the same mask")
  kept = first * 3 / 4                            # how many of the 4 samples were kept
  close("scale of what is kept", kept, numpy.round(kept))
  share = 1 - kept.sum() / x.size
  nn.demand(abs(share - 0.25) < 0.05, f"{share:.3f} of the elements are dropped, not 0.25")
  return f"{share:.3f} dropped"


# ---- metrics -----------------------------------------------------------------------------------

METRICS = """
model metrics
let T = 3, K = 4
input  x[T, K]
target y[T] : class(K)
param  w[K] ~ ones
z = w * x
p = softmax(z)
output p
loss   cross_entropy(p, y)
metric accuracy(p, y)
metric perplexity(p, y)
metric of_logits = accuracy(z, y)
"""


def metrics(folder):
  run = program(folder, METRICS)
  random = numpy.random.default_rng(4)
  x, y = random.normal(size=(7, 3, 4)), random.integers(0, 4, (7, 3))
  data = write(folder, x=x, y=y)
  safetensors.write(folder / "W.safetensors", {"w": numpy.ones(4)})
  z = torch.as_tensor(x)
  loss = functional.cross_entropy(z.reshape(-1, 4), torch.as_tensor(y).reshape(-1)).item()
  found = reported(nn.must([run, "test", "--load", folder / "W.safetensors", *data("x", "y"),
                            "--batch", 2]))
  share = numpy.mean(x.argmax(-1) == y)
  wanted = {"loss": loss, "accuracy": share, "perplexity": numpy.exp(loss), "of_logits": share}
  for name, value in wanted.items():
    nn.demand(abs(found[name] - value) < 1e-7, f"{name} is {found[name]}, not {value}")
  return "in batches of 2 of 7"


# ---- carry -------------------------------------------------------------------------------------

STREAM = """
model stream
input  x[2]
param  a[2]
h[-1] = carry(0)
h[t]  = tanh(x[t] + a[t] * h[t-1])
output h
loss   sum(h^2)
"""


def carry(folder):
  """Prediction goes through all samples as one stream."""
  run = program(folder, STREAM)
  x, a = numpy.random.default_rng(5).normal(size=(6, 2)), numpy.array([0.5, -1.5])
  data = write(folder, x=x)
  safetensors.write(folder / "W.safetensors", {"a": a})
  nn.must([run, "predict", "--load", folder / "W.safetensors", *data("x"), "-o", folder / "P.npy"])
  h, states = 0.0, []
  for t, value in enumerate(x.reshape(-1)):
    h = numpy.tanh(value + a[t % 2] * h)
    states.append(h)
  close("stream", numpy.load(folder / "P.npy"), numpy.reshape(states, (6, 2)))
  truncated(folder, run, data, x, a)
  return "predicted as one stream, trained with truncation"


def truncated(folder, run, data, x, a, rate=0.1, epochs=2):
  """Two streams of three batches; each batch goes on from constants; an epoch begins anew."""
  nn.must([run, "train", "--load", folder / "W.safetensors", *data("x"), "--batch", 2, "--epochs",
           epochs, "--optimizer", f"sgd(rate = {rate})", "--save", folder / "S.safetensors"])
  w = torch.tensor(a, requires_grad=True)
  for _ in range(epochs):
    h = torch.zeros(2, dtype=torch.float64)
    for batch in range(3):
      loss, h = 0, h.detach()
      for t in range(2):
        h = torch.tanh(torch.tensor(x[[batch, 3 + batch], t]) + w[t] * h)
        loss = loss + (h ** 2).mean()
      (slope,) = torch.autograd.grad(loss, w)
      w = (w - rate * slope).detach().requires_grad_()
  close("weights", safetensors.read(folder / "S.safetensors")["a"], w.detach().numpy())


# ---- other kinds of dropout, which are on a page of docs/ ---------------------------------------------

CHANNELS = """
import "page.nn"
model channels
input  x[400, 2, 3]
param  w[400, 2, 3] ~ ones
v = dropout_channels(w * x, 0.25)
output v
loss   sum(v)
"""


def dropout_channels(folder):
  """As PyTorch's Dropout2d: prediction is the identity; in training each sample loses a quarter of its
  channels, whole ones, and the rest is scaled by 4/3."""
  run = program(folder, CHANNELS)
  x = numpy.random.default_rng(2).uniform(1, 2, (2, 400, 2, 3))
  data = write(folder, x=x)
  safetensors.write(folder / "W.safetensors", {"w": numpy.ones((400, 2, 3))})
  nn.must([run, "predict", "--load", folder / "W.safetensors", *data("x"), "-o", folder / "P.npy"])
  close("prediction", numpy.load(folder / "P.npy"), x)
  nn.must([run, "grad", "--load", folder / "W.safetensors", *data("x"), "-o",
           folder / "G.safetensors"])
  slope = 2 * safetensors.read(folder / "G.safetensors")["w"] * 0.75
  masks = {(one, two): one * x[0] + two * x[1] for one in (0, 1) for two in (0, 1)}
  shares = {kept: numpy.isclose(slope, mask, rtol=1e-12).all(axis=(1, 2)).sum() / 400
            for kept, mask in masks.items()}
  nn.demand(abs(sum(shares.values()) - 1) < 1e-9, f"channels that are not whole: {shares}")
  for kept, share in shares.items():
    wanted = 0.75**sum(kept) * 0.25**(2 - sum(kept))
    nn.demand(abs(share - wanted) < 0.08, f"masks {kept} of two samples: {share}, not {wanted}")
  return "whole channels, each sample's own"


ALPHA = """
import "page.nn"
model alpha
input  x[500]
param  w[500] ~ ones
v = alpha_dropout(w * x, 0.25)
output v
loss   sum(v)
"""


def alpha_dropout(folder):
  """PyTorch's a and b: nothing happens in prediction, and in training a x + b, of the low value where
  x is dropped."""
  run = program(folder, ALPHA)
  x = numpy.random.default_rng(4).normal(size=(1, 500))
  data = write(folder, x=x)
  safetensors.write(folder / "W.safetensors", {"w": numpy.ones(500)})
  nn.must([run, "predict", "--load", folder / "W.safetensors", *data("x"), "-o", folder / "P.npy"])
  close("prediction", numpy.load(folder / "P.npy"), x)
  nn.must([run, "grad", "--load", folder / "W.safetensors", *data("x"), "-o",
           folder / "G.safetensors"])
  found = safetensors.read(folder / "G.safetensors")
  low = -1.7580993408473766
  a = ((1 - 0.25) * (1 + 0.25 * low**2)) ** -0.5
  kept = found["w"] != 0
  nn.demand(abs(kept.mean() - 0.75) < 0.06, f"{kept.mean()} of the elements are kept, not 0.75")
  close("slope", found["w"], numpy.where(kept, a * x[0], 0))
  close("loss", found["loss"].reshape(()),
        numpy.sum(a * (numpy.where(kept, x[0], low) - 0.25 * low)))
  return f"{kept.mean()} kept"


TESTS = {"batchnorm": batchnorm, "dropout": dropout, "accuracy": metrics, "perplexity": metrics,
         "carry": carry}
