"""Class values: as indices, as one-hot vectors, compared, found by argmax."""

import torch
from torch import tanh

from .registry import classes, cross_entropy, dense, mse, normal, params, real, twin


@twin(params(E=normal(4, 3), W=normal(4, 3), B=normal(4, 4)),
      c=classes(4, 5), b=classes(3), x=real(4, 3), y=classes(4))
def gathers(c, b, x, y, E, W, B):
  e = E[c] * torch.arange(1, 6)[:, None]
  m = (e + W[c] * x[c]).mean(0)
  g = B[c[:-1], c[1:]].sum()
  z = tanh(W @ m) + x[c[0], b] * E[c[1], b]
  return cross_entropy(z, y) + g * z[y] + m[b], {"z": z}


@twin({**params(W=(2, 4), v=normal(4), s=normal(4), M=normal(3, 4)), **dense("b", 2, 4)},
      batch=7, c=classes(4), d=classes(4, 3), y=real(2))
def class_values(c, d, y, W, v, s, M, b_W, b_b):
  a = W[:, c]
  b = b_W[:, d[1]] + b_b
  e = v[c] + (c == 2) * v[0] + (c != 0) * v[1]
  f = sum((d[i] == c) * s[d[i]] + (d[i] == 3) for i in range(3))
  g = sum(M[i, d[i]] for i in range(3)) + s[c]
  z = a + b * e + g
  return mse(z, y) + f + (d[0] != d[2]) * (s ** 2).sum(), {"z": z}


@twin(params(E=normal(5, 3, deviation=0.5), W=(3, 3)), c=classes(5, 4), n=classes(5, 4))
def embedding_tied(c, n, E, W):
  z = (tanh(E[c] @ W.T) + E[c]) @ E.T
  return cross_entropy(z, n), {"p": z.softmax(-1)}


@twin(params(W=normal(5, 5)), c=classes(5), n=classes(5))
def bigram(c, n, W):
  return cross_entropy(W[c], n), {"p": W[c].softmax(-1)}


@twin(params(W=normal(5, 4), E=normal(5, 3)), batch=6, x=real(4), v=real(5, 3), y=classes(5))
def argmax_values(x, v, y, W, E):
  z = W @ x
  c, g = z.argmax(), v[:, 0].argmax()
  f = z[c] + E[c].sum()
  h = E[g, 1] + (c == 2) * E[2, 2]
  return (E[c] * v[c]).sum() + f + h, {"c": c}


@twin(params(W=(4, 3), E=normal(4, 4)), x=real(2, 3), c=classes(4), y=real(4))
def several_outputs(x, c, y, W, E):
  z = x @ W.T
  m = z[0].amax()
  outputs = {"z": z, "best": z.argmax(-1), "m": m, "row": 2 * x[1], "total": z[0] + E[c]}
  return mse(z[0] + E[c], y) + (z[1] ** 2).mean() * m, outputs


@twin(params(W=(4, 4)), c=classes(4, 6), n=classes(4, 6))
def layer_under_index(c, n, W):
  z = W.T[c]
  return cross_entropy(z, n) + cross_entropy(z / 2, n), {"p": z.softmax(-1)}
