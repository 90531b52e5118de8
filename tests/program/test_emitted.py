"""What the emitted C must be like.

Byte-identical reruns, length that does not depend on T, no allocation, no globals that change, lines
within 100 columns, no warning of gcc and clang with and without -ffast-math.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

CHARNN = nn.MODELS / "charnn.nn"
SHOWN = ["logistic", "softmax_class", "charnn", "lstm_equations", "window_2d", "attention",
         "gathers", "rnn_library", "two_inputs", "residual", "product_passes", "split_passes",
         "wide_windows", "same_windows"]


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
  """In the object that clang_builds leaves behind."""
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
  """Without main() the object holds what is looked at next. clang warns before it optimises, so that
  once all the way will do for it."""
  (folder / "m.o").unlink(missing_ok=True)
  whole, alone = nn.emit(model, folder / "m.c"), nn.emit(model, folder / "alone.c", "--lib")
  for compiler, source, *flags in (
      ("gcc", whole, "-O3", "-ffast-math", "-c"), ("clang", whole, "-O2", "-c"),
      ("clang", whole, "-O3", "-ffast-math", "-fsyntax-only"), ("gcc", alone, "-O2", "-c")):
    nn.must([compiler, *nn.WARNINGS, *flags, f"-I{nn.INCLUDE}", source, "-o", folder / "m.o"])


# What a turn stores for the backward pass, and reads on in a loop of its own; the first row of a recurrence
# over matrices, which reads zeroes; the zeroes to which what chooses is added: none of them keeps gcc from
# making vectors of the loop.
VECTORS = {
  "a layer norm": (r"sqrtf\(\w+_here\)", """input x[8, 96]
target y[8, 96]
h = x |> dense(96) |> layernorm
output z = dense(h, 96)
loss mse(z, y)
"""),
  "a recurrence over matrices": (r"\bs_or_0\w*\[j\]", """input x[20, 12]
target y[12]
param A[12, 16], B[16, 12]
b[t] = B @ x[t]
s[-1] = 0
s[t, i: 12, j: 16] = exp(-x[t, i] * A[i, j]) * s[t-1, i, j] + b[t, j] * x[t, i]
z[i] = sum[j](s[19, i, j])
output z
loss mse(z, y)
"""),
  "a mean of what chooses": (r"\+= relu\(", """input x[16, 40]
target y[10]
h[t] = dense(x[t], 64)
z = dense(mean[t](relu(h[t])), 10)
output z
loss mse(z, y)
""")}


def check_vectors(folder, name):
  pattern, text = VECTORS[name]
  model = folder / "vectors.nn"
  model.write_text(text)
  return nn.demand_vectors(nn.emit(model, folder / "vectors.c"), pattern)


def no_warnings_about_rests(folder):
  """Products that have no rest of rows: gcc, which knows the sizes, does not take it for endless."""
  model = folder / "column.nn"
  model.write_text("let T = 9, d = 32\ninput k[T, d], v[T, d], q[T, d]\ntarget y[T, d]\nparam U[d, d]\n"
                   "S[-1] = 0\nS[t, i: d, j: d] = 0.9 * S[t-1, i, j] + tanh(k[t, i]) * v[t, j]\n"
                   "p[t] = exp(U @ q[t])\no[t, j] = sum[i](p[t, i] * S[t, i, j])\noutput o\nloss mse(o, y)\n")
  source = nn.emit(model, folder / "column.c")
  nn.demand("nnrt_small_product(0, 0, 32, 1, 32" in source.read_text(), "the product is called otherwise")
  nn.must(["gcc", *nn.WARNINGS, "-O3", "-march=native", f"-I{nn.INCLUDE}", "-c", source, "-o", folder / "m.o"])


# More than an int holds: a parameter's bytes; a tensor's elements, of sizes without and with a name.
VAST = {"parameters": """input c : class(300000)
target y
e = embedding(c, 1024)
z = dense(e, 1)
loss (z[0] - y)^2
train { optimizer sgd(rate = 0.01) }
""",
        "numbers as sizes": "input x[100000, 100000]\nparam W[100000, 100000]\nloss sum(W * x)\n",
        "names of sizes": """let N = 70000
input x[N]
target y
param W[N, N]
h = tanh(W @ x)
loss (sum[i](h[i] * x[i]) - y)^2
"""}


def check_vast(folder, name):
  """No sum or product of sizes and offsets overflows, in what compilers can tell."""
  model = folder / "vast.nn"
  model.write_text(VAST[name])
  source = nn.emit(model, folder / "vast.c")
  for compiler in ("gcc", "clang"):
    nn.must([compiler, *nn.WARNINGS, "-O1", f"-I{nn.INCLUDE}", "-c", source, "-o", folder / "m.o"])


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-emitted-") as name:
    folder = pathlib.Path(name)
    tally.case("length does not depend on T", check_length, folder)
    for name in VECTORS:
      tally.case(f"vectors of {name}", check_vectors, folder, name)
    tally.case("no warnings about what is left of no rows", no_warnings_about_rests, folder)
    for name in VAST:
      tally.case(f"vast {name}", check_vast, folder, name)
    tally.case("small frames", check_small_frames, CHARNN, folder)
    for model in [nn.MODELS / f"{stem}.nn" for stem in SHOWN]:
      tally.case(f"{model.stem}: identical", check_identical, model, folder)
      tally.case(f"{model.stem}: columns", check_columns, model, folder)
      tally.case(f"{model.stem}: gcc and clang", clang_builds, model, folder)
      tally.case(f"{model.stem}: no allocation, no globals", check_no_allocation, model, folder)
  tally.close()


if __name__ == "__main__":
  main()
