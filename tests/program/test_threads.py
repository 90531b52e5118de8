"""--threads: the same bits for any number of threads, whatever the batch; what may not be cut is not."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy                                                                # noqa: E402

from support import nn, safetensors                                         # noqa: E402

THREADS = ("1", "5") if nn.SANITIZED else ("1", "2", "5")
# Large enough for parts; each with something that might depend on how the batch is cut.
DENSE = """model wide
input  x[96]
target y : class(10)
param W[256, 96]
h = dropout(relu(W @ x), 0.3)
z = h |> dense(256) |> tanh |> dense(10)
output z
loss softmax_cross_entropy(z, y)
loss 0.5 * sum((W @ x)^2) / 1000
train { batch 128 }
"""
# Its weights are packed once for all parts and steps; 130 rows are no whole stripes.
RECURRENT = """model recurrent
input  x[96]
target y : class(10)
param W[130, 130]
u = reshape(x, 8, 12) |> dense(130)
h[-1] = 0
h[t] = tanh(u[t] + W @ h[t-1])
z = dense(h[7], 10)
output z
loss softmax_cross_entropy(z, y)
train { batch 128 }
"""
# Nearly all of its work is in large products, which threads share; the batch stays whole.
SHARED = """model shared
input  x[96]
target y : class(10)
h = x |> dense(520) |> relu |> dense(500) |> relu |> dense(510) |> batchnorm |> relu
z = h |> dense(10)
output z
loss softmax_cross_entropy(z, y)
train { batch 128 }
"""
# Between such products there are passes that threads share by samples, with sums over these; each part
# of the samples makes its own.
SPLIT = """model split
input  x[96]
target y : class(10)
u = reshape(x, 8, 12) |> dense(256)
h = transformer_block(u, 4, causal = 1) |> layernorm
z = dense(h[7], 10)
output z
loss softmax_cross_entropy(z, y)
train { batch 24 }
"""
# No batch can be cut that has a mean over it inside.
IMAGES = """model images
input  x[96]
target y : class(10)
h = reshape(x, 1, 8, 12) |> conv2d(12, 3) |> batchnorm |> relu |> conv2d(16, 3) |> batchnorm |> relu
z = flatten(h) |> dense(10)
output z
loss softmax_cross_entropy(z, y)
train { batch 128 }
"""
DECAYED = DENSE + "loss 0.001 * sum(W^2)\n"
NORMED = DENSE.replace("|> tanh |>", "|> batchnorm |> tanh |>")


def program(folder, name, text):
  source = folder / f"{name}.nn"
  source.write_text(text)
  return nn.build(source, folder, stem=name)


def data(folder, samples):
  draw = numpy.random.default_rng(7)
  numpy.save(folder / "x.npy", draw.standard_normal((samples, 96)).astype(numpy.float32))
  numpy.save(folder / "y.npy", draw.integers(0, 10, samples).astype(numpy.int32))
  return ["--data", f"x={folder / 'x.npy'}", "--data", f"y={folder / 'y.npy'}"]


def is_cut(folder, name):
  return "PARTS" in (folder / f"{name}.c").read_text()


def same_bits(folder, name, samples):
  """The weights of two epochs, their gradients and outputs are the same files for any number of threads."""
  files = data(folder, samples)
  weights, gradients, outputs = [], [], []
  for threads in THREADS:
    saved = folder / f"w{threads}.safetensors"
    nn.must([folder / name, "train", *files, "--epochs", "2", "--threads", threads, "--save", saved])
    nn.must([folder / name, "grad", *files, "--threads", threads, "--load", saved, "-o",
             folder / "g.safetensors"])
    nn.must([folder / name, "predict", files[0], files[1], "--threads", threads, "--load", saved, "-o",
             folder / "z.npy"])
    weights.append(saved.read_bytes())
    outputs.append((folder / "z.npy").read_bytes())
    gradients.append((folder / "g.safetensors").read_bytes())
  nn.demand(len(set(weights)) == 1, "weights differ")
  nn.demand(len(set(gradients)) == 1, "gradients differ")
  nn.demand(len(set(outputs)) == 1, "outputs differ")


def sums_right(folder, text):
  """Loss and gradient of a batch in parts are the means over its samples, one by one."""
  files = data(folder, 5)
  x, y = numpy.load(folder / "x.npy"), numpy.load(folder / "y.npy")
  quiet = program(folder, "quiet", text.replace("dropout(relu(W @ x), 0.3)", "relu(W @ x)"))
  nn.must([quiet, "train", *files, "--epochs", "1", "--save", folder / "w.safetensors"])
  grad = [quiet, "grad", "--load", folder / "w.safetensors", "-o", folder / "g.safetensors"]
  nn.must([*grad, *files, "--threads", "2"])
  whole, mean = safetensors.read(folder / "g.safetensors"), {}
  for k in range(5):
    numpy.save(folder / "x.npy", x[k:k + 1])
    numpy.save(folder / "y.npy", y[k:k + 1])
    nn.must([*grad, *files])
    for tensor, value in safetensors.read(folder / "g.safetensors").items():
      mean[tensor] = mean.get(tensor, 0) + value.astype(float) / 5
  for tensor, value in mean.items():
    worst = numpy.abs(whole[tensor] - value).max()
    nn.demand(worst <= 1e-5 * max(numpy.abs(value).max(), 1e-3), f"{tensor} is off by {worst}")
  return f"{len(mean)} tensors"


def packed_right(folder):
  program(folder, "recurrent", RECURRENT)
  nn.demand(is_cut(folder, "recurrent"), "the recurrent model is not cut")
  nn.demand("W_packed" in (folder / "recurrent.c").read_text(), "its weights are not packed")
  same_bits(folder, "recurrent", 5)
  return sums_right(folder, RECURRENT)


def shared_right(folder):
  program(folder, "shared", SHARED)
  text = (folder / "shared.c").read_text()
  nn.demand("nnrt_team_product_float(" in text, "no product is shared")
  nn.demand(not is_cut(folder, "shared"), "it is cut, too")
  for samples in (3, 127) if nn.SANITIZED else (3, 127, 300):
    same_bits(folder, "shared", samples)


def split_right(folder):
  for name, text in ("split", SPLIT), ("images", IMAGES):
    program(folder, name, text)
    written = (folder / f"{name}.c").read_text()
    nn.demand("nnrt_split_" in written, f"{name}: no pass is split")
    nn.demand(not is_cut(folder, name), f"{name} is cut, too")
    for samples in (11,) if nn.SANITIZED else (1, 3, 127, 300):
      same_bits(folder, name, samples)
  nn.demand("nnrt_team_product_float(" in (folder / "split.c").read_text(), "no product is shared")
  return None if nn.SANITIZED else sums_right(folder, SPLIT)


def cut_or_not(folder):
  program(folder, "normed", NORMED)
  program(folder, "decayed", DECAYED)
  nn.demand(is_cut(folder, "dense"), "the dense model is not cut")
  nn.demand(not is_cut(folder, "normed"), "a mean over the batch is cut")
  nn.demand(not is_cut(folder, "decayed"), "what does not depend on samples is added per part")


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    tally.case("built", lambda: program(folder, "dense", DENSE) and None)
    for samples in (1, 3, 128) if nn.SANITIZED else (1, 2, 3, 128, 300):
      tally.case(f"same bits, {samples} samples", same_bits, folder, "dense", samples)
    tally.case("mean of the samples", sums_right, folder, DENSE)
    tally.case("weights packed for parts and steps", packed_right, folder)
    tally.case("products shared", shared_right, folder)
    tally.case("passes split", split_right, folder)
    tally.case("what is cut", cut_or_not, folder)
  tally.close()


if __name__ == "__main__":
  main()
