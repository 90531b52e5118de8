"""The library's losses: torch.nn's for each, of one element, vectors, sequences."""

import torch
from torch import nn
from torch.nn import functional

from compare.twins.registry import between, bits, classes, distribution, real

from .case import Cases

CASES = Cases()
loss = CASES.loss

SHAPES = (), (4,), (3, 2)

for shape in SHAPES:
  loss("mse(p, y)", shape, real(*shape), nn.MSELoss())
  loss("mae(p, y)", shape, real(*shape), nn.L1Loss())
  loss("huber(p, y)", shape, real(*shape), nn.HuberLoss())
  loss("huber(p, y, delta = 0.4)", shape, real(*shape), nn.HuberLoss(delta=0.4))
  loss("sigmoid_cross_entropy(p, y)", shape, bits(*shape), nn.BCEWithLogitsLoss())
  loss("sigmoid_cross_entropy(p, y)", shape, between(0, 1, *shape), nn.BCEWithLogitsLoss())
  loss("sigmoid_cross_entropy(p, y, positive = 2.5)", shape, bits(*shape),
       nn.BCEWithLogitsLoss(pos_weight=torch.tensor(2.5, dtype=torch.float64)))
  loss("binary_cross_entropy(p, y)", shape, bits(*shape), nn.BCELoss(), wrap="sigmoid")
  loss("binary_cross_entropy(p, y)", shape, between(0, 1, *shape), nn.BCELoss(), wrap="sigmoid")


def signs(*shape):
  return lambda random, lead: 2.0 * random.integers(0, 2, lead + shape) - 1


for shape in SHAPES:                             # torch.nn has it for two classes only here
  loss("hinge(p, y)", shape, signs(*shape), lambda z, y: functional.relu(1 - y * z).mean())


def of_rows(function):
  """PyTorch has the classes on the second axis; here they are the last."""
  def rows(p, y):
    y = y.reshape(-1, y.shape[-1]) if y.is_floating_point() else y.reshape(-1).long()
    return function(p.reshape(-1, p.shape[-1]), y)
  return rows


def log_first(function):
  return lambda p, y: function(torch.log(p), y)


K = 4
WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 1.5], dtype=torch.float64)

for lead in (), (3,), (2, 3):
  shape, kind = lead + (K,), f" : class({K})"
  for target, said in (classes(K, *lead), kind), (distribution(*shape), ""):
    loss("softmax_cross_entropy(p, y)", shape, target, of_rows(nn.CrossEntropyLoss()), kind=said)
    loss("softmax_cross_entropy(p, y, smoothing = 0.1)", shape, target,
         of_rows(nn.CrossEntropyLoss(label_smoothing=0.1)), kind=said)
    loss("cross_entropy(p, y)", shape, target, wrap="softmax", kind=said,
         function=of_rows(log_first(nn.NLLLoss() if said else nn.CrossEntropyLoss())))

for lead in (), (3,):
  shape, kind = lead + (K,), f" : class({K})"
  said = "concat(0.5, 2, 1, 1.5)"
  loss(f"weighted_cross_entropy(p, y, {said})", shape, classes(K, *lead), second=False, kind=kind,
       function=of_rows(nn.CrossEntropyLoss(WEIGHTS)))
  loss(f"weighted_cross_entropy(p, y, {said}, smoothing = 0.2)", shape, classes(K, *lead),
       second=False, kind=kind,
       function=of_rows(nn.CrossEntropyLoss(WEIGHTS, label_smoothing=0.2)))

for shape in (4,), (3, 4), (2, 2, 3):
  loss("kl_divergence(p, y)", shape, distribution(*shape), wrap="softmax",
       function=of_rows(log_first(nn.KLDivLoss(reduction="batchmean"))))
  loss("kl_divergence(y, p)", shape, distribution(*shape), wrap="softmax",
       function=of_rows(lambda p, y: functional.kl_div(torch.log(y), p, reduction="batchmean")))
