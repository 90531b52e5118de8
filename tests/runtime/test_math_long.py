"""test_math.py over all of the 2^32 floats."""

import sys

import test_math

sys.argv.append("--all")
test_math.main()
