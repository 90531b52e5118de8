"""Drives programs made of the mock models from outside: what they print, save, refuse, survive.

The models are written by hand (mock_model.c, mock_stream.c), so that this needs no compiler of ours.
"""

import csv
import functools
import json
import pathlib
import pty
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import numpy
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-numpy)")
  sys.exit(77)

from support import nn                                                        # noqa: E402
import safetensors                                                            # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
MAIN = """#include "mock_model.h"
int main(int argc, char **argv) {{
  {body}
}}
"""
FAULTY = """nnrt_model model = mock_with_fault({fault}, {bytes});
  return nnrt_main(&model, argc, argv);"""


BUILT = tempfile.TemporaryDirectory()  # what all classes use


@functools.cache
def mocks():
  folder = pathlib.Path(BUILT.name)
  return [nn.compile_c([source], folder / f"{source.stem}.o", f"-I{HERE}", "-c")
          for source in sorted(HERE.glob("mock_*.c"))]


def build(folder, name, body):
  source = folder / f"{name}.c"
  source.write_text(MAIN.format(body=body))
  return nn.compile_c([source, *mocks()], folder / name, f"-I{HERE}")


@functools.cache
def program_of(name):
  return build(pathlib.Path(BUILT.name), name,
               f"return nnrt_main(&mock_{name}_model, argc, argv);")


def make_data(folder):
  draw = numpy.random.default_rng(0)
  x = draw.normal(size=(203, 4))
  y = (x @ draw.normal(size=(4, 3))).argmax(axis=1)
  with open(folder / "d.csv", "w", encoding="utf-8") as file:
    csv.writer(file).writerows([*map("{:.6g}".format, row), label] for row, label in zip(x, y))
  numpy.save(folder / "x.npy", x.astype("f4"))
  numpy.save(folder / "y.npy", y)
  (folder / "text.txt").write_text("abcdef" * 3 + "abcfed" * 40 + "a")


class Programs(unittest.TestCase):
  """The programs are built once; each test has a folder of its own."""

  @classmethod
  def setUpClass(cls):
    cls.shared = tempfile.TemporaryDirectory()
    folder = pathlib.Path(cls.shared.name)
    make_data(folder)
    cls.at = folder
    cls.program = {name: program_of(name) for name in ("float", "double", "stream")}

  @classmethod
  def tearDownClass(cls):
    cls.shared.cleanup()

  def setUp(self):
    own = tempfile.TemporaryDirectory()
    self.addCleanup(own.cleanup)
    self.own = pathlib.Path(own.name)

  def run_model(self, name, *arguments, status=0, **options):
    done = nn.run([self.program[name], *arguments], cwd=self.own, **options)
    self.assertEqual(done.returncode, status, done.stderr + done.stdout)
    if status == 0:
      self.assertEqual(done.stderr, "")
    return done

  def refuse(self, name, *arguments, says):
    """Status 2, nothing on standard output, one line that holds each of the words."""
    done = self.run_model(name, *arguments, status=2)
    self.assertEqual(done.stdout, "")
    self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
    for words in says:
      self.assertIn(words, done.stderr)

  def train(self, name, *arguments, save="w.safetensors", **options):
    data = self.at / ("text.txt" if name == "stream" else "d.csv")
    return self.run_model(name, "train", "--data", data, "--save", save, *arguments, **options)


class Training(Programs):
  def test_learns_and_tells(self):
    said = self.train("float", "--epochs", 30, "--holdout", 0.2).stdout.splitlines()
    self.assertEqual(len(said), 31)
    self.assertRegex(said[0], r"^epoch 1/30  loss [\d.]+  accuracy [\d.]+  holdout loss [\d.]+  "
                              r"holdout accuracy [\d.]+  \d+ samples/s$")
    self.assertEqual(said[-1], "saved to w.safetensors")
    said = self.run_model("float", "test", "--load", "w.safetensors", "--data", self.at / "d.csv")
    values = dict(line.split() for line in said.stdout.split("\n\n")[0].splitlines())
    self.assertEqual(list(values), ["loss", "accuracy"])
    self.assertGreater(float(values["accuracy"]), 0.9)

  def test_says_how_to_save(self):
    said = self.run_model("float", "train", "--data", self.at / "d.csv").stdout
    self.assertIn("--save", said.splitlines()[-1])

  def test_same_seed_same_bytes(self):
    for seed, name in ((5, "a"), (5, "b"), (6, "c")):
      self.train("float", "--seed", seed, "--holdout", 20, save=name)
    a, b, c = ((self.own / name).read_bytes() for name in "abc")
    self.assertEqual(a, b)
    self.assertNotEqual(a, c)

  def test_gradient_descent_is_what_it_says(self):
    """Two full-batch steps of sgd with momentum, clip and decay, in NumPy."""
    self.train("double", "--epochs", 0, save="0")
    self.train("double", "--epochs", 2, "--batch", 203, "--no-shuffle", "--clip", 0.1, "--decay",
               0.5, "--optimizer", "sgd(rate = 0.2, momentum = 0.5)", save="2")
    p, velocity = {}, {}
    start, end = safetensors.read(self.own / "0")[0], safetensors.read(self.own / "2")[0]
    for name in ("W1", "b1", "W2", "b2"):
      p[name], velocity[name] = start[name].copy(), 0.0
    for _ in range(2):
      g = self.gradient(p)
      norm = numpy.sqrt(sum((value**2).sum() for value in g.values()))
      self.assertGreater(norm, 0.1)
      for name, value in g.items():
        p[name] *= 1 - 0.2 * 0.5 * (p[name].ndim == 2)
        velocity[name] = 0.5 * velocity[name] + value * 0.1 / norm
        p[name] = p[name] - 0.2 * velocity[name]
    for name, value in p.items():
      numpy.testing.assert_allclose(end[name], value, rtol=1e-10, atol=1e-12)

  def gradient(self, p):
    rows = numpy.loadtxt(self.at / "d.csv", delimiter=",")
    x, y = rows[:, :4], rows[:, 4].astype(int)
    h = numpy.tanh(x @ p["W1"].T + p["b1"])
    z = h @ p["W2"].T + p["b2"]
    d_z = numpy.exp(z) / numpy.exp(z).sum(axis=1, keepdims=True)
    d_z[numpy.arange(len(y)), y] -= 1
    d_z /= len(y)
    d_a = d_z @ p["W2"] * (1 - h * h)
    return {"W1": d_a.T @ x, "b1": d_a.sum(axis=0), "W2": d_z.T @ h, "b2": d_z.sum(axis=0)}

  def test_grad_command_agrees_with_numpy(self):
    self.train("double", save="w")
    self.run_model("double", "grad", "--load", "w", "--data", self.at / "d.csv", "-o", "g")
    found, _ = safetensors.read(self.own / "g")
    expected = self.gradient(safetensors.read(self.own / "w")[0])
    self.assertEqual(set(found), {"loss", *expected})
    self.assertEqual(found["loss"].shape, ())
    for name, value in expected.items():
      numpy.testing.assert_allclose(found[name], value, rtol=1e-9, atol=1e-12)

  def test_rate_overrides_and_schedules(self):
    for extra, expected in (((), 0.01), (("--rate", 0.5), 0.5),
                            (("--optimizer", "sgd(2)", "--rate", 0.25), 0.25),
                            (("--rate", 1, "--schedule", "step(1, 0.5)"), 0.25)):
      self.train("float", "--log", "log", *extra)
      lines = (self.own / "log").read_text().splitlines()
      self.assertAlmostEqual(json.loads(lines[-1])["rate"], expected)

  def test_log_and_plot(self):
    self.train("float", "--epochs", 4, "--holdout", 0.2, "--log", "log", "--plot", "p.svg")
    lines = [json.loads(line) for line in (self.own / "log").read_text().splitlines()]
    self.assertEqual([line["epoch"] for line in lines], [1, 2, 3, 4])
    self.assertLess(lines[3]["holdout_loss"], lines[0]["holdout_loss"])
    self.assertLessEqual({"step", "loss", "accuracy", "seconds", "samples_per_s"}, set(lines[0]))
    self.assertEqual((self.own / "p.svg").read_text().count("<polyline"), 5)

  def test_patience_stops(self):
    said = self.train("float", "--epochs", 50, "--rate", 0, "--patience", 3, "--holdout", 9).stdout
    self.assertEqual(said.count("\nepoch") + said.startswith("epoch"), 4)
    self.assertIn("no better loss in 3 epochs", said)

  def test_non_finite_loss_stops_and_keeps(self):
    self.train("float", save="w")
    before = (self.own / "w").read_bytes()
    done = self.train("float", "--optimizer", "sgd(1e38)", save="w", status=1)
    self.assertRegex(done.stderr, r"the loss is not finite \(-?(nan|inf)\) at step \d+ \(epoch 1\)")
    self.assertEqual((self.own / "w").read_bytes(), before)

  def test_live_line_on_a_terminal(self):
    parent, child = pty.openpty()
    with subprocess.Popen([self.program["float"], "train", "--data", self.at / "d.csv", "--epochs",
                           "2000"], stdout=child, env={**os.environ, "TERM": "xterm"}) as process:
      os.close(child)
      said = b""
      while True:
        try:
          piece = os.read(parent, 65536)
        except OSError:
          break
        if not piece:
          break
        said += piece
    os.close(parent)
    self.assertEqual(process.returncode, 0)
    self.assertRegex(said, rb"\r\x1b\[K[#.]{24} epoch \d+/2000  loss \S+  accuracy \S+  "
                           rb"\d+ samples/s  \d+ s left")

  def test_weights_of_float_start_double(self):
    self.train("float", save="w")
    found = [self.run_model(name, "test", "--load", "w", "--data", self.at / "d.csv").stdout
             for name in ("float", "double")]
    losses = [float(text.split()[1]) for text in found]
    self.assertAlmostEqual(*losses, places=5)

  def test_data_a_tensor_each(self):
    self.train("float", save="a")
    self.run_model("float", "train", "--data", f"x={self.at}/x.npy", "--data", f"y={self.at}/y.npy",
                   "--save", "b")
    a, b = (safetensors.read(self.own / name)[0]["W1"] for name in "ab")
    numpy.testing.assert_allclose(a, b, atol=1e-4)


class Resuming(Programs):
  def same_after_resume(self, name, *settings):
    """4 epochs at once; or stopped within the third; or extended from 2."""
    self.train(name, *settings, "--epochs", 4, save="whole")
    self.train(name, *settings, "--epochs", 2, save="half")
    self.run_model(name, "train", "--resume", "half", "--epochs", 4, "--save", "later", "--data",
                   self.at / ("text.txt" if name == "stream" else "d.csv"))
    whole, later = ((self.own / part).read_bytes() for part in ("whole", "later"))
    self.assertEqual(whole, later)

  def test_float(self):
    self.same_after_resume("float", "--holdout", 0.1, "--schedule", "exponential(0.8)", "--decay",
                           0.01, "--patience", 3)

  def test_double_with_other_optimizer(self):
    self.same_after_resume("double", "--optimizer", "sgd(0.3, momentum = 0.7)", "--seed", 9,
                           "--batch", 7, "--clip", 0.2)

  def test_stream_with_dropout_and_carried_state(self):
    self.same_after_resume("stream")

  def interrupted_within_an_epoch(self, name, every):
    """The checkpoint of a run that is killed at no particular moment, resumed to the end."""
    data = self.at / ("text.txt" if name == "stream" else "d.csv")
    epochs = 1000
    self.train(name, "--epochs", epochs, save="whole")
    command = [self.program[name], "train", "--data", data, "--epochs", str(epochs), "--save", "part",
               "--save-every", str(every)]
    with subprocess.Popen(command, cwd=self.own, stdout=subprocess.DEVNULL) as process:
      while not (self.own / "part").exists():
        time.sleep(0.001)
      time.sleep(0.05)
      process.kill()
    place, _ = safetensors.read(self.own / "part")
    self.assertGreater(place["@step"], 0)
    self.assertLess(place["@epoch"], epochs)
    self.run_model(name, "train", "--resume", "part", "--data", data, "--save", "part")
    whole, part = ((self.own / part).read_bytes() for part in ("whole", "part"))
    self.assertEqual(whole, part)

  def test_killed_within_an_epoch(self):
    self.interrupted_within_an_epoch("float", 7)

  def test_killed_within_an_epoch_of_a_stream(self):
    self.interrupted_within_an_epoch("stream", 5)

  def test_checkpoint_holds_what_it_should(self):
    self.train("stream")
    tensors, notes = safetensors.read(self.own / "w.safetensors")
    self.assertLessEqual({"E", "w", "O", "@mean.s", "@s", "@optimizer.v.E", "@optimizer.v.w", "@step",
                          "@epoch", "@position", "@seed", "@text.bytes"}, set(tensors))
    self.assertEqual(bytes(tensors["@text.bytes"]), b"abcdef")
    self.assertEqual(tensors["@s"].shape, (3, 2))
    self.assertEqual(notes["optimizer"], "sgd(rate = 0.5, momentum = 0.9)")

  def test_checkpoint_holds_numbers_as_they_are_given(self):
    self.train("float", "--clip", "1500000", "--clip-value", "0.1")
    notes = safetensors.read(self.own / "w.safetensors")[1]
    self.assertEqual((notes["clip"], notes["clip-value"]), ("1500000", "0.1"))

  def interrupt(self, number):
    with subprocess.Popen([self.program["float"], "train", "--data", self.at / "d.csv", "--epochs",
                           "100000000", "--save", "w"], cwd=self.own, text=True,
                          stdout=subprocess.PIPE) as process:
      process.stdout.readline()
      process.send_signal(number)
      said = process.stdout.read()
    return process.returncode, said

  def test_interrupt_saves_and_says_how_to_go_on(self):
    for number in (signal.SIGINT, signal.SIGTERM):
      status, said = self.interrupt(number)
      self.assertEqual(status, 130)
      self.assertRegex(said, r"interrupted after step \d+; saved to w: go on with --resume w")
      self.assertGreater(safetensors.read(self.own / "w")[0]["@step"], 0)

  def test_kills_never_leave_a_broken_file(self):
    command = [self.program["float"], "train", "--data", self.at / "d.csv", "--epochs", "1000000",
               "--save", "w", "--save-every", "1"]
    for pause in range(8):
      with subprocess.Popen(command, cwd=self.own, stdout=subprocess.DEVNULL) as process:
        while not (self.own / "w").exists():
          time.sleep(0.001)
        time.sleep(0.01 + 0.007 * pause)
        process.kill()
      tensors, _ = safetensors.read(self.own / "w")
      self.assertEqual(tensors["W1"].shape, (5, 4))

  def test_resume_refuses_what_would_not_be_the_same(self):
    data = self.at / "d.csv"
    self.train("float", "--batch", 10, "--seed", 4, "--holdout", 0.25, save="w")
    for option, value, kept in (("--seed", 5, "4"), ("--batch", 11, "10"),
                                ("--optimizer", "sgd(1)", "adam("), ("--holdout", 0.5, "0.25")):
      self.refuse("float", "train", "--resume", "w", "--data", data, option, value,
                  says=[option, "was trained with " + kept])
    self.refuse("float", "train", "--resume", "w", "--load", "w", "--data", data,
                says=["exclude each other"])
    self.run_model("float", "grad", "--data", data, "-o", "g")
    self.refuse("float", "train", "--resume", "g", "--data", data, says=["use --load"])
    numpy.save(self.own / "x.npy", numpy.zeros((5, 4)))
    numpy.save(self.own / "y.npy", numpy.zeros(5, int))
    self.refuse("float", "train", "--resume", "w", "--data", "x=x.npy", "--data", "y=y.npy",
                says=["203 samples", "has 5"])


class Using(Programs):
  def setUp(self):
    super().setUp()
    self.train("float", "--epochs", 5, "--seed", 3, "--holdout", 0.2)

  def test_test_takes_what_training_held_out(self):
    """The share and the seed come with the weights."""
    log = self.train("float", "--epochs", 5, "--seed", 3, "--holdout", 0.2).stdout.splitlines()[4]
    said = self.run_model("float", "test", "--load", "w.safetensors", "--data", self.at / "d.csv",
                          "--holdout", 0.2).stdout.split()
    self.assertIn(f"holdout loss {float(said[1]):.6g}  holdout accuracy {float(said[3]):.6g}", log)

  def predict(self, *arguments):
    return self.run_model("float", "predict", "--load", "w.safetensors", "--data",
                          f"x={self.at}/x.npy", *arguments)

  def test_predict_to_standard_output_and_files(self):
    rows = list(csv.reader(self.predict().stdout.splitlines()))
    self.assertEqual(rows[0], ["p[0]", "p[1]", "p[2]", "guess"])
    p = numpy.array([row[:3] for row in rows[1:]], "f4")
    guess = numpy.array([int(row[3]) for row in rows[1:]])
    self.assertEqual(p.shape, (203, 3))
    numpy.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    self.assertTrue((p.argmax(axis=1) == guess).all())
    self.predict("-o", "out.npy")
    self.assertTrue((numpy.load(self.own / "out.p.npy") == p).all())
    found = numpy.load(self.own / "out.guess.npy")
    self.assertEqual(found.dtype, numpy.int32)
    self.assertTrue((found == guess).all())
    self.predict("-o", "out.csv")
    self.assertEqual((self.own / "out.csv").read_text(), self.predict().stdout)

  def test_predictions_do_not_depend_on_the_batch(self):
    outputs = {self.predict("--batch", batch).stdout for batch in (8, 203)}
    values = [numpy.array([line.split(",") for line in text.splitlines()[1:]], float)
              for text in outputs]
    numpy.testing.assert_allclose(values[0], values[-1], atol=1e-6)

  def test_predict_wants_to_know_where(self):
    self.refuse("float", "predict", "--data", self.at / "d.csv", says=["--load"])
    self.refuse("float", "predict", "--load", "w.safetensors", says=["--data"])
    self.refuse("float", "predict", "--load", "w.safetensors", "--data", f"x={self.at}/x.npy", "-o",
                "out.txt", says=["-o", "out.txt", ".npy", ".csv"])
    self.refuse("float", "predict", "--load", "w.safetensors", "--data", f"x={self.at}/x.npy", "-o",
                "nowhere/out.csv", says=["nowhere"])

  def test_full_disk(self):
    if not pathlib.Path("/dev/full").exists():
      self.skipTest("no /dev/full")
    with open("/dev/full", "w", encoding="utf-8") as full:
      done = subprocess.run([self.program["float"], "info"], stdout=full, stderr=subprocess.PIPE,
                            text=True, check=False)
    self.assertEqual(done.returncode, 2)
    self.assertIn("standard output", done.stderr)

  def test_stream_predicts_text(self):
    data = self.at / "text.txt"
    self.train("stream", "--epochs", 20, save="s")
    said = self.run_model("stream", "predict", "--load", "s", "--data", data).stdout.splitlines()
    self.assertEqual(len(said[0].split(",")), 24)
    self.assertEqual(len(said), 1 + data.stat().st_size // 4)
    (self.own / "other.txt").write_text("abcdxyz" * 4)
    done = self.run_model("stream", "predict", "--load", "s", "--data", "other.txt", status=2)
    self.assertIn("other.txt", done.stderr)

  def test_info(self):
    said = self.run_model("float", "info").stdout
    self.assertRegex(said, r"W1 +\[5, 4\] +20\n")
    self.assertIn("parameters: 43 in 4 tensors", said)
    self.assertRegex(said, r"training: +1408 \+ 52 \* batch bytes \(1920 at batch 8\)")
    self.assertRegex(said, r"products by (OpenBLAS \S+, \S+|own loops.*)\n")

  def test_bench(self):
    said = json.loads(self.run_model("float", "bench", "--steps", 100, "--batch", 5,
                                     "--json").stdout)
    self.assertEqual(list(said), ["train_samples_per_s", "predict_samples_per_s", "train_gflops",
                                  "batch", "threads", "train_bytes", "predict_bytes"])
    self.assertEqual((said["batch"], said["threads"]), (5, 1))
    self.assertAlmostEqual(said["train_gflops"], said["train_samples_per_s"] * 210e-9, places=6)
    said = self.run_model("float", "bench", "--steps", 5).stdout
    for unit in ("steps/s", "samples/s", "GFLOP/s", "bytes"):
      self.assertIn(unit, said)


class Checking(Programs):
  def test_right_gradients_pass(self):
    for name in ("float", "double", "stream"):
      for seed in (1, 2, 3):
        said = self.run_model(name, "check", "--seed", seed).stdout
        self.assertRegex(said, r"\ncheck passed: \d+ gradients to 1e-0[26], 0 kinks left out\n$")
    self.assertEqual(said.count("checked"), 3)

  def test_options(self):
    self.train("float")
    self.run_model("float", "check", "--load", "w.safetensors", "--batch", 9)
    self.refuse("float", "check", "--batch", 0, says=["--batch"])

  def test_wrong_gradients_fail(self):
    for fault, place in (("MOCK_SIGN", r"b1\[\d\]"), ("MOCK_MISSING", r"W2\[1, 2\]"),
                         ("MOCK_FACTOR", r"W1\[\d, \d\]"), ("MOCK_SUM", r"b2\[\d\]")):
      for size in (4, 8):
        if fault == "MOCK_SUM" and size == 4:
          continue
        name = f"{fault}{size}"
        self.program[name] = build(self.at, name, FAULTY.format(fault=fault, bytes=size))
        done = self.run_model(name, "check", status=1)
        self.assertRegex(done.stdout, f"worst at {place}: gradient \\S+, central difference \\S+")
        self.assertRegex(done.stderr, r"^\S+: check failed: \d+ of 43 gradients are wrong\n$")


class Refusing(Programs):
  def test_no_command_and_help(self):
    self.refuse("float", says=["train, test, predict", "--help"])
    for arguments in (("--help",), ("train", "--help"), ("check", "-h")):
      self.assertIn("usage:", self.run_model("float", *arguments).stdout)

  def test_commands_and_options(self):
    data = self.at / "d.csv"
    for arguments, says in (
        (("tarin",), ["'tarin'", "train, test"]),
        (("train", "--data", data, "--epochs", "x"), ["--epochs: 'x' is not a whole number >= 0"]),
        (("train", "--epochs", "-1"), ["--epochs", "'-1'"]),
        (("train", "--epochs", "1.5"), ["--epochs", "'1.5'"]),
        (("train", "--epochs", "99999999999"), ["--epochs", "2^31"]),
        (("train", "--batch", "0"), ["--batch", ">= 1"]),
        (("train", "--seed", "99999999999999999999999"), ["--seed"]),
        (("train", "--rate", "fast"), ["--rate", "'fast'", "number >= 0"]),
        (("train", "--rate", "nan"), ["--rate"]),
        (("train", "--rate", "-1"), ["--rate"]),
        (("train", "--holdout", "1.5"), ["--holdout", "share"]),
        (("train", "--schedule", "lineal"), ["--schedule", "lineal", "cosine"]),
        (("train", "--optimizer", "adma"), ["--optimizer", "adma", "sgd, adam"]),
        (("train", "--speed", "3"), ["--speed", "train --help"]),
        (("train", "--epochs"), ["--epochs", "needs a value"]),
        (("train", "-x"), ["-x"]),
        (("train", "extra"), ["'extra'", "--data"]),
        (("train", "--steps", "3"), ["train takes no --steps"]),
        (("info", "--data", data), ["info takes no --data"]),
        (("train", "--save-every", "3"), ["--save-every", "--save"]),
        (("train", "--data", "z=" + str(data)), ["'z'", "x, y"]),
        (("train", "--data", "x="), ["names no file"]),
        (("train",), ["no data", "--data"]),
        (("test", "--data", data), ["--load"]),
        (("grad", "--data", data), ["-o"]),
        (("grad", "-o", "g"), ["--data"])):
      with self.subTest(arguments=arguments):
        self.refuse("float", *arguments, says=says)

  def test_files(self):
    data = self.at / "d.csv"
    self.train("float", "--batch", 8)
    (self.own / "cut").write_bytes((self.own / "w.safetensors").read_bytes()[:-9])
    for arguments, says in (
        (("train", "--data", "no.csv"), ["no.csv"]),
        (("train", "--data", data, "--test", "no.csv"), ["no.csv"]),
        (("train", "--data", data, "--load", "no.st"), ["no.st"]),
        (("train", "--data", data, "--load", "cut"), ["cut"]),
        (("train", "--data", data, "--resume", "cut"), ["cut"]),
        (("train", "--data", data, "--save", "nowhere/w"), ["nowhere"]),
        (("train", "--data", data, "--log", "nowhere/l"), ["nowhere/l"]),
        (("train", "--data", data, "--plot", "nowhere/p.svg"), ["nowhere/p.svg"]),
        (("train", "--data", data, "--holdout", "203"), ["--holdout", "203"]),
        (("test", "--load", "w.safetensors"), ["no data", "--data"]),
        (("test", "--load", data, "--data", data), ["d.csv"]),
        (("check", "--load", "no.st"), ["no.st"])):
      with self.subTest(arguments=arguments):
        self.refuse("float", *arguments, says=says)

  def test_runtime_of_another_version(self):
    self.program["old"] = build(self.at, "old", "nnrt_model model = mock_float_model; model.abi = 0; "
                                "return nnrt_main(&model, argc, argv);")
    self.refuse("old", "info", says=["version 0", "nncc anew"])


if __name__ == "__main__":
  unittest.main()
