"""Warnings of gradients, each at its line, with exit status 0; none on the models of this suite but
where nothing is learned on purpose."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

CASES = {
  "input x[4]\ntarget y[3]\nparam W[3, 4]\nparam u[2]\nloss sum((W @ x - y)^2)\n":
    (4, "does not depend on 'u'"),
  "input x[4]\ntarget y[4]\nparam f[4]\nloss sum((x + floor(f) - y)^2)\n":
    (3, "gradient of 'f' is zero"),
  "input x[4]\ntarget y[3]\nparam W[3, 4]\np = sigmoid(sigmoid(W @ x))\nloss sum((p - y)^2)\n":
    (4, "between 0 and 1"),
  "input x[4]\ntarget y : class(3)\np = softmax(dense(x, 3))\nloss softmax_cross_entropy(p, y)\n":
    (3, "between 0 and 1"),
}
NOTHING_LEARNED = {"nothing_learned"}


def check_case(text, line, part):
  with tempfile.TemporaryDirectory(prefix="nncc-diagnose-") as folder:
    path = pathlib.Path(folder) / "case.nn"
    path.write_text(text)
    done = nn.run([nn.NNCC, path, "--check"], timeout=60)
  nn.demand(done.returncode == 0, f"status {done.returncode}")
  warnings = [w for w in done.stderr.splitlines() if ": warning: " in w]
  nn.demand(len(warnings) == 1, f"{len(warnings)} warnings: {done.stderr[:300]}")
  nn.demand(f"case.nn:{line}:" in warnings[0] and part in warnings[0], warnings[0])


def check_silent(path):
  done = nn.run([nn.NNCC, path, "--check"], timeout=60)
  nn.demand("warning" not in done.stderr, done.stderr[:300])


def main():
  tally = nn.Tally()
  for text, (line, part) in CASES.items():
    tally.case(part, check_case, text, line, part)
  for path in sorted(nn.MODELS.glob("*.nn")):
    if path.stem not in NOTHING_LEARNED:
      tally.case(path.stem, check_silent, path)
  tally.close()


if __name__ == "__main__":
  main()
