"""nncc's own time: for the examples, along T, for chains of 500 and 1,000 layers and copies."""

import pathlib
import re
import resource
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

CHARNN = nn.MODELS / "charnn.nn"


def processor_time(*arguments):
  """Of one run, in seconds: a processor that others use too does not count, as a clock's would."""
  before = resource.getrusage(resource.RUSAGE_CHILDREN)
  nn.must([nn.NNCC, *arguments])
  after = resource.getrusage(resource.RUSAGE_CHILDREN)
  return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def seconds(*cases, runs=9):
  """The least of several runs of each list of arguments: what others do with the caches and the
  memory only adds. They take turns, so that a machine whose speed changes serves all alike."""
  rounds = [[processor_time(*arguments) for arguments in cases] for _ in range(runs)]
  return [min(times) for times in zip(*rounds)]


def check_time_of_example(model, start, folder):
  """10 ms; a GPT of several blocks, a net within a net and their like may take 100. What a system
  takes to start a program, 1 to 3 ms where the tests run, is not nncc's."""
  small = model.parent.name in ("logistic", "digits", "charnn")
  took, limit = seconds((model, "-o", folder / "m.c"))[0] - start, 0.010 if small else 0.100
  nn.demand(took < limit, f"{took * 1000:.1f} ms, not under {limit * 1000:.0f}")
  return f"{took * 1000:.1f} ms"


def check_time_along_steps(folder):
  short, long = seconds(*((CHARNN, "-D", f"T={steps}", "-o", folder / "m.c")
                          for steps in (8, 8192)), runs=21)
  nn.demand(abs(long - short) <= 0.2 * short + 0.0005,
            f"{short * 1000:.1f} ms for T = 8, {long * 1000:.1f} ms for T = 8192")
  return f"{short * 1000:.1f} and {long * 1000:.1f} ms"


def chain_text(layers):
  """Products of few numbers, and large ones with what follows them, in turn."""
  lines = ["input x[8]", "target y : class(8)", "h0 = x"]
  lines += [f"h{k} = dense(h{k - 1}, {520 if k % 2 else 8}) |> tanh" for k in range(1, layers + 1)]
  lines += ["output p = softmax(h%d)" % layers, "loss cross_entropy(p, y)"]
  return "\n".join(lines) + "\n"


def repeat_text(layers):
  return ("input x[8]\ntarget y : class(8)\nh = x\n"
          f"repeat {layers} {{ h = dense(h, 8) |> tanh }}\n"
          "output p = softmax(h)\nloss cross_entropy(p, y)\n")


def pass_text(lines):
  """Elementwise lines with means between them: one loop over samples, which threads share."""
  chain = [f"h{k} = tanh(h{k - 1} * {1 + k / 1000}) + mean(h{k - 1})" for k in range(1, lines + 1)]
  return "\n".join(["input x[64]", "target y : class(8)", "h0 = x |> dense(512)", *chain,
                    f"z = h{lines} |> dense(8)", "output z", "loss softmax_cross_entropy(z, y)",
                    "train { batch 4096 }"]) + "\n"


def chain_of(folder, text_of, layers):
  model = folder / f"chain{layers}.nn"
  model.write_text(text_of(layers))
  return model


def check_time_of_chain(folder, text_of):
  short, long = seconds(*((chain_of(folder, text_of, layers), "-o", folder / "m.c")
                          for layers in (500, 1000)))
  note = f"{short:.3f} s for 500, {long:.3f} s for 1,000"
  nn.demand(long < 1, note)
  nn.demand(long <= 2.5 * short + 0.005, note)
  return note


def instructions(model, folder):
  """What one run takes, as a simulator counts them: the same each time, whatever else runs."""
  counts = folder / "counts"
  nn.must(["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={counts}",
           nn.NNCC, model, "-o", folder / "m.c"])
  return int(re.search(r"^summary: (\d+)", counts.read_text(), re.M)[1])


def check_instructions_of_chain(folder, text_of):
  short, long = (instructions(chain_of(folder, text_of, layers), folder) for layers in (250, 1000))
  note = f"{short / 1e6:,.0f} million for 250, {long / 1e6:,.0f} million for 1,000"
  nn.demand(long <= 4.05 * short, note)
  return note


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-times-") as name:
    folder, (start,) = pathlib.Path(name), seconds(("--version",))
    for model in sorted((nn.ROOT / "examples").glob("*/*.nn")):
      tally.case(f"examples/{model.parent.name}", check_time_of_example, model, start, folder)
    tally.case("does not depend on T", check_time_along_steps, folder)
    tally.case("chains", check_time_of_chain, folder, chain_text)
    tally.case("repeats", check_time_of_chain, folder, repeat_text)
    tally.case("passes", check_time_of_chain, folder, pass_text)
    if shutil.which("valgrind"):
      tally.case("instructions of chains", check_instructions_of_chain, folder, chain_text)
      tally.case("instructions of passes", check_instructions_of_chain, folder, pass_text)
  tally.close()


if __name__ == "__main__":
  main()
