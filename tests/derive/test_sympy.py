#!/usr/bin/env python3
"""Every recorded step of single elements, of every test model: SymPy agrees that both sides are
the same. A wrong rule, planted in a compiler of our own, does not pass."""

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
    """Letters in the order in which they come up, so that equal steps of other models meet."""
    found = {}
    def letter(match):
        return found.setdefault(match.group(), f"x{len(found)}")
    both = re.sub(r"\bn\d+\b", letter, before + "\t" + after)
    return tuple(both.split("\t")), len(found)


def exact(text):
    """Numbers as the fractions that they are near to."""
    def number(match):
        return f"R('{match.group()}')"
    return re.sub(r"(?<![\w.'])-?\d+\.?\d*(?:e[-+]?\d+)?(?![\w.'])", number, text)


def value(text, letters):
    names = dict(FUNCTIONS)
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


def wrong_steps(nncc, models):
    seen, wrong, of_rule = set(), [], {}
    for model in models:
        for rule, before, after in steps_of(nncc, model):
            if re.search(r"\bb\d+\b", before + after):
                continue  # brackets are strong zeros, which SymPy's numbers are not
            step, letters = same_letters(before, after)
            if rule == "call" or step in seen or letters > 6 or len(before) + len(after) > 300:
                continue  # a call is the steps inside of it
            if set(re.findall(r"x\d+", step[1])) - set(re.findall(r"x\d+", step[0])):
                continue  # became something that is no function of the same elements
            of_rule[rule] = of_rule.get(rule, 0) + 1
            if of_rule[rule] > 40:
                continue
            seen.add(step)
            difference = value(step[0], letters) - value(step[1], letters)
            decimals = re.search(r"\d\.\d{12}", step[0] + step[1])
            if not (is_small(difference) if decimals else is_zero(difference)):
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
    wrong, looked_at = wrong_steps(nncc, models)
    print(f"{looked_at} different steps")
    assert looked_at > 100, looked_at
    assert not wrong, "\n".join(wrong[:10])
    with tempfile.TemporaryDirectory() as folder:
        planted = compiler_with('RULE(planted, "sigmoid(a) -> 1 - softplus(a)")',
                                pathlib.Path(folder))
        wrong, _ = wrong_steps(planted, [ROOT / "tests/models/logistic.nn"])
        assert wrong, "a wrong rule was not noticed"
    return 0


if __name__ == "__main__":
    sys.exit(main())
