#!/usr/bin/env python3
"""Points (x, t) of a rod and a second, drawn evenly: points.csv has in each row one inside, one at time 0
and one at an end.

    ./points.py
"""
import csv
import random


def main():
    draw = random.Random(1).random
    with open("points.csv", "w", newline="", encoding="ascii") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["q.x", "q.t", "a.x", "a.t", "b.x", "b.t"])
        for end in [0, 1] * 1000:
            point = [draw(), draw(), draw(), 0, end, draw()]
            rows.writerow([round(number, 5) for number in point])


if __name__ == "__main__":
    main()
