"""Resident memory: an optimizer's states take room only where it uses them, whatever others that a
command line may choose would need; and a large block trains as a small one does."""

import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

PARAMETERS = 3 * 1024 * 1024 + 3 * 1024
BLOCK = """input x[1024]
target y[1024]
h = x |> dense(1024) |> relu |> dense(1024) |> relu
output o = dense(h, 1024)
loss mse(o, y)
train {
  optimizer %s
  batch 4
}
"""
LIBRARIES = 6  # what a small model's program takes, in megabytes, and the rest of a huge page


def build(folder, stem, optimizer):
  model = folder / f"{stem}.nn"
  model.write_text(BLOCK % optimizer)
  return nn.build(model, folder, stem=stem, flags=nn.PLAINLY)


def check_states(folder, programs):
  """In floats: parameters, gradients, then a region for each state in use."""
  region = PARAMETERS * 4 / 2**20
  found = {}
  for name, states in (("sgd", 0), ("momentum", 1), ("adam", 2)):
    found[name] = nn.peak_of([programs[name], "bench", "--steps", "1"], folder)
    least, most = (2 + states) * region, (2 + states) * region + LIBRARIES
    nn.demand(least < found[name] < most,
              f"{name}: {found[name]:.1f} MB, not between {least:.1f} and {most:.1f}")
  return ", ".join(f"{name} {peak:.1f} MB" for name, peak in found.items())


def check_training(folder, programs):
  """The states that nobody had touched serve the optimizer that a command line chooses."""
  samples = folder / "xy.csv"
  samples.write_text("".join(
      ",".join(str((k * (j + 3)) % 7 / 7) for j in range(2048)) + "\n" for k in range(8)))

  def losses(program, *options):
    done = nn.must([program, "train", "--data", samples, "--epochs", "3", "--seed", "5", *options],
                   cwd=folder)
    return re.findall(r"loss\s+\S+", done.stdout + done.stderr)

  expected = losses(programs["adam"])
  nn.demand(len(set(expected)) >= 3, f"no training: {expected}")
  nn.demand(losses(programs["sgd"], "--optimizer", "adam(0.001)") == expected, "other losses")
  nn.demand(losses(programs["adam"], "--optimizer", "sgd(0.1)") ==
            losses(programs["sgd"]), "other losses of sgd")


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-memory-") as name:
    folder = pathlib.Path(name)
    programs = {stem: build(folder, stem, optimizer)
                for stem, optimizer in (("sgd", "sgd(0.1)"), ("momentum", "sgd(0.1, momentum = 0.9)"),
                                        ("adam", "adam(0.001)"))}
    tally.case("resident memory by optimizer", check_states, folder, programs)
    tally.case("training", check_training, folder, programs)
  tally.close()


if __name__ == "__main__":
  main()
