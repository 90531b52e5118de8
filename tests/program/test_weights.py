"""Weights between emitted programs and PyTorch, by files that this test reads and writes itself:
the same predictions both ways; narrower and wider types; other names; parts of a model; parameters
that stay as they are; and files that are refused."""

import json
import pathlib
import struct
import sys
import tempfile

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import torch
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-torch)")
  sys.exit(77)

from support import nn, safetensors                                         # noqa: E402

MODEL = """
model net
input  x[1, 8, 8]
target y : class(3)
c = conv2d(x, 4, 3) |> relu |> maxpool2d(2)
f = flatten(c) |> dense(12)
n = batchnorm(f)
h = tanh(n)
z = dense(h, 3)
output z
loss softmax_cross_entropy(z, y)
train { batch 16; epochs 2; optimizer adam(rate = 0.01) }
"""

SEQUENCE = """
model seq
let T = 5
input  c[T] : class(7)
target y[2]
e[t] = embedding(c[t], 6)
h = lstm(e, 4)
z = dense(h[T-1], 2)
output z
loss mse(z, y)
"""


class Net(torch.nn.Module):
  def __init__(self):
    super().__init__()
    self.conv = torch.nn.Conv2d(1, 4, 3)
    self.fc1 = torch.nn.Linear(36, 12)
    self.norm = torch.nn.BatchNorm1d(12)
    self.fc2 = torch.nn.Linear(12, 3)

  def forward(self, x):
    c = torch.nn.functional.max_pool2d(torch.relu(self.conv(x)), 2)
    return self.fc2(torch.tanh(self.norm(self.fc1(c.flatten(1)))))


class Sequence(torch.nn.Module):
  def __init__(self):
    super().__init__()
    self.embed = torch.nn.Embedding(7, 6)
    self.lstm = torch.nn.LSTM(6, 4, batch_first=True)
    self.out = torch.nn.Linear(4, 2)

  def forward(self, c):
    return self.out(self.lstm(self.embed(c))[0][:, -1])


# Of the PyTorch module to the program's tensor.
NET_MAP = {"conv.weight": "c.W", "conv.bias": "c.b", "fc1.weight": "f.W", "fc1.bias": "f.b",
           "norm.weight": "n.g", "norm.bias": "n.b", "norm.running_mean": "@mean.n.m",
           "norm.running_var": "@mean.n.v", "fc2.weight": "z.W", "fc2.bias": "z.b"}
SEQUENCE_MAP = {"embed.weight": "e.E", "lstm.weight_ih_l0": "h.Wx", "lstm.weight_hh_l0": "h.Wh",
                "lstm.bias_ih_l0": "h.bx", "lstm.bias_hh_l0": "h.bh", "out.weight": "z.W",
                "out.bias": "z.b"}


def put(path, tensors, dtype):
  """A safetensors file of torch tensors; dtype F16, BF16, F32 or F64."""
  kinds = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32,
           "F64": torch.float64}
  header, blobs, at = {"__metadata__": {"format": "pt"}}, [], 0
  for name, value in tensors.items():
    whole = not value.is_floating_point()
    value = value.detach() if whole else value.detach().to(kinds[dtype])
    raw = value.contiguous()
    raw = raw.view(torch.int16) if dtype in ("F16", "BF16") and not whole else raw
    blob = raw.numpy().tobytes()
    header[name] = {"dtype": "I64" if whole else dtype, "shape": list(value.shape),
                    "data_offsets": [at, at + len(blob)]}
    blobs.append(blob)
    at += len(blob)
  text = json.dumps(header).encode()
  path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


class Bench:
  """A program, the module of the same equations, inputs, and how names belong together."""

  def __init__(self, folder, name, text, module, names, inputs, real):
    torch.manual_seed(1)
    self.folder, self.names, self.module = folder, names, module.double().eval()
    (folder / f"{name}.nn").write_text(text)
    self.program = nn.build(folder / f"{name}.nn", folder, "--real", real, stem=f"{name}_{real}",
                            flags=nn.PLAINLY)
    self.inputs = inputs
    numpy.save(folder / f"{name}_in.npy", inputs)
    self.data, self.target = folder / f"{name}_in.npy", folder / f"{name}_target.npy"
    self.real = real

  def ask(self, weights, *arguments):
    out = self.folder / "out.npy"
    nn.must([self.program, "predict", "--load", weights, *arguments, "--data", self.data,
             "-o", out])
    return numpy.load(out)

  def torch_says(self):
    inputs = torch.tensor(self.inputs)
    with torch.no_grad():
      return self.module(inputs if self.inputs.dtype.kind == "i" else inputs.double()).numpy()

  def maps(self):
    return [part for pair in self.names.items() for part in ("--map", "=".join(pair))]


def agree(found, expected, bound):
  off = numpy.abs(found - expected).max() / max(1.0, numpy.abs(expected).max())
  nn.demand(off <= bound, f"off by {off:.2e}, allowed {bound:.0e}")
  return f"off by {off:.1e}"


def from_torch(bench, dtype, bound):
  """state_dict, as it stands, to a prediction; PyTorch computes with what the file can hold."""
  state = {name: value for name, value in bench.module.state_dict().items()
           if not name.endswith("num_batches_tracked")}
  path = bench.folder / "torch.safetensors"
  put(path, state, dtype)
  kind = {"F16": torch.float16, "BF16": torch.bfloat16}.get(dtype, torch.float64)
  before = {name: value.clone() for name, value in bench.module.state_dict().items()}
  bench.module.load_state_dict({name: value.to(kind).double() for name, value in state.items()},
                               strict=False)
  try:
    return agree(bench.ask(path, *bench.maps()), bench.torch_says(), bound)
  finally:
    bench.module.load_state_dict(before)


def to_torch(bench, bound):
  """Trained here, loaded there by declared names and shapes."""
  path = bench.folder / "trained.safetensors"
  target = bench.target
  draw = numpy.random.default_rng(3)
  rows = len(bench.inputs)
  numpy.save(target, draw.integers(0, 3, rows) if bench.names is NET_MAP
             else draw.normal(size=(rows, 2)))
  first = "x" if bench.inputs.dtype.kind == "f" else "c"
  nn.must([bench.program, "train", "--data", f"{first}={bench.data}", "--data", f"y={target}",
           "--epochs", 3, "--save", path])
  held = safetensors.read(path)
  bench.module.load_state_dict({theirs: torch.tensor(held[ours].astype("f8"))
                                for theirs, ours in bench.names.items()}, strict=False)
  return agree(bench.ask(path), bench.torch_says(), bound)


def by_wildcards(bench):
  """Rules with stars and a file of rules mean what a list of names does; FROM= leaves out."""
  state = dict(bench.module.state_dict())
  path, rules = bench.folder / "all.safetensors", bench.folder / "rules.txt"
  put(path, state, "F64")
  rules.write_text("# norm first\nnorm.weight=n.g\nnorm.bias=n.b\nnorm.running_mean=@mean.n.m\n\n"
                   "norm.running_var=@mean.n.v # the biased one\r\n*.num_batches_tracked=\n"
                   "conv.*=c.*\nfc1.*=f.*\nfc2.*=z.*\n")
  done = nn.run([bench.program, "predict", "--load", path, "--map-file", rules, "--data",
                bench.data])
  nn.demand("'c.W'" in done.stderr, done.stderr)
  short = {name.replace("weight", "W").replace("bias", "b") if "norm" not in name else name: value
           for name, value in state.items()}
  put(path, short, "F64")
  return agree(bench.ask(path, "--map-file", rules), bench.torch_says(), 1e-12)


def freezes(bench):
  """What is frozen keeps its bits, through decay and momentum too; the rest moves, and the run
  resumes to the same bits."""
  data = ["--data", f"x={bench.data}", "--data", f"y={bench.target}"]
  settings = ["--optimizer", "sgd(rate = 0.1, momentum = 0.9)", "--decay", "0.1", "--clip", "0.5"]
  at = [bench.folder / f"f{k}.safetensors" for k in range(4)]
  nn.must([bench.program, "train", *data, "--epochs", 2, "--save", at[0]])
  train = [bench.program, "train", *data, *settings, "--load", at[0], "--freeze", "c.*,f.W"]
  nn.must([*train, "--epochs", 4, "--save", at[1]])
  nn.must([*train, "--epochs", 2, "--save", at[2]])
  nn.must([bench.program, "train", *data, "--resume", at[2], "--epochs", 4, "--save", at[3]])
  before, after = safetensors.read(at[0]), safetensors.read(at[1])
  for name in bench.names.values():
    same = numpy.array_equal(before[name], after[name])
    # the batch norm behind f takes its bias away with the mean: the derivative is 0, and so is the bias
    frozen = name in ("c.W", "c.b", "f.W", "f.b")
    nn.demand(same == frozen, f"{name} {'moved' if frozen else 'did not move'}")
  nn.demand(at[1].read_bytes() == at[3].read_bytes(), "resumed to other bits")


def takes_part(bench):
  """A head of another size begins anew, is named, and all else is taken."""
  held = safetensors.read(bench.folder / "f0.safetensors")
  part = {name: value for name, value in held.items() if name in ("c.W", "c.b", "f.W", "f.b")}
  part["z.W"] = numpy.zeros((5, 12))
  part["old"] = numpy.zeros(3)
  path, out = bench.folder / "part.safetensors", bench.folder / "p.safetensors"
  safetensors.write(path, part)
  done = nn.must([bench.program, "train", "--load", path, "--partial", "--epochs", 0, "--save", out,
                  "--data", f"x={bench.data}", "--data", f"y={bench.target}"])
  for words in ("z.W begins anew", "[5, 12]", "z.b begins anew", "n.g begins anew"):
    nn.demand(words in done.stderr, f"'{words}' not in {done.stderr}")
  taken = safetensors.read(out)
  for name in ("c.W", "c.b", "f.W", "f.b"):
    nn.demand(numpy.array_equal(taken[name], part[name]), f"{name} was not taken")
  nn.demand(numpy.abs(taken["z.W"]).max() > 0, "z.W did not begin anew")


def header(entries, data=b"", length=None):
  text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
  return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(begin, end, shape=(3,), dtype="F32"):
  return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


# What a file is, and words of the line that refuses it.
BROKEN = {
  "empty": (b"", "empty"),
  "seven bytes": (b"1234567", "no safetensors file"),
  "text": (b"hello, this is a text of no meaning", "no safetensors file"),
  "length bomb": (header(b"{}", length=1 << 62), "its header would have"),
  "length past the end": (header(b'{"a":1}', length=4096), "cut short in its header"),
  "header cut": (header(b'{"z.b":{"dtype":"F32"'), "its header is damaged"),
  "header is a list": (header(b"[1, 2]"), "no safetensors file"),
  "deep header": (header(b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}"), "its header is damaged"),
  "entry is a number": (header({"z.b": 3}), "'z.b' has no dtype"),
  "no dtype": (header({"z.b": {"shape": [3], "data_offsets": [0, 12]}}, bytes(12)), "no dtype"),
  "unknown dtype": (header({"z.b": entry(0, 12, dtype="Q4")}, bytes(12)), "'Q4'"),
  "negative shape": (header({"z.b": entry(0, 12, [-3])}, bytes(12)), "damaged shape"),
  "half a shape": (header({"z.b": entry(0, 12, [1.5])}, bytes(12)), "damaged shape"),
  "shape past all memory": (header({"z.b": entry(0, 12, [2**40, 2**40])}, bytes(12)),
                            "damaged shape"),
  "one offset": (header({"z.b": {"dtype": "F32", "shape": [3], "data_offsets": [0]}}, bytes(12)),
                 "damaged offsets"),
  "offsets swapped": (header({"z.b": entry(12, 0)}, bytes(12)), "damaged offsets"),
  "offsets too short": (header({"z.b": entry(0, 8)}, bytes(12)), "its offsets span 8"),
  "offsets out of range": (header({"z.b": entry(0, 12)}, bytes(6)), "cut short"),
  "offsets overlap": (header({"z.b": entry(0, 12), "z.W": entry(4, 16)}, bytes(16)), "overlap"),
  "a hole": (header({"z.b": entry(4, 16)}, bytes(16)), "belong to none"),
  "bytes at the end": (header({"z.b": entry(0, 12)}, bytes(20)), "belong to no tensor"),
  "a name twice": (header(b'{"z.b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},'
                          b'"z.b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'),
                   "two tensors"),
  "metadata of numbers": (header({"__metadata__": {"a": 1}}), "__metadata__"),
  "nothing in it": (header({}), "has no tensor"),
  "another model's": (header({"w": entry(0, 12)}, bytes(12)), "has no tensor"),
}


def refuses_file(bench, what):
  content, words = BROKEN[what]
  path = bench.folder / "broken.safetensors"
  path.write_bytes(content)
  refuses(bench, ["predict", "--load", path, "--data", bench.data], "broken.safetensors", words)


def refuses(bench, arguments, *words):
  done = nn.run([bench.program, *arguments])
  nn.demand(done.returncode == 2, f"status {done.returncode}: {done.stderr}")
  nn.demand(done.stdout == "" and done.stderr.count("\n") == 1, done.stdout + done.stderr)
  for word in words:
    nn.demand(str(word) in done.stderr, f"'{word}' not in {done.stderr}")


def refusals(bench):
  """Arguments, words of the line."""
  good, data = bench.folder / "f0.safetensors", f"x={bench.data}"
  held = {name: value for name, value in safetensors.read(good).items() if name[0] != "@"}
  wrong = bench.folder / "wrong.safetensors"
  shape = bench.folder / "shape.safetensors"
  safetensors.write(wrong, {**held, "z.b": numpy.zeros(3, "i8")})
  safetensors.write(shape, {**held, "z.b": numpy.zeros(4)})
  train = ["train", "--data", data, "--data", f"y={bench.target}", "--load"]
  predict = ["predict", "--data", data, "--load"]
  return {
    "wrong type": ([*predict, wrong], "'z.b'", "I64"),
    "wrong shape": ([*predict, shape], "'z.b'", "[4]", "[3]"),
    "no such file": ([*predict, "none.safetensors"], "none.safetensors"),
    "a folder": ([*predict, bench.folder], "directory"),
    "no averages": ([*predict, shape, "--map", "z.b=z.b"], "'z.b'"),
    "freeze nothing": ([*train, good, "--freeze", "q.*"], "--freeze", "'q.*'"),
    "freeze everything": ([*train, good, "--freeze", "*"], "--freeze", "nothing is left"),
    "freeze an empty name": ([*train, good, "--freeze", "c.W,,z.b"], "--freeze"),
    "map without =": ([*train, good, "--map", "c.W"], "--map", "FROM=TO"),
    "map from nothing": ([*train, good, "--map", "=c.W"], "--map", "FROM=TO"),
    "map fits nothing": ([*train, good, "--map", "q.*=c.*"], "q.*=c.*", "c.W"),
    "map with a star too many": ([*train, good, "--map", "c.*=*.*"], "stars"),
    "map to one name": ([*train, good, "--map", "c.b=z.b"], "two tensors named 'z.b'"),
    "map without load": (["train", "--map", "a=b"], "--map", "--load"),
    "map file is missing": ([*train, good, "--map-file", "none.txt"], "none.txt"),
    "partial without load": (["train", "--partial"], "--partial", "--load"),
    "partial fits nothing": ([*train, good, "--partial", "--map", "*=q.*"], "--partial"),
  }


def main():
  draw = numpy.random.default_rng(0)
  images, tokens = draw.normal(size=(60, 1, 8, 8)), draw.integers(0, 7, (40, 5))
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-weights-") as name:
    folder = pathlib.Path(name)
    for real, bound in (("double", 1e-12), ("float", 1e-6)):
      net = Bench(folder, "net", MODEL, Net(), NET_MAP, images, real)
      seq = Bench(folder, "seq", SEQUENCE, Sequence(), SEQUENCE_MAP, tokens, real)
      for bench, what in ((net, "convolution"), (seq, "lstm")):
        for dtype in ("F64", "F32", "F16", "BF16"):
          tally.case(f"{what} in {real} from PyTorch's {dtype}", from_torch, bench, dtype,
                     max(bound, 1e-6) if dtype == "F32" else bound)
        tally.case(f"{what} in {real} to PyTorch", to_torch, bench, bound)
      if real == "double":
        tally.case("names by wildcards", by_wildcards, net)
      tally.case(f"freezing in {real}", freezes, net)
      tally.case(f"a part of the weights in {real}", takes_part, net)
    for what in BROKEN:
      tally.case(f"refused: {what}", refuses_file, net, what)
    for what, (arguments, *words) in refusals(net).items():
      tally.case(f"refused: {what}", refuses, net, arguments, *words)
  tally.close()


if __name__ == "__main__":
  main()
