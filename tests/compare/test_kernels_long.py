"""compare/torch in double with products as they ship: by kernels, not by plain loops."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from compare import test_torch                                              # noqa: E402

if __name__ == "__main__":
  sys.argv[1:1] = ["--real", "double", "--kernels"]
  test_torch.main()
