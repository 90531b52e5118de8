"""What the Python tests share: where the compiler and the runtime are, and how to use them.

Environment: NNCC (the compiler), NNRT_INCLUDE (folder of nnrt.h), NNRT_LIBRARY (folder of
libnnrt.a), CC (gcc where it is not set).
"""

import os
import pathlib
import platform
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests" / "models"
NNCC = os.environ.get("NNCC", "nncc")
CC = os.environ.get("CC", "gcc")
INCLUDE = os.environ.get("NNRT_INCLUDE", str(ROOT / "runtime"))
LIBRARY = os.environ.get("NNRT_LIBRARY", "")

WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
LINK = ["-lnnrt", "-lz", "-lcjson", "-lm", "-ldl", "-lpthread"]


class Failure(Exception):
  """A test's own failure: its message is the line to print."""


def run(command, timeout=600, **options):
  """Runs without a shell; gives back the finished process, output captured as text."""
  return subprocess.run([str(part) for part in command], capture_output=True, text=True,
                        timeout=timeout, check=False, **options)


def must(command, **options):
  """run(), and a Failure where the status is not 0."""
  done = run(command, **options)
  if done.returncode != 0:
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()[:4]
    name = pathlib.Path(str(command[0])).name
    verb = f" {command[1]}" if len(command) > 1 and str(command[1]).isalpha() else ""
    raise Failure(f"{name}{verb}: status {done.returncode}: " + " | ".join(said))
  return done


# A process counts what its parent held when it was forked; so a small one is put in between.
PEAK = """import resource, subprocess, sys
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)"""


def peak_of(command, folder, timeout=120):
  """Runs; the largest resident memory in megabytes."""
  done = must([sys.executable, "-S", "-c", PEAK, *command], cwd=folder, timeout=timeout)
  return int(done.stdout) / 1024


def library_flags():
  return [f"-L{LIBRARY}"] if LIBRARY else []


# Of programs whose speed does not matter: gcc takes long to optimise, above all with sanitizers,
# and a quarter of a second for each product that becomes a kernel.
SANITIZED = "SANITIZED" in os.environ
OPTIMISED = "-O0" if SANITIZED else "-O1"
QUICKLY = ("-O0", "-DNNRT_PLAIN_LOOPS")
# Of tests that are about the runtime or the command line: as above, with gcc's warnings of what it
# sees when it optimises. Kernels, which sanitizers leave out anyway, have tests of their own:
# compare/torch and compare/library in float, program/threads, program/native, runtime/product.
PLAINLY = ("-DNNRT_PLAIN_LOOPS",)


def emit(model, out, *options):
  must([NNCC, model, *options, "-o", out])
  return out


def compile_c(sources, program, *flags, compiler=None):
  must([compiler or CC, *WARNINGS, OPTIMISED, f"-I{INCLUDE}", *flags, *sources, *library_flags(),
        *LINK, "-o", program])
  return program


def build(model, folder, *options, stem="m", flags=()):
  """Model file to program, with the project's warnings as errors."""
  source = emit(model, folder / f"{stem}.c", *options)
  return compile_c([source], folder / stem, *flags)


def demand_vectors(source, pattern):
  """gcc makes vectors of every loop of the emitted file that has the pattern in its body."""
  loops, loop = set(), 0
  for number, text in enumerate(source.read_text().splitlines(), 1):
    loop = number if "for (size_t" in text else loop
    if re.search(pattern, text):
      loops.add(loop)
  wide = ["-mavx2", "-mfma"] if platform.machine() == "x86_64" else []
  said = must(["gcc", "-O3", *wide, f"-I{INCLUDE}", "-fopt-info-vec-optimized", "-c", source, "-o",
               source.with_suffix(".o")]).stderr
  made = {int(number) for number in re.findall(
      re.escape(source.name) + r":(\d+):\d+: optimized: +loop vectorized", said)}
  demand(loops and loops <= made, f"no vectors at lines {sorted(loops - made)} of {sorted(loops)}")
  return f"{len(loops)} loops"


def crashed(done):
  """Ended by a signal, or stopped by a sanitizer."""
  sanitizer = re.search(r"Sanitizer|runtime error:", done.stderr)
  return done.returncode < 0 or done.returncode > 100 or sanitizer is not None


class Tally:
  """One line a case, one line at the end, an exit status."""

  def __init__(self):
    self.passed = 0
    self.failed = 0
    self.skipped = 0

  def case(self, name, test, *arguments):
    try:
      note = test(*arguments)
    except Failure as failure:
      self.failed += 1
      print(f"FAIL {name}: {failure}", flush=True)
    except (OSError, subprocess.SubprocessError, KeyError, ValueError, AttributeError) as error:
      self.failed += 1
      print(f"FAIL {name}: {type(error).__name__}: {error}", flush=True)
    else:
      self.passed += 1
      print(f"ok   {name}" + (f" ({note})" if note else ""), flush=True)

  def close(self):
    skipped = f", {self.skipped} skipped" if self.skipped else ""
    print(f"{self.passed} passed, {self.failed} failed{skipped}")
    sys.exit(1 if self.failed or not self.passed else 0)


def demand(condition, message):
  if not condition:
    raise Failure(message)
