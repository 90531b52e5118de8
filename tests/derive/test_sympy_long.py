#!/usr/bin/env python3
"""SymPy at every step of single elements that differs from the others in more than letters, of all
test models and examples: see test_sympy.py."""

import os
import sys

from test_sympy import ROOT, wrong_steps


def main():
    models = sorted((ROOT / "tests/models").glob("*.nn")) + sorted((ROOT / "examples").glob("*/*.nn"))
    wrong, looked_at = wrong_steps(os.environ["NNCC"], models, most=10**9, letters_at_most=10**9,
                                   longest=10**9)
    print(f"{looked_at} different steps")
    assert looked_at > 1000, looked_at
    assert not wrong, "\n".join(wrong[:10])
    return 0


if __name__ == "__main__":
    sys.exit(main())
