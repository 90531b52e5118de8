"""Wrong commands, files and values: each gets one clear line on standard error and status 2.

The line names what is wrong (file, option, value); nothing that was saved before is lost.
"""

import gzip
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

from support import nn, safetensors                                         # noqa: E402

GOOD_CSV = "a,b,c,d,e,f,y\n" + "".join(f"{k},1,2,3,4,5,{k % 4}\n" for k in range(12))
HEADER = b'{"h.W":{"dtype":"F64","shape":[5,6],"data_offsets":[0,240]}}'


def weights(**changes):
  """Weights of tests/models/softmax_class.nn; name=None leaves a tensor out."""
  tensors = {"h.W": numpy.zeros((5, 6)), "h.b": numpy.zeros(5),
             "z.W": numpy.zeros((4, 5)), "z.b": numpy.zeros(4)}
  tensors.update({name.replace("_", "."): value for name, value in changes.items()})
  return {name: value for name, value in tensors.items() if value is not None}


def write_csv_files(folder):
  lines = GOOD_CSV.splitlines()
  texts = {
    "good": GOOD_CSV,
    "ragged": "\n".join([*lines[:4], "1,2,3", *lines[4:]]) + "\n",
    "long": "\n".join([*lines[:4], lines[4] + ",9,9", *lines[5:]]) + "\n",
    "label": GOOD_CSV.replace("3,1,2,3,4,5,3", "3,1,2,3,4,5,4"),
    "negative": GOOD_CSV.replace("3,1,2,3,4,5,3", "3,1,2,3,4,5,-1"),
    "fraction": GOOD_CSV.replace("3,1,2,3,4,5,3", "3,1,2,3,4,5,2.5"),
    "word": GOOD_CSV.replace("3,1,2,3,4,5,3", "3,1,many,3,4,5,3"),
    "hole": GOOD_CSV.replace("3,1,2,3,4,5,3", "3,1,,3,4,5,3"),
    "infinite": GOOD_CSV.replace("3,1,2,3,4,5,3", "3,1,nan,3,4,5,3"),
    "quote": GOOD_CSV.replace("3,1,2,3,4,5,3", '3,"1,2,3,4,5,3'),
    "header": "a,b,c,d,e,f,y\n",
    "empty": "",
  }
  for name, text in texts.items():
    (folder / f"{name}.csv").write_text(text)
  (folder / "cut.csv.gz").write_bytes(gzip.compress(GOOD_CSV.encode())[:-20])
  (folder / "bytes.csv").write_bytes(bytes(range(256)) * 4)


def write_array_files(folder):
  labels = numpy.arange(12) % 4
  arrays = {"x": numpy.ones((12, 6)), "y": labels, "wide": numpy.ones((12, 7)),
            "flat": numpy.ones(12), "short": numpy.ones((11, 6)), "five": labels + 1,
            "half": labels + 0.5, "complex": numpy.ones((12, 6), complex),
            "nothing": numpy.ones((0, 6))}
  for name, value in arrays.items():
    numpy.save(folder / f"{name}.npy", value)
  whole = (folder / "x.npy").read_bytes()
  (folder / "cut.npy").write_bytes(whole[:-100])
  (folder / "head.npy").write_bytes(whole[:20])


def write_weight_files(folder):
  files = {"good": weights(), "shape": weights(h_W=numpy.zeros((6, 5))),
           "rank": weights(h_b=numpy.zeros((5, 1))), "missing": weights(z_b=None),
           "unknown": weights(q_W=numpy.zeros(3)),
           "integer": weights(h_b=numpy.zeros(5, numpy.int64))}
  for name, tensors in files.items():
    safetensors.write(folder / f"{name}.safetensors", tensors)
  whole = (folder / "good.safetensors").read_bytes()
  (folder / "cut.safetensors").write_bytes(whole[:-8])
  (folder / "head.safetensors").write_bytes(whole[:40])
  (folder / "seven.safetensors").write_bytes(whole[:7])
  (folder / "huge.safetensors").write_bytes(b"\xff" * 8 + whole[8:])
  (folder / "json.safetensors").write_bytes(whole[:8] + b"x" + whole[9:])
  (folder / "overlap.safetensors").write_bytes(
      len(HEADER).to_bytes(8, "little") + HEADER.replace(b"240", b"9999999999") + bytes(240))
  (folder / "empty.safetensors").write_bytes(b"")


def data_cases():
  """name: (parts of the line, arguments)"""
  cases = {"no such csv": (["no.csv"], ["train", "--data", "no.csv"])}
  lines = {"ragged": "5", "long": "5", "label": "5", "negative": "5", "fraction": "5",
           "word": "5", "hole": "5", "infinite": "5", "quote": "5"}
  for name in ("ragged", "long", "label", "negative", "fraction", "word", "hole", "infinite",
               "quote", "header", "empty", "bytes"):
    parts = [f"{name}.csv"] + ([lines[name]] if name in lines else [])
    cases[f"csv: {name}"] = (parts, ["train", "--epochs", "1", "--data", f"{name}.csv"])
  cases["csv: cut gzip"] = (["cut.csv.gz"], ["train", "--data", "cut.csv.gz"])
  cases["csv: a folder"] = (["."], ["train", "--data", "."])
  pairs = {"wide": ("wide", "y"), "flat": ("flat", "y"), "short": ("short", "y"),
           "five": ("x", "five"), "half": ("x", "half"), "complex": ("complex", "y"),
           "nothing": ("nothing", "y"), "cut": ("cut", "y"), "head": ("head", "y")}
  for name, (x, y) in pairs.items():
    cases[f"npy: {name}"] = ([f"{name}.npy"], ["train", "--epochs", "1", "--data", f"x={x}.npy",
                                               "--data", f"y={y}.npy"])
  cases["npy: a tensor without file"] = (["y"], ["train", "--data", "x=x.npy"])
  cases["npy: an unknown tensor"] = (["q"], ["train", "--data", "x=x.npy", "--data", "q=y.npy"])
  return cases


def weight_cases():
  cases = {}
  parts = {"shape": ["h.W"], "rank": ["h.b"], "missing": ["z.b"], "unknown": ["q.W"],
           "integer": ["h.b"]}
  for name in ("no", "shape", "rank", "missing", "unknown", "integer", "cut", "head", "seven",
               "huge", "json", "overlap", "empty"):
    cases[f"weights: {name}"] = ([f"{name}.safetensors", *parts.get(name, [])],
                                 ["test", "--load", f"{name}.safetensors", "--data", "good.csv"])
  return cases


def command_cases():
  train = ["train", "--data", "good.csv"]
  values = {"--epochs": ["x", "-1", "2.5", "99999999999999999999", ""], "--batch": ["0", "x"],
            "--rate": ["fast", "nan"], "--seed": ["-1", "1.5"], "--holdout": ["-0.5", "some"],
            "--clip": ["-1"], "--patience": ["x"], "--optimizer": ["adamm", "sgd(speed = 1)"],
            "--schedule": ["sometimes"], "--threads": ["0", "many"]}
  cases = {f"{option} {value!r}": ([option.strip("-")], [*train, option, value])
           for option, wrong in values.items() for value in wrong}
  cases |= {
    "no command": ([], []),
    "an unknown command": (["trian"], ["trian"]),
    "an unknown option": (["--epoch-count"], [*train, "--epoch-count", "3"]),
    "a value left out": (["--epochs"], [*train, "--epochs"]),
    "train without data": (["--data"], ["train"]),
    "test without weights": (["--load"], ["test", "--data", "good.csv"]),
    "predict without weights": (["--load"], ["predict", "--data", "good.csv"]),
    "predict to a missing folder": (["nowhere/p.npy"], [
        "predict", "--load", "good.safetensors", "--data", "x=x.npy", "-o", "nowhere/p.npy"]),
    "save to a missing folder": (["nowhere/w.safetensors"], [
        *train, "--epochs", "1", "--save", "nowhere/w.safetensors"]),
    "grad without output": (["-o"], ["grad", "--data", "good.csv"]),
    "stray argument": (["stray"], [*train, "stray"]),
  }
  return cases


def check_case(program, folder, parts, arguments):
  done = nn.run([program, *arguments], cwd=folder)
  nn.demand(not nn.crashed(done), f"crashed, status {done.returncode}: {done.stderr[-300:]}")
  nn.demand(done.returncode == 2, f"status {done.returncode}, not 2: {done.stderr.strip()[:200]}")
  lines = done.stderr.strip().splitlines()
  nn.demand(len(lines) == 1, f"{len(lines)} lines on standard error: {lines[:3]}")
  missing = [part for part in parts if part not in lines[0]]
  nn.demand(not missing, f"{missing} not in: {lines[0]}")


def check_saved_weights_survive(program, folder):
  """A run that fails after weights were saved leaves them as they were."""
  saved = folder / "saved.safetensors"
  train = [program, "train", "--epochs", "1", "--save", saved]
  nn.must([*train, "--data", folder / "good.csv"])
  before = saved.read_bytes()
  for bad in ("ragged.csv", "label.csv", "no.csv"):
    done = nn.run([*train, "--data", folder / bad])
    nn.demand(done.returncode == 2, f"{bad}: status {done.returncode}")
    nn.demand(saved.read_bytes() == before, f"{bad} changed the saved weights")


def check_good_input(program, folder):
  """The files that the wrong ones were made from are right."""
  for data in (["--data", "good.csv"], ["--data", "x=x.npy", "--data", "y=y.npy"]):
    nn.must([program, "train", "--epochs", "1", *data], cwd=folder)
  nn.must([program, "test", "--load", "good.safetensors", "--data", "good.csv"], cwd=folder)


def check_output_closed(program, folder):
  """A reader that goes away early (`./m info | head -1`) is no crash."""
  with subprocess.Popen([str(program), "info"], cwd=folder, stdout=subprocess.PIPE) as process:
    process.stdout.close()
    status = process.wait(20)
  nn.demand(status in (0, 2, -13), f"status {status}")


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-input-") as name:
    folder = pathlib.Path(name)
    try:
      program = nn.build(nn.MODELS / "softmax_class.nn", folder, flags=nn.PLAINLY)
    except (nn.Failure, OSError) as failure:
      print(f"FAIL build: {failure}")
      sys.exit(1)
    for write in (write_csv_files, write_array_files, write_weight_files):
      write(folder)
    tally.case("good input", check_good_input, program, folder)
    for case, (parts, arguments) in {**data_cases(), **weight_cases(), **command_cases()}.items():
      tally.case(case, check_case, program, folder, parts, arguments)
    tally.case("saved weights survive", check_saved_weights_survive, program, folder)
    tally.case("a closed pipe", check_output_closed, program, folder)
  tally.close()


if __name__ == "__main__":
  main()
