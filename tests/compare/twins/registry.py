"""The registry of twins, and generators for their parameters and data.

A twin is the model said again in PyTorch, for ONE sample: a function of its data and parameters
by name (h.W arrives as h_W; what ends in _ has it for a name that Python has taken), that returns
the loss and, in a dictionary, the outputs. The comparison runs it over the samples of a batch and
takes the mean; a twin with whole_batch=True sees the batch axis in its data and returns one loss.

Generators take a random source and a shape's leading axes: parameters have none, data the batch.
All values are rounded to float, so that the float program reads exactly the same numbers.
"""

import dataclasses
from typing import Callable

import numpy
import torch

TWINS = {}


@dataclasses.dataclass
class Twin:
  function: Callable
  parameters: dict
  data: dict
  batch: int = 5
  whole_batch: bool = False
  compare_outputs: bool = True
  defines: dict = dataclasses.field(default_factory=dict)
  optional: str = ""            # where it goes beyond the first milestone: what it needs


def twin(parameters=None, batch=5, whole_batch=False, compare_outputs=True, defines=None,
         optional="", **data):
  """Registers a function under its own name, which is that of tests/models/NAME.nn."""
  def register(function):
    TWINS[function.__name__] = Twin(function, parameters or {}, data, batch, whole_batch,
                                    compare_outputs, defines or {}, optional)
    return function
  return register


# ---- parameters: name to shape (normal of a standard deviation that suits it) or generator -----

def params(**shapes):
  return shapes


def dense(name, m, n):
  """The parameters of `name = dense(x, m)` for x[n]."""
  return {f"{name}.W": (m, n), f"{name}.b": (m,)}


def draw_parameters(declared, random):
  drawn = {}
  for name, spec in declared.items():
    if isinstance(spec, tuple):
      fan = spec[-1] if len(spec) > 1 else 4
      spec = normal(*spec, deviation=1 / numpy.sqrt(fan))
    drawn[name] = spec(random, ())
  return drawn


def draw_data(declared, random, batch):
  return {name: spec(random, (batch,)) for name, spec in declared.items()}


# ---- generators --------------------------------------------------------------------------------

def rounded(array):
  return numpy.asarray(numpy.asarray(array, numpy.float32), numpy.float64)


def normal(*shape, deviation=1.0, mean=0.0):
  return lambda random, lead: rounded(random.normal(mean, deviation, lead + shape))


def orthogonal(n, gain=1.0):
  """Keeps the length of what goes through it: for deep chains."""
  def generate(random, lead):
    matrices = random.normal(0, 1, lead + (n, n))
    return rounded(gain * numpy.linalg.qr(matrices)[0])
  return generate


def real(*shape):
  return normal(*shape)


def between(low, high, *shape):
  return lambda random, lead: rounded(random.uniform(low, high, lead + shape))


def near(values, jitter=0.01):
  """The given values, each sample's a little (relatively) off."""
  def generate(random, lead):
    array = numpy.asarray(values, numpy.float64)
    return rounded(array * (1 + jitter * random.uniform(-1, 1, lead + array.shape)))
  return generate


def away(distance, *shape):
  """Normal, but at least `distance` away from every whole number: no kink is near."""
  def generate(random, lead):
    whole = random.integers(-3, 3, lead + shape)
    return rounded(whole + random.uniform(distance, 1 - distance, lead + shape))
  return generate


def bits(*shape):
  return lambda random, lead: rounded(random.integers(0, 2, lead + shape))


def distribution(*shape):
  """Sums to one along the last axis."""
  def generate(random, lead):
    array = random.uniform(0.1, 1, lead + shape)
    return rounded(array / array.sum(-1, keepdims=True))
  return generate


def classes(limit, *shape):
  return lambda random, lead: random.integers(0, limit, lead + shape)


def counts(limit, *shape):
  """0 and the limit are among them where there are two samples or more."""
  def generate(random, lead):
    array = random.integers(0, limit + 1, lead + shape)
    array.reshape(-1)[:2] = [0, limit][:array.size]
    return array
  return generate


# ---- what PyTorch spells differently -----------------------------------------------------------

def one_hot(c, n):
  return torch.nn.functional.one_hot(c, n).double()


def mse(a, b):
  return ((a - b) ** 2).mean()


def cross_entropy(z, y):
  """Of logits, mean over all but the last axis."""
  z, y = z.reshape(-1, z.shape[-1]), y.reshape(-1)
  return torch.nn.functional.cross_entropy(z, y)


def steps(rows):
  return torch.stack(list(rows))
