"""Attention by equations."""

import math

import torch

from .registry import classes, counts, cross_entropy, mse, params, real, twin


@twin(params(Q=(2, 3), K=(2, 3), V=(2, 3)), x=real(4, 3), y=real(4, 2))
def attention(x, y, Q, K, V):
  q, k, v = x @ Q.T, x @ K.T, x @ V.T
  s = q @ k.T / math.sqrt(2)
  hidden = torch.ones(4, 4).triu(1).bool()
  o = s.masked_fill(hidden, -math.inf).softmax(-1) @ v
  return mse(o, y), {"o": o}


@twin(params(Q=(4, 4), K=(4, 4), V=(4, 4), O=(4, 4)), x=real(3, 4), n=counts(3), y=real(3, 4))
def attention_heads(x, n, y, Q, K, V, O):
  split = lambda rows: rows.reshape(3, 2, 2).transpose(0, 1)
  q, k, v = split(x @ Q), split(x @ K), split(x @ V)
  if n > 0:
    a = (q @ k[:, :n].transpose(1, 2) / math.sqrt(2)).softmax(-1)
    o = a @ v[:, :n]
  else:
    o = 0 * q
  z = o.transpose(0, 1).reshape(3, 4) @ O.T
  return mse(z, y), {"z": z}


@twin(params(W=(40, 24), g=(40,), b=(40,), Q=(40, 40), K=(40, 40), V=(40, 40), U=(40, 40), u=(40,),
             Z=(4, 40), c=(4,)),
      batch=13, whole_batch=True, compare_outputs=False, optional="mean[batch]", x=real(5, 24), y=classes(4))
def split_passes(x, y, W, g, b, Q, K, V, U, u, Z, c):
  w = x @ W.T
  away = w - w.mean(-1, keepdim=True)
  h = g * away / torch.sqrt((away ** 2).mean(-1, keepdim=True) + 0.01) + b
  s = (h @ Q.T) @ (h @ K.T).transpose(1, 2) / math.sqrt(40)
  hidden = torch.ones(5, 5).triu(1).bool()
  o = s.masked_fill(hidden, -math.inf).softmax(-1) @ (h @ V.T) + h
  m = torch.tanh((o - o.mean(0)) @ U.T + u)
  return cross_entropy(m[:, -1] @ Z.T + c, y), {}
