"""Functions by element, at awkward points."""

import torch

from .registry import away, mse, near, params, real, twin

functional = torch.nn.functional

FAR = [-30.0, -8.0, -2.5, -0.3, -1e-3, -1e-7, 1e-8, 1e-4, 0.2, 1.7, 6.0, 35.0]
MIDDLE = [-20.0, -3.0, -0.01, 1e-6, 0.04, 0.9, 4.0, 11.0]


def ones(n):
  return near([1.0] * n, 0.1)


@twin(params(**{f"w{k}": ones(12) for k in range(1, 10)}), x=near(FAR, 0.05), c=real(9, 12))
def elements_smooth(x, c, **p):
  names = [torch.sin, torch.cos, torch.tanh, torch.sigmoid, functional.softplus, functional.silu,
           functional.gelu, torch.erf, functional.elu]
  # PyTorch's softplus is linear above its threshold, which double can tell.
  names[4] = lambda u: torch.logaddexp(u, torch.zeros_like(u))
  values = [function(p[f"w{k + 1}"] * x) for k, function in enumerate(names)]
  loss = sum((c[k] * value).sum() for k, value in enumerate(values))
  return loss, {"r": torch.cat([values[0], values[2], values[4], values[6]])}


@twin(params(a=ones(8), b=ones(8), d=ones(8), e=ones(8), f=ones(8)),
      x=near(MIDDLE, 0.05), c=real(8))
def elements_growth(x, c, a, b, d, e, f):
  q = torch.log(torch.exp(b * x) + 1e-3)
  r = torch.sqrt((d * x) ** 2 + 1e-4)
  s, t = torch.log(1 + e ** 2 * x ** 2), torch.exp(-(f * x) ** 2 / 2)
  return (c * torch.exp(a * x)).sum() + (c * (q + r)).sum() + (s * t).mean(), {"q": q}


@twin(params(**{f"w{k}": ones(8) for k in range(1, 6)}), x=away(0.3, 8), c=real(8))
def elements_kinked(x, c, w1, w2, w3, w4, w5):
  a, b = (w1 * x).abs(), torch.relu(w2 * x)
  d, e = functional.leaky_relu(w3 * x), torch.sign(w4 * x) * w4
  f = torch.floor(w5 * x) + w5 * (x - torch.floor(x))
  return sum((c * value).sum() for value in (a, b, d, e, f)), {"a": a}


@twin(params(**{f"w{k}": ones(6) for k in range(1, 7)}),
      x=near([-1.9, -0.7, -0.1, 0.2, 0.8, 2.1], 0.05), c=real(6))
def powers(x, c, w1, w2, w3, w4, w5, w6):
  u, v = w1 * x, 0.3 + torch.exp(w2 * x)
  a = u ** 2 - u ** 3 + 2 * u - 1
  b = 1 / v + v ** -2 / 10
  d = torch.sqrt(v) + v ** 1.5 - v ** -0.5
  e = 2 ** (w3 * x) + 2 ** -(w4 * x)
  f = -((w5 * x) ** 2) + 0.5 * v ** (2 ** 0.5)
  g = v ** (w6 * x) + v ** w6 + 1.5 ** u
  return (c * (a + b + d + e + f + g)).sum(), {"a": a}


def taken(condition, value, other):
  """where() of torch lets the gradient's infinities of the branch not taken through."""
  return steps_of(value(k) if condition[k] else other(k) for k in range(len(condition)))


def steps_of(values):
  return torch.stack([torch.as_tensor(value, dtype=torch.float64) for value in values])


@twin(params(w=ones(6), v=ones(6)), x=near([-3.0, -0.5, -1e-3, 1e-3, 0.5, 3.0], 0.05), c=real(6))
def where_branches(x, c, w, v):
  u = w * x
  positive = u > 0
  a = taken(positive, lambda k: torch.sqrt(u[k]), lambda k: -u[k])
  b = taken(positive, lambda k: torch.log(u[k]), lambda k: 0.0)
  d = taken(positive, lambda k: 1 / u[k], lambda k: v[k] ** 2)
  e = taken(c > 0, lambda k: v[k] if positive[k] else torch.exp(v[k]), lambda k: 3.0)
  return (c * a).sum() + (c * b).sum() + (c * d).sum() + (e * u).sum(), {"a": a}


@twin(params(w=(5,), v=(5,)), x=near([-1.0, 0.0, 0.5, 0.7, 2.0], 0),
      y=near([-1.0, 1.0, 0.2, 0.7, -2.0], 0))
def comparisons(x, y, w, v):
  a = (x < y) * w + (x <= 0) * v
  b = (x > y) * w ** 2 - (x >= 0.5) * v ** 2
  d = (x == y) + (x != y) * torch.sin(w)
  e = ((x > 0) == (y > 0)) * (w - v)
  return (a * x).sum() + (b * y).sum() + d.sum() + e.sum(), {"d": d}


@twin(params(a=(5,), b=(5,)), x=real(5), y=real(5))
def minimum_maximum(x, y, a, b):
  u, v = a * x, b * y
  p, q = torch.maximum(u, v), torch.minimum(u, v)
  r = (u + v).clamp(-0.5, 0.5)
  s = p.clamp(min=0.1) * q.clamp(max=0.1)
  return (p * x).sum() + (q * y).sum() + (r ** 2).sum() + s.sum(), {"r": r}


@twin(params(c=(6,), a=(6,), W=(6, 3), U=(6, 6), p=(5, 3), r=(3, 5)), x=real(4, 3), q=real(5), v=real(3, 5), y=real(3))
def short_calls(x, q, v, y, c, a, W, U, p, r):
  e, angle = torch.exp(-(x[..., None] - c) ** 2) * a, x[..., None] * a
  s = angle.sin() + angle.cos()
  n = torch.tanh(c + torch.sigmoid(q[:, None] * a))
  f = v * v.tanh()
  g = torch.tanh(f * r) + f
  h = torch.tanh(v.T + p)
  k = torch.arange(5)
  m = torch.where(k < 3, v.tanh(), 2 * r) + k * v
  w = torch.sigmoid(v[:, 1:] * q[:4])
  b = torch.erf(v.flip(1))
  o = [torch.tanh(W @ x[0])]
  for t in range(1, 4):
    o.append(torch.tanh(W @ x[t] + U @ o[-1]))
  z = ((e * s).sum((0, 2)) + torch.einsum("ik,ij->j", n, h) + (g + m * b).sum(1) + w.sum(1) +
       W.T @ (o[3] * o[0]))
  return mse(z, y) + 0.1 * torch.log(torch.softmax(g + 0.1 * q[2], 1) + 0.5).sum(), {"z": z, "n": n}
