"""charnn reaches 0.6 times the entropy of single characters on the tenth of its text held out."""

import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE.parents[2] / "examples" / "charnn")]

from entropy import entropy                                                 # noqa: E402
from support import nn                                                      # noqa: E402
from test_examples import EXAMPLES, build, held_out                         # noqa: E402


def check_loss(folder):
  single = entropy((EXAMPLES / "charnn" / "shakespeare.txt").read_bytes())
  loss, took = held_out(build("charnn", folder), "loss")
  nn.demand(loss <= 0.6 * single, f"loss {loss:.4f}, {loss / single:.3f} times {single:.4f}")
  return f"loss {loss:.4f}, {loss / single:.3f} times the entropy, in {took:.0f} s"


if __name__ == "__main__":
  if "SANITIZED" in os.environ:
    sys.exit(77)  # what it would show, the build without sanitizers shows in a tenth of the time
  tally = nn.Tally()
  with tempfile.TemporaryDirectory() as scratch:
    tally.case("charnn: held-out loss", check_loss, pathlib.Path(scratch))
  tally.close()
