"""Every model in this folder must be refused, at the lines that say so.

A line that ends with `# expect: part | part` must get an error whose message, or whose notes,
hold all the parts. The output file is neither made nor changed, the exit status is 1, and
nothing crashes.
"""

import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent
DIAGNOSTIC = re.compile(r"^(.*?):(\d+):(\d+): (error|warning|note): (.*)$")
BEFORE = "left alone\n"


def expectations(text):
  """[(line, [part, ...]), ...]"""
  found = []
  for number, line in enumerate(text.splitlines(), 1):
    if "# expect:" in line:
      parts = line.split("# expect:")[1].split("|")
      found.append((number, [part.strip() for part in parts]))
  return found


def errors_of(stderr, path):
  """[(line or None, message with its notes), ...]"""
  errors = []
  for line in stderr.splitlines():
    match = DIAGNOSTIC.match(line)
    if match and match[4] == "error":
      here = pathlib.Path(match[1]).name == path.name
      errors.append([int(match[2]) if here else None, match[5]])
    elif match and match[4] == "note" and errors:
      errors[-1][1] += "\n" + match[5]
  return errors


def meets(errors, number, parts):
  return any(line == number and all(part in message for part in parts)
             for line, message in errors)


def check_file(path):
  expected = expectations(path.read_text(errors="replace"))
  nn.demand(expected, "has no `# expect:`")
  done = nn.run([nn.NNCC, "--check", path], timeout=20)
  nn.demand(not nn.crashed(done), f"crashed, status {done.returncode}: {done.stderr[-300:]}")
  nn.demand(done.returncode == 1, f"status {done.returncode}, not 1")
  nn.demand(done.stdout == "", "wrote to standard output")
  errors = errors_of(done.stderr, path)
  said = "; ".join(f"line {line}: {message}" for line, message in errors).replace("\n", " / ")
  for number, parts in expected:
    nn.demand(meets(errors, number, parts),
              f"no error at line {number} with \"{' | '.join(parts)}\", but: {said or 'none'}")
  lines = {number for number, _ in expected}
  extra = [line for line, _ in errors if line not in lines]
  nn.demand(not extra, f"errors also at {extra}: {said}")


def check_output_untouched(path, folder):
  old, new = folder / "old.c", folder / "new.c"
  old.write_text(BEFORE)
  for out in (old, new):
    done = nn.run([nn.NNCC, path, "-o", out, "--header", folder / "new.h"], timeout=20)
    nn.demand(done.returncode == 1, f"-o: status {done.returncode}, not 1")
  nn.demand(old.read_text() == BEFORE, "the output file was changed")
  nn.demand([p.name for p in folder.iterdir()] == ["old.c"], "a file was written")


def check_model(path):
  check_file(path)
  if nn.SANITIZED:  # they have seen all that leads to the refusal
    return
  with tempfile.TemporaryDirectory(prefix="nncc-errors-") as folder:
    check_output_untouched(path, pathlib.Path(folder))


def check_command(parts, *arguments):
  done = nn.run([nn.NNCC, *arguments], timeout=20)
  nn.demand(not nn.crashed(done), f"crashed, status {done.returncode}")
  nn.demand(done.returncode == 1, f"status {done.returncode}, not 1")
  missing = [part for part in parts if part not in done.stderr]
  nn.demand(not missing, f"{missing} not in: {done.stderr.strip()}")


def commands():
  good = nn.MODELS / "let_defined.nn"
  missing = nn.MODELS / "no_such_model.nn"
  return {
    "a missing model": (["no_such_model.nn"], "--check", missing),
    "a folder as model": (["models"], "--check", nn.MODELS),
    "no model": (["nncc"], "--check"),
    "-D of an unknown name": (["NN"], "--check", good, "-D", "NN=3"),
    "-D of no number": (["three"], "--check", good, "-D", "N=three"),
    "-D of a fraction as a size": (["2.5"], "--check", good, "-D", "N=2.5"),
    "an unknown option": (["--nonsense"], "--check", good, "--nonsense"),
    "an unknown type": (["half"], "--check", good, "--real", "half"),
    "an output that cannot be": (["/nowhere/m.c"], good, "-o", "/nowhere/m.c"),
  }


def main():
  tally = nn.Tally()
  names = sys.argv[1:]
  for path in sorted(FOLDER.glob("*.nn")):
    if not names or path.stem in names:
      tally.case(path.stem, check_model, path)
  if not names:
    for name, (parts, *arguments) in commands().items():
      tally.case(name, check_command, parts, *arguments)
  tally.close()


if __name__ == "__main__":
  main()
