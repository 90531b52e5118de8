"""Every block of docs/language.md that is marked nn compiles."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(os.environ["SOURCE_DIR"]) / "docs" / "language.md"


def blocks():
  text = PAGE.read_text(encoding="utf-8")
  for found in re.finditer(r"^```nn\n(.*?)^```$", text, re.S | re.M):
    yield text.count("\n", 0, found.start()) + 2, found.group(1)


def main():
  failed = count = 0
  for line, block in blocks():
    count += 1
    with tempfile.TemporaryDirectory() as folder:
      model = pathlib.Path(folder) / "block.nn"
      model.write_text(block, encoding="utf-8")
      done = subprocess.run([os.environ["NNCC"], model, "--check"], capture_output=True, text=True,
                            timeout=60, check=False)
    if done.returncode != 0:
      failed += 1
      print(f"FAIL {PAGE.name}:{line}: status {done.returncode}\n{done.stderr}")
  print(f"{count - failed} passed, {failed} failed")
  return 1 if failed or count < 10 else 0


sys.exit(main())
