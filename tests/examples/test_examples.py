"""The examples learn what their READMEs say: digits, and logistic in the mean of ten seeds."""

import os
import pathlib
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

EXAMPLES = nn.ROOT / "examples"


def build(name, folder, *options):
  """The example as its README builds it: the optimising flags, not those of the other tests."""
  source = nn.emit(EXAMPLES / name / f"{name}.nn", folder / f"{name}.c", *options)
  nn.must([nn.CC, "-O3", "-march=native", f"-I{nn.INCLUDE}", source, *nn.library_flags(), *nn.LINK,
           "-o", folder / name], timeout=300)
  return folder / name


def run(program, *arguments):
  return nn.must([program, *arguments], cwd=EXAMPLES / program.name, timeout=900).stdout


def held_out(program, name, *options):
  """Trains, and gives back `name` of the held-out samples and the seconds that training took."""
  weights = program.parent / "weights.safetensors"
  began = time.perf_counter()
  run(program, "train", "--save", weights, *options)
  took = time.perf_counter() - began
  lines = run(program, "test", "--load", weights, *options).splitlines()
  return dict((word, float(value)) for word, value in map(str.split, lines))[name], took


def check_gradients(name, folder):
  for real in ("double", "float"):
    run(build(name, folder, "--real", real), "check")


def check_digits(folder):
  accuracy, took = held_out(build("digits", folder), "accuracy")
  nn.demand(accuracy >= 0.97, f"{accuracy:.4f} of the held-out digits, not 0.97")
  nn.demand(took < 10 or "SANITIZED" in os.environ, f"training took {took:.1f} s, not under 10")
  return f"{accuracy:.4f} in {took:.1f} s"


def check_logistic(folder):
  program = build("logistic", folder)
  accuracies = [held_out(program, "accuracy", "--seed", str(seed))[0] for seed in range(1, 11)]
  mean = statistics.mean(accuracies)
  nn.demand(mean >= 0.96, f"{mean:.4f} in the mean of ten seeds, not 0.96")
  return f"{mean:.4f} in the mean of ten seeds"


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch)
    for name in ("logistic", "digits", "charnn"):
      tally.case(f"{name}: gradients", check_gradients, name, folder)
    tally.case("digits: held-out accuracy", check_digits, folder)
    tally.case("logistic: held-out accuracy", check_logistic, folder)
  tally.close()


if __name__ == "__main__":
  main()
