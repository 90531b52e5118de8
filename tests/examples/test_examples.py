"""The examples learn what their READMEs say: digits, logistic and logistic8 (in the mean of seeds).
The others, made smaller by -D, have right gradients and learn from little data."""

import csv
import gzip
import os
import pathlib
import random
import re
import resource
import statistics
import sys
import tempfile

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
  """Trains, and gives back `name` of the held-out samples and the processor time that training took."""
  weights = program.parent / "weights.safetensors"
  before = resource.getrusage(resource.RUSAGE_CHILDREN)
  run(program, "train", "--save", weights, *options)
  after = resource.getrusage(resource.RUSAGE_CHILDREN)
  took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
  lines = run(program, "test", "--load", weights, *options).split("\n\n")[0].splitlines()
  return dict((word, float(value)) for word, value in map(str.split, lines))[name], took


def check_gradients(name, sizes, folder):
  for real in ("double", "float"):
    run(build(name, folder, "--real", real, *sizes), "check")


def check_digits(folder):
  accuracy, took = held_out(build("digits", folder), "accuracy")
  nn.demand(accuracy >= 0.97, f"{accuracy:.4f} of the held-out digits, not 0.97")
  nn.demand(took < 10 or "SANITIZED" in os.environ, f"training took {took:.1f} s, not under 10")
  return f"{accuracy:.4f} in {took:.1f} s"


def check_mean(name, expected, folder):
  program = build(name, folder)
  accuracies = [held_out(program, "accuracy", "--seed", str(seed))[0] for seed in range(1, 11)]
  mean = statistics.mean(accuracies)
  nn.demand(mean >= expected, f"{mean:.4f} in the mean of ten seeds, not {expected}")
  return f"{mean:.4f} in the mean of ten seeds"


# ---- the others: data ----------------------------------------------------------------------------

def write_rows(path, rows):
  with open(path, "w", newline="", encoding="ascii") as file:
    csv.writer(file).writerows(rows)


def scripted(name, script):
  """What the example's script makes, in a folder, from the files that the example ships."""
  def make(folder):
    for file in (EXAMPLES / name).glob("*.csv"):
      (folder / file.name).write_bytes(file.read_bytes())
    nn.must(["/usr/bin/python3", EXAMPLES / name / script], cwd=folder)
  return make


def cut_pixels(folder):
  with gzip.open(EXAMPLES / "digits" / "digits.csv.gz", "rt") as file:
    write_rows(folder / "pixels.csv", [row[:64] for row in csv.reader(file)][:300])


def cut_text(folder):
  text = (EXAMPLES / "charnn" / "shakespeare.txt").read_bytes()
  (folder / "text.txt").write_bytes(text[:16000])


def draw_ratings(folder):
  """Of 10 students for 5 lecturers: an even sum of the two numbers pleases."""
  write_rows(folder / "ratings.csv", [(s, l, 4 - 2 * ((s + l) % 2)) for s in range(10)
                                      for l in range(5)] * 4)


def draw_vowels(folder):
  """Speakers differ in the first frames alone; beyond the length stand numbers that say nothing."""
  draw = random.Random(1)
  rows = []
  for speaker in list(range(9)) * 10:
    count = draw.randint(2, 6)
    frames = [[float(k == speaker) if t < count else draw.gauss(0, 9) for k in range(12)]
              for t in range(29)]
    rows.append(sum(frames, []) + [count, speaker])
  write_rows(folder / "train.csv", rows)
  write_rows(folder / "test.csv", rows)


def draw_garments(folder):
  """28 x 28 greys with two bright rows, whose place is the class."""
  draw = random.Random(1)
  rows = [[draw.randint(0, 60) + 190 * (place // 56 == 2 + c) for place in range(784)] + [c]
          for c in list(range(10)) * 12]
  write_rows(folder / "garments.csv", rows)


# Name: sizes to compile with, how to make data, what to train with, and what share of the first
# epoch's loss the last one may be at most.
OTHERS = {
    "autoencoder": ([], cut_pixels, ["--epochs", "4"], 0.8),
    "factorization": (["S=10", "L=5", "K=2"], draw_ratings, ["--rate", "0.05"], 0.5),
    "gpt": (["T=8", "L=2", "heads=2", "D=8"], cut_text,
            ["--data", "text.txt", "--epochs", "4", "--rate", "0.01"], 0.9),
    "gru": (["H=6"], draw_vowels, ["--epochs", "12"], 0.7),
    "heat": ([], scripted("heat", "points.py"), ["--epochs", "8"], 0.5),
    "lenet": ([], draw_garments,
              ["--data", "garments.csv", "--test", "garments.csv", "--batch", "8"], 0.5),
    "lstm": (["H=4"], scripted("lstm", "prepare.py"), ["--epochs", "12"], 0.7),
    "ode": ([], scripted("ode", "prepare.py"), ["--epochs", "8"], 0.5),
}
LONG_CHECKS = ("lenet",)  # thousands of elements, each with many evaluations of a whole network


def check_other(name, scratch):
  sizes, make_data, options, share = OTHERS[name]
  folder = scratch / f"{name}-small"
  folder.mkdir()
  make_data(folder)
  defined = [word for size in sizes for word in ("-D", size)]
  model = EXAMPLES / name / f"{name}.nn"
  source = nn.emit(model, folder / f"{name}.c", "--real", "double", *defined)
  program = nn.compile_c([source], folder / name)
  if name not in LONG_CHECKS:
    nn.must([program, "check"], cwd=folder)
  shown = nn.must([program, "train", *options], cwd=folder).stdout
  losses = [float(loss) for loss in re.findall(r"^epoch .*?  loss (\S+)", shown, re.MULTILINE)]
  nn.demand(losses[-1] <= share * losses[0], f"loss {losses[0]} fell to {losses[-1]} only")
  return f"loss {losses[0]:.3g} falls to {losses[-1]:.3g}"


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch)
    for name, *sizes in (("logistic",), ("logistic8",), ("digits",), ("charnn", "-D", "T=8")):
      tally.case(f"{name}: gradients", check_gradients, name, sizes, folder)
    tally.case("digits: held-out accuracy", check_digits, folder)
    tally.case("logistic: held-out accuracy", check_mean, "logistic", 0.96, folder)
    tally.case("logistic8: held-out accuracy", check_mean, "logistic8", 0.96, folder)
    for name in OTHERS:
      tally.case(f"{name}: gradients, and it learns", check_other, name, folder)
  tally.close()


if __name__ == "__main__":
  main()
