"""docs/torch.md: its blocks compile and agree with PyTorch, and it knows all that torch.nn has.

  test_torch_page.py [GROUP ...]
"""

import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from compare import grouped                                                 # noqa: E402
from library import page, states                                            # noqa: E402
from support import nn                                                      # noqa: E402
from torch import nn as torch_nn                                            # noqa: E402

PAGE = (nn.ROOT / "docs" / "torch.md").read_text(encoding="utf-8")


def blocks():
  return "\n".join(re.findall(r"^```nn\n(.*?)^```$", PAGE, re.S | re.M))


def page_names_everything():
  said = set(re.findall(r"\w+", PAGE))
  missing = [name for name in dir(torch_nn) if name[0].isupper() and name not in said]
  nn.demand(not missing, f"docs/torch.md lacks {' '.join(missing)}")


def every_layer_is_compared(groups):
  missing = set(re.findall(r"^layer (\w+)", blocks(), re.M)) - set(groups)
  nn.demand(not missing, f"not compared: {' '.join(sorted(missing))}")
  return f"{len(groups)} layers and losses"


def main():
  tally, groups = nn.Tally(), page.CASES.groups()
  with tempfile.TemporaryDirectory(prefix="nncc-page-") as root:
    for name in groups:
      folder = pathlib.Path(root) / name
      folder.mkdir()
      (folder / "page.nn").write_text(blocks(), encoding="utf-8")
    # The page is about formulas: kernels are compare/library's and compare/torch's.
    grouped.run_groups(tally, groups, sys.argv[1:], pathlib.Path(root), ["double", "float"],
                       flags={"double": nn.QUICKLY, "float": nn.PLAINLY})
  with tempfile.TemporaryDirectory(prefix="nncc-page-") as root:
    (pathlib.Path(root) / "page.nn").write_text(blocks(), encoding="utf-8")
    for test in states.dropout_channels, states.alpha_dropout:
      tally.case(f"{test.__name__} at a rate", test, pathlib.Path(root))
  tally.case("all of torch.nn is on the page", page_names_everything)
  tally.case("every layer is compared", every_layer_is_compared, groups)
  tally.close()


if __name__ == "__main__":
  main()
