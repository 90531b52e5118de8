#!/usr/bin/env python3
"""Draws overview.svg: a model's text, the gradient derived from it, the C that comes out (loops as in
examples/logistic's, without the sample's index).

    ./overview.py > overview.svg
"""
from html import escape

PANELS = [
    ("model.nn", "what you write", "#3b6ea5", [
        "input  x[30]",
        "target y[1]",
        "param W1[16, 30], b1[16]",
        "param W2[1, 16],  b2[1]",
        "",
        "h = tanh(W1 @ x + b1)",
        "a = sigmoid(W2 @ h + b2)",
        "",
        "loss -sum(y * log(a) +",
        "       (1 - y) * log(1 - a))",
    ]),
    ("gradient", "what nncc derives from it", "#8a5a9e", [
        "z = W2 @ h + b2",
        "loss = softplus(z) - y z",
        "",
        "d_z  = (a - y) / m",
        "d_W2 = Σ d_z hᵀ",
        "d_b2 = Σ d_z",
        "d_u  = (W2ᵀ d_z) (1 - h²)",
        "d_W1 = Σ d_u xᵀ",
        "d_b1 = Σ d_u",
        "         Σ over the m samples",
    ]),
    ("model.c", "the C that comes out, shortened", "#4a8a5c", [
        "for (i = 0; i < H; i++) {",
        "  h[i] = tanhf(h_sum[i] + b1[i]);",
        "  a_sum += h[i] * W2[i];",
        "}",
        "d = (sigmoid(b2 + a_sum) - y) / n;",
        "for (i = 0; i < H; i++) {",
        "  d_W2[i] += h[i] * d;",
        "  d_u[i] = W2[i] * d",
        "           * (1 - h[i] * h[i]);",
        "  d_b1[i] += d_u[i];",
    ]),
]
WIDTH, HEIGHT, GAP, TOP, LINE = 304, 262, 40, 58, 19


def panel(left, title, caption, colour, lines):
    yield (f'<rect x="{left}" y="1" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff" '
           f'stroke="{colour}" stroke-width="1.5"/>')
    yield f'<text x="{left + 16}" y="26" class="title" fill="{colour}">{title}</text>'
    yield f'<text x="{left + WIDTH - 16}" y="26" class="caption">{caption}</text>'
    yield f'<path d="M{left} 38h{WIDTH}" stroke="{colour}" stroke-width="0.75"/>'
    for number, line in enumerate(lines):
        yield (f'<text x="{left + 16}" y="{TOP + 4 + number * LINE}" class="code" '
               f'xml:space="preserve">{escape(line)}</text>')


def arrow(left):
    middle = 1 + HEIGHT // 2
    return (f'<path d="M{left + 6} {middle}h{GAP - 16}m-7 -6l7 6l-7 6" fill="none" stroke="#777777" '
            'stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>')


def drawing():
    total = len(PANELS) * WIDTH + (len(PANELS) - 1) * GAP + 2
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {HEIGHT + 2}" '
           f'width="{total}" height="{HEIGHT + 2}" role="img" '
           'aria-label="A model\'s equations, the gradient derived from them, and the C program">')
    yield ('<style>.title{font:600 15px sans-serif}.caption{font:12px sans-serif;fill:#777777;'
           'text-anchor:end}.code{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#222222}</style>')
    for number, content in enumerate(PANELS):
        left = 1 + number * (WIDTH + GAP)
        yield from panel(left, *content)
        if number + 1 < len(PANELS):
            yield arrow(left + WIDTH)
    yield '</svg>'


if __name__ == "__main__":
    print("\n".join(drawing()))
