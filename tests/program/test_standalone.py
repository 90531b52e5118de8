"""--standalone: one file that compiles cleanly and links to libm alone. With --lib it computes what the
model linked to the runtime computes; with main() it is the linked program: the same lines, the same
files, the same refusals."""

import base64
import gzip
import os
import pathlib
import re
import shutil
import sys
import tempfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import numpy
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-numpy)")
  sys.exit(77)

from support import nn, safetensors                                         # noqa: E402

# Kernels of both types and of windows, then plain loops.
MODELS = [("dropout", "float"), ("charnn", "double"), ("library_windows", "float"),
          ("wide_windows", "float"),
          ("carried_state", "double", *nn.PLAINLY), ("batch_statistics", "float", *nn.PLAINLY)]
DRIVER = r"""
#include "m.h"
#include <stdio.h>
#include <stdlib.h>
#define MODEL m_model

static uint32_t state = 1;
static uint32_t draw(void) { return (state = state * 1664525u + 1013904223u) >> 8; }

static void *sample(const nnrt_tensor *t, int n) {
  size_t count = t->elements * (size_t)n;
  double *room = calloc(count + 1, sizeof *room);
  for (size_t i = 0; i < count; i++) {
    double u = (double)draw() / 16777216.0;
    if (t->kind != NNRT_REAL) ((int32_t *)(void *)room)[i] = (int32_t)(u * t->limit);
    else if (MODEL.real_bytes == 4) ((float *)(void *)room)[i] = (float)u;
    else room[i] = u;
  }
  return room;
}

int main(void) {
  enum { N = 3 };
  size_t bytes = (MODEL.bytes(N, 1) + 63) / 64 * 64;
  char *block = aligned_alloc(64, bytes);
  void *data[32];
  MODEL.init(block, N, 1, 5);
  for (size_t k = 0; k < MODEL.inputs + MODEL.targets; k++) data[k] = sample(&MODEL.tensor[k], N);
  for (int step = 0; step < 3; step++) {
    printf("%.9g", MODEL.gradient(block, N, (const void *const *)data));
    for (size_t k = 0; k < MODEL.tensors; k++) {
      const nnrt_tensor *t = &MODEL.tensor[k];
      if (t->role != NNRT_PARAMETER) continue;
      const void *g = block + MODEL.gradient_offset + t->offset - MODEL.parameter_offset;
      double sum = 0;
      for (size_t i = 0; i < t->elements; i++)
        sum += MODEL.real_bytes == 4 ? (double)((const float *)g)[i] : ((const double *)g)[i];
      printf(" %.9g", sum);
    }
    printf("\n");
    MODEL.update(block, 0.01);
  }
  for (size_t k = 0; k < MODEL.inputs + MODEL.targets; k++) free(data[k]);
  free(block);
  return 0;
}
"""


def numbers(text):
  return [float(word) for word in text.split()]


def emitted(model, folder, real, *options):
  text = (nn.MODELS / f"{model}.nn").read_text().split("\n")
  lines = [line for line in text if not line.startswith("model ")]
  source = folder / "m.nn"
  source.write_text("\n".join(["model m", *lines]))
  nn.must([nn.NNCC, source, "--real", real, "--lib", *options, "--header", folder / "m.h", "-o",
           folder / "m.c"])


def same_numbers(folder, model, real, *flags):
  (folder / "driver.c").write_text(DRIVER)
  emitted(model, folder, real)
  nn.must([nn.CC, "-D_ISOC11_SOURCE", nn.OPTIMISED, *flags, f"-I{nn.INCLUDE}", folder / "m.c",
           folder / "driver.c", *nn.library_flags(), *nn.LINK, "-o", folder / "linked"])
  expected = numbers(nn.must([folder / "linked"]).stdout)
  emitted(model, folder, real, "--standalone")
  # The text does not depend on the build: where there are sanitizers they alone look at it.
  for compiler in [nn.CC] if nn.SANITIZED else filter(shutil.which, ("gcc", "clang")):
    nn.must([compiler, *nn.WARNINGS, nn.OPTIMISED, *flags, "-c", folder / "m.c", "-o",
             folder / "m.o"])
    nn.must([compiler, "-D_ISOC11_SOURCE", folder / "m.o", folder / "driver.c", "-lm", "-o",
             folder / "alone"])
    found = numbers(nn.must([folder / "alone"]).stdout)
    nn.demand(len(found) == len(expected) > 3, f"{len(found)} numbers, not {len(expected)}")
    scale = max(abs(value) for value in expected)
    worst = max(abs(a - b) for a, b in zip(found, expected))
    nn.demand(worst <= (1e-5 if real == "float" else 1e-12) * scale, f"{compiler}: off by {worst}")


# ---- programs ----------------------------------------------------------------------------------

TILES = """model tiles
input x[8, 8]
target y : class(3)
h = dense(flatten(x), 12) |> relu
z = dense(dropout(h, 0.25), 3)
output p = softmax(z)
loss softmax_cross_entropy(z, y)
metric accuracy(z, y)
"""
N = 60
# model, real, by which compilers (what the runtime's own compiles agrees with it to the bit), shapes of
# its data, limits of classes
PROGRAMS = [
  ("tiles", "float", ("gcc", "clang"), {"x": (8, 8), "y": ()}, {"y": 3}),
  ("charnn", "double", ("clang",), {"c": (5,), "n": (5,)}, {"c": 4, "n": 4}),
]
RUNS = ["--help", "train --help", "info", "check", "train --data d.npz --epochs 3 --batch 16 --seed 5 "
        "--holdout 0.2 --save w.safetensors --log l.jsonl --report r.html --threads 2",
        "test --load w.safetensors --data d.npz", "predict --load w.safetensors --data d.npz -o p.csv",
        "grad --load w.safetensors --data d.npz -o g.safetensors",
        "export --load w.safetensors -o e.npz",
        "train --data d.npz --epochs 2 --batch 16 --load w.safetensors --save v.safetensors"]
# what two runs of one program tell differently
TIMES = re.compile(r'[\d.e+-]+ samples/s|"(seconds|samples_per_s)":[^,}]*|<td>[^<]*|base64,[^"]*')


def write_data(folder, shapes, limits):
  generator = numpy.random.default_rng(7)
  data = {name: generator.integers(0, limits[name], (N, *shape)).astype("i4") if name in limits else
                generator.normal(size=(N, *shape)).astype("f4") for name, shape in shapes.items()}
  numpy.savez_compressed(folder / "d.npz", **data)
  for name, values in data.items():
    with gzip.open(folder / f"{name}.npy.gz", "wb") as file:
      numpy.save(file, values)


def built_by(compiler):
  """Whether the runtime that programs link was made by this compiler."""
  said = nn.must([nn.CC, "--version"]).stdout
  return ("clang" in said) == (compiler == "clang")


def said_by(folder, arguments):
  done = nn.run([folder / "m", *arguments.split()], cwd=folder)
  nn.demand(not nn.crashed(done), f"{arguments}: {done.stderr[-400:]}")
  text = (done.stdout + done.stderr).replace(str(folder), "")
  return done.returncode, TIMES.sub("", text)


def pictures(page):
  """The bytes of every row of every picture of a report."""
  found = re.findall(r'base64,([^"]+)"', page)
  files = [base64.b64decode(one) for one in found]
  return [zlib.decompress(one[one.index(b"IDAT") + 4:-16]) for one in files]


def same_files(alone, linked):
  for name in ("w.safetensors", "v.safetensors", "g.safetensors", "e.npz", "p.csv"):
    nn.demand((alone / name).read_bytes() == (linked / name).read_bytes(), f"{name} differs")
  nn.demand(*[len({TIMES.sub("", (folder / "l.jsonl").read_text()) for folder in (alone, linked)}) == 1,
              "the logs differ"])
  found, expected = (pictures((folder / "r.html").read_text()) for folder in (alone, linked))
  nn.demand(found == expected, "the reports' pictures differ")
  return f"{len(found)} pictures"


def close_files(alone, linked):
  """As far as the compiler of the runtime decides on roundings."""
  found, expected = (safetensors.read(folder / "w.safetensors") for folder in (alone, linked))
  nn.demand(found.keys() == expected.keys(), f"{list(found)}, not {list(expected)}")
  for name, value in expected.items():
    worst = numpy.max(numpy.abs(numpy.asarray(found[name], float) - numpy.asarray(value, float)))
    nn.demand(worst <= 1e-4 * max(1, numpy.max(numpy.abs(value))), f"{name}: off by {worst}")


def same_program(compiler, folders, exact):
  alone, linked = folders[compiler], folders["linked"]
  for arguments in RUNS:
    found, expected = said_by(alone, arguments), said_by(linked, arguments)
    if exact or "help" in arguments:
      nn.demand(found == expected, f"{arguments}: {found}, not {expected}")
    else:
      nn.demand(found[0] == expected[0] == 0, f"{arguments}: {found}, not {expected}")
  done = nn.must([alone / "m", "bench", "--steps", "3", "--json"])
  nn.demand('"train_samples_per_s":' in done.stdout, done.stdout)
  return same_files(alone, linked) if exact else close_files(alone, linked)


def same_from_gzip(compiler, folders, shapes):
  pairs = " ".join(f"--data {name}={name}.npy.gz" for name in shapes)
  found = said_by(folders[compiler], f"test --load w.safetensors {pairs}")
  expected = said_by(folders[compiler], "test --load w.safetensors --data d.npz")
  nn.demand(found[0] == 0 and found[1] == expected[1], f"{found}, not {expected}")


def refused_alike(compiler, folders, shapes):
  """What is broken: the same line, but for zlib's words and the byte at which JSON is given up."""
  first = next(iter(shapes))
  broken = {"d.npz": [0.2, 0.5, 0.9], f"{first}.npy.gz": [0.02, 0.3, 0.7, 0.999],
            "w.safetensors": [0.0001, 0.1, 0.9]}
  for name, cuts in broken.items():
    for cut in cuts:
      lines = []
      for folder in (folders[compiler], folders["linked"]):
        data = (folder / name).read_bytes()
        (folder / f"cut.{name}").write_bytes(data[:max(1, int(cut * len(data)))])
        at = 30 if "safetensors" in name else len(data) // 2
        (folder / f"bad.{name}").write_bytes(data[:at] + b"\x99,}\x07" + data[at + 4:])
        for file in (f"cut.{name}", f"bad.{name}"):
          weights = file if "safetensors" in file else "w.safetensors"
          data = {"d.npz": f"--data {file}", "w.safetensors": "--data d.npz"}.get(
            name, " ".join(f"--data {word}={file if word == first else word + '.npy.gz'}"
                           for word in shapes))
          status, said = said_by(folder, f"test --load {weights} {data}")
          said = re.sub(r"\(.*\)|at byte \d+", "", said)
          nn.demand(status == 2 and said.count("\n") == 1, f"{file} cut at {cut}: {status}: {said}")
          lines.append(said)
      nn.demand(lines[:2] == lines[2:], f"{name} cut at {cut}: {lines}")


def compile_alone(compiler, folder, source, *flags):
  folder.mkdir()
  nn.must([compiler, *nn.WARNINGS, "-O1", *flags, source, "-lm", "-o", folder / "m"])


def check_program(tally, model, real, compilers, shapes, limits, folder):
  source = folder / "m.nn"
  source.write_text(TILES if model == "tiles" else (nn.MODELS / f"{model}.nn").read_text())
  folders = {name: folder / name for name in ("linked", *compilers)}
  folders["linked"].mkdir()
  nn.build(source, folders["linked"], "--real", real)
  nn.emit(source, folder / "alone.c", "--real", real, "--standalone")
  for compiler in filter(shutil.which, compilers):
    tally.case(f"{model} {compiler}: compiles", compile_alone, compiler, folders[compiler],
               folder / "alone.c", *([] if built_by(compiler) else nn.QUICKLY))
  for one in folders.values():
    if one.exists():
      write_data(one, shapes, limits)
  for compiler in filter(shutil.which, compilers):
    tally.case(f"{model} {compiler}: the same program", same_program, compiler, folders,
               built_by(compiler))
    tally.case(f"{model} {compiler}: the same from gzip", same_from_gzip, compiler, folders, shapes)
    tally.case(f"{model} {compiler}: refuses the same", refused_alike, compiler, folders, shapes)
  if model == "tiles":
    folders["gcc"] = folder / "sanitized"
    tally.case("sanitized: compiles", compile_alone, "gcc", folders["gcc"], folder / "alone.c",
               "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")
    write_data(folders["gcc"], shapes, limits)
    tally.case("sanitized: runs", same_program, "gcc", folders, False)
    tally.case("sanitized: refuses the same", refused_alike, "gcc", folders, shapes)


def any_name(folder):
  """A table may have a name that POSIX has, and that of a variable of the runtime."""
  numpy.save(folder / "t.npy", numpy.ones((2, 2)))
  (folder / "m.nn").write_text(f"""model m
let link = load("{folder}/t.npy"), count = load("{folder}/t.npy")
input x[2]
target y[2]
z = dense(link @ (count @ x), 2)
loss mse(z, y)
""")
  nn.emit(folder / "m.nn", folder / "m.c", "--standalone")
  for compiler in filter(shutil.which, ("gcc", "clang")):
    nn.must([compiler, *nn.WARNINGS, "-DNNRT_PLAIN_LOOPS", "-fsyntax-only", folder / "m.c"])


def compiles_with_windows(folder):
  """A model that has all of the runtime's headers before it."""
  nn.emit(nn.MODELS / "library_windows.nn", folder / "m.c", "--standalone")
  for compiler in filter(shutil.which, ("gcc", "clang")):
    nn.must([compiler, *nn.WARNINGS, "-fsyntax-only", folder / "m.c"])


def needs_nothing(folder):
  """No library but libc and libm."""
  if not shutil.which("ldd"):
    return
  said = nn.must(["ldd", folder / "m"], env={**os.environ, "LC_ALL": "C"}).stdout
  names = {line.split()[0].split("/")[-1].split(".")[0] for line in said.splitlines()}
  nn.demand(names <= {"linux-vdso", "libm", "libc", "ld-linux-x86-64", "ld-linux-aarch64"}, said)


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for model in MODELS[:4] if nn.SANITIZED else MODELS:
      tally.case(" ".join(model[:2]), same_numbers, folder, *model)
    if not nn.SANITIZED:
      tally.case("any name", any_name, folder)
      tally.case("with windows", compiles_with_windows, folder)
    # Programs are compiled here without the sanitizers of the build, or with some of their own.
    for model, *rest in () if nn.SANITIZED else PROGRAMS:
      (folder / model).mkdir()
      check_program(tally, model, *rest, folder / model)
    if not nn.SANITIZED:
      tally.case("libraries", needs_nothing, folder / "tiles" / "gcc")
  tally.close()


if __name__ == "__main__":
  main()
