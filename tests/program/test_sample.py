"""sample against the recurrence in NumPy: windows that stand alone, and a carried stream; how
temperature and top-k draw; what is refused."""

import pathlib
import re
import sys
import tempfile

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn, safetensors                                         # noqa: E402

MODEL = """
model text
let T = 5, V = 12, H = 8
input  c[T] : class(V)
target n[T] : class(V)
param U[H, V], W[H, H] ~ uniform(-1, 1), O[V, H] ~ uniform(-3, 3)
h[-1] = START
h[t] = tanh(U @ c[t] + W @ h[t-1])
z[t] = O @ h[t]
output p[t] = softmax(z[t])
loss mean[t](cross_entropy(p[t], n[t]))
"""
AHEAD = MODEL.replace("h[-1]", "h[T]").replace("h[t-1]", "h[t+1]")
LAST = MODEL.replace("target n[T]", "target n").replace("output p[t] = softmax(z[t])",
                                                        "output p = softmax(z[T-1])")
LAST = LAST.replace("loss mean[t](cross_entropy(p[t], n[t]))", "loss cross_entropy(p, n)")
BYTES = "\nabcdefgh."


def states(weights, classes):
  h = numpy.zeros(8)
  for c in classes:
    h = numpy.tanh(weights["U"][:, c] + weights["W"] @ h)
  return h


class Case:
  def __init__(self, folder, name, text):
    self.folder, self.name = folder, name
    (folder / f"{name}.nn").write_text(text)
    self.program = nn.build(folder / f"{name}.nn", folder, "--real", "double", stem=name,
                            flags=nn.PLAINLY)
    (folder / "text.txt").write_text((BYTES * 5 + "abcabdabe\n" * 9) * 2)
    nn.must([self.program, "train", "--data", folder / "text.txt", "--epochs", 2, "--batch", 4,
             "--save", folder / f"{name}.w", "--report", folder / f"{name}.html"])
    self.letters = sorted(set(BYTES))
    self.weights = safetensors.read(folder / f"{name}.w")

  def sample(self, *arguments):
    return nn.must([self.program, "sample", "--load", self.folder / f"{self.name}.w",
                    *arguments]).stdout

  def logits(self, known, carried):
    """Of what follows `known`, by the last 5 of them or by all."""
    seen = known if carried else known[-5:]
    return (self.weights["O"] @ states(self.weights, seen))[:len(self.letters)]

  def greedy(self, prompt, length, carried):
    known = [self.letters.index(c) for c in prompt]
    for _ in range(length):
      known.append(int(numpy.argmax(self.logits(known, carried))))
    return "".join(self.letters[k] for k in known) + "\n"

  def follows(self, carried):
    for prompt in ("a", "abc", "abcde", "abcdefgh.\nab"):
      found = self.sample("--prompt", prompt, "--temperature", 0, "--length", 23)
      wanted = self.greedy(prompt, 23, carried)
      nn.demand(found == wanted, f"{found!r}, not {wanted!r}")


def draws(case):
  """The first byte after a prompt, over seeds, has the distribution of the logits: with sanitizers,
  which make each run long, roughly."""
  runs, bound = (30, 0.3) if nn.SANITIZED else (300, 0.09)
  logits = case.logits([case.letters.index(c) for c in "abc"], False) / 2
  p = numpy.exp(logits - logits.max())
  p /= p.sum()
  found = [case.sample("--prompt", "abc", "--length", 1, "--temperature", 2, "--seed", seed)[3]
           for seed in range(runs)]
  share = numpy.array([found.count(letter) for letter in case.letters]) / runs
  nn.demand(numpy.abs(share - p).max() < bound, f"{share} {p}")
  best = {case.letters[k] for k in numpy.argsort(-p)[:2]}
  found = {case.sample("--prompt", "abc", "--length", 1, "--temperature", 5, "--top-k", 2, "--seed",
                       seed)[3] for seed in range(40)}
  nn.demand(found == best, f"top 2: {found}, not {best}")
  again = [case.sample("--seed", 7, "--length", 50) for _ in range(2)]
  nn.demand(again[0] == again[1] and len(again[0]) == 51, "a seed gives other bytes")


def report(case):
  """Worst examples are told as text: above each wrong byte stands the guess."""
  page = (case.folder / "alone.html").read_text()
  found = re.findall("<code>(.*?)</code>", page)
  text, told = (case.folder / "text.txt").read_text(), set()
  show, letters = {"\n": "⏎<wbr>"}, [*case.letters, "·", "·"]
  for at in range(0, len(text) - 5, 5):
    known = [case.letters.index(c) for c in text[at:at + 6]]
    guess = [letters[numpy.argmax(case.weights["O"] @ states(case.weights, known[:k + 1]))]
             for k in range(5)]
    told.add("".join(show.get(c, c) if c == g else
                     f"<ruby>{show.get(c, c)}<rt>{show.get(g, g)}</rt></ruby>"
                     for c, g in zip(text[at + 1:], guess)))
  nn.demand(len(found) == 12 and set(found) <= told, f"{found}")


def refuses(program, arguments, *words):
  done = nn.run([program, "sample", *arguments])
  nn.demand(done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr)
  for word in words:
    nn.demand(word in done.stderr, f"'{word}' not in {done.stderr}")


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-sample-") as name:
    folder = pathlib.Path(name)
    alone = Case(folder, "alone", MODEL.replace("START", "0"))
    stream = Case(folder, "stream", MODEL.replace("START", "carry(0)"))
    ahead = Case(folder, "ahead", AHEAD.replace("START", "0"))
    last = Case(folder, "last", LAST.replace("START", "0"))
    tally.case("windows that stand alone", alone.follows, False)
    tally.case("a carried stream", stream.follows, True)
    tally.case("temperature and top-k", draws, alone)
    tally.case("the report's text", report, alone)
    found = last.sample("--prompt", "abcde", "--length", 9, "--temperature", 0)
    tally.case("only what follows a window", lambda: nn.demand(
      found == last.greedy("abcde", 9, False), found))
    load = ["--load", folder / "alone.w"]
    dense = nn.build(nn.ROOT / "examples" / "logistic" / "logistic.nn", folder, stem="logit",
                     flags=nn.PLAINLY)
    for what, program, arguments, words in (
        ("no weights", alone.program, [], ["--load"]),
        ("a byte unseen", alone.program, [*load, "--prompt", "aZ"], ["byte 1", "0x5a"]),
        ("an empty prompt", alone.program, [*load, "--prompt", ""], ["--prompt"]),
        ("no temperature", alone.program, [*load, "--temperature", "-1"], ["--temperature"]),
        ("top 0", alone.program, [*load, "--top-k", "0"], ["--top-k"]),
        ("a model that looks ahead", ahead.program, ["--load", folder / "ahead.w", "--prompt", "ab"],
         ["looks ahead", "5"]),
        ("a prompt too short", last.program, ["--load", folder / "last.w", "--prompt", "ab"],
         ["2 bytes", "5"]),
        ("no sequence", dense, ["--load", folder / "alone.w"], ["does not predict the next class"])):
      tally.case(f"refused: {what}", refuses, program, arguments, *words)
  tally.close()


if __name__ == "__main__":
  main()
