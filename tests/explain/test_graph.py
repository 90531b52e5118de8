"""--graph: Graphviz can read the graph of every test model, clusters and shapes are there, svg is
drawn, and where Graphviz is missing one line says so."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import nn                                                      # noqa: E402

DIGITS = nn.MODELS.parent / "golden" / "digits.nn"


def check_read(path):
  done = nn.run([nn.NNCC, path, "--graph"], timeout=60)
  nn.demand(done.returncode == 0, f"status {done.returncode}: {done.stderr[-200:]}")
  read = subprocess.run(["nop", "-p"], input=done.stdout, text=True, capture_output=True,
                        timeout=60)
  nn.demand(read.returncode == 0 and not read.stderr, f"Graphviz: {read.stderr[-200:]}")


def check_content():
  dot = nn.run([nn.NNCC, DIGITS, "--graph=dot"], timeout=60).stdout
  for cluster in ("forward", "forward.h", "backward", "backward.h", "backward.z"):
    nn.demand(f'subgraph "cluster_{cluster}"' in dot, f"no cluster {cluster}")
  shapes = set(re.findall(r'-> n\d+ \[label="([^"]*)"', dot))
  nn.demand({"m×64", "32×64", "m×32", "m×10"} <= shapes, f"shapes: {sorted(shapes)}")
  nn.demand('"d_h.W = ' in dot and '"h.W"' in dot, "names are missing")


def check_svg():
  svg = nn.run([nn.NNCC, DIGITS, "--graph=svg"], timeout=60).stdout
  nn.demand("<svg" in svg and "d_h.W" in svg and "cluster_backward.z" in svg, "no svg")


def check_without_graphviz():
  done = subprocess.run([nn.NNCC, DIGITS, "--graph=svg"], text=True, capture_output=True,
                        env={**os.environ, "PATH": "/nowhere"}, timeout=60)
  nn.demand(done.returncode == 1 and done.stdout == "", "status or output")
  nn.demand("graphviz" in done.stderr and done.stderr.count("\n") == 1, done.stderr)


def main():
  tally = nn.Tally()
  for path in sorted(nn.MODELS.glob("*.nn")):
    tally.case(path.stem, check_read, path)
  tally.case("clusters and shapes", check_content)
  tally.case("svg", check_svg)
  tally.case("without Graphviz", check_without_graphviz)
  tally.close()


if __name__ == "__main__":
  main()
