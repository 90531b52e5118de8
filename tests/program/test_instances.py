"""Several models and several instances in one process, through the C API alone."""

import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

DRIVERS = pathlib.Path(__file__).resolve().parent / "drivers"


def build_driver(folder, driver, models):
  sources = [DRIVERS / f"{driver}.c"]
  for name in models:
    sources.append(nn.emit(nn.MODELS / f"{name}.nn", folder / f"{name}.c", "--lib", "--header",
                           folder / f"{name}.h"))
  return nn.compile_c(sources, folder / driver, "-D_ISOC11_SOURCE", "-D_POSIX_C_SOURCE=200809L",
                      f"-I{folder}")


def check_driver(folder, driver, models):
  program = build_driver(folder, driver, models)
  return nn.must([program]).stdout.strip()


def check_header_alone(folder, compiler, flags):
  """The header needs nothing before it, in C and in C++."""
  nn.emit(nn.MODELS / "logistic.nn", folder / "logistic.c", "--header", folder / "logistic.h")
  source = folder / ("alone.cc" if "++" in compiler else "alone.c")
  source.write_text('#include "logistic.h"\nint main(void) { return logistic_bytes(1, 0) == 0; }\n')
  nn.must([compiler, *flags, "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{nn.INCLUDE}",
           f"-I{folder}", "-c", source, "-o", folder / "alone.o"])


def check_documented(folder):
  """The program of docs/c-api.md, as it stands there."""
  text = (nn.ROOT / "docs" / "c-api.md").read_text()
  source = folder / "documented.c"
  source.write_text(text.split("```c\n")[1].split("```")[0])
  model = nn.emit(nn.ROOT / "examples" / "digits" / "digits.nn", folder / "digits.c", "--lib",
                  "--header", folder / "digits.h")
  program = nn.compile_c([source, model], folder / "documented", "-D_ISOC11_SOURCE",
                         f"-I{folder}")
  said = nn.must([program]).stdout
  before, after = (float(word) for word in re.findall(r"\d+\.\d+", said))
  nn.demand(before > 1 and after < 0.1 * before, f"it says: {said}")


def main():
  tally = nn.Tally()
  with tempfile.TemporaryDirectory(prefix="nncc-instances-") as name:
    folder = pathlib.Path(name)
    tally.case("two instances", check_driver, folder, "two_instances", ["softmax_class"])
    tally.case("two models", check_driver, folder, "two_models", ["softmax_class", "logistic"])
    tally.case("the documented program", check_documented, folder)
    tally.case("header in C", check_header_alone, folder, "gcc", ["-std=c99"])
    tally.case("header in C++", check_header_alone, folder, "g++", ["-std=c++11"])
  tally.close()


if __name__ == "__main__":
  main()
