"""Layers of the user's own, sharing, normalisation."""

import torch
from torch import sigmoid, tanh

from .registry import dense, mse, normal, params, real, twin


@twin(params(W=(3, 5), b=(3,), c=(5,)), x=real(5))
def autoencoder_tied(x, W, b, c):
  h = sigmoid(W @ x + b)
  r = W.T @ h + c
  return mse(r, x) + 0.1 * (h - 0.05).abs().sum(), {"r": r}


@twin({**params(W=(4, 4)), **dense("h", 3, 4), **dense("z", 2, 3)},
      x=real(4), y=real(4), r=real(2))
def shared_weights(x, y, r, W, h_W, h_b, z_W, z_b):
  two = lambda value: z_W @ tanh(h_W @ value + h_b) + z_b
  z = two(tanh(W @ tanh(W @ x)))
  u = z_W @ (h_W @ (W @ W @ y / 4) + h_b) + z_b
  return ((z - r) ** 2).sum() + ((u + r) ** 2).sum() + (W * W.T).sum() / 8, {"d": z - u}


@twin({"a.u.W": (8, 3), "a.v.g": (), "a.w.W": (4, 8), "a.g": (), "b.u.W": (3, 4), "b.v.g": (),
       "b.w.W": (2, 3), "b.g": (), "c.M": (2, 3), "d.1.g": (), "d.2.W": (2, 2)},
      x=real(3), y=real(2))
def user_layers(x, y, a_u_W, a_v_g, a_w_W, a_g, b_u_W, b_v_g, b_w_W, b_g, c_M, d_1_g, d_2_W):
  def block(value, U, v, W, g, gain):
    w = W @ (gain * v * tanh(U @ value))
    return w + g * w
  a = block(x, a_u_W, a_v_g, a_w_W, a_g, 1)
  b = block(a, b_u_W, b_v_g, b_w_W, b_g, 0.5)
  c = 2 * (c_M @ x) + 1 + 2 * b + 1
  d = d_2_W @ (d_1_g * c)
  return mse(d, y), {"d": d}


@twin({**params(**{"u.A": (3, 4), "u.B": (3, 4)}), **dense("z", 1, 3)},
      x=real(3, 4), y=real(2, 4), r=real(3))
def layers_under_index(x, y, r, u_A, u_B, z_W, z_b):
  u = tanh((x @ u_A.T)[:, None] + (y @ u_B.T)[None])
  z = u.mean(1) @ z_W.T + z_b
  return ((z[:, 0] - r) ** 2).sum(), {"z": z}


@twin({name: spec for path in ("h.x.1", "h.x.2", "g.x.1", "g.x.2", "g.x.3")
       for name, spec in dense(path, 3, 3).items()}, x=real(3), y=real(3))
def repeat_in_layer(x, y, **p):
  for path in ("h_x_1", "h_x_2", "g_x_1", "g_x_2", "g_x_3"):
    x = x + tanh(p[path + "_W"] @ x + p[path + "_b"])
  return mse(x, y), {"g": x}


@twin({**dense("h.a", 3, 4), "h.g.G": (3, 4), **dense("z.a", 2, 3), "z.g.G": (2, 3)},
      x=real(4), y=real(2))
def imported(x, y, h_a_W, h_a_b, h_g_G, z_a_W, z_a_b, z_g_G):
  gated = lambda value, W, b, G: (W @ value + b) * sigmoid(1.5 * (G @ value))
  z = gated(gated(x, h_a_W, h_a_b, h_g_G), z_a_W, z_a_b, z_g_G)
  return mse(z, y), {"z": z}


@twin(params(W=(5, 5), g=normal(5, mean=1.0, deviation=0.2), b=(5,), s=(3,)),
      x=real(3, 5), y=real(3, 5))
def layernorm(x, y, W, g, b, s):
  z = torch.nn.functional.layer_norm(x @ W.T, (5,), g, b, 1e-5)
  w = s * (z[0] * x[0]).mean()
  r = x[1] / torch.sqrt((x[1] ** 2).mean() + 1e-6) * g
  return mse(z, y) + (w * s).sum() + (r * z[1]).sum(), {"z": z}


@twin({"V": (3, 2, 3), **{name: spec for l in "123" for name, spec in
                          [*dense(f"a.{l}.1", 3, 3).items(), *dense(f"a.{l}.2", 3, 3).items(),
                           *dense(f"a.{l}", 3, 3).items()]}}, x=real(3), y=real(3))
def repeat_nested(x, y, V, **p):
  a, b = x, 2 * x
  for l in range(3):
    for m in range(2):
      path = f"a_{l + 1}_{m + 1}"
      a = tanh(p[path + "_W"] @ a + p[path + "_b"] + V[l, m] * b)
    b = b + a * (l + 1) / 2
    u = b * a
    a = u + p[f"a_{l + 1}_W"] @ u + p[f"a_{l + 1}_b"]
  return mse(a, y) + (b ** 2).mean() / 4, {"a": a}


@twin({**dense("h.1", 8, 8), **dense("h.2", 7, 8), **dense("h.3", 6, 7), **dense("z", 3, 6)},
      x=real(8), y=real(3))
def repeat_copies(x, y, z_W, z_b, **p):
  for k in "123":
    x = tanh(p[f"h_{k}_W"] @ x + p[f"h_{k}_b"])
  z = z_W @ x + z_b
  return mse(z, y), {"z": z}


@twin({name: spec for k in "123" for name, spec in
       [*dense(f"h.{k}.1", 3, 3).items(), (f"h.{k}.2.g", (3,)), (f"h.{k}.2.b", (3,))]},
      batch=6, whole_batch=True, compare_outputs=False, x=real(3), y=real(3))
def repeat_normalised(x, y, **p):
  for k in "123":
    a = x @ p[f"h_{k}_1_W"].T + p[f"h_{k}_1_b"]
    a = torch.nn.functional.batch_norm(a, None, None, p[f"h_{k}_2_g"], p[f"h_{k}_2_b"],
                                       training=True)
    x = x + tanh(a)
  return mse(x, y), {"h": x}
