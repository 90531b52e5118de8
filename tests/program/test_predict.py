"""What predict and export write, read back by NumPy, json, csv and a C compiler."""

import csv
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn, safetensors                                         # noqa: E402

MODEL = """
model iris
input x[2]
target s : class(3)
h = batchnorm(dense(x, 8)) |> tanh
z = dense(h, 3)
output p = softmax(z)
output guess = argmax(z)
loss softmax_cross_entropy(z, s)
"""

WORDS = ["setosa", 'say "hi", x', "virginica"]

DEVICE = """
#include <stdio.h>
#include "iris.h"
#include "weights.h"

static _Alignas(64) unsigned char block[1 << 16];

int main(void) {
  const float x[4] = {0.25f, -1.0f, 2.0f, 1.5f};
  float p[6];
  int32_t guess[2];
  if (iris_bytes(2, 0) > sizeof block) return 3;
  iris_init(block, 2, 0, 1);
  if (iris_set_weights(block) != 0) return 4;
  iris_predict(block, 2, x, p, guess);
  for (int k = 0; k < 6; k++) printf("%.9g\\n", (double)p[k]);
  block[0] ^= 1;
  return iris_set_weights(block) == -1 ? 0 : 5;
}
"""


def prepare(folder):
  draw = numpy.random.default_rng(0)
  labels = draw.integers(0, 3, 90)
  x = labels[:, None] + draw.normal(size=(90, 2)) * 0.3
  with open(folder / "iris.csv", "w", newline="", encoding="utf-8") as file:
    csv.writer(file).writerows([*map("{:.4f}".format, row), WORDS[k]] for row, k in zip(x, labels))
  with open(folder / "x.csv", "w", newline="", encoding="utf-8") as file:
    csv.writer(file).writerows([*map("{:.4f}".format, row)] for row in x)
  (folder / "iris.nn").write_text(MODEL)
  program = nn.build(folder / "iris.nn", folder, stem="iris", flags=nn.PLAINLY)
  nn.must([program, "train", "--data", folder / "iris.csv", "--epochs", 20, "--rate", 0.02, "--save",
           folder / "w"])
  return program


class Case:
  def __init__(self, folder):
    self.folder, self.program = folder, prepare(folder)
    self.weights = ["--load", folder / "w"]
    self.p = self.array("p")

  def predict(self, *arguments):
    return nn.must([self.program, "predict", *self.weights, "--data", self.folder / "x.csv",
                    *arguments]).stdout

  def array(self, name):
    self.predict("-o", self.folder / "out.npy")
    return numpy.load(self.folder / f"out.{name}.npy")

  def words(self):
    return [sorted(WORDS)[k] for k in self.array("guess")]

  def csv(self):
    rows = list(csv.DictReader(self.predict().splitlines()))
    nn.demand([row["guess"] for row in rows] == self.words(), "words differ")
    found = numpy.array([[row[f"p[{k}]"] for k in range(3)] for row in rows], "f4")
    nn.demand((found == self.p).all(), "numbers differ")
    self.predict("-o", self.folder / "out.csv")
    nn.demand((self.folder / "out.csv").read_text() == self.predict(), "file and output differ")

  def json(self):
    rows = [json.loads(line) for line in self.predict("--format", "jsonl").splitlines()]
    nn.demand([row["guess"] for row in rows] == self.words(), "words differ")
    nn.demand((numpy.array([row["p"] for row in rows], "f4") == self.p).all(), "numbers differ")
    self.predict("-o", self.folder / "out.jsonl")
    nn.demand((self.folder / "out.jsonl").read_text() == self.predict("--format", "jsonl"), "file")

  def top(self):
    order = numpy.argsort(-self.p, axis=1, kind="stable")[:, :2]
    wanted = [[(sorted(WORDS)[k], self.p[i, k]) for k in row] for i, row in enumerate(order)]
    rows = [json.loads(line) for line in self.predict("--format", "jsonl", "--top", 2).splitlines()]
    found = [[(part["class"], numpy.float32(part["value"])) for part in row["p"]] for row in rows]
    nn.demand(found == wanted, "JSON lines differ")
    rows = list(csv.DictReader(self.predict("--top", 2).splitlines()))
    found = [[(row[f"p.top{k}"], numpy.float32(row[f"p.top{k}.value"])) for k in (1, 2)]
             for row in rows]
    nn.demand(found == wanted, "CSV differs")
    nn.demand(self.predict("--top", 9) == self.predict("--top", 3), "more than there are")

  def pipe(self):
    text = (self.folder / "x.csv").read_text()
    done = nn.must([self.program, "predict", *self.weights, "--data", "-"], input=text)
    nn.demand(done.stdout == self.predict("--batch", 1), "standard input differs from the file")

  def open_pipe(self):
    """A line out for each line in, while the pipe stays open; with and without a header."""
    lines = (self.folder / "x.csv").read_text().splitlines()
    rows = self.predict("--batch", 1).splitlines()
    for data, head in (("-", []), ("x=-", []), ("-", ["width,height"])):
      with subprocess.Popen([self.program, "predict", *self.weights, "--data", data], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for k, line in enumerate(lines[:5]):
          process.stdin.write("\n".join([*(head if k == 0 else []), line]) + "\n")
          process.stdin.flush()
          if k == 0:
            nn.demand(process.stdout.readline().strip() == rows[0], "the header")
          nn.demand(process.stdout.readline().strip() == rows[k + 1], f"{data} {head} {line}")
        process.stdin.close()
        nn.demand(process.stdout.read() == "" and process.wait() == 0, "more, or a failure")
    wrong = nn.run([self.program, "predict", *self.weights, "--data", "-", "--format", "jsonl"],
                   input=f"a,b\n{lines[0]}\n1,x\n")
    nn.demand(wrong.returncode == 2 and "standard input: line 3, column 2" in wrong.stderr
              and wrong.stdout.count("\n") == 1, f"{wrong}")
    packed = subprocess.run([self.program, "predict", *self.weights, "--data", "-"], check=True,
                            input=gzip.compress((self.folder / "x.csv").read_bytes()),
                            stdout=subprocess.PIPE).stdout.decode()
    nn.demand(packed == self.predict(), "gzipped")

  def table_of(self, data):
    """What `test` says of each class, by name, and the line above it."""
    said = nn.must([self.program, "test", *self.weights, "--data", data, "--batch", 7]).stdout
    figures, _, table = said.partition("\n\n")
    nn.demand([line.split()[0] for line in figures.splitlines()] == ["loss"], figures)
    title, head, *lines = table.splitlines()
    nn.demand(head.split() == ["class", "precision", "recall", "f1", "support"], head)
    rows = [line.rsplit(None, 4) for line in lines]
    return title, {row[0].rstrip(): row[1:] for row in rows}

  def classes(self):
    """Precision, recall and F1 as NumPy counts them: with every class, and with two unseen."""
    noise = numpy.random.default_rng(3).permutation(90)
    with open(self.folder / "iris.csv", newline="", encoding="utf-8") as file:
      truth = numpy.array([sorted(WORDS).index(row[2]) for row in csv.reader(file)])
    guess = self.array("guess")
    for name, truth in (("noise", numpy.where(noise < 20, noise % 3, truth)), ("few", truth * 0)):
      self.count(name, truth, guess)

  def count(self, name, truth, guess):
    x, path = numpy.loadtxt(self.folder / "x.csv", delimiter=","), self.folder / f"{name}.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
      csv.writer(file).writerows([*map("{:.4f}".format, row), sorted(WORDS)[k]]
                                 for row, k in zip(x, truth))
    title, found = self.table_of(path)
    nn.demand(title == f"p against s: accuracy {(truth == guess).mean():.9g} of 90", title)
    right = numpy.array([((truth == k) & (guess == k)).sum() for k in range(3)])
    support, guessed = (numpy.bincount(of, minlength=3) for of in (truth, guess))
    with numpy.errstate(invalid="ignore"):
      wanted = numpy.stack([right / guessed, right / support, 2 * right / (support + guessed)], 1)
    listed = [k for k in range(3) if support[k] + guessed[k]]
    nn.demand(set(found) == {sorted(WORDS)[k] for k in listed} | {"mean", "weighted"}, f"{found}")
    for k in listed:
      values = ["-" if numpy.isnan(value) else f"{value:.5g}" for value in wanted[k]]
      nn.demand(found[sorted(WORDS)[k]] == [*values, str(support[k])], f"{found} {wanted}")
    means = {"mean": numpy.ones(len(listed)), "weighted": support[listed]}
    for which, weight in means.items():
      values = numpy.average(numpy.nan_to_num(wanted[listed]), axis=0, weights=weight)
      nn.demand(numpy.allclose([float(of) for of in found[which][:3]], values, rtol=1e-4)
                and found[which][3] == "90", f"{which}: {found[which]} {values}")

  def export(self, name, *arguments):
    path = self.folder / name
    nn.must([self.program, "export", *self.weights, "-o", path, *arguments])
    return path

  def held(self):
    tensors = safetensors.read(self.folder / "w")
    return {name: value for name, value in tensors.items()
            if name[0] != "@" or name.startswith("@mean")}

  def npz(self):
    found, held = numpy.load(self.export("w.npz")), self.held()
    nn.demand(set(found) == set(held), f"{set(found) ^ set(held)}")
    for name, value in held.items():
      nn.demand(found[name].dtype == value.dtype and numpy.array_equal(found[name], value), name)
    first = (self.folder / "w.npz").read_bytes()
    nn.demand(self.export("other", "--format", "npz").read_bytes() == first, "bytes differ")

  def table(self):
    held, rows = self.held(), list(csv.DictReader(self.export("w.csv").read_text().splitlines()))
    nn.demand(len(rows) == sum(value.size for value in held.values()), f"{len(rows)} rows")
    for row in rows:
      value = held[row["tensor"]][tuple(map(int, row["index"].split()))]
      nn.demand(numpy.float32(row["value"]) == value, f"{row}")

  def device(self):
    """With --lib, the header and no file, the same bits."""
    self.export("weights.h")
    nn.must([nn.NNCC, self.folder / "iris.nn", "--lib", "-o", self.folder / "iris.c", "--header",
             self.folder / "iris.h"])
    (self.folder / "device.c").write_text(DEVICE)
    nn.compile_c([self.folder / "device.c", self.folder / "iris.c"], self.folder / "device",
                 "-std=c11", f"-I{self.folder}", *nn.PLAINLY)
    said = nn.must([self.folder / "device"]).stdout.split()
    (self.folder / "two.csv").write_text("0.25,-1\n2,1.5\n")
    nn.must([self.program, "predict", *self.weights, "--data", self.folder / "two.csv", "--batch", 2,
             "-o", self.folder / "two.npy"])
    found = numpy.array(said, "f4").reshape(2, 3)
    nn.demand((found == numpy.load(self.folder / "two.p.npy")).all(), f"{found}")

  def endless(self):
    """A weight that is not finite: no C header, and one that was there stays."""
    bytes_, value = (self.folder / "w").read_bytes(), self.held()["z.W"].tobytes()
    (self.folder / "endless").write_bytes(bytes_.replace(
        value, value[:-4] + numpy.float32(numpy.inf).tobytes()))
    (self.folder / "kept.h").write_text("kept")
    refuses(self, ("export", "--load", "endless", "-o", "kept.h"), ("z.W", "not finite"))
    nn.demand((self.folder / "kept.h").read_text() == "kept", "overwritten")


LOSS_ONLY = """
model part
input  label : class(3)
input  x[2]
input  w
input  u
target y
z = dense(concat(x, u), 3)
output p = softmax(z)
loss   w * softmax_cross_entropy(z, label) + (u - y)^2
train { batch 7; scale x }
"""

ALONE = """
#include <stdio.h>
#include "part.h"

static _Alignas(64) unsigned char block[1 << 16];

int main(void) {
  const float x[4] = {0.25f, -1.0f, 2.0f, 1.5f}, u[2] = {1.0f, 2.0f}, w[2] = {3.0f, 4.0f};
  const int32_t label[2] = {1, 2};
  float p[2][6];
  int equal = 1;
  part_init(block, 2, 0, 1);
  part_predict(block, 2, NULL, x, NULL, u, p[0]);
  part_predict(block, 2, label, x, w, u, p[1]);
  for (int k = 0; k < 6; k++) equal = equal && !(p[0][k] < p[1][k]) && !(p[0][k] > p[1][k]);
  return part_bytes(2, 0) <= sizeof block && equal ? 0 : 1;
}
"""


def loss_only(folder):
  """Inputs that no output depends on are not asked for, in any form of data; where they stand in a
  table they are skipped."""
  (folder / "part.nn").write_text(LOSS_ONLY)
  program = nn.build(folder / "part.nn", folder, stem="part", flags=nn.PLAINLY)
  draw = numpy.random.default_rng(5)
  label, (x0, x1, w, u, y) = draw.integers(0, 3, 40), draw.random((5, 40)).astype("f4").round(3)
  x, words = numpy.stack([x0, x1], 1), numpy.array(["low", "mid", "top"])[label]
  tables = {"all": [words, x0, x1, w, u, y], "inputs": [words, x0, x1, w, u], "needed": [x0, x1, u]}
  for name, columns in tables.items():
    numbers = [label, *columns[1:]] if name != "needed" else columns
    numpy.save(folder / f"{name}.npy", numpy.stack(numbers, 1).astype("f4"))
    (folder / f"{name}.csv").write_text("".join(",".join(map(str, row)) + "\n"
                                                for row in zip(*columns)))
  numpy.savez(folder / "needed.npz", x=x, u=u)
  numpy.save(folder / "x.npy", x)
  numpy.save(folder / "u.npy", u)
  nn.must([program, "train", "--data", folder / "all.csv", "--save", folder / "v", "--epochs", 2])
  predict = [program, "predict", "--load", folder / "v", "--format", "jsonl", "--top", 1]
  wanted = nn.must([*predict, "--data", folder / "all.csv"]).stdout
  nn.demand(wanted.count('"class":"') == 40 and len(set(wanted.splitlines())) == 40, wanted)
  for form in ("csv", "npy"):
    for name in tables:
      said = nn.must([*predict, "--data", folder / f"{name}.{form}"]).stdout
      nn.demand(said == wanted, f"{name}.{form}")
  for files in (["needed.npz"], ["x=x.npy", "u=u.npy"], ["w=none", "x=x.npy", "u=u.npy"]):
    data = [part for file in files for part in ("--data", file)]
    nn.demand(nn.must([*predict, *data], cwd=folder).stdout == wanted, f"{files}")
  one = nn.must([*predict, "--data", "needed.csv", "--batch", 1], cwd=folder).stdout
  piped = nn.must([*predict, "--data", "-"], input=(folder / "needed.csv").read_text())
  nn.demand(piped.stdout == one, "a line at a time")
  (folder / "short.csv").write_text("1,2\n")
  done = nn.run([*predict, "--data", folder / "short.csv"])
  nn.demand(done.returncode == 2 and "line 1 has 2 columns; expected: x has 2, u has 1: 3 columns, or "
            "5 with the other inputs, or 6 with the targets" in done.stderr, done.stderr)
  (folder / "odd.bin").write_bytes(bytes(30))
  done = nn.run([*predict, "--data", folder / "odd.bin"])
  nn.demand(done.returncode == 2 and "may be samples of 3 or of 5" in done.stderr, done.stderr)


def loss_only_in_c(folder):
  (folder / "part.nn").write_text(LOSS_ONLY)
  nn.must([nn.NNCC, folder / "part.nn", "--lib", "-o", folder / "part.c", "--header",
           folder / "part.h"])
  (folder / "alone.c").write_text(ALONE)
  nn.compile_c([folder / "alone.c", folder / "part.c"], folder / "alone", "-std=c11", f"-I{folder}")
  nn.must([folder / "alone"])


def refuses(case, arguments, words):
  done = nn.run([case.program, *arguments], cwd=case.folder)
  nn.demand(done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr)
  for word in words:
    nn.demand(word in done.stderr, f"'{word}' not in {done.stderr}")


PREDICT = ("predict", "--load", "w", "--data", "x.csv")
REFUSED = (
  ((*PREDICT, "-o", "a.txt"), (".csv", ".npy", ".jsonl")),
  ((*PREDICT, "--format", "xml"), ("--format", "xml", "csv|npy|jsonl")),
  ((*PREDICT, "--format", "npy"), ("-o FILE.npy",)),
  ((*PREDICT, "--top", "0"), ("--top",)),
  ((*PREDICT, "--top", "2", "-o", "a.npy"), ("--top", ".jsonl")),
  ((*PREDICT, "-o", "none/a.jsonl"), ("none/a.jsonl",)),
  ((*PREDICT, "-o", "/dev/full"), ("/dev/full",)),
  (("export", "-o", "a.npz"), ("--load",)),
  (("export", "--load", "w"), ("-o",)),
  (("export", "--load", "w", "-o", "a.xyz"), (".npz", ".csv", ".h")),
  (("export", "--load", "w", "-o", "a", "--format", "jsonl"), ("npz|csv|c",)),
  (("export", "--load", "w", "-o", "none/a.npz"), ("none/a.npz",)),
  (("export", "--load", "x.csv", "-o", "a.npz"), ("x.csv",)),
  (("export", "--load", "w", "-o", "/dev/full", "--format", "c"), ("/dev/full", "No space")),
)


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-predict-") as name:
    case = Case(pathlib.Path(name))
    tally.case("loss_only", loss_only, case.folder)
    tally.case("loss_only_in_c", loss_only_in_c, case.folder)
    for what in ("csv", "json", "top", "pipe", "open_pipe", "classes", "npz", "table", "device",
                 "endless"):
      tally.case(what, getattr(case, what))
    for arguments, words in REFUSED:
      tally.case("refused: " + " ".join(arguments[:1] + arguments[3:]), refuses, case, arguments,
                 words)
  tally.close()


if __name__ == "__main__":
  main()
