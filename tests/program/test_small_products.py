"""Products of few numbers, which emitted programs compute by nnrt_kernel.h itself, for each width of vectors
that this machine has: against the three loops of the definition. All numbers are quarters, so every
sum is exact in any order."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

# n, k: columns that are parts of a vector, whole ones, longer ones, remainders of all of them.
SHAPES = [(16, 4), (3, 16), (40, 8), (19, 2), (1, 7), (17, 130)]
FLAGS = {"": ["-O1"], "avx2": ["-O1", "-mavx2", "-mfma"], "avx512f": ["-O1", "-mavx512f"]}

HEAD = r"""
#define NNRT_REAL_BYTES %d
#include "nnrt_kernel.h"
#include <math.h>
#include <stdio.h>
typedef %s real;
static real a[4096], b[8192], c[4096];
static real value(size_t i, size_t salt) { return (real)((i * 2654435761u + salt * 40503u) / 256 %% 9) / 4 - 1; }
static int wrong(int ta, int tb, size_t m, size_t n, size_t k, size_t lda, size_t ldb, real alpha, real beta) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++) {
      real sum = 0;
      for (size_t p = 0; p < k; p++) sum += a[ta ? p * lda + i : i * lda + p] * b[tb ? j * ldb + p : p * ldb + j];
      const real wanted = alpha * sum + (beta > 0 ? value(i * n + j, 3) : 0);
      if (!(fabs((double)(c[i * n + j] - wanted)) < 1e-9)) {
        printf("%%d%%d m = %%zu, n = %%zu, k = %%zu: [%%zu, %%zu] is %%g, not %%g\n", ta, tb, m, n, k, i, j,
               (double)c[i * n + j], (double)wanted);
        return 1;
      }
    }
  return 0;
}
static void fill(void) {
  for (size_t i = 0; i < 4096; i++) a[i] = value(i, 1), c[i] = value(i, 3);
  for (size_t i = 0; i < 8192; i++) b[i] = value(i, 2);
}
"""

# As the emitter writes them: all numbers are constants but the samples'.
SHAPE = """
static int shape_{index}(size_t m) {{
  int bad = 0;
  fill();
  nnrt_small_product(0, 1, m, {n}, {k}, 1, a, {k}, b, {k}, 0, c, {n});
  bad += wrong(0, 1, m, {n}, {k}, {k}, {k}, 1, 0);
  fill();
  nnrt_small_product(0, 1, m, {n}, {k}, (real)-0.5, a, {k}, b, {k} + 3, 1, c, {n});
  bad += wrong(0, 1, m, {n}, {k}, {k}, {k} + 3, (real)-0.5, 1);
  fill();
  nnrt_small_product({t}, 0, m, {n}, {k}, 1, a, {t} ? m : {k}, b, {n}, 1, c, {n});
  return bad + wrong({t}, 0, m, {n}, {k}, {t} ? m : {k}, {n}, 1, 1);
}}
"""


def source_of(real):
  text = HEAD % (4 if real == "float" else 8, real)
  calls = []
  for index, (n, k) in enumerate(SHAPES):
    text += SHAPE.format(index=index, n=n, k=k, t=index % 2)
    calls.append(f"bad += shape_{index}(m);")
  return (text + "int main(void) {\n  int bad = 0;\n  for (size_t m = 1; m < 22; m++) { "
          + " ".join(calls) + " }\n  return bad > 0;\n}\n")


def agrees(real, flags, folder):
  (folder / "t.c").write_text(source_of(real))
  nn.must([nn.CC, *flags, f"-I{nn.INCLUDE}", folder / "t.c", "-lm", "-o", folder / "t"])
  nn.must([folder / "t"])


def main():
  here = pathlib.Path("/proc/cpuinfo").read_text().split()
  tally = nn.Tally()
  for real in ("float", "double"):
    for feature, flags in FLAGS.items():
      if not feature or feature in here:
        with tempfile.TemporaryDirectory() as name:
          tally.case(f"{real} {' '.join(flags)}", agrees, real, flags, pathlib.Path(name))
  tally.close()


if __name__ == "__main__":
  main()
