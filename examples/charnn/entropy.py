#!/usr/bin/env python3
"""The entropy of a text's single characters, in nats: what a model without any memory pays for each.

    ./entropy.py shakespeare.txt
"""
import collections
import math
import sys


def entropy(data):
    counts = collections.Counter(data).values()
    return -sum(count / len(data) * math.log(count / len(data)) for count in counts)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        print(f"{entropy(file.read()):.4f}")
