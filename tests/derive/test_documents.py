#!/usr/bin/env python3
"""Documents of derivations: the classics' final formulas as a hand wrote them (classics.txt), the
shipped files as script/derivations makes them, the places of the emitted C, pdflatex; and every
test model has its document in all formats."""

import html
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ["SOURCE_DIR"])
NNCC = os.environ["NNCC"]
DOCS = ROOT / "docs/derivations"
ENDINGS = {"text": "txt", "latex": "tex", "html": "html"}
failures = []


def expect(holds, said):
    if not holds:
        failures.append(said)


def document(model, how, *more):
    run = subprocess.run([NNCC, model.name, f"--derive={how}", *more], cwd=model.parent,
                         capture_output=True, text=True)
    warned = model.parent != DOCS and ": warning: " in run.stderr and "error:" not in run.stderr
    expect(run.returncode == 0 and (warned or not run.stderr), f"{model.name} {how}: {run.stderr[:300]}")
    return run.stdout


def plain_latex(text):
    for spacing in ("{}", r"\,", r"\ ", " ", "\n"):
        text = text.replace(spacing, "")
    return text


def plain_html(text):
    return re.sub(r"\s", "", html.unescape(re.sub(r"<[^>]*>", "", text)))


def check_classics():
    made = {}
    for line in (ROOT / "tests/derive/classics.txt").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        name, text, latex, mathml = (part.strip() for part in line.split(" | "))
        for how in ENDINGS:
            if (name, how) not in made:
                made[name, how] = document(DOCS / f"{name}.nn", how)
        lines = [re.sub(r"^[│ ]*(\(\d+\))? *| *\[.*\]$" if "[" not in text else
                        r"^[│ ]*(\(\d+\))? *", "", one)
                 for one in made[name, "text"].splitlines()]
        expect(text in [one.strip() for one in lines], f"{name}: no line {text}")
        left, right = (plain_latex(side) for side in f" {latex}".split(" = ", 1))
        tex = re.sub(r"\\chainline\{\(\d+\)\}", r"\\chainline", plain_latex(made[name, "latex"]))
        wanted = r"\chainline{=}{%s}" % right
        if left:
            wanted = r"\chainleftside{%s}%%%s" % (left, wanted)
        expect(wanted in tex, f"{name}: no LaTeX {wanted}")
        expect(mathml in plain_html(made[name, "html"]), f"{name}: no MathML {mathml}")
    return made


def check_shipped(made):
    for (name, how), text in made.items():
        shipped = (DOCS / f"{name}.{ENDINGS[how]}").read_text()
        expect(shipped == text, f"docs/derivations/{name}.{ENDINGS[how]} is old: script/derivations")


def check_places(folder):
    """The line of the emitted C that a formula names computes it."""
    for model in DOCS.glob("*.nn"):
        code = folder / f"{model.stem}.c"
        subprocess.run([NNCC, model.name, "-o", code], cwd=model.parent, check=True)
        lines = code.read_text().splitlines()
        places = re.findall(r"(\w+), \w+\.c:(\d+)", document(model, "text"))
        expect(len(places) >= 4, f"{model.name}: {len(places)} places")
        for function, number in places:
            expect(re.search(r" [+-]?= |_product\w*\(", lines[int(number) - 1]),
                   f"{model.name}: line {number} computes nothing")
            above = [one for one in lines[:int(number)] if re.match(r"\w.*\(", one)]
            expect(f"{function}(" in above[-1], f"{model.name}: line {number}: not {function}")


def joined(lines):
    """Comments of several lines as one line each."""
    return re.sub(r"\n *\*? {5,}", " ", "\n".join(lines))


def check_symbols(folder):
    """Comments of the emitted C have the document's formulas, and stand above the line it names."""
    wanted = {"logistic_linear": {"Z": "∂L/∂Z = (1/m) (A − Y)", "W2": "∂L/∂W₂ = (1/m) (A − Y)ᵀ H",
                                  "W1": "∂L/∂W₁ = (1/m) ((A − Y) W₂)ᵀ X"},
              "logistic_tanh": {"W1": "∂L/∂W₁ = (1/m) ((A − Y) W₂ ∘ (1 − H²))ᵀ X"},
              "softmax": {"Z": "∂L/∂Z = (1/m) (Ŷ − Y)"},
              "recurrent": {"U": "∂L/∂U = Σₜ Δₜᵀ Xₜ", "d": "δₜ = dL/dhₜ ∘ (1 − hₜ²)"}}
    for name, formulas in wanted.items():
        code = joined((folder / f"{name}.c").read_text().splitlines())
        for formula in formulas.values():
            expect(formula in code, f"{name}.c: no comment {formula}")
    lines = (folder / "logistic_linear.c").read_text().splitlines()
    text = document(DOCS / "logistic_linear.nn", "text")
    for formula, number in re.findall(r"(∂L/∂[A-Z]\S*) = [^│]*│[^│]*│.*compute_gradient, .*:(\d+)", text):
        above = next(k for k in range(int(number) - 1, 0, -1) if " */" in lines[k])
        first = next(k for k in range(above, 0, -1) if "/*" in lines[k])
        expect(any(f"{formula} = " in one for one in lines[first:above + 1]),
               f"logistic_linear.c:{number}: {formula} is not told above")


def check_functions(folder):
    """The line of C that the document names is in the function that it names, those included
    that a product or a team of threads calls."""
    for name, called in (("product_passes", {"gradient_of_part", "nnrt_finish_1", "nnrt_finish_4"}),
                         ("split_passes", {"compute_gradient", "nnrt_split_1", "nnrt_split_11"})):
        model, emitted = ROOT / f"tests/models/{name}.nn", folder / f"{name}.c"
        subprocess.run([NNCC, model, "-o", emitted], check=True)
        lines = emitted.read_text().splitlines()
        found = re.findall(rf"(\w+), {name}.c:(\d+)", document(model, "text"))
        functions = {function for function, _ in found}
        expect(called <= functions, f"{name}: only {functions}")
        for function, number in found:
            heads = [re.match(r"static \w+ (\w+)\(", one) for one in lines[:int(number)]]
            inside = [head[1] for head in heads if head][-1]
            expect(inside == function, f"{name}.c:{number} is in {inside}, not in {function}")


def check_pdf(folder):
    """Of files that ship, whatever the build is: once will do."""
    if "SANITIZED" in os.environ:
        return
    if not shutil.which("pdflatex"):
        return print("pdflatex is missing (Debian: texlive-latex-recommended)")
    for source in DOCS.glob("*.tex"):
        run = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-output-directory", folder,
                              source], capture_output=True, text=True, errors="replace")
        expect(run.returncode == 0, f"{source.name}: pdflatex: {run.stdout[-600:]}")
        expect("Overfull" not in run.stdout, f"{source.name}: an overfull line")


LINEAR = """model linear
input x[30]
target y[1]
param W1[16, 30], W2[1, 16]
h = W1 @ x
a = sigmoid(W2 @ h)
output a
loss -sum(y * log(a) + (1 - y) * log(1 - a))
"""


def check_costs(folder):
    """Nobody else reads the derivative by h here: 30 m for (A - Y)^T X, then 16 x 30 by W2."""
    model = folder / "linear.nn"
    model.write_text(LINEAR)
    rows = {line.split()[0]: re.split(r"  +", line.strip())
            for line in document(model, "text").splitlines() if line.startswith("∂L/∂")}
    wanted = ["∂L/∂W₁", "(1/m) W₂ᵀ ((A − Y)ᵀ X)", "30 m + 480", "960 m", "1920"]
    expect(rows.get("∂L/∂W₁") == wanted, f"cost of W₁: {rows.get('∂L/∂W₁')}")
    expect(rows.get("∂L/∂W₂") == ["∂L/∂W₂", "(1/m) (A − Y)ᵀ H", "16 m", "64"], "cost of W₂")


def deep_model(layers, other):
    lines = ["model deep", "input x[16]", "target y : class(10)"]
    for k in range(1, layers + 1):
        function = "sigmoid" if k == other else "tanh"
        lines.append(f"h{k} = {function}(dense({f'h{k - 1}' if k > 1 else 'x'}, 16))")
    return "\n".join(lines + [f"z = dense(h{layers}, 10)", "loss cross_entropy(softmax(z), y)", ""])


def check_deep(folder):
    """Layers of the same structure are told once; one that differs in the middle is told."""
    model = folder / "deep.nn"
    model.write_text(deep_model(100, 50))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = [line.strip("│ ") for line in document(model, "text").splitlines()]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    expect(spent < 5, f"100 layers took {spent:.1f} s")  # 0.3 s, but sanitizers are slow
    expect(len(lines) < 500, f"100 layers take {len(lines)} lines")
    for line in ("H₁ = tanh(Zₕ₁)", "H₅₀ = σ(Zₕ₅₀)", "Z = H₁₀₀ W_{z}ᵀ + 𝟏 b_{z}ᵀ"):
        expect(line in lines, f"deep model: no line {line}")
    told = "\n".join(lines)
    expect("∂L/∂Zₕ₅₀ = ∂L/∂H₅₀ ∘ (H₅₀ ∘ (1 − H₅₀))" in told, "deep model: layer 50 has no derivative")
    expect("∂L/∂H₇₀ =" not in told, "deep model: layer 70 is told again")


def check_models():
    """In every format; under sanitizers, where a document takes long, in one of them each."""
    for number, model in enumerate(sorted((ROOT / "tests/models").glob("*.nn"))):
        formats = list(ENDINGS)
        for how in formats[number % 3:number % 3 + 1] if "SANITIZED" in os.environ else formats:
            expect(document(model, how), f"{model.name}: an empty {how}")
    chinese = document(DOCS / "softmax.nn", "text", "--lang", "zh")
    expect("反向传播" in chinese and "backward" not in chinese, "no Chinese")


def main():
    made = check_classics()
    check_shipped(made)
    with tempfile.TemporaryDirectory() as folder:
        check_places(pathlib.Path(folder))
        check_functions(pathlib.Path(folder))
        check_symbols(pathlib.Path(folder))
        check_costs(pathlib.Path(folder))
        check_deep(pathlib.Path(folder))
        check_pdf(folder)
    check_models()
    print("\n".join(failures[:20]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
