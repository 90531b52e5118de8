"""What each stage of the compiler makes of the models beside this file.

x.nn is compiled once for each file x.forward, x.backward, x.plan and x.c beside it, and must come
out as that file has it: the extension names the stage. NNCC_GOLDEN=write writes anew those that
are there, to be read in the diff; to have one more, make an empty file first. (x.ast is compared
by tests/grammar.)
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent
STAGES = {"forward": "--dump=forward", "backward": "--dump=backward", "plan": "--dump=plan",
          "c": None}
WRITE = os.environ.get("NNCC_GOLDEN") == "write"


def output_of(model, option):
  arguments = [option] if option else ["-o", "-"]
  return nn.must([nn.NNCC, model.name, *arguments], cwd=FOLDER, timeout=30).stdout


def first_difference(found, wanted):
  for number, (a, b) in enumerate(zip(found.splitlines(), wanted.splitlines()), 1):
    if a != b:
      return f"line {number}: {a!r}, not {b!r}"
  return f"{len(found.splitlines())} lines, not {len(wanted.splitlines())}"


def check(model, stage):
  golden = model.with_suffix("." + stage)
  found = output_of(model, STAGES[stage])
  if WRITE:
    golden.write_text(found)
  wanted = golden.read_text()
  nn.demand(found == wanted, first_difference(found, wanted))


def main():
  tally = nn.Tally()
  for model in sorted(FOLDER.glob("*.nn")):
    for stage in STAGES:
      if model.with_suffix("." + stage).exists():
        tally.case(model.stem + "." + stage, check, model, stage)
  tally.close()


if __name__ == "__main__":
  main()
