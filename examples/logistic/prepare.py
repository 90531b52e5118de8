#!/usr/bin/env python3
"""breast_cancer.csv as scikit-learn ships it into wdbc.csv: a header line with the names of the
columns, every measurement shifted and scaled to mean 0 and standard deviation 1, the label last.

    ./prepare.py /usr/lib/python3/dist-packages/sklearn/datasets/data/breast_cancer.csv wdbc.csv
"""
import csv
import math
import sys

MEASUREMENTS = ["radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity",
                "concave points", "symmetry", "fractal dimension"]
COLUMNS = (["mean " + name for name in MEASUREMENTS] + [name + " error" for name in MEASUREMENTS] +
           ["worst " + name for name in MEASUREMENTS])


def read(path):
    """The rows of numbers; the first line holds their count, not names."""
    with open(path, newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    rows = [[float(cell) for cell in line] for line in lines[1:]]
    assert len(rows) == int(lines[0][0]) and all(len(row) == len(COLUMNS) + 1 for row in rows)
    return rows


def standardised(column):
    mean = math.fsum(column) / len(column)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in column) / len(column))
    return [(value - mean) / deviation for value in column]


def main(source, destination):
    rows = read(source)
    *measurements, labels = zip(*rows)
    columns = [[f"{value:.5f}" for value in standardised(column)] for column in measurements]
    columns.append([str(int(label)) for label in labels])
    with open(destination, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS + ["benign"])
        writer.writerows(zip(*columns))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
