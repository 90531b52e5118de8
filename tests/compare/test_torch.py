"""Every model of tests/models against PyTorch's autograd.

For each model: compile it, give the program random weights and data, and compare loss, every
gradient and every output with those of the model's twin (twins/): in double under sanitizers, by the
plain loops, which are the reference; else in float by what ships, and then let the program check
itself. test_kernels_long.py has what ships in double, and lets that check itself.

  test_torch.py [--keep FOLDER] [--real double|float] [--torch-only] [--kernels] [--required]
                [MODEL ...]
"""

import argparse
import collections
import concurrent.futures
import pathlib
import re
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import numpy
  import torch
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-torch, python3-numpy)")
  sys.exit(77)

from compare.twins import TWINS                                             # noqa: E402
from compare.twins.registry import draw_data, draw_parameters               # noqa: E402
from support import nn, safetensors                                         # noqa: E402

# Relative to a tensor's largest entry, or to 1e-3 of the largest of all gradients.
TOLERANCE = {"double": 1e-9, "float": 1e-4}
FLOOR = 1e-3

Truth = collections.namedtuple("Truth", "loss gradients outputs")


# ---- the twin ----------------------------------------------------------------------------------

def python_name(name):
  return name.replace(".", "_")


def as_tensor(value):
  return torch.as_tensor(numpy.asarray(value))


def twin_values(twin, parameters, data):
  """Mean loss over the batch, and the outputs of every sample."""
  if twin.whole_batch:
    return twin.function(**data, **parameters)
  results = []
  for sample in range(twin.batch):
    one = {name: value[sample] for name, value in data.items()}
    results.append(twin.function(**one, **parameters))
  loss = sum(result[0] for result in results) / twin.batch
  outputs = {name: torch.stack([result[1][name] for result in results])
             for name in results[0][1]}
  return loss, outputs


def truth_of(twin, weights, data):
  leaves = {name: as_tensor(value).requires_grad_() for name, value in weights.items()}
  parameters = {python_name(name): leaf for name, leaf in leaves.items()}
  tensors = {name: as_tensor(value) for name, value in data.items()}
  loss, outputs = twin_values(twin, parameters, tensors)
  gradients = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
  return Truth(loss.item(),
               {name: numpy.zeros(leaf.shape) if gradient is None else gradient.numpy()
                for (name, leaf), gradient in zip(leaves.items(), gradients)},
               {name: value.detach().numpy() for name, value in outputs.items()})


# ---- comparing ---------------------------------------------------------------------------------

def largest(array):
  return float(numpy.max(numpy.abs(array), initial=0.0))


def compare(what, given, wanted, scale, tolerance):
  wanted = numpy.asarray(wanted)
  nn.demand(given.shape == wanted.shape,
            f"{what} has shape {list(given.shape)}, not {list(wanted.shape)}")
  nn.demand(bool(numpy.all(numpy.isfinite(given))), f"{what} is not finite")
  error = largest(given.astype(numpy.float64) - wanted) / scale
  nn.demand(error <= tolerance, f"{what} is off by {error:.1e} of its largest entry")
  return error


def compare_gradients(folder, truth, tolerance):
  found = safetensors.read(folder / "G.safetensors")
  wanted = {"loss", *truth.gradients}
  nn.demand(set(found) == wanted, "gradients are named "
            + " ".join(sorted(found)) + ", not " + " ".join(sorted(wanted)))
  worst = compare("loss", found["loss"].reshape(()), truth.loss, max(abs(truth.loss), 0.1),
                  tolerance)
  overall = max(largest(gradient) for gradient in truth.gradients.values())
  for name, gradient in truth.gradients.items():
    scale = max(largest(gradient), FLOOR * overall, 1e-12)
    worst = max(worst, compare(f"gradient of {name}", found[name], gradient, scale, tolerance))
  return worst


def compare_outputs(folder, truth, tolerance):
  """One output is written to the file that is named, several to one file each."""
  several = len(truth.outputs) > 1
  for name, wanted in truth.outputs.items():
    given = numpy.load(folder / (f"P.{name}.npy" if several else "P.npy"))
    compare(f"output {name}", given, wanted, max(largest(wanted), FLOOR), tolerance)


# ---- one model ---------------------------------------------------------------------------------

def inputs_of(model):
  """The names that the model declares as inputs, in order (its text is simple enough)."""
  names = []
  for line in model.read_text().splitlines():
    for statement in line.split("#")[0].split(";"):
      words = statement.split(maxsplit=1)
      if words and words[0] == "input":
        without_shapes = re.sub(r"\[[^]]*\]", "", words[1].split(":")[0])
        names += [name.strip() for name in without_shapes.split(",")]
  return names


def write_case(folder, weights, data):
  safetensors.write(folder / "W.safetensors", weights)
  for name, value in data.items():
    numpy.save(folder / f"{name}.npy", value)


def options_of(twin):
  return [option for name, value in twin.defines.items() for option in ("-D", f"{name}={value}")]


def flags_of(real, kernels):
  """Numbers in double by the plain loops, which are the reference; in float by what ships."""
  return () if not nn.SANITIZED and (real == "float" or kernels) else nn.QUICKLY


def run_real(model, twin, folder, real, data, truth, check=True, kernels=False, flags=None):
  """Compiles for one type of number and compares; the worst relative error of the gradients."""
  program = nn.build(model, folder, "--real", real, *options_of(twin), stem=f"m_{real}",
                     flags=flags_of(real, kernels) if flags is None else flags)
  tolerance = TOLERANCE[real]
  files = [f for name in data for f in ("--data", f"{name}={folder / name}.npy")]
  load = ["--load", folder / "W.safetensors"]
  nn.must([program, "grad", *load, *files, "-o", folder / "G.safetensors"])
  worst = compare_gradients(folder, truth, tolerance)
  if twin.compare_outputs and truth.outputs:
    inputs = [f for name in inputs_of(model) for f in ("--data", f"{name}={folder / name}.npy")]
    nn.must([program, "predict", *load, *inputs, "-o", folder / "P.npy"])
    compare_outputs(folder, truth, tolerance)
  if check and not nn.SANITIZED:
    nn.must([program, "check"])
  return f"{real} {worst:.0e}"


def clang_accepts(source):
  """The same text comes of both builds, so that the one without sanitizers will do."""
  if shutil.which("clang") and not nn.SANITIZED:
    nn.must(["clang", *nn.WARNINGS, "-ffast-math", "-fsyntax-only", f"-I{nn.INCLUDE}", source])


def run_model(model, folder, real, options):
  name = model.stem
  twin = TWINS.get(name)
  folder.mkdir(parents=True, exist_ok=True)
  if twin is None:
    nn.demand(name == "dropout", "no twin")
    program = nn.build(model, folder, "--real", "double", flags=nn.QUICKLY)
    nn.must([program, "check"])
    return "check only"
  random = numpy.random.default_rng(sum(map(ord, name)))
  weights = draw_parameters(twin.parameters, random)
  data = draw_data(twin.data, random, twin.batch)
  truth = truth_of(twin, weights, data)
  if options.torch_only:
    zero = [key for key, gradient in truth.gradients.items() if not largest(gradient) > 1e-9]
    return f"loss {truth.loss:.4g}" + (f", zero gradients: {' '.join(zero)}" if zero else "")
  write_case(folder, weights, data)
  note = run_real(model, twin, folder, real, data, truth, kernels=options.kernels)
  clang_accepts(folder / f"m_{real}.c")
  return note


# ---- all of them -------------------------------------------------------------------------------

def arguments():
  parser = argparse.ArgumentParser(description="models against PyTorch")
  parser.add_argument("models", nargs="*", help="names in tests/models; all where left out")
  parser.add_argument("--keep", type=pathlib.Path, help="work in this folder and leave it there")
  parser.add_argument("--real", choices=["double", "float"], help="only this type")
  parser.add_argument("--torch-only", action="store_true", help="run the twins alone")
  parser.add_argument("--kernels", action="store_true", help="products as they ship in double too")
  parser.add_argument("--required", action="store_true", help="leave out the optional models")
  return parser.parse_args()


def chosen_models(options):
  models = sorted(nn.MODELS.glob("*.nn"))
  if options.models:
    models = [nn.MODELS / f"{name}.nn" for name in options.models]
  if options.required:
    models = [m for m in models if m.stem in TWINS and not TWINS[m.stem].optional]
  return models


def run_all(options, root):
  real = options.real or ("double" if nn.SANITIZED else "float")
  tally = nn.Tally()
  torch.set_num_threads(1)
  with concurrent.futures.ThreadPoolExecutor(2) as pool:
    jobs = [(model, pool.submit(run_model, model, root / model.stem, real, options))
            for model in chosen_models(options)]
    for model, job in jobs:
      tally.case(model.stem, job.result)
  if not options.models and not options.required:
    tally.case("a model for every twin", lambda: nn.demand(
        not (missing := set(TWINS) - {m.stem for m, _ in jobs}), f"missing: {missing}"))
  tally.close()


def main():
  options = arguments()
  if options.keep:
    run_all(options, options.keep)
  else:
    with tempfile.TemporaryDirectory(prefix="nncc-torch-") as root:
      run_all(options, pathlib.Path(root))


if __name__ == "__main__":
  main()
