"""Reductions, guards, lengths."""

import torch

from .registry import bits, counts, normal, params, real, steps, twin


@twin(params(A=normal(3, 4), B=normal(3, 4), C=normal(3, 4)), x=real(3, 4))
def reductions(x, A, B, C):
  a, b, d = A * x, B * x, C * x + A
  s, m = (a * b).sum(1), (a ** 2).mean(0)
  u, l, g, h = b.amax(1), b.amin(0), d.logsumexp(0), d.logsumexp(-1)
  k = (d.amax(1) * torch.arange(3)).sum()
  loss = (s.sum() * m.mean() + u.max() - l.min() + a.max() * a.min() + g.sum() * h.mean() + k
          + (a * b).flatten().logsumexp(0) + h.max())
  return loss, {"s": s}


@twin(params(A=normal(5, 5), v=normal(5)), x=real(5))
def guards(x, A, v):
  u = v * x
  indices = range(5)
  c = steps(sum(u[j] for j in indices if j <= i) for i in indices)
  d = sum(A[i, j] * u[j] for i in indices for j in indices if j < i)
  e = sum(u[i] * A[i, j] * u[j] for i in indices for j in indices if i < j)
  f = steps(u[i:].amax() for i in indices)
  g = sum((A[i, :i + 1] + x[:i + 1]).logsumexp(0) for i in indices)
  h = sum(torch.stack([u[j] ** 2 for j in indices if abs(j - i) == 1]).mean() for i in indices)
  k = sum(u[i + 1:].mean() * u[i] for i in range(4))
  m = sum(torch.stack([u[j] + A[j, i] for j in indices if j != i]).amin() for i in indices)
  return c.mean() + d + e + (f * x).sum() + g + h + k + m, {"c": c}


@twin(params(W=(3, 3), a=normal(3)), x=real(5, 3), n=counts(5), k=counts(4, 2), y=real(3))
def lengths(x, n, k, y, W, a):
  h = torch.tanh(x @ W.T)
  m = h[:n].mean(0) if n > 0 else torch.zeros(3).double()
  s = h[n:].sum(0) / 5
  q = h[:n + 1].amax(0)
  loss = ((m + s - y) ** 2).sum() + (a * q).sum() * n / 5 + (k[0] - k[1] * a.sum()) ** 2 / 10
  return loss, {"m": m}


@twin(params(w=normal(6, mean=1.0, deviation=0.2), v=normal(6)), batch=6, x=real(6), mask=bits(6))
def data_guards(x, mask, w, v):
  u = w * x
  inside = mask > 0.5
  a = (u[inside] ** 2).sum()
  b = (u + v)[inside].logsumexp(0) if inside.any() else 0
  p = torch.zeros(6).double()
  p[inside] = (u * v)[inside].softmax(0)
  return a + b + (p * torch.arange(6)).sum(), {"p": p}


@twin(params(A=normal(3, 4), B=normal(3, 4)), x=real(3, 4), c=real(3, 4))
def softmax_axes(x, c, A, B):
  p, q = (A * x).softmax(-1), (B * x).softmax(0)
  r = (A + B).softmax(-1)
  s = ((A + x).softmax(-1) * c).sum(1)
  loss = ((c * p).sum() + (c * q ** 2).sum() + (c * r).sum() + s.sum()
          - (q * torch.log(q)).sum())
  return loss, {"p": p}
