#!/usr/bin/env python3
"""Hares and lynxes after Lotka and Volterra, x' = x - x y, y' = x y - y, from starts drawn at random:
train.csv and test.csv have in each row a start and the 50 states that follow it, 0.1 apart.

    ./prepare.py
"""
import csv
import random

STEPS, DT, INNER = 50, 0.1, 20


def field(state):
    hares, lynxes = state
    return hares - hares * lynxes, hares * lynxes - lynxes


def moved(state, slope, time):
    return tuple(s + time * k for s, k in zip(state, slope))


def step(state, dt):
    """Runge and Kutta's, of fourth order."""
    k1 = field(state)
    k2 = field(moved(state, k1, dt / 2))
    k3 = field(moved(state, k2, dt / 2))
    k4 = field(moved(state, k3, dt))
    slope = [(a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(k1, k2, k3, k4)]
    return moved(state, slope, dt)


def trajectory(state):
    yield state
    for _ in range(STEPS):
        for _ in range(INNER):
            state = step(state, DT / INNER)
        yield state


def write(path, count, draw):
    with open(path, "w", newline="", encoding="ascii") as file:
        rows = csv.writer(file, lineterminator="\n")
        for _ in range(count):
            start = draw(0.5, 2), draw(0.5, 2)
            rows.writerow(f"{number:.5f}" for state in trajectory(start) for number in state)


def main():
    draw = random.Random(1).uniform
    write("train.csv", 200, draw)
    write("test.csv", 50, draw)


if __name__ == "__main__":
    main()
