"""Jacobians and Hessians as outputs and inside losses."""

import torch
from torch import tanh

from .registry import classes, dense, mse, params, real, twin


def jacobian_of(values, by):
  """values' shape, then by's; differentiable again."""
  rows = [torch.autograd.grad(value, by, create_graph=True, retain_graph=True)[0]
          for value in values.flatten()]
  return torch.stack(rows).reshape(*values.shape, *by.shape)


@twin({**dense("h", 4, 3), **dense("f", 5, 4)}, x=real(3), y=real(5))
def jacobian_mlp(x, y, h_W, h_b, f_W, f_b):
  x = x.clone().requires_grad_()
  h = tanh(h_W @ x + h_b)
  f = tanh(f_W @ h + f_b)
  J, K = jacobian_of(f, x), jacobian_of(f, h)
  return mse(f, y) + (J ** 2).sum() + 0.1 * (K ** 3).sum(), {"J": J, "K": K}


@twin(params(W=(3, 4)), x=real(4), y=real(3))
def jacobian_softmax(x, y, W):
  x = x.clone().requires_grad_()
  z = W @ x
  p = z.softmax(-1)
  J, G = jacobian_of(p, z), jacobian_of(p, x).T
  return mse(p, y) + (J ** 3).sum() + (G ** 2).sum(), {"J": J, "G": G}


@twin(params(W=(4, 3), U=(4, 4)), x=real(5, 3), y=real(4))
def jacobian_recurrent(x, y, W, U):
  x = x.clone().requires_grad_()
  states = []
  for step in x:
    states.append(tanh(W @ step + (U @ states[-1] if states else 0)))
  J = jacobian_of(states[-1], x)
  nothing = torch.zeros(4, dtype=x.dtype)
  A = torch.stack([
      torch.stack([jacobian_of(states[s][1], states[t]) if t <= s else nothing for t in range(5)])
      for s in range(5)])
  return mse(states[-1], y) + (J ** 2).sum() + (A ** 3).sum(), {"J": J, "A": A}


@twin(params(W=(4, 3), v=(4,)), x=real(3), y=real())
def hessian(x, y, W, v):
  x = x.clone().requires_grad_()
  u = v @ tanh(W @ x)
  H = jacobian_of(jacobian_of(u, x), x)
  T = jacobian_of(H, x)
  return (u - y) ** 2 + (H ** 2).sum() + (T ** 2).sum(), {"H": H, "T": T}


@twin({**params(W=(4, 6), a=(3,), V=(4, 5), E=(4, 5)),
       **{f"h.{k}.{part}": shape for k in "123" for part, shape in (("W", (6, 6)), ("b", (6,)))}},
      x=real(6), c=classes(4), y=real(4))
def jacobian_forms(x, c, y, W, a, V, E, **p):
  x = x.clone().requires_grad_()
  u = tanh(W @ x)
  w = x.sin().unfold(0, 3, 1) @ a
  m = (w.unfold(0, 3, 1) * a).amax(1)
  q = u.reshape(2, 2)
  s = torch.cumsum(u ** 2 + w, 0)
  h = x
  for k in "123":
    h = h + tanh(p[f"h_{k}_W"] @ h + p[f"h_{k}_b"])
  numbers = torch.arange(4, dtype=x.dtype)
  later = torch.cat([u[3:], x])[:4]
  e = E[int(c)]
  outputs = {"A": jacobian_of(w, x), "B": jacobian_of(m, x), "C": jacobian_of(q * q.T, x),
             "D": jacobian_of(numbers * s + w * x[0], x).T,
             "F": jacobian_of(torch.where(u < 0, u ** 2, later), x),
             "G": jacobian_of(V.T @ u * e, u), "H": jacobian_of(h, x),
             "P": jacobian_of(s.softmax(-1), u)}
  loss = (mse(u, y) + (outputs["A"] ** 3).sum() + (outputs["C"] ** 2).sum() +
          (outputs["D"] ** 2).sum() + 0.01 * (outputs["H"] ** 2).sum() +
          (outputs["P"] ** 3).sum() + (outputs["G"] ** 3).sum())
  return loss, outputs
