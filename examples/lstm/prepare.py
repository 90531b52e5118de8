#!/usr/bin/env python3
"""sunspots.csv into runs of 30 years and the 30 that are one year on: train.csv has the runs that end
before 1920, test.csv the later ones.

    ./prepare.py
"""
import csv

YEARS, SPLIT = 30, 1920


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    return [(int(float(line["YEAR"])), float(line["SUNACTIVITY"]) / 100) for line in lines]


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    print(f"{path}: {len(rows)} runs")


def main():
    series = read("sunspots.csv")
    parts = {"train.csv": [], "test.csv": []}
    for start in range(len(series) - YEARS):
        run = series[start:start + YEARS + 1]
        spots = [f"{value:.3f}" for _, value in run]
        part = "train.csv" if run[-1][0] <= SPLIT else "test.csv"
        parts[part].append(spots[:-1] + spots[1:])
    for path, rows in parts.items():
        write(path, rows)


if __name__ == "__main__":
    main()
