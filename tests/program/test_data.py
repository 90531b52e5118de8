"""Every form of the same data trains to the same bits; what is larger than memory in constant
memory; columns by name, words as classes, scales, class weights and folds against NumPy."""

import gzip
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import numpy
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-numpy)")
  sys.exit(77)

from support import nn, safetensors                                         # noqa: E402

MODEL = """
input x[2, 3]
target y : class(3)
h = dense(flatten(x), 5) |> tanh
z = dense(h, 3)
output p = softmax(z)
loss softmax_cross_entropy(z, y)
metric accuracy(z, y)
"""
NAMED = MODEL + """
train {
  data "named.csv" { x = columns("a", "b, c", "d", "e", "f", "g"); y = column("kind") }
  scale x
}
"""
WEIGHED = """
input x[6] : count(255)
target y : class(3)
target w
z = dense(x, 3)
loss w * softmax_cross_entropy(z, y)
train { weights w = balanced(y) }
"""
CONSTANT = """
input x
target y
param b
loss (b * x - y)^2
"""
LINE = """
input x[16]
target y
z = dense(x, 1)
loss (z[0] - y)^2
"""
TEXT = """
let T = 16, V = 8, H = 4
input c[T] : class(V)
target n[T] : class(V)
param U[H, V], W[H, H]
h[-1] = carry(0)
h[t] = tanh(U @ c[t] + W @ h[t-1])
z[t] = dense(h[t], V)
output p[t] = softmax(z[t])
loss mean[t](cross_entropy(p[t], n[t]))
"""
NAMES = ["crow", "ant", "bee"]  # of classes 0, 1, 2; sorted they are ant, bee, crow
SAMPLES = 90


def make_data():
  generator = numpy.random.default_rng(3)
  x = generator.integers(0, 256, (SAMPLES, 2, 3))
  return x, (x.sum(axis=(1, 2)) // 7 % 3).astype("i4")


def write_idx(path, array, code):
  head = struct.pack(">BBBB", 0, 0, code, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
  path.write_bytes(head + array.tobytes())


def write_table(path, x, y, header=""):
  rows = "".join(",".join(map(str, [*a, b])) + "\n" for a, b in zip(x.reshape(len(x), -1), y))
  path.write_text(header + rows)


def write_forms(folder):
  """The same samples in every form: name: arguments."""
  x, y = make_data()
  write_table(folder / "t.csv", x, y)
  write_table(folder / "part1.csv", x[:40], y[:40])
  write_table(folder / "part2.csv", x[40:], y[40:], "a,b,c,d,e,f,y\n")
  write_table(folder / "h.csv", x, y, f"{SAMPLES},6,crow,ant,bee\n")
  (folder / "crlf.csv").write_bytes(b"\xef\xbb\xbf" + (folder / "t.csv").read_bytes().replace(
      b",", b";").replace(b"\n", b"\r\n"))
  (folder / "t.csv.gz").write_bytes(gzip.compress((folder / "t.csv").read_bytes()))
  for name, value in {"x": x.astype("f4"), "y": y, "xf": numpy.asfortranarray(x.astype("u1")),
                      "x1": x[:33].astype(">i2"), "x2": x[33:].astype("f8")}.items():
    numpy.save(folder / f"{name}.npy", value)
  (folder / "x.npy.gz").write_bytes(gzip.compress((folder / "x.npy").read_bytes()))
  numpy.save(folder / "all.npy", numpy.hstack([x.reshape(-1, 6), y[:, None]]))
  numpy.savez(folder / "stored.npz", y=y, other=numpy.ones(3), x=x)
  numpy.savez_compressed(folder / "packed.npz", x=x.astype("f2"), y=y)
  write_idx(folder / "x.idx", x.astype("u1"), 8)
  write_idx(folder / "y.idx", y.astype(">i4"), 12)
  (folder / "all.bin").write_bytes(numpy.hstack([x.reshape(-1, 6), y[:, None]]).astype("u1"))
  tensors = {"npy": ("x.npy", "y.npy"), "npy.gz": ("x.npy.gz", "y.npy"),
             "Fortran order": ("xf.npy", "y.npy"), "IDX": ("x.idx", "y.idx"),
             "archives by tensor": ("stored.npz", "packed.npz"),
             "a list": (["x1.npy", "x2.npy"], "y.npy"), "a pattern": ("x[12].npy", "y.npy")}
  forms = {name: [argument for tensor, paths in zip("xy", pair)
                  for path in ([paths] if isinstance(paths, str) else paths)
                  for argument in ("--data", f"{tensor}={path}")]
           for name, pair in tensors.items()}
  forms |= {name: ["--data", name] for name in ("crlf.csv", "h.csv", "t.csv.gz", "all.npy",
                                                "all.bin", "stored.npz", "packed.npz", "part?.csv")}
  return forms | {"two tables": ["--data", "part1.csv", "--data", "part2.csv"]}


def train(program, folder, arguments, **options):
  done = nn.must([program, "train", "--save", "w.safetensors", *arguments], cwd=folder, **options)
  return done, (folder / "w.safetensors").read_bytes()


def weights(folder):
  return safetensors.read(folder / "w.safetensors")


def same_weights(folder, expected):
  found = weights(folder)
  parameters = [name for name in expected if not name.startswith("@")]
  return all(numpy.array_equal(found[name], expected[name]) for name in parameters)


def check_forms(folder):
  (folder / "m.nn").write_text(MODEL)
  program = nn.build(folder / "m.nn", folder, flags=nn.QUICKLY)
  forms = write_forms(folder)
  common = ["--epochs", "3", "--holdout", "0.2", "--batch", "7"]
  train(program, folder, [*common, "--data", "t.csv"])
  expected = weights(folder)
  for name, arguments in forms.items():
    train(program, folder, [*common, *arguments])
    nn.demand(same_weights(folder, expected), f"{name} trains to other weights than t.csv")
  done = subprocess.run([program, "train", "--save", "w.safetensors", *common, "--data", "-"],
                        input=(folder / "t.csv.gz").read_bytes(), cwd=folder, check=False,
                        capture_output=True)
  nn.demand(done.returncode == 0 and same_weights(folder, expected), "standard input")
  return f"{len(forms) + 2} forms"


# ---- names, words, scales ----------------------------------------------------------------------

def write_named(folder, x, y):
  order = [3, 0, 5, 1, 4, 2]
  names = ["a", "b, c", "d", "e", "f", "g"]
  lines = [",".join(["", "kind", *(f'"{names[k]}"' for k in order)])]
  for k, (row, label) in enumerate(zip(x.reshape(len(x), -1), y)):
    lines.append(",".join([str(k), f'"{NAMES[label]}"', *(str(row[j]) for j in order)]))
  (folder / "named.csv").write_text("\n".join(lines) + "\n")


def forward(tensors, x):
  h = numpy.tanh(x @ tensors["h.W"].T + tensors["h.b"])
  z = h @ tensors["z.W"].T + tensors["z.b"]
  p = numpy.exp(z - z.max(axis=1, keepdims=True))
  return p / p.sum(axis=1, keepdims=True)


def predicted(program, folder, data):
  nn.must([program, "predict", "--load", "w.safetensors", "--data", data, "-o", "p.npy"],
          cwd=folder)
  return numpy.load(folder / "p.npy")


def check_names(folder):
  x, y = make_data()
  (folder / "named.nn").write_text(NAMED)
  write_named(folder, x, y)
  program = nn.build(folder / "named.nn", folder, "--real", "double", stem="named",
                     flags=nn.QUICKLY)
  train(program, folder, ["--epochs", "5"])
  found = weights(folder)
  flat = x.reshape(-1, 6).astype(float)
  scale = found["@scale.x"].reshape(2, 6)
  nn.demand(numpy.allclose(scale[0], flat.mean(0), rtol=1e-13), "means are not NumPy's")
  nn.demand(numpy.allclose(scale[1], flat.std(0), rtol=1e-13), "deviations are not NumPy's")
  nn.demand(found["@labels.y"].tobytes() == b"ant\0bee\0crow\0", "labels are not sorted")
  nn.demand(found["@columns.x"].tobytes() == b"a\0b, c\0d\0e\0f\0g\0", "columns are not kept")
  p = predicted(program, folder, "named.csv")
  nn.demand(numpy.allclose(p, forward(found, (flat - scale[0]) / scale[1]), rtol=1e-9),
            "predictions do not scale their inputs")
  said = nn.must([program, "test", "--load", "w.safetensors", "--data", "named.csv"], cwd=folder)
  right = numpy.array([sorted(NAMES).index(NAMES[k]) for k in y])
  accuracy = float(re.search(r"accuracy (\S+)", said.stdout)[1])
  nn.demand(abs(accuracy - (p.argmax(1) == right).mean()) < 1e-8, "test reads other labels")


def check_names_by_option(folder):
  """A model without `train` takes them from the command line; predict has them from the weights."""
  x, y = make_data()
  write_named(folder, x, y)
  program = folder / "m"
  train(program, folder, ["--epochs", "5", "--data", "named.csv", "--columns",
                          'x=a,"b, c",d,e,f,g', "--columns", "y=kind", "--scale", "x=minmax"])
  found = weights(folder)
  flat = x.reshape(-1, 6).astype(float)
  scale = found["@scale.x"].reshape(2, 6)
  nn.demand(numpy.array_equal(scale[0], flat.min(0)), "least values")
  nn.demand(numpy.array_equal(scale[1], flat.max(0) - flat.min(0)), "ranges")
  tensors = {name: value.astype(float) for name, value in found.items()}
  nn.demand(numpy.allclose(predicted(program, folder, "named.csv"),
                           forward(tensors, (flat - scale[0]) / scale[1]), rtol=1e-4), "predict")


def check_scale_sees_no_holdout(folder):
  """Only the samples that are learned from: the held out ones are huge."""
  (folder / "c.nn").write_text(CONSTANT)
  program = nn.build(folder / "c.nn", folder, "--real", "double", stem="c", flags=nn.QUICKLY)
  numpy.savetxt(folder / "c.csv", numpy.ones((50, 2)), delimiter=",")
  common = ["--data", "c.csv", "--epochs", "0", "--scale", "x"]
  sizes = []
  for held in range(50):
    values = numpy.ones((50, 2))
    values[held] = 1e6
    numpy.savetxt(folder / "c.csv", values, delimiter=",")
    train(program, folder, [*common, "--holdout", "5"])
    sizes.append(weights(folder)["@scale.x"][0] > 2)
  nn.demand(sum(sizes) == 45, f"{50 - sum(sizes)} of 5 held out samples were left out")


def check_class_weights(folder):
  x, y = make_data()
  y[:60] = 1
  (folder / "w.nn").write_text(WEIGHED)
  program = nn.build(folder / "w.nn", folder, "--real", "double", stem="w", flags=nn.QUICKLY)
  write_table(folder / "w.csv", x, y)
  train(program, folder, ["--data", "w.csv", "--epochs", "0"])
  found = weights(folder)
  expected = SAMPLES / (3 * numpy.bincount(y))
  nn.demand(numpy.allclose(found["@weights.w"], expected, rtol=1e-14), "weights of classes")
  z = x.reshape(-1, 6) @ found["z.W"].T + found["z.b"]
  z -= z.max(axis=1, keepdims=True)
  losses = numpy.log(numpy.exp(z).sum(1)) - z[numpy.arange(SAMPLES), y]
  said = nn.must([program, "test", "--load", "w.safetensors", "--data", "w.csv"], cwd=folder)
  loss = float(re.search(r"loss (\S+)", said.stdout)[1])
  nn.demand(abs(loss - (expected[y] * losses).mean()) < 1e-8 * loss, "the weighed loss")


def check_given_weights(folder):
  """By place, by number and by word; anew with --load; kept by --resume."""
  x, y = make_data()
  words = [("low", "mid, upper", "top")[k] for k in y]
  (folder / "g.csv").write_text("".join(
    ",".join(map(str, row)) + f',"{word}"\n' for row, word in zip(x.reshape(-1, 6), words)))
  run, save = [folder / "w", "train", "--epochs", "0", "--data"], ["--save", "w.safetensors"]
  for data, said, wanted in (
      ("w.csv", "1, 2.5, 0", [1, 2.5, 0]), ("w.csv", "2=3", [1, 1, 3]), ("w.csv", "none", [1] * 3),
      ("g.csv", 'top = 4, "mid, upper=0.5"', [1, 0.5, 4])):
    nn.must([*run, data, "--weights", said, *save], cwd=folder)
    found = weights(folder)["@weights.w"]
    nn.demand((found == wanted).all(), f"{said}: {found}")
  load = ["--load", "w.safetensors"]
  nn.must([*run, "g.csv", *load, *save], cwd=folder)
  nn.demand((weights(folder)["@weights.w"] == [1, 0.5, 4]).all(), "those of --load")
  nn.must([*run, "g.csv", *load, "--weights", "3,3,3", *save], cwd=folder)
  nn.demand((weights(folder)["@weights.w"] == 3).all(), "not those of --load")
  nn.must([*run[:2], "--data", "g.csv", "--epochs", "2", "--resume", "w.safetensors", *save],
          cwd=folder)
  nn.demand((weights(folder)["@weights.w"] == 3).all(), "those of --resume")
  for data, options, says in (
      ("w.csv", ["--weights", "1, 2"], "numbers >= 0 for all 3 classes"),
      ("w.csv", ["--weights", "1, -2, 3"], "numbers >= 0"), ("w.csv", ["--weights", "3=1"], "0 to 2"),
      ("g.csv", ["--weights", "bottom=1"], "no class 'bottom'; there are 'low', 'mid, upper', 'top'"),
      ("g.csv", ["--weights", "none", "--resume", "w.safetensors"], "with --resume")):
    done = nn.run([*run, data, *options], cwd=folder)
    nn.demand(done.returncode == 2 and says in done.stderr and done.stderr.count("\n") == 1,
              f"{options}: {done.stderr}")


def check_folds(folder):
  y = numpy.random.default_rng(2).standard_normal(100)
  numpy.savetxt(folder / "f.csv", numpy.stack([numpy.ones(100), y], 1), delimiter=",")
  said = nn.must([folder / "c", "train", "--data", "f.csv", "--epochs", "0", "--folds", "5"],
                 cwd=folder).stdout
  folds = [float(found) for found in re.findall(r"^fold \d/5  loss (\S+)$", said, re.M)]
  mean, spread = map(float, re.search(r"^5 folds  loss (\S+) ± (\S+)$", said, re.M).groups())
  nn.demand(len(folds) == 5 and abs(mean - (y ** 2).mean()) < 1e-5, f"mean of the folds: {said}")
  nn.demand(abs(spread / numpy.std(folds, ddof=1) - 1) < 0.01, "spread of the folds")


# ---- larger than memory --------------------------------------------------------------------------

def make_large(folder, samples):
  generator = numpy.random.default_rng(5)
  x = generator.integers(-99, 100, (samples, 16)).astype("f4")
  y = x.sum(axis=1) / 100
  numpy.save(folder / "lx.npy", x)
  numpy.save(folder / "ly.npy", y)
  numpy.savez_compressed(folder / "l.npz", x=x, y=y)
  numpy.savetxt(folder / "l.csv", numpy.hstack([x, y[:, None]]), "%.9g", ",")
  return ["--data", "lx.npy", "--data", "y=ly.npy"]


def interrupted(program, folder, arguments):
  """Trains, is interrupted once the first checkpoint is there, resumes to the end."""
  saved = folder / "cut.safetensors"
  saved.unlink(missing_ok=True)
  command = [program, "train", *arguments, "--save", saved, "--save-every", "100"]
  with subprocess.Popen([str(part) for part in command], cwd=folder, stdout=subprocess.PIPE) as run:
    while not saved.exists() and run.poll() is None:
      time.sleep(0.002)
    run.send_signal(signal.SIGKILL)
    run.communicate()
  if "--scale" in arguments:  # which a checkpoint brings, as --resume says
    at = arguments.index("--scale")
    arguments = arguments[:at] + arguments[at + 2:]
  nn.must([program, "train", *arguments, "--resume", saved, "--save", "w.safetensors"], cwd=folder)


def check_blocks(folder):
  """The same order from every form, with a window of a seventh of the data; resumed as well."""
  (folder / "l.nn").write_text(LINE)
  program = nn.build(folder / "l.nn", folder, stem="l", flags=nn.QUICKLY)
  make_large(folder, 100000)
  forms = {"npy": ["--data", "x=lx.npy", "--data", "y=ly.npy"], "npz": ["--data", "l.npz"],
           "csv": ["--data", "l.csv"]}
  common = ["--epochs", "2", "--memory", "1", "--holdout", "0.1", "--scale", "x", "--rate", "1e-4",
            "--batch", "50"]
  expected = None
  for name, arguments in forms.items():
    said, _ = train(program, folder, [*common, *arguments])
    expected = expected or weights(folder)
    nn.demand(same_weights(folder, expected), f"{name} is taken in another order")
    tested = nn.must([program, "test", "--load", "w.safetensors", "--holdout", "0.1", *arguments],
                     cwd=folder).stdout
    last = float(re.findall(r"holdout loss (\S+)", said.stdout)[-1])
    nn.demand(abs(float(tested.split()[1]) / last - 1) < 1e-5, f"{name}: another holdout: {tested}")
    interrupted(program, folder, [*common, *arguments])
    nn.demand(same_weights(folder, expected), f"{name}: resumed, it ends elsewhere")
  train(program, folder, ["--epochs", "2", "--memory", "64", "--holdout", "0.1", "--scale", "x",
                          "--rate", "1e-4", "--batch", "50", *forms["csv"]])
  nn.demand(not same_weights(folder, expected), "--memory changes nothing")


def check_text(folder):
  """A text in blocks: as from its gzip, and where a stream is carried, as if it were held."""
  letters = numpy.random.default_rng(7).integers(97, 105, 1_500_000).astype("u1").tobytes()
  (folder / "t.txt").write_bytes(letters)
  (folder / "t.txt.gz").write_bytes(gzip.compress(letters, 1))
  for name, model in {"stream": TEXT, "windows": TEXT.replace("carry(0)", "0")}.items():
    (folder / f"{name}.nn").write_text(model)
    program = nn.build(folder / f"{name}.nn", folder, stem=name, flags=nn.PLAINLY)
    common = ["--epochs", "2", "--batch", "40", "--holdout", "0.1"]
    train(program, folder, [*common, "--memory", "1", "--data", "t.txt"])
    expected = weights(folder)
    train(program, folder, [*common, "--memory", "1", "--data", "t.txt.gz"])
    nn.demand(same_weights(folder, expected), f"{name}: other weights from gzip")
    interrupted(program, folder, [*common, "--memory", "1", "--data", "t.txt"])
    nn.demand(same_weights(folder, expected), f"{name}: resumed, it ends elsewhere")
    train(program, folder, [*common, "--memory", "64", "--data", "t.txt"])
    nn.demand(same_weights(folder, expected) == (name == "stream"), f"{name}: held")


def check_resume(folder):
  """What was learned of the data is in the checkpoint: words, columns, scales, weights."""
  for program, data in (("named", []), ("w", ["--data", "w.csv"])):
    train(folder / program, folder, ["--epochs", "4", "--holdout", "0.2", *data])
    expected = weights(folder)
    train(folder / program, folder, ["--epochs", "2", "--holdout", "0.2", *data])
    train(folder / program, folder, ["--epochs", "4", "--resume", "w.safetensors", *data])
    found = weights(folder)
    nn.demand(found.keys() == expected.keys(), f"{program}: {found.keys() ^ expected.keys()}")
    nn.demand(all(numpy.array_equal(found[name], expected[name]) for name in expected), program)


def check_memory(folder):
  """200 MB of .npy, 100 MB of gzipped .npy: neither is held."""
  samples = 200_000_000 // 68
  values = numpy.random.default_rng(1).integers(0, 9, (1000, 17)).astype("f4")
  large = numpy.lib.format.open_memmap(folder / "big.npy", "w+", "f4", (samples, 17))
  for k in range(0, samples, 1000):
    large[k:k + 1000] = values[:len(large[k:k + 1000])]
  large.flush()
  half = numpy.array(large[:samples // 2])
  with gzip.open(folder / "half.npy.gz", "wb", 1) as file:
    numpy.save(file, half)
  peaks = {}
  for name in ("big.npy", "half.npy.gz"):
    peaks[name] = nn.peak_of([folder / "l", "train", "--epochs", "1", "--batch", "512", "--memory",
                              "16", "--data", name], folder)
    if "SANITIZED" not in os.environ:
      nn.demand(peaks[name] < 60, f"{name}: {peaks[name]:.0f} MB resident")
    (folder / name).unlink()
  return ", ".join(f"{name}: {peak:.0f} MB resident" for name, peak in peaks.items())


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-data-") as name:
    folder = pathlib.Path(name)
    tally.case("every form trains to the same bits", check_forms, folder)
    tally.case("columns by name, words as classes, scaled", check_names, folder)
    tally.case("the same by options", check_names_by_option, folder)
    tally.case("scales are fitted without what is held out", check_scale_sees_no_holdout, folder)
    tally.case("class weights", check_class_weights, folder)
    tally.case("given class weights", check_given_weights, folder)
    tally.case("folds", check_folds, folder)
    tally.case("blocks of data larger than memory", check_blocks, folder)
    if "SANITIZED" not in os.environ:  # with which gcc takes minutes for the loop over time
      tally.case("text in blocks", check_text, folder)
    tally.case("a resumed run reads its data as before", check_resume, folder)
    tally.case("resident memory", check_memory, folder)
  tally.close()


if __name__ == "__main__":
  main()
