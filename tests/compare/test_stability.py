"""Losses written naively, at logits up to 1000 in single precision.

Loss and gradient must be finite and as exact as single precision allows: they are compared with
references in double, PyTorch's, and for sigmoids the formula by cases. Each program is built twice,
the second time with -ffast-math: not for sanitizers, as what numbers come of it they do not tell.
"""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import numpy
  import torch
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-torch, python3-numpy)")
  sys.exit(77)

from support import nn, safetensors                                         # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent / "stability"
TOLERANCE = 1e-6

SIGMOID = [
  ([1000, -1000, 1000], [1, 0, 0]),
  ([1000, 1000, 1000], [1, 1, 1]),
  ([-1000, -1000, -1000], [1, 1, 1]),
  ([-1000, -1000, 1000], [0, 0, 1]),
  ([1000, -1000, 0], [0.25, 0.25, 0.25]),
  ([20, 20, 20], [1, 1, 1]),
  ([-20, -20, -20], [0, 0, 0]),
  ([50, 100, 30], [1, 1, 1]),
  ([-88, -104, -150], [1, 1, 1]),
  ([1e-4, -1e-4, 0], [1, 0, 1]),
  ([5, -3, 0.5], [0, 1, 0.5]),
]
TAIL = [
  ([1e30, -1e30, 1e30], [1, 1, 1]),
  ([3e38, -3e38, 0.5], [1, 1, 1]),
  ([1000, -1000, 20], [1, 1, 1]),
  ([20, -30, 50], [1, 0.5, 1]),
  ([1e-4, -1e-4, 5], [1, 0.25, 1]),
]
SOFTMAX = [
  ([1000, -1000, 0], 0),
  ([1000, -1000, 0], 1),
  ([1000, 999, -1000], 0),
  ([1000, 999, -1000], 1),
  ([-1000, -1000, -1000], 2),
  ([-1000, -1001, -999.5], 1),
  ([1000, 1000, 1000], 1),
  ([20, 0, 0], 0),
  ([0, 120, -120], 2),
  ([1e-4, 0, -1e-4], 1),
]


def sigmoid_truth(z, y):
  """By cases, so that nothing cancels. (PyTorch's own is 1e-3 off at z = 30, y = 1.)"""
  tail = numpy.exp(-numpy.abs(z))
  loss = numpy.where(z > 0, z * (1 - y), -z * y) + numpy.log1p(tail)
  gradient = numpy.where(z > 0, (1 - y) - tail / (1 + tail), tail / (1 + tail) - y)
  return float(loss.sum()), gradient


def tail_truth(d, y):
  tail = numpy.exp(-numpy.abs(d))
  return float((y * numpy.log1p(tail)).sum()), -numpy.sign(d) * y * tail / (1 + tail)


def softmax_truth(logits, target):
  z = torch.tensor(logits).requires_grad_()
  loss = torch.nn.functional.cross_entropy(z, torch.tensor(target))
  (gradient,) = torch.autograd.grad(loss, z)
  return loss.item(), gradient.numpy()


def truth(family, logits, target):
  """In double, at the logits and targets that single precision holds."""
  z = numpy.array(logits, numpy.float32).astype(numpy.float64)
  if family == "softmax":
    return softmax_truth(z, target)
  formula = {"sigmoid": sigmoid_truth, "tail": tail_truth}[family]
  return formula(z, numpy.array(target, numpy.float32).astype(numpy.float64))


def write_case(folder, model, logits, target):
  takes_class = ": class" in model.read_text()
  y = numpy.array([target], numpy.int64 if takes_class else numpy.float64)
  if not takes_class and numpy.ndim(target) == 0:
    y = numpy.eye(3)[[target]]
  numpy.save(folder / "x.npy", numpy.array([logits], numpy.float64))
  numpy.save(folder / "y.npy", y)


def check_case(program, folder, family, logits, target):
  nn.must([program, "grad", "--load", folder / "W.safetensors", "--data",
           f"x={folder / 'x.npy'}", "--data", f"y={folder / 'y.npy'}",
           "-o", folder / "G.safetensors"])
  found = safetensors.read(folder / "G.safetensors")
  loss, gradient = truth(family, logits, target)
  where = f"at logits {logits}, target {target}"
  # A sigmoid's loss keeps its relative exactness however small it is; log-sum-exp cannot.
  scale = max(abs(loss), 0.1) if family == "softmax" else abs(loss)
  given = float(found["loss"].reshape(()))
  nn.demand(abs(given - loss) <= TOLERANCE * max(scale, 1e-30), f"loss {given} for {loss} {where}")
  error = numpy.abs(found["b"] - gradient)
  nn.demand(bool(numpy.all(error <= TOLERANCE)),
            f"gradient {found['b'].tolist()} for {gradient.tolist()} {where}")


def check_model(model, folder, flags):
  family = model.stem.split("_")[0]
  cases = {"sigmoid": SIGMOID, "softmax": SOFTMAX, "tail": TAIL}[family]
  source = nn.emit(model, folder / "m.c", "--real", "float")
  program = nn.compile_c([source], folder / "m", *flags)
  safetensors.write(folder / "W.safetensors", {"b": numpy.zeros(3)})
  for logits, target in cases:
    write_case(folder, model, logits, target)
    check_case(program, folder, family, logits, target)
  return f"{len(cases)} cases"


def main():
  tally = nn.Tally()
  ways = [("", []), (", fast", ["-O3", "-ffast-math"])]
  for model in sorted(FOLDER.glob("*.nn")):
    for name, flags in ways[:1] if nn.SANITIZED else ways:
      with tempfile.TemporaryDirectory(prefix="nncc-stability-") as folder:
        tally.case(model.stem + name, check_model, model, pathlib.Path(folder), flags)
  tally.close()


if __name__ == "__main__":
  main()
