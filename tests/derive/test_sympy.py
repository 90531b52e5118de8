#!/usr/bin/env python3
"""Recorded steps of single elements, of every test model: SymPy agrees that both sides are the same.
Steps that differ in letters alone are looked at once, and so many of each rule (the same ones come of
a build with sanitizers, where a few will do); all of them by test_sympy_long.py. A wrong rule, planted
in a compiler of our own, does not pass."""

import itertools
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import sympy as sp
except ImportError:
    print("SymPy is missing (Debian: python3-sympy)")
    sys.exit(77)

ROOT = pathlib.Path(os.environ["SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["BUILD_DIR"])

FUNCTIONS = {
    "exp": sp.exp, "log": sp.log, "abs": sp.Abs, "sin": sp.sin, "cos": sp.cos, "tanh": sp.tanh,
    "erf": sp.erf, "floor": sp.floor, "sign": sp.sign,
    "expm1": lambda a: sp.exp(a) - 1, "log1p": lambda a: sp.log(1 + a),
    "sigmoid": lambda a: 1 / (1 + sp.exp(-a)), "softplus": lambda a: sp.log(1 + sp.exp(a)),
    "relu": lambda a: sp.Max(a, 0), "min": sp.Min, "max": sp.Max, "pow": sp.Pow,
    "stop": lambda a: a,
}


def steps_of(nncc, model):
    run = subprocess.run([nncc, model, "--dump=steps"], capture_output=True, text=True, check=True)
    return [line.split("\t") for line in run.stdout.splitlines()]


def same_letters(before, after):
    """Letters in the order in which they come up, so that equal steps of other models meet: x for
    numbers, y for brackets, which are 0 or 1."""
    found = {"n": {}, "b": {}}
    def letter(match):
        kind = found[match.group(1)]
        return kind.setdefault(match.group(), f"{'x' if match.group(1) == 'n' else 'y'}{len(kind)}")
    both = re.sub(r"\b([nb])\d+\b", letter, before + "\t" + after)
    return tuple(both.split("\t")), len(found["n"]), len(found["b"])


def exact(text):
    """Numbers as the fractions that they are near to."""
    def number(match):
        return f"R('{match.group()}')"
    return re.sub(r"(?<![\w.'])-?\d+\.?\d*(?:e[-+]?\d+)?(?![\w.'])", number, text)


def value(text, letters, brackets=()):
    names = dict(FUNCTIONS)
    names.update({f"y{k}": sp.Integer(holds) for k, holds in enumerate(brackets)})
    names["R"] = lambda given: sp.nsimplify(given, rational=True).limit_denominator(10**12)
    names.update({f"x{k}": sp.Symbol(f"x{k}", positive=True) for k in range(letters)})
    return eval(exact(text), {"__builtins__": {}}, names)


def is_zero(difference):
    if difference == 0:
        return True
    if sp.expand(difference) == 0:
        return True
    short = sp.expand(sp.expand_log(sp.expand(difference.rewrite(sp.exp)), force=True))
    if short == 0 or sp.simplify(short) == 0:
        return True
    return difference.equals(0) is True


def is_small(difference):
    """Where roots of numbers stand as decimals: 0 to their last digits, at three places."""
    for turn in range(3):
        at = {x: sp.Rational(2 * k + 3 + turn, 7 + k) for k, x in
              enumerate(sorted(difference.free_symbols, key=str))}
        if abs(sp.N(difference.subs(at), 30)) > 1e-12:
            return False
    return True


LETTERS, LONGEST = 6, 300  # of what is shown to be 0 by rewriting; of more, at three places


def agrees(step, letters, brackets):
    """Whatever the brackets are; a bracket's inverse is 0 where it is."""
    step = [re.sub(r"(y\d+)\*\*\(-\d+\)", r"\1", side) for side in step]
    decimals = (re.search(r"\d\.\d{12}", step[0] + step[1]) or letters > LETTERS or
                len(step[0]) + len(step[1]) > LONGEST)
    for holds in itertools.product((0, 1), repeat=brackets):
        before = sp.sympify(value(step[0], letters, holds))
        if before.has(sp.zoo, sp.nan):
            continue  # divided by a product with a bracket that does not hold: no value to keep
        difference = before - value(step[1], letters, holds)
        if not (is_small(difference) if decimals else is_zero(difference)):
            return False
    return True


def wrong_steps(nncc, models, most=40, letters_at_most=LETTERS, longest=LONGEST):
    seen, wrong, of_rule = set(), [], {}
    for model in models:
        for rule, before, after in steps_of(nncc, model):
            step, letters, brackets = same_letters(before, after)
            if rule == "call" or step in seen:
                continue  # a call is the steps inside of it
            if letters + brackets > letters_at_most or len(before) + len(after) > longest:
                continue
            old, new = (set(re.findall(r"[xy]\d+", side)) for side in step)
            if new - old:
                continue  # became something that is no function of the same elements
            of_rule[rule] = of_rule.get(rule, 0) + 1
            if of_rule[rule] > most:
                continue
            seen.add(step)
            if not agrees(step, letters, brackets):
                wrong.append(f"{model.name}: {rule}: {step[0]} is not {step[1]}")
    return wrong, len(seen)


def compiler_with(rule, folder):
    """nncc again, with a line more in simplify.def."""
    rules = (ROOT / "compiler/transform/simplify.def").read_text()
    text = (ROOT / "compiler/transform/simplify.c").read_text()
    (folder / "simplify.c").write_text(text)
    (folder / "simplify.def").write_text(rule + "\n" + rules)
    objects = sorted((BUILD / "CMakeFiles/nncc.dir").rglob("*.o"))
    include = [f"-I{folder}"] + [f"-I{ROOT}/compiler/{name}" for name in
                                 ("transform", "base", "syntax", "graph", "library")]
    nncc = folder / "nncc"
    subprocess.run([os.environ["CC"], "-O1", *include, str(folder / "simplify.c"),
                    *map(str, objects), str(BUILD / "libcompiler.a"), "-lm", "-o", str(nncc)],
                   check=True)
    return nncc


def main():
    nncc = os.environ["NNCC"]
    models = sorted((ROOT / "tests/models").glob("*.nn"))
    most = 4 if "SANITIZED" in os.environ else 40
    wrong, looked_at = wrong_steps(nncc, models, most)
    print(f"{looked_at} different steps")
    assert looked_at > most * 2.5, looked_at
    assert not wrong, "\n".join(wrong[:10])
    with tempfile.TemporaryDirectory() as folder:
        planted = compiler_with('RULE(planted, "sigmoid(a) -> 1 - softplus(a)")',
                                pathlib.Path(folder))
        wrong, _ = wrong_steps(planted, [ROOT / "tests/models/logistic.nn"])
        assert wrong, "a wrong rule was not noticed"
    return 0


if __name__ == "__main__":
    sys.exit(main())
