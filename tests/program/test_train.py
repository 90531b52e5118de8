"""What `train` says it does, element by element in double: accumulation, averages, decay, clipping,
schedules, the best weights; against NumPy, PyTorch's schedulers, or runs that differ in one thing."""

import json
import os
import pathlib
import re
import sys
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import numpy
  import torch
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-numpy python3-torch)")
  sys.exit(77)

from support import nn, safetensors                                           # noqa: E402

MODEL = """model steps
input  x[3]
target y[2]
param W[2, 3], b[2]
loss sum((W @ x + b - y)^2)
"""
NORMED = """model normed
input  x[4]
target y
h = batchnorm(dense(3 * x + 5, 6))
z = dense(tanh(h), 1)
loss sum(sigmoid_cross_entropy(z, y))
output p = sigmoid(z[0])
metric accuracy = mean((p > 0.5) == y)
"""
SAMPLES, RATE = 53, 0.02
NAMES = ("W", "b")


class Trainer:
  """A program in a folder with data, and the weights that its runs end with."""

  def __init__(self, folder, model, inputs, outputs):
    self.folder = folder
    draw = numpy.random.default_rng(8)
    self.x = draw.normal(size=(SAMPLES, inputs))
    self.y = draw.normal(size=(SAMPLES, outputs)) if outputs else draw.integers(0, 2, SAMPLES) * 1.0
    stem = model.split()[1]
    numpy.save(folder / f"{stem}_x.npy", self.x)
    numpy.save(folder / f"{stem}_y.npy", self.y)
    (folder / f"{stem}.nn").write_text(model)
    self.program = nn.build(folder / f"{stem}.nn", folder, "--real", "double", stem=stem,
                            flags=nn.PLAINLY)
    self.data = ["--data", f"x={stem}_x.npy", "--data", f"y={stem}_y.npy"]

  def train(self, *options, save="w"):
    rate = [] if "--optimizer" in options else ["--optimizer", f"sgd({RATE})"]
    nn.must([self.program, "train", *self.data, "--save", save, "--log", "log", *rate, *options],
            cwd=self.folder)
    return safetensors.read(self.folder / save)

  def log(self):
    return [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]


def same(found, expected, names=NAMES, tolerance=1e-12):
  for name in names:
    worst = numpy.abs(found[name] - expected[name]).max()
    nn.demand(worst <= tolerance, f"{name} differs by {worst:.3g}")


def different(a, b):
  nn.demand(any(numpy.abs(a[name] - b[name]).max() > 1e-6 for name in NAMES), "no difference")


def accumulation(at):
  """4 batches of 5 are a batch of 20, also in the last step, which has 13 samples: 5, 5, 3."""
  expected = at.train("--batch", 20, "--epochs", 3)
  losses = [line["loss"] for line in at.log()]
  found = at.train("--batch", 5, "--accumulate", 4, "--epochs", 3)
  same(found, expected)
  nn.demand(found["@step"] == expected["@step"] == 9, f"{found['@step']} steps")
  nn.demand(numpy.allclose([line["loss"] for line in at.log()], losses, rtol=1e-12), "losses differ")


def each_epoch(at, epochs):
  """The weights after 1, 2, ... steps of one batch."""
  return [at.train("--batch", SAMPLES, "--epochs", k + 1) for k in range(epochs)]


def moving_average(at):
  steps = each_epoch(at, 5)
  found = at.train("--batch", SAMPLES, "--epochs", 5, "--average", "ema(0.8)")
  expected = {name: steps[0][name] for name in NAMES}
  for step in steps[1:]:
    expected = {name: 0.8 * expected[name] + 0.2 * step[name] for name in NAMES}
  same(found, expected)
  same({name: found[f"@live.{name}"] for name in NAMES}, steps[4])


def average_of_epochs(at):
  steps = each_epoch(at, 5)
  found = at.train("--batch", SAMPLES, "--epochs", 5, "--average", "swa(3)")
  same(found, {name: sum(step[name] for step in steps[2:]) / 3 for name in NAMES})
  same({name: found[f"@live.{name}"] for name in NAMES}, steps[4])
  early = at.train("--batch", SAMPLES, "--epochs", 2, "--average", "swa(3)")
  same(early, steps[1])
  nn.demand("@live.W" not in early, "an average of nothing")


def decay_by_group(at):
  start = at.train("--epochs", 0)
  plain = at.train("--batch", SAMPLES, "--epochs", 1)
  for text, amount in (("0.5", (0.5, 0)), ("b=0.3", (0, 0.3)), ("0.5, *=0.25", (0.25, 0.25))):
    found = at.train("--batch", SAMPLES, "--epochs", 1, "--decay", text)
    expected = {name: plain[name] - RATE * d * start[name] for name, d in zip(NAMES, amount)}
    same(found, expected)


def clipping(at):
  start = at.train("--epochs", 0)
  plain = at.train("--batch", SAMPLES, "--epochs", 1)
  g = {name: (start[name] - plain[name]) / RATE for name in NAMES}
  largest = max(numpy.abs(value).max() for value in g.values())
  bounded = {name: numpy.clip(value, -largest / 3, largest / 3) for name, value in g.items()}
  found = at.train("--batch", SAMPLES, "--epochs", 1, "--clip-value", largest / 3)
  same(found, {name: start[name] - RATE * bounded[name] for name in NAMES})
  length = numpy.sqrt(sum((value**2).sum() for value in bounded.values()))
  found = at.train("--batch", SAMPLES, "--epochs", 1, "--clip-value", largest / 3, "--clip",
                   length / 2)
  same(found, {name: start[name] - RATE * bounded[name] / 2 for name in NAMES})
  different(found, plain)


EPOCHS = 20
TORCH = torch.optim.lr_scheduler
SCHEDULES = [
  ("constant", None),
  ("step(4, 0.5)", lambda o: TORCH.StepLR(o, 4, 0.5)),
  ("exponential(0.9)", lambda o: TORCH.ExponentialLR(o, 0.9)),
  ("linear", lambda o: TORCH.LinearLR(o, 1, 1e-9, EPOCHS)),
  ("linear(0.25)", lambda o: TORCH.LinearLR(o, 1, 0.25, EPOCHS)),
  ("cosine", lambda o: TORCH.CosineAnnealingLR(o, EPOCHS)),
  ("cosine(0.1)", lambda o: TORCH.CosineAnnealingLR(o, EPOCHS, eta_min=0.1 * RATE)),
  ("warmup(5)", lambda o: TORCH.LinearLR(o, 1 / 5, 1, 4)),
  ("onecycle", lambda o: TORCH.OneCycleLR(o, RATE, total_steps=EPOCHS)),
  ("onecycle(0.5, start = 10, end = 100)",
   lambda o: TORCH.OneCycleLR(o, RATE, total_steps=EPOCHS, pct_start=0.5, div_factor=10,
                              final_div_factor=100)),
  ("step(4, 0.5) * exponential(0.9)",
   lambda o: TORCH.ChainedScheduler([TORCH.StepLR(o, 4, 0.5), TORCH.ExponentialLR(o, 0.9)])),
]


def schedule(at, text, make):
  """One step an epoch, so that the log has the rate of each."""
  at.train("--batch", SAMPLES, "--epochs", EPOCHS, "--schedule", text)
  found = [line["rate"] for line in at.log()]
  optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
  scheduler = make(optimizer) if make else None
  expected = []
  for _ in range(EPOCHS):
    expected.append(optimizer.param_groups[0]["lr"])
    optimizer.step()
    if scheduler:
      scheduler.step()
  nn.demand(numpy.allclose(found, expected, rtol=1e-6, atol=1e-9), f"{found} {expected}")


def plateau(at):
  """A rate far too large: the holdout's loss goes up and down. PyTorch's patience is one less."""
  options = ("--batch", 5, "--epochs", 60, "--optimizer", "sgd(0.12)", "--holdout", 13)
  at.train(*options, "--schedule", "plateau(3, 0.5)")
  optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.12)
  scheduler = TORCH.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, threshold=0, eps=0)
  drops = 0
  for line in at.log():
    rate = optimizer.param_groups[0]["lr"]
    nn.demand(abs(line["rate"] - rate) <= 1e-12, f"epoch {line['epoch']}: {line['rate']}, not {rate}")
    scheduler.step(line["holdout_loss"])
    drops += optimizer.param_groups[0]["lr"] < rate
  nn.demand(drops >= 3, f"only {drops} drops")
  return f"{drops} drops"


def best_weights(at):
  """Stops after 4 epochs without a better loss, and saves the weights of the best one."""
  options = ("--batch", 5, "--optimizer", "sgd(0.1)", "--holdout", 13)
  found = at.train(*options, "--epochs", 200, "--patience", 4)
  losses = [line["holdout_loss"] for line in at.log()]
  best = int(numpy.argmin(losses))
  nn.demand(len(losses) == best + 5, f"{len(losses)} epochs, the best was {best + 1}")
  same(found, at.train(*options, "--epochs", best + 1, save="best"))
  last = at.train(*options, "--epochs", len(losses), save="last")
  same({name: found[f"@live.{name}"] for name in NAMES}, last)
  different(found, last)
  nn.demand(abs(found["@best"] - losses[best]) < 1e-15, "@best")
  return f"epoch {best + 1} of {len(losses)}"


def best_of_averages(at):
  """What is judged is the average: the loss of the kept weights is the least of the log."""
  found = at.train("--batch", 5, "--optimizer", "sgd(0.1)", "--holdout", 13, "--epochs", 200,
                   "--patience", 3, "--average", "ema(0.9)")
  least = min(line["holdout_loss"] for line in at.log())
  said = nn.must([at.program, "test", "--load", "w", *at.data, "--holdout", 13], cwd=at.folder).stdout
  nn.demand(abs(float(said.split()[1]) - least) < 1e-6 * least, f"{said} {least}")
  nn.demand({"@live.W", "@average.W"} <= set(found), "what training goes on from is missing")


EVERYTHING = ("--batch", 4, "--accumulate", 2, "--holdout", 13, "--patience", 30, "--average",
              "ema(0.9)", "--schedule", "plateau(2, 0.7) * warmup(20)", "--decay", "0.1, b=0.01",
              "--optimizer", "lion(0.01)", "--clip", 1, "--clip-value", 0.5, "--seed", 5)


def resumed(at, *more):
  at.train(*EVERYTHING, *more, "--epochs", 9, save="whole")
  at.train(*EVERYTHING, *more, "--epochs", 4, save="part")
  nn.must([at.program, "train", *at.data, "--resume", "part", "--epochs", 9, "--save", "part"],
          cwd=at.folder)
  nn.demand((at.folder / "part").read_bytes() == (at.folder / "whole").read_bytes(), "differs")
  said = nn.must([at.program, "train", *at.data, "--resume", "part", "--save", "part"],
                 cwd=at.folder).stdout
  nn.demand(said == "nothing to do: part has come to epoch 9; more are --epochs N\n", said)
  nn.demand((at.folder / "part").read_bytes() == (at.folder / "whole").read_bytes(), "changed")
  said = nn.must([at.program, "train", *at.data, "--resume", "part", "--save", "other"],
                 cwd=at.folder).stdout
  nn.demand(said.endswith("; saved to other\n"), said)
  nn.demand((at.folder / "other").read_bytes() == (at.folder / "whole").read_bytes(), "not saved")


def resumed_without_patience(at):
  """What had stopped goes no further, says so, and is saved where it is asked for."""
  at.train("--batch", 5, "--optimizer", "sgd(0.5)", "--epochs", 200, "--patience", 1, save="part")
  said = nn.must([at.program, "train", *at.data, "--resume", "part", "--save", "other"],
                 cwd=at.folder).stdout
  nn.demand(said.startswith("nothing to do: part has come to epoch ") and
            said.endswith(", no better loss in 1; more are --patience N; saved to other\n"), said)
  nn.demand((at.folder / "other").read_bytes() == (at.folder / "part").read_bytes(), "not saved")


def first_epoch(at):
  """One batch: its own statistics are the running averages, so NumPy knows the metric."""
  w = at.train("--epochs", 0)
  at.train("--epochs", 1, "--batch", SAMPLES, "--no-shuffle")
  h = (3 * at.x + 5) @ w["h.1.W"].T + w["h.1.b"]
  h = (h - h.mean(axis=0)) / numpy.sqrt(h.var(axis=0) + 1e-5) * w["h.2.g"] + w["h.2.b"]
  z = numpy.tanh(h) @ w["z.W"][0] + w["z.b"][0]
  expected = ((z > 0) == (at.y > 0.5)).mean()
  found = at.log()[0]["accuracy"]
  nn.demand(abs(found - expected) < 1e-12, f"{found}, not {expected}")
  return f"accuracy {found:.3f}"


def report(at):
  """The page's matrix counts every sample once, and agrees with the log."""
  at.train("--epochs", 3, "--batch", SAMPLES, "--report", "r.html", "--rate", 0)
  page = (at.folder / "r.html").read_text()
  cells = re.findall(r'<td class="(right|wrong)"[^>]*>(\d*)</td>', page)
  nn.demand(sum(int(count or 0) for _, count in cells) == SAMPLES, f"{cells}")
  nn.demand(page.count("<section>") == page.count("</section>") == 6, "sections")
  nn.demand("--report r.html" in page and "http" not in page, "the command, and nothing from outside")


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as name:
    at = Trainer(pathlib.Path(name), MODEL, 3, 2)
    for case in (accumulation, moving_average, average_of_epochs, decay_by_group, clipping, plateau,
                 best_weights, best_of_averages, resumed, resumed_without_patience):
      tally.case(case.__name__, case, at)
    tally.case("resumed within SWA", resumed, at, "--average", "swa(3)")
    for text, make in SCHEDULES:
      tally.case(text, schedule, at, text, make)
    at = Trainer(pathlib.Path(name), NORMED, 4, 0)
    tally.case("first_epoch", first_epoch, at)
    tally.case("report", report, at)
  tally.close()


if __name__ == "__main__":
  main()
