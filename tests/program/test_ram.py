"""--ram and what info says of memory: less of it, the same gradients, and a number that would do.

Gradients are in double, with --ram beside those without; lengths of the emitted C for two numbers of
steps; what info says beside what the program asks the system for.
"""

import json
import os
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy                                                                # noqa: E402

from support import nn, safetensors                                         # noqa: E402

FLAGS = ("-O0",)

RNN = """model rnn
let T = 1024, V = 65, H = 68
input  c[T] : class(V)
target n[T] : class(V)
param U[H, V], W[H, H], b[H]
h[-1] = 0
h[t]  = tanh(U @ c[t] + W @ h[t-1] + b)
z[t]  = dense(h[t], V)
output p[t] = softmax(z[t])
loss   mean[t](cross_entropy(p[t], n[t]))
train {
  batch 16
}
"""
# Products large enough for a call compile faster. Two layers, dropout between them, the last state, and a loss over all of them.
LSTM = """model stacked
let T = 64, H = 68
input x[T, 70]
target y[H]
h = lstm(x, H)
d = dropout(h, 0.25)
g = lstm(d, H)
o = dense(g[T-1], H)
output o
loss mse(o, y)
loss mean[t](sum(h[t]^2)) / 10
train {
  batch 16
}
"""
DEEP = """model deep
input x[72]
target y[72]
h = x
repeat 6 {
  n = layernorm(h)
  h = h + (n |> dense(80) |> gelu |> dense(72))
}
output h
loss mse(h, y)
train {
  batch 16
}
"""
# The pieces of v's derivative: one is added up step by step within the loop over segments, the other beside it.
PIECES = """let T = 8, H = 6
input x[T, 4], x0[3]
target y[3]
param U[H, 4], W[H, H], u[H], V[2 * T, 3], F[2, T], P[3, H], Q[3, 2]
v = V @ x0
h[-1] = 0
h[t: T] = tanh(U @ x[t] + W @ h[t-1] + v[t] * u)
e[j: 2] = sum[t: T](F[j, t] * v[t + T])
z = P @ h[T-1] + Q @ e
output z
loss mse(z, y)
train {
  batch 2
}
"""
CHECKED = {"stacked recurrences": LSTM.replace("T = 64, H = 68", "T = 9, H = 2").replace("70]", "5]")
                                      .replace("batch 16", "batch 1"),
           "pieces": PIECES,
           "pieces in a step": PIECES.replace("V[2 * T, 3], F[2, T]", "V[T + H, 3]").replace(", Q[3, 2]", "")
                                     .replace("v[t] * u)", "v[t] * u + q)").replace(" + Q @ e", "")
                                     .replace("e[j: 2] = sum[t: T](F[j, t] * v[t + T])", "q[i: H] = v[i + T]")}
TASKS = {"rnn": (RNN, {"c": (1024, 65), "n": (1024, 65)}, 8),
         "stacked": (LSTM, {"x": (64, 70), "y": (68,)}, 4),
         "deep": (DEEP, {"x": (72,), "y": (72,)}, 1.5)}


def write_data(folder, shapes, samples):
  draw = numpy.random.default_rng(3)
  options = []
  for name, shape in shapes.items():
    labels = name in "cn"
    array = (draw.integers(0, shape[1], (samples, shape[0])).astype(numpy.int32) if labels
             else draw.standard_normal((samples, *shape)))
    numpy.save(folder / f"{name}.npy", array)
    options += ["--data", f"{name}={folder / name}.npy"]
  return options


def smallest(model, *options):
  """What the refusal of --ram 1 says would do."""
  done = nn.run([nn.NNCC, model, "--ram", "1", "-o", model.with_suffix(".no"), *options])
  nn.demand(done.returncode == 1 and done.stderr.count("\n") == 1, f"refused with {done.stderr}")
  nn.demand(not model.with_suffix(".no").exists(), "a file was written")
  return int(re.search(r"say --ram (\d+)", done.stderr).group(1))


def says(program, training=True):
  """Bytes as info has them: those whatever the batch is, those for each sample, and at `batch`."""
  words = "training" if training else "prediction"
  found = re.search(words + r": +(\d+) \+ (\d+) \* batch bytes \((\d+) at batch \d+\)",
                    nn.must([program, "info"]).stdout)
  return [int(number) for number in found.groups()]


def gradients(program, folder, data):
  nn.must([program, "grad", *data, "-o", folder / "g.safetensors"])
  return safetensors.read(folder / "g.safetensors")


def check_task(folder, name):
  text, shapes, factor = TASKS[name]
  model = folder / f"{name}.nn"
  model.write_text(text)
  least = smallest(model, "--real", "double")
  plain = nn.build(model, folder, "--real", "double", stem="plain", flags=FLAGS)
  small = nn.build(model, folder, "--real", "double", "--ram", least, stem="small",
                   flags=FLAGS)
  (base, slope, _), (small_base, small_slope, total) = says(plain), says(small)
  nn.demand(total == least == small_base + 16 * small_slope, f"{total} bytes, not {least}")
  nn.demand(small_slope * factor < slope, f"{small_slope} bytes a sample, of {slope}")
  one_less = nn.run([nn.NNCC, model, "--real", "double", "--ram", least - 1, "-o", folder / "no.c"])
  nn.demand(one_less.returncode == 1, "a byte less was enough")
  data = write_data(folder, shapes, 5)
  ours, theirs = gradients(small, folder, data), gradients(plain, folder, data)
  nn.demand(ours.keys() == theirs.keys(), "other tensors")
  for tensor, value in theirs.items():
    worst = numpy.abs(ours[tensor] - value).max() / max(numpy.abs(value).max(), 1e-6)
    nn.demand(worst <= 1e-11, f"gradient {tensor} is off by {worst}")
  same_predictions(folder, (plain, small), data)
  same_outside(folder, model, least)
  return f"{slope} -> {small_slope} bytes a sample"


def same_outside(folder, model, least):
  """The C API does not tell."""
  headers = []
  for options in ([], ["--ram", least]):
    nn.must([nn.NNCC, model, "--real", "double", *options, "--header", folder / "m.h"])
    headers.append((folder / "m.h").read_text())
  nn.demand(headers[0] == headers[1], "the header differs")


def same_predictions(folder, programs, data):
  shown = []
  nn.must([programs[0], "train", *data, "--epochs", "0", "--save", folder / "w.safetensors"])
  for program in programs:
    nn.must([program, "predict", "--load", folder / "w.safetensors", *data[:2], "-o",
             folder / "p.npy"])
    shown.append(numpy.load(folder / "p.npy"))
  nn.demand(numpy.allclose(*shown, rtol=1e-11, atol=1e-300), "predictions differ")


def check_itself(folder, text):
  """The emitted check of a model in segments."""
  model = folder / "checked.nn"
  model.write_text(text)
  least = smallest(model, "--real", "double")
  small = nn.build(model, folder, "--real", "double", "--ram", least, flags=FLAGS)
  nn.demand("SEGMENTS" in (folder / "m.c").read_text(), "no segments")
  said = nn.must([small, "check"]).stdout.strip().splitlines()[-1]
  nn.demand(said.startswith("check passed"), said)


def check_vectors(folder):
  """gcc makes vectors of every loop over a cell's elements, those included that read the state before
  from one of two places: within the segment, or where the one before has left it."""
  model = folder / "lstm.nn"
  model.write_text(LSTM)
  source = nn.emit(model, folder / "m.c", "--ram", smallest(model))
  nn.demand("SEGMENTS" in source.read_text(), "no segments")
  return nn.demand_vectors(source, "nnrt_(tanh|sigmoid)f")


def check_length(folder):
  """Emitted text does not grow with the number of steps."""
  model, counts = folder / "rnn.nn", []
  model.write_text(RNN)
  for steps in (64, 4096):
    least = smallest(model, "-D", f"T={steps}")
    text = nn.emit(model, folder / "m.c", "-D", f"T={steps}", "--ram", least).read_text()
    nn.demand("SEGMENTS" in text, "no segments")
    counts.append(text.count(";"))
  nn.demand(counts[0] == counts[1], f"statements: {counts}")


def check_enough(folder):
  """With memory enough nothing is computed again."""
  model = folder / "rnn.nn"
  model.write_text(RNN)
  plain = nn.emit(model, folder / "plain.c").read_bytes()
  nn.demand(nn.emit(model, folder / "m.c", "--ram", "1G").read_bytes() == plain, "C differs")
  for wrong in ("", "x", "12x", "-5", "0", "1.5", "99999999999999999999", "9999999999999999G"):
    done = nn.run([nn.NNCC, model, "--ram", wrong, "-o", folder / "no.c"])
    nn.demand(done.returncode == 1 and done.stderr.count("\n") == 1, f"--ram '{wrong}'")


def resident(program, batch):
  """The most memory that steps at this batch had, and what the program says it asks for."""
  done = nn.must([program.with_name("resident"), program, "bench", "--steps", "1", "--batch", batch,
                  "--json"])
  return int(done.stdout), json.loads(done.stderr)


def check_info(folder):
  """The formulas hold for the block of any batch; and the system sees no more, but for the data."""
  model = folder / "wide.nn"
  model.write_text("model wide\ninput x[64]\ntarget y[64]\nh = x |> dense(512) |> tanh\n"
                   "o = dense(h, 64)\noutput o\nloss mse(o, y)\ntrain {\n  batch 16\n}\n")
  program = nn.build(model, folder, stem="wide")
  (base, slope, _), (small, each, _) = says(program), says(program, False)
  nn.must([nn.CC, nn.ROOT / "bench" / "resident.c", "-o", folder / "resident"])
  peaks, sanitized = [], "SANITIZED" in os.environ
  for batch in (7, 61 if sanitized else 6001):
    peak, said = resident(program, batch)
    nn.demand(said["train_bytes"] == base + batch * slope, f"{said['train_bytes']} at {batch}")
    nn.demand(said["predict_bytes"] == small + batch * each, f"{said['predict_bytes']} at {batch}")
    peaks.append(peak)
  grown, expected = peaks[1] - peaks[0], 5994 * (slope + 4 * 3 * 64)
  nn.demand(sanitized or 0.6 * expected < grown < 1.3 * expected,
            f"{grown} bytes of memory more, not about {expected}")
  return f"{base} + {slope} m"


def main():
  tally = nn.Tally()
  for name, test, *arguments in (
      [("memory as info has it", check_info)] +
      [(f"gradients of {name}", check_task, name) for name in TASKS] +
      [(f"check of {name}", check_itself, text) for name, text in CHECKED.items()] +
      [("vectors", check_vectors), ("length", check_length),
       ("enough, and nonsense", check_enough)]):
    with tempfile.TemporaryDirectory() as folder:
      tally.case(name, test, pathlib.Path(folder), *arguments)
  tally.close()


if __name__ == "__main__":
  main()
