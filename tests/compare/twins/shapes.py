"""Products of matrices, broadcasting, indices, windows, reshapes."""

import math

import torch
from torch import tanh

from .registry import classes, cross_entropy, dense, mse, normal, params, real, steps, twin

functional = torch.nn.functional


def ones(*shape):
  return normal(*shape, mean=1.0, deviation=0.1)


@twin(params(A=(2, 3), B=(3, 4), C=(4, 5), u=(4,), w=(2,)),
      x=real(3), X=real(2, 3), Y=real(2, 3, 4), v=real(4))
def matrix_products(x, X, Y, v, A, B, C, u, w):
  a, b, c, d, e = A @ x, x @ B, X @ B @ C, Y @ C, Y @ u
  f, g, h, k = b @ u, (A @ B).T @ w, X.T @ A, (X @ B).T @ w
  loss = ((a ** 2).sum() + (b ** 2).sum() + (c ** 2).sum() / 3 + (d ** 2).mean()
          + (e * X).mean() + f + g @ v + (h ** 3).sum() + (k * u).sum())
  return loss, {"c": c}


@twin(params(A=(3, 4), b=(1,), c=(4,), d=(3, 1), e=(1, 4), g=()),
      x=real(3, 1), y=real(4), z=real(2, 3, 4), s=real())
def broadcasting(x, y, z, s, A, b, c, d, e, g):
  u, v, w = x + y * c, z * A + c, d * e + s
  q = u * b + w / 2 - g
  loss = (u * A).sum() + (v ** 2).mean() + (q ** 2).sum() / 12 + (z * w).sum() * g
  return loss, {"q": q}


@twin(params(A=normal(3, 3), w=normal(7), B=normal(7, 3)), x=real(7, 3))
def indices(x, A, w, B):
  u = x * B
  e, f = (w[1:] - w[:-1]) ** 2, w.flip(0) * x[:, 0]
  h = A.T - A
  l = u[[1, 4]] * x[[0, 2]]
  loss = (u[1].sum() + (u[:, 2] ** 2).sum() + w[::2].sum() * w[1::2].sum() + e.sum() + f.sum()
          + (A.diagonal() ** 2).sum() + (h ** 2).sum() + w[6] * u[3, 2] + (l * u[5]).sum())
  return loss, {"h": h}


@twin(params(w=ones(4)), x=real(4, 6), y=real(6))
def index_values(x, y, w):
  position = torch.as_tensor([[(math.sin if k < 3 else math.cos)((t + 1) / 10 ** (k / 6))
                               for k in range(6)] for t in range(4)], dtype=torch.float64)
  z = (w * (torch.arange(4) - 1) / 4) @ (x + position)
  return mse(z, y), {"z": z}


def conv1d(x, W, bias=None, **options):
  return functional.conv1d(x[None], W, bias, **options)[0]


@twin(params(W=(3, 2, 3), b=(3,), V=(3, 2), U=(3, 3)), x=real(2, 9), y=real(3))
def window_1d(x, y, W, b, V, U):
  a = conv1d(x, W, b)
  c = conv1d(x, V[:, None, :].expand(3, 2, 2), stride=2)
  each = W[:, 0, :].sum(0).expand(3, 1, 3)
  d = conv1d(a, each, dilation=2, groups=3) * V[:, 1, None]
  e = conv1d(functional.pad(x, (1, 2)), W)
  f = tanh(a).mean(1) + c.amax(1) + d.sum(1) + (e ** 2).mean(1)
  z = U @ f
  return mse(z, y), {"z": z}


@twin({"a.W": (3, 2, 2, 2), "a.b": (3,), "b.W": (2, 3, 3, 3), "b.b": (2,), **dense("z", 3, 8)},
      x=real(2, 7, 6), y=classes(3))
def window_2d(x, y, a_W, a_b, b_W, b_b, z_W, z_b):
  a = tanh(functional.conv2d(x[None], a_W, a_b))
  b = functional.conv2d(functional.pad(a, (1, 0)), b_W, b_b)
  z = z_W @ functional.max_pool2d(b, 2).flatten() + z_b
  return cross_entropy(z, y), {"p": z.softmax(-1)}


@twin(params(W=(24, 12, 3, 3), b=(24,), V=(16, 24, 2, 2), Z=(3, 16), c=(3,)), x=real(12, 4, 18),
      y=real(3))
def wide_windows(x, y, W, b, V, Z, c):
  h = tanh(functional.conv2d(x[None], W, b))
  k = functional.conv2d(h, V, stride=2)[0, :, 0]
  z = Z @ tanh(k).mean(-1) + c
  return mse(z, y), {"z": z}


@twin({**params(D=(6, 6, 3), E=(6, 6, 6, 3)), "a.W": (4, 2, 3, 3), "a.b": (4,), "b.W": (6, 2, 3, 3),
       "b.b": (6,), "c.W": (6, 1, 3, 3), "c.b": (6,), **dense("z", 3, 6)}, x=real(2, 6, 7), y=real(3))
def same_windows(x, y, D, E, a_W, a_b, b_W, b_b, c_W, c_b, z_W, z_b):
  a = tanh(functional.conv2d(x[None], a_W, a_b, padding=1))
  b = tanh(functional.conv2d(a, b_W, b_b, padding=2, dilation=2, groups=2))
  c = b + functional.conv2d(b, c_W, c_b, padding=1, groups=6)
  d = functional.conv2d(functional.pad(c, (2, 0)), D[:, :, None])
  e = functional.conv2d(d, E)
  z = z_W @ tanh(e)[0, :, 0].mean(-1) + z_b
  return mse(z, y), {"z": z}


@twin(params(g=ones(2, 6, 4), W=(2, 3)), x=real(2, 6, 4), y=real(2))
def pooling(x, y, g, W):
  u = g * x
  a = functional.max_pool2d(u[None], 2)[0]
  b = functional.avg_pool2d(u[None], (3, 1), 1)[0]
  d = steps(u[:, 2 * i:2 * i + 2].flatten(1).logsumexp(1) for i in range(3)).T
  e = torch.minimum(u[:, :-1, 3], u[:, 1:, 2])
  z = W @ d.T @ (W @ d[0])
  return (a ** 2).sum() + (b ** 2).mean() + e.sum() + ((z - y) ** 2).sum(), {"a": a}


@twin(params(A=(3, 4), b=(6,), C=(2, 6)), x=real(3, 4), y=real(2, 4), v=real(5), r=real(5))
def shapes(x, y, v, r, A, b, C):
  a, c = (A * x).reshape(4, 3), torch.cat([x * A, y])
  d = c.reshape(2, 2, 5)
  e = d[1].flatten() * torch.cat([v, v])
  f = torch.cat([b, v[2] * b])
  g = functional.pad(A * x, (2, 1, 1, 0))
  h = functional.pad(b, (1, 1)).reshape(2, 4) * y
  k = f.reshape(2, 6) * C
  z = c @ torch.cat([a[0], (x[0, 0] * (b[0] + b[1])).reshape(1)])
  loss = (mse(z, r) + e.sum() ** 2 + k.sum() + (g ** 3).sum()
          + (g * g * torch.arange(4)[:, None]).sum() + h.sum() * f[7])
  return loss, {"z": z}


@twin({**params(g=ones(2, 3, 2)), **dense("u", 4, 12), **dense("z", 3, 8)},
      x=real(2, 3, 2), s=real(4), y=real(3))
def flatten_dense(x, s, y, g, u_W, u_b, z_W, z_b):
  u = tanh(u_W @ (g * x).flatten() + u_b)
  z = z_W @ torch.cat([u, s * u]) + z_b
  return mse(z, y), {"z": z}


@twin(params(A=(4, 4), w=ones(4), B=(3, 4)), x=real(4), y=real(4, 3))
def many_reads(x, y, A, w, B):
  u = w * x
  o = torch.outer(u, u)
  d = ((y[:, None] - y[None]) ** 2).sum(-1) * A
  e = torch.einsum("ik,kj,k->ij", A, A, u)
  t = torch.einsum("ki,ik,ij,ji->", B, y, o, A)
  return (o ** 2).sum() + u @ A @ x + d.sum() + (e * o).sum() + t, {"o": o}


@twin({**params(U=(7, 5), V=(4, 5), P=(2, 5), Q=(3, 5), S=(12, 5), R=(16, 5), K=(12, 5), G=(9, 5), H=(9, 3),
                A=(8, 5)),
       **dense("a1", 4, 11), **dense("b1", 4, 5), **dense("c1", 4, 8), **dense("d1", 4, 6), **dense("e1", 4, 6),
       **dense("f1", 4, 4), **dense("g1", 4, 8), **dense("q1", 4, 4), **dense("h1", 4, 4), **dense("l1", 4, 3)},
      x=real(6, 5), y=real(4))
def pieces(x, y, U, V, P, Q, S, R, K, G, H, A, **p):
  layer = lambda name, value: value @ p[f"{name}_W"].T + p[f"{name}_b"]
  a = torch.cat([torch.tanh(x @ U.T), torch.sigmoid(x @ V.T)], 1)
  b = torch.cat([x @ P.T, torch.tanh(x @ Q.T)], 1)
  s, k, r, w = x @ S.T, x @ K.T, x @ R.T, torch.tanh(x @ A.T)
  d = torch.tanh(s[:, :6]) * torch.sin(s[:, 6:])
  c = torch.cat([(torch.tanh(x) @ Q.T).sum(0), (x[:, :1] * d[:, 3:]).sum(0),
                 (x.sum(1)[:, None] * torch.tanh(x @ P.T)).sum(0)])
  e = torch.tanh(k[:, ::2]) * torch.sigmoid(k[:, 1::2])
  f = torch.sin(r[:, :8:2]) * torch.tanh(r[:, 1:8:2])
  g = torch.sigmoid(0.5 * r[:, 8:])
  q = (a[:, :4].view(6, 2, 2) * b[:, None, :2]).reshape(6, 4)
  m, o = w[:, :4].view(6, 2, 2), w[:, 4:].view(6, 2, 2)
  drive = torch.einsum("tij,uij,uik->tik", m, o, o)
  h, states, gated, cell = torch.zeros_like(drive[0]), [], [], torch.zeros_like(H[0])
  for t in range(6):
    h = torch.tanh(drive[t] + 0.5 * h)
    states.append(h.reshape(4))
    v = G @ x[t] + H @ cell
    cell = torch.sigmoid(v[:3]) * torch.tanh(v[3:6]) + torch.sin(v[6:]) * cell
    gated.append(cell)
  z = (layer("a1", a) + layer("b1", b) * layer("d1", d) + layer("e1", e) + layer("f1", f) * layer("g1", g) +
       layer("q1", q) + layer("h1", torch.stack(states)) + layer("l1", torch.stack(gated))).mean(0)
  z = z + layer("c1", c)
  return mse(z, y), {"z": z}


@twin(params(U=(2, 2), V=(2, 2), W=(2, 4)), x=real(3, 2), y=real(2))
def pieces_within(x, y, U, V, W):
  c = torch.cat([(torch.tanh(x) @ U.T).sum(0), (x[:, :1] * torch.tanh(x @ V.T)).sum(0)])
  z = W @ c
  return mse(z, y), {"z": z}


@twin({**params(W=(12, 8)), **dense("z", 3, 6)}, x=real(5, 8), y=real(3))
def digit_sums(x, y, W, z_W, z_b):
  k = (x @ W.T).view(5, 2, 2, 3)
  q, r = k[:, :, 0], k[:, :, 1]
  a = torch.einsum("tij,uij,uik->tik", q, r, q)
  z = (a.reshape(5, 6) @ z_W.T + z_b).mean(0)
  return mse(z, y), {"z": z}


@twin({**params(w=(1,)), **dense("z", 4, 10)}, c=classes(5, 6), d=classes(5, 6), x=real(6), y=real(4))
def pieces_at_labels(c, d, x, y, w, z_W, z_b):
  one_hot = lambda label: functional.one_hot(label, 5).to(x.dtype)
  h = torch.cat([one_hot(c).T @ torch.tanh(w * x), one_hot(d).T @ x])
  z = z_W @ h + z_b
  return mse(z, y), {"z": z}


@twin(params(A=(9, 3), B=(3, 3), Z=(2, 4)), x=real(2, 3), y=real(2))
def pieces_read_apart(x, y, A, B, Z):
  v = torch.cat([torch.tanh(x @ A.T), x @ B.T], 1)
  u = torch.sin(v[:, :4]) * torch.tanh(v[:, 4:8])
  q = torch.cat([A, torch.sin(B)])
  z = (u @ Z.T).mean(0) + torch.sigmoid(v[:, 8:11]).mean() + (q[:3, :2].T * q[9:11]).sum(1)
  return mse(z, y), {"z": z}
