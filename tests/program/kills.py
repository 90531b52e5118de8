"""Runs that are killed at random moments and resumed, and one that is not: the same file comes out.

The model has all that a checkpoint must hold: dropout, running averages, optimizer states, averages of
the weights, the best ones, plateaus, steps of several batches, a shuffled order and a holdout.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

try:
  import numpy
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-numpy)")
  sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn, safetensors                                           # noqa: E402

MODEL = """model kills
input  x[8]
target y : class(3)
h = x |> dense(16) |> batchnorm |> tanh |> dropout(0.2)
z = dense(h, 3)
loss softmax_cross_entropy(z, y)
metric accuracy(z, y)
"""
OPTIONS = ["--data", "x=x.npy", "--data", "y=y.npy", "--batch", "8", "--accumulate", "2", "--holdout",
           "0.25", "--epochs", "40", "--optimizer", "adam(0.01)", "--decay", "0.1", "--average",
           "ema(0.95)", "--patience", "40", "--schedule", "plateau(4, 0.7) * warmup(30)", "--clip", "1",
           "--save-every", "3", "--seed", "11"]


def prepare(folder):
  draw = numpy.random.default_rng(2)
  x = draw.normal(size=(200, 8)).astype("f4")
  numpy.save(folder / "x.npy", x)
  numpy.save(folder / "y.npy", (x @ draw.normal(size=(8, 3))).argmax(axis=1))
  (folder / "kills.nn").write_text(MODEL)
  return nn.build(folder / "kills.nn", folder, stem="kills", flags=nn.PLAINLY)


def command(program, folder, save):
  """Begins, or goes on with what is saved."""
  going_on = ["--resume", save] if (folder / save).exists() else []
  return [str(program), "train", *OPTIONS, "--save", save, "--log", f"{save}.log", *going_on]


def killed(program, folder, save, seconds):
  """Whether the run had to be killed."""
  with subprocess.Popen(command(program, folder, save), cwd=folder, stdout=subprocess.DEVNULL,
                        stderr=subprocess.PIPE) as process:
    try:
      process.wait(seconds)
    except subprocess.TimeoutExpired:
      process.kill()
      process.wait()
      return True
    said = process.stderr.read().decode()
    nn.demand(process.returncode == 0, f"status {process.returncode}: {said}")
  return False


def without_time(path):
  lines = [json.loads(line) for line in path.read_text().splitlines()]
  for line in lines:
    del line["seconds"], line["samples_per_s"]
  return lines


def compare(folder, name):
  whole, found = (safetensors.read(folder / file) for file in ("whole", name))
  for tensor, value in whole.items():
    nn.demand(value.tobytes() == found[tensor].tobytes(), f"{tensor} differs")
  nn.demand((folder / "whole").read_bytes() == (folder / name).read_bytes(), "the files differ")
  nn.demand(without_time(folder / "whole.log") == without_time(folder / f"{name}.log"),
            "the logs differ")


def kill_and_resume(program, folder, wanted, draw, duration):
  """Runs to the end again and again, until so many kills have been survived."""
  kills, runs = 0, 0
  while kills < wanted:
    name = f"run{runs}"
    while killed(program, folder, name, draw.uniform(0, duration)):
      kills += 1
    compare(folder, name)
    runs += 1
  left = [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]
  nn.demand(len(left) <= 2, f"{len(left)} files are left over")
  return f"{kills} kills in {runs} runs"


def main(wanted):
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    program = prepare(folder)
    begun = time.monotonic()
    nn.must(command(program, folder, "whole"), cwd=folder)
    duration = time.monotonic() - begun
    draw = numpy.random.default_rng(int(time.time()))
    tally.case(f"{wanted} kills", kill_and_resume, program, folder, wanted, draw, duration / 2)
  tally.close()
