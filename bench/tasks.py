"""The tasks of the benchmark: what is run, how PyTorch names what we name, and what is aimed at.

`reference` holds samples a second of one quiet run on a machine of this kind (issue 6), with
which peers that are not in a run are brought into it: figure * PyTorch in the run / PyTorch there.
"""

import collections

Task = collections.namedtuple(
  "Task", "name model options batch mflop reference train_goal share_goal two_goal predict_goal")

# PyTorch eager at 1 and 2 threads, and the fastest other peer at 2 threads.
Reference = collections.namedtuple("Reference", "torch torch_two other_two")


def task(name, batch, mflop, reference, goals, model=None, options=()):
  return Task(name, (model or name.lower()) + ".nn", list(options), batch, mflop,
              Reference(*reference), *goals)


# MFLOP: work of a training step per sample, in products. Goals: training at 1 thread (x PyTorch),
# share of the peak, training at 2 threads (x the fastest peer; 0: not below 1 thread), prediction
# at batch 1 (x PyTorch jit.freeze). None: no goal. C1 and C2 are not issue 6's: no other peer is known.
TASKS = {row.name: row for row in [
  task("T1", 16, 0.000544, (0.269e6, 0.253e6, 1.14e6), (60, None, 0, 180)),
  task("T2", 32, 0.0101, (0.470e6, 0.454e6, 1.73e6), (20, None, 0, 90)),
  task("T3", 128, 1.007, (152e3, 197e3, 204e3), (1.45, 0.85, 1.9, 3.2)),
  task("T4", 256, 45.84, (4092, 7327, 5467), (1.2, 0.88, 1.25, 3.9)),
  task("T5", 32, 35.8, (2634, 3591, 5467), (2.1, 0.75, 1.8, None)),
  task("T6", 32, 124, (780, 1072, 1358), (1.9, 0.70, 2, None)),
  task("T7", 32, 0.00202, (0.468e6, 0.436e6, 1.90e6), (45, None, 0, None)),
  task("T8", 64, 1.517, (23.8e3, 34.3e3, 13.3e3), (3, 0.40, 3, 11.8)),
  task("G1", 4, 11.7e3, (6.1, 9.3, 3.9), (1.8, 0.50, 1.8, None)),
  task("G2", 4, 4.15e3, (24.3, 34.8, 13.1), (1.6, 0.65, 1.7, None), "g1", ["-D", "V=65"]),
  task("C1", 32, 586, (1, 1, 0), (1, None, 1, 1)),
  task("C2", 32, 626, (1, 1, 0), (1, None, 1, 1)),
]}


def data_shapes(name):
  """Shape of one sample and number of classes (None: real) of the input and of the target."""
  classes = {"G1": 50257}.get(name, 65)
  return {
    "T1": (((4,), None), ((), 3)), "T2": (((64,), None), ((), 10)),
    "T3": (((784,), None), ((), 10)), "T4": (((1024,), None), ((), 1000)),
    "T7": (((30,), None), ((1,), None)), "T8": (((1, 28, 28), None), ((), 10)),
    "C1": (((3, 32, 32), None), ((), 10)), "C2": (((3, 32, 32), None), ((), 10)),
  }.get(name, (((64,), classes), ((64,), classes)))


def residual_names(word, blocks):
  """A convolution and its norm, then blocks of two of each."""
  inside = [f"{k}.{part}" for k, parts in ((1, "Wb"), (2, "gb"), (3, "Wb"), (4, "gb")) for part in parts]
  return [f"{word}.1.W", f"{word}.1.b", f"{word}.2.g", f"{word}.2.b"] + \
         [f"{word}.{3 + block}.u.{name}" for block in range(blocks) for name in inside]


def parameter_names(name):
  """Ours, in the order of the PyTorch module's parameters()."""
  layers = {"T1": 2, "T2": 2, "T3": 3, "T4": 3, "T7": 2}.get(name)
  if layers:
    return [f"z.{k}.{part}" for k in range(1, layers + 1) for part in "Wb"]
  if name == "T8":
    return [f"h.{k}.{part}" for k in (1, 2) for part in "Wb"] + \
           [f"z.{k}.{part}" for k in (1, 2, 3) for part in "Wb"]
  if name == "C1":
    return [f"{word}.{k}.{part}" for word in "hkz" for k in (1, 2) for part in "Wb"]
  if name == "C2":
    return [name for word, blocks in (("a", 2), ("b", 2), ("c", 1))
            for name in residual_names(word, blocks)] + ["z.W", "z.b"]
  if name in ("T5", "T6"):
    return ["h.Wx", "h.Wh", "h.bx", "h.bh", "z.W", "z.b"]
  block = ["a.g", "a.b", "h.Wx", "h.bx", "h.Wo", "h.bo", "c.g", "c.b", "u.W", "u.b", "W", "b"]
  return ["E", "P"] + [f"x.{k}.{part}" for k in range(1, 7) for part in block] + ["z.g", "z.b"]
