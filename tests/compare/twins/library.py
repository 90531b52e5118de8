"""The layers of the library beside PyTorch's own modules."""

import torch
from torch.nn import functional

from .registry import classes, dense, mse, params, real, twin


def cell(name, gates, m, n):
  """Parameters of `name = lstm(x, m)` and the like for x[T, n]."""
  return {f"{name}.Wx": (gates * m, n), f"{name}.Wh": (gates * m, m),
          f"{name}.bx": (gates * m,), f"{name}.bh": (gates * m,)}


def run_cell(kind, m, x, weights):
  """torch.lstm or torch.gru with these weights, over one sequence from a zero start."""
  zero = x.new_zeros(1, 1, m)
  start = (zero, zero) if kind is torch.lstm else zero
  return kind(x[:, None], start, weights, True, 1, 0.0, False, False, False)[0][:, 0]


@twin({**cell("a", 4, 4, 3), **cell("b", 3, 3, 4), **dense("z", 2, 3)}, x=real(4, 3), y=real(4, 2))
def library_recurrent(x, y, z_W, z_b, **p):
  weights = lambda name: [p[f"{name}_{part}"] for part in ("Wx", "Wh", "bx", "bh")]
  a = run_cell(torch.lstm, 4, x, weights("a"))
  b = run_cell(torch.gru, 3, a, weights("b"))
  z = functional.linear(b, z_W, z_b)
  return mse(z, y), {"z": z}


@twin({"a.W": (6, 2, 3, 3), "a.b": (6,), "b.W": (2, 6, 2, 2), "b.b": (2,), "c.W": (6, 2, 3),
       "c.b": (6,), **dense("z.1", 2, 24), **dense("z.2", 2, 30)},
      x=real(4, 7, 6), s=real(4, 9), y=real(2))
def library_windows(x, s, y, a_W, a_b, b_W, b_b, c_W, c_b, z_1_W, z_1_b, z_2_W, z_2_b):
  a = functional.conv2d(x[None], a_W, a_b, stride=2, padding=1, groups=2).tanh()
  b = functional.conv2d(a, b_W, b_b, dilation=2, padding=1)
  c = functional.conv1d(s[None], c_W, c_b, stride=2, padding=2, dilation=2, groups=2)
  p = functional.max_pool2d(x[None], 2)
  q = functional.avg_pool2d(a, 2, stride=1)
  z = z_1_W @ b.flatten() + z_1_b + z_2_W @ c.flatten() + z_2_b
  return mse(z, y) + 0.1 * (p ** 2).sum() + (q ** 3).sum(), {"z": z}


@twin({"a.W": (6, 2, 4, 4), "a.b": (6,), "b.W": (9, 6, 2, 2), "b.b": (9,), "d.W": (7, 11, 3),
       "d.b": (7,), **dense("z.1", 3, 108), **dense("z.2", 3, 120), **dense("z.3", 3, 77)},
      x=real(2, 11, 13), y=real(3))
def convolutions(x, y, a_W, a_b, b_W, b_b, d_W, d_b, z_1_W, z_1_b, z_2_W, z_2_b, z_3_W, z_3_b):
  a = functional.conv2d(x[None], a_W, a_b).tanh()
  b = functional.max_pool2d(functional.conv2d(a, b_W, b_b).relu(), 2)
  c, d = functional.max_pool2d(a, 2), functional.conv1d(x[None, 0], d_W, d_b)
  z = z_1_W @ b.flatten() + z_1_b + z_2_W @ c.flatten() + z_2_b + z_3_W @ d.flatten() + z_3_b
  return mse(z, y), {"z": z}


@twin({"a.W": (6, 2, 3, 3), "a.b": (6,), "b.W": (5, 6, 3, 3), "b.b": (5,), "c.W": (4, 2, 4, 4),
       "c.b": (4,), "d.W": (4, 2, 2, 2), "d.b": (4,), "e.W": (7, 9, 3), "e.b": (7,),
       **dense("z.1", 3, 225), **dense("z.2", 3, 84), **dense("z.3", 3, 72),
       **dense("z.4", 3, 70)}, x=real(2, 9, 17), y=real(3))
def strided(x, y, a_W, a_b, b_W, b_b, c_W, c_b, d_W, d_b, e_W, e_b, **z):
  a = functional.conv2d(x[None], a_W, a_b, padding=1).tanh()
  parts = [functional.conv2d(a, b_W, b_b, stride=2, padding=1).tanh(),
           functional.conv2d(x[None], c_W, c_b, stride=2),
           functional.conv2d(x[None], d_W, d_b, stride=3),
           functional.conv1d(x[None, 0], e_W, e_b, stride=2, padding=2)]
  total = sum(z[f"z_{k}_W"] @ part.flatten() + z[f"z_{k}_b"] for k, part in enumerate(parts, 1))
  return mse(total, y), {"z": total}


@twin({"e.E": (5, 4), "l.g": (4,), "l.b": (4,), "r.g": (4,), "f.E": (5, 4), "n.g": (4,),
       "n.b": (4,)}, c=classes(5, 3), x=real(3, 4), y=real(4))
def library_norms(c, x, y, e_E, l_g, l_b, r_g, f_E, n_g, n_b):
  l = functional.layer_norm(functional.embedding(c.long(), e_E) + x, (4,), l_g, l_b)
  v = l * x
  r = r_g * v / torch.sqrt((v ** 2).mean(-1, keepdim=True) + 1e-3)
  z = functional.layer_norm(r[-1], (4,), n_g, n_b) + f_E[c[0].long()]
  return mse(z, y) + (r ** 3).mean(), {"z": z}


@twin({"a.g": (3,), "a.b": (3,), "b.g": (2,), "b.b": (2,)}, whole_batch=True,
      compare_outputs=False, x=real(3), image=real(2, 3, 4), y=real(3))
def library_batchnorm(x, image, y, a_g, a_b, b_g, b_b):
  a = functional.batch_norm(x, None, None, a_g, a_b, training=True)
  b = functional.batch_norm(image, None, None, b_g, b_b, training=True, eps=1e-3)
  i, j, k = (torch.arange(n, dtype=torch.float64) for n in (2, 3, 4))
  w = (i + 1)[:, None, None] * (j + 1)[:, None] * k
  return mse(a, y) + (b * w).sin().mean(), {}


def attend(name, heads):
  return {f"{name}.Wx": (18, 6), f"{name}.bx": (18,), f"{name}.Wo": (6, 6), f"{name}.bo": (6,)}


def attention(x, heads, causal, p, name):
  Wx, bx, Wo, bo = (p[f"{name}_{part}"] for part in ("Wx", "bx", "Wo", "bo"))
  steps = x.shape[0]
  mask = torch.ones(steps, steps, dtype=torch.bool).triu(1) if causal else None
  return functional.multi_head_attention_forward(
      x[:, None], x[:, None], x[:, None], 6, heads, Wx, bx, None, None, False, 0.0, Wo, bo,
      need_weights=False, attn_mask=mask)[0][:, 0]


@twin({**attend("a", 2), **attend("b", 3), **attend("h.h", 2), "h.a.g": (6,), "h.a.b": (6,),
       "h.c.g": (6,), "h.c.b": (6,), **dense("h.u", 24, 6), "h.W": (6, 24), "h.b": (6,)},
      x=real(4, 6), y=real(4, 6))
def library_attention(x, y, **p):
  b = attention(attention(x, 2, False, p, "a"), 3, True, p, "b")
  a = functional.layer_norm(b, (6,), p["h_a_g"], p["h_a_b"])
  h = b + attention(a, 2, True, p, "h_h")
  c = functional.layer_norm(h, (6,), p["h_c_g"], p["h_c_b"])
  u = functional.gelu(functional.linear(c, p["h_u_W"], p["h_u_b"]))
  z = h + functional.linear(u, p["h_W"], p["h_b"])
  return mse(z, y), {"h": z}


@twin({**dense("u.a", 3, 3), **cell("h", 3, 3, 3), **dense("z", 2, 6)}, x=real(4, 3), y=classes(2))
def sharing(x, y, u_a_W, u_a_b, z_W, z_b, **p):
  a = functional.linear(x, u_a_W, u_a_b).tanh()
  u = a + functional.linear(a, u_a_W, u_a_b)
  weights = [p[f"h_{part}"] for part in ("Wx", "Wh", "bx", "bh")]
  ends = [run_cell(torch.gru, 3, rows, weights)[-1] for rows in (u, u.flip(0))]
  z = functional.linear(torch.cat(ends), z_W, z_b)
  return functional.cross_entropy(z, y), {"p": z.softmax(-1)}


@twin({"w": (4,), "u.b": (3,)}, x=real(4), y=real(3))
def constant_file(x, y, w, u_b):
  M = torch.arange(12, dtype=torch.float64).reshape(3, 4) / 8 - 0.5
  z = M @ (w * x)
  u = z + M.sum(1) * z * u_b
  return mse(u, y) + (M[1] * w).sum() ** 2, {"u": u}


@twin({"W": (4, 3), "V": (2, 4)}, optional="grad()", x=real(3), y=real(2))
def jacobian(x, y, W, V):
  x = x.clone().requires_grad_()
  f = V @ torch.tanh(W @ x)
  slope = lambda e: torch.autograd.grad(e, x, create_graph=True)[0]
  J = torch.stack([slope(f[0]), slope(f[1])])
  k = slope(slope((f ** 2).sum())[0])
  return mse(f, y) + (slope(k[1]) ** 2).sum() + (J ** 3).sum(), {"J": J, "k": k}


@twin({**{name: spec for k in "123" for name, spec in
          [(f"h.{k}.1.g", (3,)), (f"h.{k}.1.b", (3,)), *cell(f"h.{k}.2", 4, 3, 3).items()]},
       **dense("z", 2, 3)}, x=real(4, 3), y=real(2))
def repeat_recurrent(x, y, z_W, z_b, **p):
  for k in "123":
    a = functional.layer_norm(x, (3,), p[f"h_{k}_1_g"], p[f"h_{k}_1_b"])
    weights = [p[f"h_{k}_2_{part}"] for part in ("Wx", "Wh", "bx", "bh")]
    x = x + run_cell(torch.lstm, 3, a, weights)
  z = z_W @ x[3] + z_b
  return mse(z, y), {"z": z}


@twin({**params(U=(16, 5), X=(16, 3), W=(16, 16), G=(32, 5), P=(2, 16, 5)),
       **cell("l", 4, 4, 5), **dense("f", 16, 4)},
      c=classes(5, 12), d=classes(5), x=real(12, 3), y=real(16))
def look_ups(c, d, x, y, U, X, W, G, P, f_W, f_b, **p):
  h = torch.zeros_like(U[:, 0])
  for t in range(12):
    h = torch.tanh(U[:, c[t]] + X @ x[t] + W @ h)
  u = G[:, c].T
  a = torch.tanh(u[:, :16]) * u[:, 16:]
  q = torch.tanh(P[:, :, c]).mean(2) * P[:, :, d]
  e = functional.one_hot(c, 5).to(W.dtype)
  last = run_cell(torch.lstm, 4, e, [p[f"l_{part}"] for part in ("Wx", "Wh", "bx", "bh")])[-1]
  z = h + a.mean(0) + q[0] - q[1] + f_W @ last + f_b
  return mse(z, y), {"z": z}
