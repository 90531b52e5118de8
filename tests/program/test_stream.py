"""A model that carries its state predicts its samples as one stream: against the recurrence in
NumPy, run over all samples in a row from a zero start."""

import pathlib
import sys
import tempfile

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn, safetensors                                         # noqa: E402

SAMPLES, STEPS, STATES = 7, 4, 3


def states_in_a_row(x, U, W):
  h, states = numpy.zeros(STATES), []
  for row in x.reshape(-1, 2):
    h = numpy.tanh(U @ row + W @ h)
    states.append(h)
  return numpy.array(states).reshape(SAMPLES, STEPS, STATES)


def check(folder):
  random = numpy.random.default_rng(5)
  weights = {"U": random.normal(size=(3, 2)), "W": random.normal(size=(3, 3))}
  x = random.normal(size=(SAMPLES, STEPS, 2))
  program = nn.build(nn.MODELS / "carried_state.nn", folder, "--real", "double", flags=nn.PLAINLY)
  safetensors.write(folder / "W.safetensors", weights)
  numpy.save(folder / "x.npy", x)
  nn.must([program, "predict", "--load", folder / "W.safetensors", "--data",
           f"x={folder / 'x.npy'}", "-o", folder / "P.npy"])
  off = abs(numpy.load(folder / "P.npy") - states_in_a_row(x, **weights)).max()
  nn.demand(off < 1e-12, f"a state is off by {off:.1e}")


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-stream-") as name:
    tally.case("predict goes on from sample to sample", check, pathlib.Path(name))
  tally.close()


if __name__ == "__main__":
  main()
