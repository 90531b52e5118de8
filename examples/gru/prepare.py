#!/usr/bin/env python3
"""The UCI data set Japanese Vowels, files ae.train and ae.test, into train.csv and test.csv: a row a
vowel, with 29 frames of 12 numbers (zeros after the last), how many frames there are, and the speaker.

    ./prepare.py ae.train ae.test
"""
import csv
import itertools
import sys

FRAMES, WIDTH = 29, 12
SPEAKERS = {"train": [30] * 9, "test": [31, 35, 88, 44, 29, 24, 40, 50, 29]}


def is_frame(line):
    """Blocks end at an empty line or at one of twelve ones."""
    return bool(line) and any(float(word) != 1 for word in line)


def blocks(path):
    with open(path, encoding="ascii") as file:
        lines = [line.split() for line in file]
    return [list(group) for frame, group in itertools.groupby(lines, is_frame) if frame]


def row(frames, speaker):
    empty = [["0"] * WIDTH] * (FRAMES - len(frames))
    return [*itertools.chain(*frames, *empty), len(frames), speaker]


def write(name, vowels):
    speakers = [s for s, count in enumerate(SPEAKERS[name]) for _ in range(count)]
    if len(vowels) != len(speakers):
        sys.exit(f"ae.{name}: {len(vowels)} vowels, not {len(speakers)}")
    with open(f"{name}.csv", "w", newline="", encoding="ascii") as file:
        csv.writer(file, lineterminator="\n").writerows(map(row, vowels, speakers))
    print(f"{name}.csv: {len(vowels)} vowels of {min(map(len, vowels))} to {max(map(len, vowels))} frames")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write("train", blocks(sys.argv[1]))
    write("test", blocks(sys.argv[2]))
