"""Training that cannot begin, go on or save: each kind of trouble has a line of its own, and what was
saved before is there as it was. A full disk, and a folder that cannot be written, are made by mounting a
small file system where that is permitted."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import numpy
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-numpy)")
  sys.exit(77)

from support import nn, safetensors                                           # noqa: E402

MODEL = """model {name}
input  x[3]
target y[{y}]
h = tanh(dense(x, {h}))
z = dense(h, {y})
loss mse(z, y)
"""
DATA = ["--data", "x=x.npy", "--data", "y=y.npy"]


def build(folder, stem, name, h, y=2):
  (folder / f"{stem}.nn").write_text(MODEL.format(name=name, h=h, y=y))
  nn.build(folder / f"{stem}.nn", folder, stem=stem, flags=nn.PLAINLY)


def prepare(folder):
  draw = numpy.random.default_rng(1)
  numpy.save(folder / "x.npy", draw.normal(size=(20, 3)))
  numpy.save(folder / "y.npy", draw.normal(size=(20, 2)))
  numpy.save(folder / "x9.npy", draw.normal(size=(9, 3)))
  numpy.save(folder / "y9.npy", draw.normal(size=(9, 2)))
  build(folder, "m", "one", 4)
  build(folder, "other", "two", 4)
  build(folder, "wider", "one", 5)
  for stem in ("m", "other", "wider"):
    nn.must([folder / stem, "train", *DATA, "--save", f"{stem}.w", "--epochs", 2, "--average",
             "ema(0.9)"], cwd=folder)
  nn.must([folder / "m", "grad", *DATA, "-o", "gradients"], cwd=folder)
  damage(folder)


def edited(folder, name, **changes):
  """The checkpoint m.w with other tensors; its notes as they are."""
  whole = (folder / "m.w").read_bytes()
  length = int.from_bytes(whole[:8], "little")
  notes = json.loads(whole[8:8 + length])["__metadata__"]
  tensors = {key: numpy.array(value) for key, value in safetensors.read(folder / "m.w").items()}
  for key, value in changes.items():
    key = key.replace("__", ".").replace("at_", "@")
    if value is None:
      del tensors[key]
    else:
      tensors[key] = value
  safetensors.write(folder / name, tensors)
  plain = (folder / name).read_bytes()
  length = int.from_bytes(plain[:8], "little")
  header = {"__metadata__": notes, **json.loads(plain[8:8 + length])}
  text = json.dumps(header).encode()
  (folder / name).write_bytes(len(text).to_bytes(8, "little") + text + plain[8 + length:])


def damage(folder):
  whole = (folder / "m.w").read_bytes()
  (folder / "cut").write_bytes(whole[:-5])
  (folder / "header").write_bytes(whole[:40])
  (folder / "empty").write_bytes(b"")
  (folder / "text").write_bytes(b"once upon a time there was no checkpoint\n")
  (folder / "folder").mkdir()
  bad = numpy.full((4, 3), numpy.nan, "f4")
  edited(folder, "nan", h__W=bad)
  edited(folder, "nan_live", **{"at_live__h__W": bad})
  edited(folder, "step", at_step=numpy.float64(1.5))
  edited(folder, "no_position", at_position=None)
  edited(folder, "no_moment", **{"at_optimizer__m__h__W": None})
  edited(folder, "no_live", **{"at_live__h__W": None})
  edited(folder, "far", at_position=numpy.uint64(1000))
  edited(folder, "sums", at_running=numpy.zeros(3))
  edited(folder, "drops", at_drops=numpy.zeros(9, "u8"))
  edited(folder, "history", at_history=numpy.full(safetensors.read(folder / "m.w")["@history"].shape,
                                                  1e300))
  (folder / "no.log").write_text('{"epoch":1}\nmy notes\n')


# The command line behind `train`, and the words that its one line must hold.
RESUMED = ["--resume", "m.w", *DATA, "--epochs", "4"]
CASES = [
  (["--resume", "other.w", *DATA], ["other.w", "checkpoint of the model 'two', this is 'one'"]),
  (["--resume", "wider.w", *DATA], ["wider.w", "h.W", "[5, 3]", "[4, 3]"]),
  (["--load", "wider.w", *DATA], ["wider.w", "h.W", "[5, 3]", "[4, 3]"]),
  (["--resume", "gradients", *DATA], ["gradients", "no training to go on with", "--load"]),
  (["--resume", "cut", *DATA], ["cut"]),
  (["--resume", "header", *DATA], ["header"]),
  (["--resume", "empty", *DATA], ["empty"]),
  (["--resume", "text", *DATA], ["text"]),
  (["--resume", "folder", *DATA], ["folder", "is a directory"]),
  (["--resume", "nowhere", *DATA], ["nowhere", "no such file"]),
  (["--resume", "nan", *DATA], ["nan: h.W holds a number that is not finite"]),
  (["--load", "nan", *DATA], ["nan: h.W holds a number that is not finite"]),
  (["--resume", "nan_live", *DATA], ["nan_live: h.W holds a number that is not finite"]),
  (["--resume", "step", *DATA], ["step", "@step"]),
  (["--resume", "no_position", *DATA], ["no_position", "@position"]),
  (["--resume", "no_moment", *DATA], ["no_moment", "@optimizer.m.h.W"]),
  (["--resume", "no_live", *DATA], ["no_live", "@live.h.W"]),
  (["--resume", "far", *DATA], ["far", "1000 steps", "resume with the same data"]),
  (["--resume", "sums", *DATA], ["sums", "@running"]),
  (["--resume", "drops", *DATA], ["drops", "@drops"]),
  (["--resume", "history", *DATA], ["history", "damaged"]),
  (["--resume", "m.w", "--load", "m.w", *DATA], ["exclude each other"]),
  (["--resume", "m.w", "--data", "x=x9.npy", "--data", "y=y9.npy"], ["20 samples", "has 9"]),
  ([*RESUMED, "--seed", "2"], ["--seed", "was trained with 1"]),
  ([*RESUMED, "--batch", "3"], ["--batch", "was trained with 32"]),
  ([*RESUMED, "--holdout", "0.5"], ["--holdout", "was trained with 0"]),
  ([*RESUMED, "--accumulate", "2"], ["--accumulate", "was trained with 1"]),
  ([*RESUMED, "--average", "swa(1)"], ["--average", "was trained with ema(0.9)"]),
  ([*RESUMED, "--optimizer", "lion"], ["--optimizer", "was trained with adam("]),
  ([*RESUMED, "--log", "no.log"], ["no.log: line 2 is not of a training log", "choose another"]),
  ([*DATA, "--optimizer", "sdg(0.1)"], ["--optimizer", "no 'sdg'", "sgd, nesterov"]),
  ([*DATA, "--optimizer", "sgd"], ["sgd needs its rate"]),
  ([*DATA, "--optimizer", "lion(beta = 1)"], ["lion has no 'beta'", "beta1, beta2"]),
  ([*DATA, "--optimizer", "adam(0.1"], ["not understood from"]),
  ([*DATA, "--schedule", "cosin"], ["--schedule: there is no 'cosin': choose of constant"]),
  ([*DATA, "--schedule", "step(1, 2, 3)"], ["write step(epochs, factor)"]),
  ([*DATA, "--schedule", "plateau(0)"], ["epochs of plateau is a whole number from 1 on, not 0"]),
  ([*DATA, "--schedule", "onecycle(2)"], ["share of onecycle"]),
  ([*DATA, "--schedule", "cosine +"], ["too much from '+'"]),
  ([*DATA, "--average", "ema(1.5)"], ["decay of ema is more than 0 and less than 1, not 1.5"]),
  ([*DATA, "--average", "mean"], ["--average: there is no 'mean'"]),
  ([*DATA, "--average", "ema * swa(1)"], ["--average", "write one"]),
  ([*DATA, "--decay", "much"], ["--decay: 'much' is not understood"]),
  ([*DATA, "--decay", "g.*=0.1"], ["no parameter's name matches 'g.*'", "h.W"]),
  ([*DATA, "--clip", "-1"], ["--clip", "'-1'"]),
  ([*DATA, "--clip-value", "x"], ["--clip-value", "'x'"]),
  ([*DATA, "--accumulate", "0"], ["--accumulate", ">= 1"]),
  ([*DATA, "--patience", "-3"], ["--patience", "'-3'"]),
  ([*DATA, "--save-every", "5"], ["--save-every: needs --save"]),
  ([*DATA, "--save", "x.npy"], ["--save: x.npy holds data: name another file"]),
  ([*DATA, "--log", "./y.npy"], ["--log: ./y.npy holds data"]),
  ([*DATA, "--plot", "w", "--save", "w"], ["--plot: w is what --save writes"]),
  ([*DATA, "--load", "m.w", "--report", "m.w"], ["--report: m.w holds the weights to begin with"]),
  ([*DATA, "--save", "folder"], ["folder: is a directory"]),
  ([*DATA, "--save", "text/w"], ["text/w: cannot write: Not a directory"]),
  ([*DATA, "--save", "nowhere/w"], ["nowhere/w", "folder does not exist"]),
  ([*DATA, "--log", "folder"], ["folder: cannot write"]),
  ([*DATA, "--plot", "nowhere/p.svg"], ["nowhere/p.svg", "folder does not exist"]),
  ([*DATA, "--report", "folder"], ["folder: is a directory"]),
  ([*DATA, "--log", "/dev/full"], ["/dev/full: cannot write: No space left"]),
  ([*DATA, "--plot", "/dev/full"], ["/dev/full: cannot write: No space left"]),
  ([*DATA, "--report", "/dev/full"], ["/dev/full: cannot write: No space left"]),
]


def one_line(done):
  nn.demand(done.returncode == 2, f"status {done.returncode}: {done.stderr}")
  nn.demand(done.stderr.count("\n") == 1 and done.stderr.endswith("\n"), f"lines: {done.stderr!r}")
  return done.stderr


def refused(folder, options, says, seen):
  before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
  line = one_line(nn.run([folder / "m", "train", *options], cwd=folder))
  for words in says:
    nn.demand(words in line, f"no '{words}' in: {line}")
  after = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
  nn.demand(before == after, f"files changed: {set(before) ^ set(after)}")
  line = line.split(": ", 1)[1]
  nn.demand(seen.setdefault(line, says) == says, f"as for {seen.get(line)}: {line}")
  return line.strip()


# ---- file systems of our own -------------------------------------------------------------------------

def mounted(folder, script, options="size=256k"):
  """Runs a script in a file system of its own at `small`; None where that is not permitted."""
  (folder / "small").mkdir(exist_ok=True)
  mount = f"mount -t tmpfs -o {options} tmpfs small || exit 77\n"
  for wrap in (["unshare", "-m"], ["unshare", "-rm"]):
    try:
      done = subprocess.run([*wrap, "sh", "-c", mount + script], cwd=folder, capture_output=True, text=True,
                            timeout=120, check=False)
    except FileNotFoundError:
      return None
    if done.returncode != 77 and "unshare failed" not in done.stderr:
      return done
  return None


def fits(folder, script, options="size=256k"):
  done = mounted(folder, script, options)
  if done is None:
    return None
  nn.demand("all as expected" in done.stdout, f"{done.stdout}{done.stderr}")
  return done


TRAIN = "./m train --data x=x.npy --data y=y.npy"
FULL = f"""
{TRAIN} --epochs 3 --save small/w > small/said || exit 1
cp small/w kept
head -c 1000000 /dev/zero > small/rest 2> /dev/null
{TRAIN} --resume small/w --epochs 6 --save small/w > said 2> error
[ $? = 2 ] || echo "status $?"
cmp small/w kept || exit 1
grep -q 'small/w: cannot write: No space left on device; the file is as it was' error || cat error
[ "$(wc -l < error)" = 1 ] || exit 1
[ -z "$(ls -A small | grep tmp)" ] || exit 1
rm small/rest
{TRAIN} --resume small/w --epochs 6 --save small/w > said || exit 1
{TRAIN} --epochs 6 --save whole > said || exit 1
cmp small/w whole && echo all as expected
"""
READ_ONLY = f"""
{TRAIN} --epochs 3 --save small/w > small/said || exit 1
cp small/w kept
mount -o remount,ro tmpfs small || exit 77
{TRAIN} --resume small/w --epochs 6 --save small/w > said 2> error
[ $? = 2 ] || echo "status $?"
grep -q 'small/w: cannot write: Read-only file system' error || cat error
[ "$(wc -l < error)" = 1 ] || exit 1
cmp small/w kept && echo all as expected
"""


def protected(folder):
  """A folder without the right to write, for whoever is not root."""
  closed = folder / "closed"
  closed.mkdir()
  os.chmod(closed, 0o555)
  line = one_line(nn.run([folder / "m", "train", *DATA, "--save", "closed/w"], cwd=folder))
  nn.demand("closed/w: cannot write: Permission denied" in line, line)


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    prepare(folder)
    seen = {}
    for options, says in CASES:
      shown = [word for word in options if word not in DATA]
      tally.case(" ".join(shown), refused, folder, options, says, seen)
    if os.getuid() != 0:
      tally.case("folder without rights", protected, folder)
    for label, script in (("full disk", FULL), ("read-only disk", READ_ONLY)):
      if mounted(folder, "exit 0") is None:
        print(f"skipped: {label}: mounting is not permitted here")
        tally.skipped += 1
        continue
      tally.case(label, lambda: fits(folder, script) and None)
  tally.close()


if __name__ == "__main__":
  main()
