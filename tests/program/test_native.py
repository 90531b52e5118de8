"""The emitted C compiled as the README says, -O3 -march=native: gradients agree with central differences,
and the loss is the one that -O0 gives. gcc 12 with AVX-512 loses terms of conditional sums over two
loops of which the inner one is short; `losses` in double shows it where nothing is done about it."""

import pathlib
import random
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

DOUBLE = ["losses", "losses_of_classes", "guards", "where_branches", "library_windows"]
FLOAT = ["losses", "lengths", "attention_heads", "strided"]
SAMPLES = 64


def write_losses_data(folder):
  """x[4], y[3], and s[3] of 0 and 1."""
  draw = random.Random(1)
  lines = [[draw.gauss(0, 2) for _ in range(7)] + [draw.randint(0, 1) for _ in range(3)]
           for _ in range(SAMPLES)]
  (folder / "d.csv").write_text("\n".join(",".join(map(str, line)) for line in lines) + "\n")


def loss_of(program, folder):
  done = nn.must([program, "test", "--load", folder / "w.safetensors", "--data", folder / "d.csv"])
  return float(re.search(r"loss (\S+)", done.stdout).group(1))


def same_loss(real, folder):
  source = nn.emit(nn.MODELS / "losses.nn", folder / "m.c", "--real", real)
  plain = nn.compile_c([source], folder / "plain", "-O0")
  native = nn.compile_c([source], folder / "native", "-O3", "-march=native")
  write_losses_data(folder)
  nn.must([plain, "train", "--data", folder / "d.csv", "--epochs", 1, "--save",
           folder / "w.safetensors"])
  expected, found = loss_of(plain, folder), loss_of(native, folder)
  nn.demand(abs(found - expected) <= 1e-6 * abs(expected), f"loss {found}, not {expected}")


def check(model, real, folder):
  source = nn.emit(nn.MODELS / f"{model}.nn", folder / "m.c", "--real", real)
  nn.must([nn.compile_c([source], folder / "m", "-O3", "-march=native"), "check"])


def main():
  tally = nn.Tally()
  for real in ("double", "float"):
    with tempfile.TemporaryDirectory() as name:
      tally.case(f"losses {real}, loss", same_loss, real, pathlib.Path(name))
    for model in DOUBLE if real == "double" else FLOAT:
      with tempfile.TemporaryDirectory() as name:
        tally.case(f"{model} {real}, gradients", check, model, real, pathlib.Path(name))
  tally.close()


if __name__ == "__main__":
  main()
