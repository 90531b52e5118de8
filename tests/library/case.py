"""A layer or a loss in a model of a few lines, and PyTorch's module that should do the same.

Cases of one group share a program: case k names its tensors x1, y1, h1 ... with its own number.
Every case multiplies its input by parameters of its own (v = a * x), so that the gradient by the
input shows among the others. With second=True the loss also holds the square of a derivative by v:
then all gradients are second derivatives.

Twins see the whole batch: v[batch, ...] and the case's parameters by the names that the layer gives
them; those inside another layer have their path, as p["h.Wx"].
"""

import dataclasses
import re
from typing import Callable

import numpy
import torch
from torch.nn.utils.stateless import functional_call

from compare.twins.registry import Twin, between, classes, draw_parameters, real

BATCH = 5


@dataclasses.dataclass
class Case:
  group: str
  text: str                     # of the case with number 1
  parameters: dict
  data: dict
  function: Callable            # (data, parameters) to the mean loss and the outputs
  whole: str = ""               # statements of the file: imports, layers
  predicts: bool = True         # whether prediction computes what training does


def module(torch_module, call=None, **theirs):
  """The function of a torch.nn module whose parameters are `theirs`: PyTorch's name = ours."""
  torch_module = torch_module.double()

  def function(v, p):
    weights = {name: p[ours] for name, ours in theirs.items()}
    found = functional_call(torch_module, weights, call(v) if call else (v,))
    return found[0] if isinstance(found, tuple) else found
  return function


# ---- the cases of a library --------------------------------------------------------------------

class Cases:
  """Collects cases: layers and losses, each for a number of shapes."""

  def __init__(self, whole=""):
    self.whole = whole
    self.predicts = True
    self.cases = []

  def layer(self, call, shape, parameters, function, second=True, limit=0, inputs=real):
    """`h = call`, of v[shape] or, with a limit, of classes v below it."""
    data = {"x": classes(limit, *shape) if limit else inputs(*shape)}
    if not parameters:
      alone, function = function, lambda v, p: alone(v)
    parameters = {f"h.{name}": spec for name, spec in parameters.items()}
    out = shape_of(function, data["x"], parameters)
    data["y"] = real(*out)
    if not limit:
      parameters["a"] = between(0.5, 1.5, *shape)
    self.add(call, layer_text(call, shape, out, second and not limit, limit), parameters, data,
             layer_twin(function, second and not limit))

  def loss(self, call, shape, target, function, wrap="", second=True, kind=""):
    """`call` of p and y, the mean of a batch. target: generator of y; kind: its declared kind."""
    parameters = {"a": between(0.5, 1.5, *shape)}
    data = {"x": real(*shape), "y": target}
    self.add(call, loss_text(call, shape, target, kind, wrap, second), parameters, data,
             loss_twin(function, WRAPS[wrap], second))

  def add(self, call, text, parameters, data, function):
    group = re.match(r"\w+", call).group()
    self.cases.append(Case(group, text, parameters, data, function, self.whole,
                           self.predicts))

  def groups(self):
    """Name of a group to the cases in it."""
    found = {}
    for case in self.cases:
      found.setdefault(case.group, []).append(case)
    return found


# ---- layers ------------------------------------------------------------------------------------

def brackets(shape):
  return f"[{', '.join(map(str, shape))}]" if shape else ""


def shape_of(function, generator, parameters):
  random = numpy.random.default_rng(1)
  v = torch.as_tensor(generator(random, (2,)))
  p = {name: torch.as_tensor(value) for name, value in draw_parameters(parameters, random).items()}
  return tuple(function(v, strip(p)).shape[1:])


def strip(parameters):
  """Without the `h.` of the tensor that the call defines."""
  return {name[2:]: value for name, value in parameters.items() if name.startswith("h.")}


def layer_text(call, shape, out, second, limit):
  here = brackets(shape)
  lines = [f"target y[{', '.join(map(str, out))}]" if out else "target y"]
  if limit:
    lines += [f"input  x{here} : class({limit})", f"h = {re.sub(r'v', 'x', call, 1)}"]
  else:
    lines += [f"input  x{here}", f"param  a{here}", "v = a * x", f"h = {call}"]
  lines += ["output h", "loss   mse(h, y)"]
  if second:
    lines += ["e = sum(sin(h))", "g = grad(e, v)", "loss   mean(g^2)"]
  return "\n".join(lines) + "\n"


def layer_twin(function, second):
  def twin(data, p):
    v = p["a"] * data["x"] if "a" in p else data["x"]
    h = function(v, strip(p))
    loss = ((h - data["y"]) ** 2).mean()
    if second:
      loss = loss + squared_slope(torch.sin(h).sum(), v)
    return loss, {"h": h}
  return twin


def squared_slope(e, v):
  (g,) = torch.autograd.grad(e, v, create_graph=True)
  return (g ** 2).mean()


# ---- losses ------------------------------------------------------------------------------------

WRAPS = {"": lambda v: v, "sigmoid": torch.sigmoid, "softmax": lambda v: v.softmax(-1)}


def loss_text(call, shape, target, kind, wrap, second):
  out = target(numpy.random.default_rng(1), ()).shape
  lines = [f"input  x{brackets(shape)}", f"target y{brackets(out)}{kind}",
           f"param  a{brackets(shape)}", "v = a * x", f"p = {wrap}(v)" if wrap else "p = v",
           "output p", f"l = {call}", "loss   l"]
  if second:
    lines += ["g = grad(l, v)", "loss   mean(g^2)"]
  return "\n".join(lines) + "\n"


def loss_twin(function, wrap, second):
  def twin(data, p):
    v = p["a"] * data["x"]
    given = wrap(v)
    loss = function(given, data["y"])
    if second:
      loss = loss + squared_slope(len(v) * loss, v)
    return loss, {"p": given}
  return twin


# ---- a group as one model and one twin ---------------------------------------------------------

NAMES = r"\b(?<!\.)(x|y|a|v|h|e|g|l|p)\b(?!\s*\()"


def numbered(text, number):
  return re.sub(NAMES, rf"\g<1>{number}", text)


def renamed(name, number):
  return numbered(name.split(".")[0], number) + name[len(name.split(".")[0]):]


def model_text(cases):
  parts = [numbered(case.text, number) for number, case in enumerate(cases, 1)]
  return f"model group\n{cases[0].whole}\n" + "\n".join(parts)


def twin_of(cases):
  """One twin for all cases, whose functions take names without numbers."""
  parameters = {renamed(name, k): spec for k, case in enumerate(cases, 1)
                for name, spec in case.parameters.items()}
  data = {f"{name}{k}": spec for k, case in enumerate(cases, 1)
          for name, spec in case.data.items()}

  def function(**given):
    loss, outputs = 0, {}
    for k, case in enumerate(cases, 1):
      mine = {name: given[f"{name}{k}"] for name in case.data}
      weights = {name: given[renamed(name, k).replace(".", "_")] for name in case.parameters}
      part, found = case.function(mine, weights)
      loss = loss + part
      outputs.update({f"{name}{k}": value for name, value in found.items()})
    return loss, outputs
  return Twin(function, parameters, data, batch=BATCH, whole_batch=True,
              compare_outputs=cases[0].predicts)
