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
  "input x[4]\ntarget y[3]\nparam W[3, 4]\np = exp(-abs(W @ x))\nl = log(1 - p)\nloss sum(l * y)\n":
    (5, "log(1 - p) loses digits"),
  "input x[4]\ntarget y[3]\nparam W[3, 4]\nl = log(exp(2 * W @ x) + 3 * exp(y))\nloss sum(l)\n":
    (4, "log of a sum of exponentials overflows"),
  "input x[4]\ntarget y[3]\nparam W[3, 4]\ne = exp(W @ x)\nq = e / (2 + sum(e))\n"
  "loss sum((q - y)^2)\n":
    (5, "exp over a sum of exponentials"),
  "input x[4]\ntarget y[3]\nparam W[3, 4]\n\nloss -sum(log(1 - tanh(W @ x)) * y)\n":
    (5, "no stable form was found"),
}
# Written naively, computed in a stable form: nothing is lost.
MENDED = [
  "loss -sum(log(1 - sigmoid(W @ x)) * y)",
  "e = exp(W @ x)\nq = e / sum(e)\nloss sum((q - y)^2)",
  "loss log(sum(exp(W @ x)))",
  "loss sum(log(1 + exp(W @ x)) * y)",
]
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


def check_mended(lines):
  with tempfile.TemporaryDirectory(prefix="nncc-diagnose-") as folder:
    path = pathlib.Path(folder) / "case.nn"
    path.write_text(f"input x[4]\ntarget y[3]\nparam W[3, 4]\n{lines}\n")
    check_silent(path)
    nn.must([nn.NNCC, path, "--check"], timeout=60)


def check_silent(path):
  done = nn.run([nn.NNCC, path, "--check"], timeout=60)
  nn.demand("warning" not in done.stderr, done.stderr[:300])


def main():
  tally = nn.Tally()
  for text, (line, part) in CASES.items():
    tally.case(part, check_case, text, line, part)
  for lines in MENDED:
    tally.case(lines.replace("\n", "; "), check_mended, lines)
  for path in sorted((nn.ROOT / "examples").glob("*/*.nn")):
    tally.case(f"examples/{path.stem}", check_silent, path)
  for path in sorted(nn.MODELS.glob("*.nn")):
    if path.stem not in NOTHING_LEARNED:
      tally.case(path.stem, check_silent, path)
  tally.close()


if __name__ == "__main__":
  main()
