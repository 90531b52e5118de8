"""What the emitted C and the compiler's time must be like.

Byte-identical reruns, length that does not depend on T, no allocation, no globals that change,
nncc's time: for examples, along T, for chains of 500 and 1,000 layers.
"""

import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

CHARNN = nn.MODELS / "charnn.nn"
SHOWN = ["logistic", "softmax_class", "charnn", "lstm_equations", "window_2d", "attention",
         "gathers", "rnn_library", "two_inputs", "residual"]


def examples():
  return sorted((nn.ROOT / "examples").glob("*/*.nn"))


def sanitized():
  """A compiler with sanitizers is several times slower: its times say nothing."""
  binary = pathlib.Path(nn.NNCC)
  return binary.exists() and b"__asan_init" in binary.read_bytes()


# ---- the text ----------------------------------------------------------------------------------

def check_identical(model, folder):
  texts = []
  for copy in ("a", "b"):
    (folder / copy).mkdir(exist_ok=True)
    nn.emit(model, folder / copy / "m.c", "--header", folder / copy / "m.h")
    texts.append([(folder / copy / name).read_bytes() for name in ("m.c", "m.h")])
  nn.demand(texts[0] == texts[1], "two runs differ")
  nn.demand(str(folder).encode() not in b"".join(texts[0]), "the text holds a path")
  plain = nn.emit(model, folder / "plain.c").read_bytes()
  printed = subprocess.run([nn.NNCC, model, "-o", "-"], capture_output=True, check=True).stdout
  nn.demand(printed == plain, "`-o -` prints something else than `-o FILE` writes")


def without_numbers(text):
  """The text with every number made the same, on one line: numbers move the ends of lines."""
  joined = re.sub(r"\n +\* ", " ", text)
  return re.sub(r"\s+", " ", re.sub(r"\b(0x[0-9a-f]+|[0-9][0-9.e+-]*f?)\b", "#", joined))


def check_length(folder):
  """The loop over time is a loop: T is a number in it, and nothing else differs (where T is
  small, products are computed in place, and a batch is not worth parting)."""
  texts = {}
  for steps in (8192, 32768):
    texts[steps] = nn.emit(CHARNN, folder / f"t{steps}.c", "-D", f"T={steps}").read_text()
  nn.demand(without_numbers(texts[8192]) == without_numbers(texts[32768]),
            "the texts for T = 8192 and T = 32768 differ by more than numbers")
  return f"{texts[8192].count(chr(10))} lines"


def check_no_allocation(model, folder):
  source = nn.emit(model, folder / "m.c", "--lib")
  nn.must(["gcc", "-std=c99", "-O1", f"-I{nn.INCLUDE}", "-c", source, "-o", folder / "m.o"])
  calls = nn.must(["nm", "-u", folder / "m.o"]).stdout.split()
  bad = {"malloc", "calloc", "realloc", "free", "alloca", "aligned_alloc", "posix_memalign",
         "printf", "fopen", "exit", "abort", "rand", "time"} & set(calls)
  nn.demand(not bad, f"calls {sorted(bad)}")
  symbols = [line.split() for line in nn.must(["nm", folder / "m.o"]).stdout.splitlines()]
  variables = [words[-1] for words in symbols if words[-2] in "bBdDC"
               and not words[-1].startswith(("__", ".L"))]
  constants = relocated_constants(folder / "m.o")
  changing = [name for name in variables if name not in constants]
  nn.demand(not changing, f"globals that change: {changing}")
  public = [words[-1] for words in symbols if words[-2] in "TRD"]
  foreign = [name for name in public if not name.startswith(model.stem)]
  nn.demand(not foreign, f"names without the model's prefix: {foreign}")


def relocated_constants(file):
  """Symbols of .data.rel.ro: constants that hold addresses."""
  listing = nn.must(["objdump", "-t", file]).stdout
  return {line.split()[-1] for line in listing.splitlines() if ".data.rel.ro" in line}


def check_small_frames(model, folder):
  """No large array on the stack."""
  source = nn.emit(model, folder / "m.c", "--lib", "-D", "T=8192", "-D", "H=512")
  nn.must(["gcc", "-std=c99", "-O1", "-Wframe-larger-than=16384", "-Werror", f"-I{nn.INCLUDE}",
           "-c", source, "-o", folder / "m.o"])


def check_columns(model, folder):
  text = nn.emit(model, folder / "m.c").read_text()
  long = [line for line in text.splitlines() if len(line) > 100]
  nn.demand(not long, f"{len(long)} lines over 100 columns: {long[:1]}")
  nn.demand(text.endswith("\n") and not re.search(r"[ \t]$", text, re.M), "space at a line's end")


def clang_builds(model, folder):
  source = nn.emit(model, folder / "m.c")
  for flags in (["-O2"], ["-O3", "-ffast-math"]):
    for compiler in ("gcc", "clang"):
      nn.must([compiler, *nn.WARNINGS, *flags, f"-I{nn.INCLUDE}", "-c", source, "-o",
               folder / "m.o"])


# ---- the compiler's time -----------------------------------------------------------------------

def seconds(*arguments, runs=9):
  """Median of several runs' processor time, so that a busy machine does not count; nor does the
  first run, which warms the caches."""
  times = []
  for _ in range(runs + 1):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    nn.must([nn.NNCC, *arguments])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
  return statistics.median(times[1:])


def check_time_of_example(model, folder):
  """10 ms; a GPT of several blocks, a net within a net and their like may take 100."""
  small = model.parent.name in ("logistic", "digits", "charnn")
  took, limit = seconds(model, "-o", folder / "m.c"), 0.010 if small else 0.100
  nn.demand(took < limit, f"{took * 1000:.1f} ms, not under {limit * 1000:.0f}")
  return f"{took * 1000:.1f} ms"


def check_time_along_steps(folder):
  short, long = (seconds(CHARNN, "-D", f"T={steps}", "-o", folder / "m.c", runs=21)
                 for steps in (8, 8192))
  nn.demand(abs(long - short) <= 0.2 * short + 0.0005,
            f"{short * 1000:.1f} ms for T = 8, {long * 1000:.1f} ms for T = 8192")
  return f"{short * 1000:.1f} and {long * 1000:.1f} ms"


def chain_text(layers):
  lines = ["input x[8]", "target y : class(8)", "h0 = x"]
  lines += [f"h{k} = dense(h{k - 1}, 8) |> tanh" for k in range(1, layers + 1)]
  lines += ["output p = softmax(h%d)" % layers, "loss cross_entropy(p, y)"]
  return "\n".join(lines) + "\n"


def repeat_text(layers):
  return ("input x[8]\ntarget y : class(8)\nh = x\n"
          f"repeat {layers} {{ h = dense(h, 8) |> tanh }}\n"
          "output p = softmax(h)\nloss cross_entropy(p, y)\n")


def check_time_of_chain(folder, text_of):
  took = {}
  for layers in (500, 1000):
    model = folder / f"chain{layers}.nn"
    model.write_text(text_of(layers))
    took[layers] = seconds(model, "-o", folder / "m.c", runs=5)
  note = f"{took[500]:.3f} s for 500, {took[1000]:.3f} s for 1,000"
  nn.demand(took[1000] < 1, note)
  nn.demand(took[1000] <= 2.5 * took[500] + 0.005, note)
  return note


def time_checks(tally, folder):
  if sanitized():
    print("skip times: nncc is built with sanitizers")
    return
  for model in examples():
    tally.case(f"time of examples/{model.parent.name}", check_time_of_example, model, folder)
  tally.case("time does not depend on T", check_time_along_steps, folder)
  tally.case("time of chains", check_time_of_chain, folder, chain_text)
  tally.case("time of repeats", check_time_of_chain, folder, repeat_text)


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-emitted-") as name:
    folder = pathlib.Path(name)
    tally.case("length does not depend on T", check_length, folder)
    tally.case("small frames", check_small_frames, CHARNN, folder)
    for model in [nn.MODELS / f"{stem}.nn" for stem in SHOWN]:
      tally.case(f"{model.stem}: identical", check_identical, model, folder)
      tally.case(f"{model.stem}: no allocation, no globals", check_no_allocation, model, folder)
      tally.case(f"{model.stem}: columns", check_columns, model, folder)
      tally.case(f"{model.stem}: gcc and clang", clang_builds, model, folder)
    time_checks(tally, folder)
  tally.close()


if __name__ == "__main__":
  main()
