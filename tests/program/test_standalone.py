"""--lib --standalone: one file that compiles cleanly, links to libm alone, and computes what the model
linked to the runtime computes."""

import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

MODELS = [("dropout", "float"), ("charnn", "double"), ("library_windows", "float"),
          ("carried_state", "double"), ("batch_statistics", "float")]
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


def same_numbers(model, real, folder):
  (folder / "driver.c").write_text(DRIVER)
  emitted(model, folder, real)
  nn.must([nn.CC, "-D_ISOC11_SOURCE", nn.OPTIMISED, f"-I{nn.INCLUDE}", folder / "m.c",
           folder / "driver.c", *nn.library_flags(), *nn.LINK, "-o", folder / "linked"])
  expected = numbers(nn.must([folder / "linked"]).stdout)
  emitted(model, folder, real, "--standalone")
  # The text does not depend on the build: where there are sanitizers they alone look at it.
  for compiler in [nn.CC] if nn.SANITIZED else filter(shutil.which, ("gcc", "clang")):
    nn.must([compiler, *nn.WARNINGS, nn.OPTIMISED, "-c", folder / "m.c", "-o", folder / "m.o"])
    nn.must([compiler, "-D_ISOC11_SOURCE", folder / "m.o", folder / "driver.c", "-lm", "-o",
             folder / "alone"])
    found = numbers(nn.must([folder / "alone"]).stdout)
    nn.demand(len(found) == len(expected) > 3, f"{len(found)} numbers, not {len(expected)}")
    scale = max(abs(value) for value in expected)
    worst = max(abs(a - b) for a, b in zip(found, expected))
    nn.demand(worst <= (1e-5 if real == "float" else 1e-12) * scale, f"{compiler}: off by {worst}")


def refused(folder):
  done = nn.run([nn.NNCC, nn.MODELS / "charnn.nn", "--standalone", "-o", folder / "x.c"])
  nn.demand(done.returncode == 1 and "say --lib too" in done.stderr, done.stderr)
  nn.demand(not (folder / "x.c").exists(), "a file was written")


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    for model, real in MODELS:
      tally.case(f"{model} {real}", same_numbers, model, real, folder)
    tally.case("with main()", refused, folder)
  tally.close()


if __name__ == "__main__":
  main()
