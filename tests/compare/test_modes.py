"""Prediction is elaborated anew where a model tells it apart from training (dropout, statistics of the batch).
With a dropout that nothing depends on, the models of tests/models are told apart, and all must be as before:
loss, gradients and outputs as PyTorch has them, and what `test` reports.

  test_modes.py [MODEL ...]
"""

import argparse
import concurrent.futures
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from compare import test_torch                                              # noqa: E402
from compare.twins import TWINS                                             # noqa: E402
from compare.twins.registry import draw_data, draw_parameters               # noqa: E402
from support import nn, safetensors                                         # noqa: E402

import numpy                                                                # noqa: E402

APART = "\nloss 0 * dropout(1, 0.5)\n"
COPIES = """input x[4]
target y
h = x
repeat 3 {
  u = dense(h, 4) |> batchnorm |> tanh
  h = h + u
}
z = dense(h, 1)
output h
loss (z[0] - y)^2
train { batch 8; epochs 2; optimizer sgd(rate = 0.01) }
"""


def can_be_told_apart(model):
  """Files are found beside the model, so those that have any stay there; a loss over the batch is another one
  in prediction."""
  text, twin = model.read_text(), TWINS.get(model.stem)
  return twin and twin.compare_outputs and not re.search(r"\b(import|load|batch)\b", text)


def check_model(model, folder):
  twin, apart = TWINS[model.stem], folder / model.name
  folder.mkdir()
  apart.write_text(model.read_text() + APART)
  random = numpy.random.default_rng(7)
  weights, data = draw_parameters(twin.parameters, random), draw_data(twin.data, random, twin.batch)
  truth = test_torch.truth_of(twin, weights, data)
  test_torch.write_case(folder, weights, data)
  note = test_torch.run_real(apart, twin, folder, "double", data, truth, check=False, flags=nn.QUICKLY)
  files = [f for name in data for f in ("--data", f"{name}={folder / name}.npy")]
  said = nn.must([folder / "m_double", "test", "--load", folder / "W.safetensors", *files]).stdout
  loss = float(re.search(r"loss ([-+.e\d]+)", said).group(1))
  nn.demand(abs(loss - truth.loss) <= 2e-5 * max(abs(truth.loss), 0.1), f"test says {loss}, not {truth.loss}")
  return note


def chosen_models(options):
  models = [m for m in sorted(nn.MODELS.glob("*.nn")) if can_be_told_apart(m)]
  return [m for m in models if m.stem in (options.models or [m.stem])]


def check_statistics_of_copies(folder):
  """Each copy predicts by the averages of its own."""
  (folder / "copies.nn").write_text(COPIES)
  program = nn.build(folder / "copies.nn", folder, "--real", "double", flags=nn.QUICKLY)
  draw = numpy.random.default_rng(1)
  x = h = draw.standard_normal((32, 4))
  numpy.save(folder / "x.npy", x)
  numpy.save(folder / "y.npy", draw.standard_normal(32))
  inputs, weights = ["--data", f"x={folder / 'x.npy'}"], folder / "W.safetensors"
  nn.must([program, "train", *inputs, "--data", f"y={folder / 'y.npy'}", "--save", weights])
  nn.must([program, "predict", "--load", weights, *inputs, "-o", folder / "P.npy"])
  held = safetensors.read(weights)
  for k in "123":
    u = h @ held[f"u.{k}.1.W"].T + held[f"u.{k}.1.b"]
    u = (u - held[f"@mean.u.{k}.2.m"]) / numpy.sqrt(held[f"@mean.u.{k}.2.v"] + 1e-5)
    h = h + numpy.tanh(u * held[f"u.{k}.2.g"] + held[f"u.{k}.2.b"])
  error = numpy.abs(numpy.load(folder / "P.npy") - h).max()
  nn.demand(error <= 1e-12, f"off by {error}")


def main():
  parser = argparse.ArgumentParser(description="what differs between training and prediction, and what does not")
  parser.add_argument("models", nargs="*", help="names in tests/models; all where left out")
  options, tally = parser.parse_args(), nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-modes-") as root:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
      jobs = [(m, pool.submit(check_model, m, pathlib.Path(root) / m.stem)) for m in chosen_models(options)]
      for model, job in jobs:
        tally.case(model.stem, job.result)
    if not options.models:
      tally.case("statistics of copies", check_statistics_of_copies, pathlib.Path(root))
  tally.close()


if __name__ == "__main__":
  main()
