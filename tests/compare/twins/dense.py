"""Chains of layers, losses, scalars, text."""

import math

import torch
from torch import sigmoid, tanh

from .registry import (between, bits, classes, cross_entropy, dense, distribution, mse, near,
                       normal, orthogonal, params, real, twin)

functional = torch.nn.functional


@twin(params(W1=(4, 5), b1=(4,), W2=(1, 4), b2=(1,)), x=real(5), y=bits(1))
def logistic(x, y, W1, b1, W2, b2):
  a = sigmoid(W2 @ tanh(W1 @ x + b1) + b2)
  return functional.binary_cross_entropy(a, y), {"a": a}


@twin({**dense("h", 5, 6), **dense("z", 4, 5)}, x=between(0, 16, 6), y=classes(4))
def softmax_class(x, y, h_W, h_b, z_W, z_b):
  z = z_W @ tanh(h_W @ (x / 16) + h_b) + z_b
  return cross_entropy(z, y), {"p": z.softmax(-1)}


@twin(params(W=(4, 3), b=(4,)), x=real(3), y=between(0, 1, 4))
def softmax_onehot(x, y, W, b):
  z = W @ x + b
  return -(y * z.log_softmax(-1)).sum(), {"p": z.softmax(-1)}


@twin(params(W1=(130, 6), b1=(130,), W2=(130, 130), b2=(130,), W3=(6, 130)), x=real(8, 6),
      y=real(8, 6))
def product_passes(x, y, W1, b1, W2, b2, W3):
  h = tanh(x @ W1.T + b1)
  o = (h + h * sigmoid(h @ W2.T + b2)) @ W3.T
  return mse(o, y), {"o": o}


@twin(params(W=(3, 4), V=(3, 4)), x=real(4), y=classes(3), r=classes(3))
def softmax_by_exponentials(x, y, r, W, V):
  z, u = W @ x, V @ x
  return 2 * cross_entropy(z, y) + cross_entropy(u, r), {"p": z.softmax(-1)}


@twin(params(A=(3, 4), B=(3, 4), C=(3, 4)), x=real(4), y=bits(3))
def sigmoid_naive(x, y, A, B, C):
  loss = functional.binary_cross_entropy_with_logits
  return loss(A @ x, y) + loss(B @ x, y) + loss(C @ x, y), {"s": sigmoid(C @ x)}


@twin({**dense("a", 3, 4), **dense("b", 3, 4), **dense("c", 3, 4), **dense("d", 3, 4),
       **dense("e", 3, 4)}, x=real(4), y=real(3), s=between(0, 1, 3))
def losses(x, y, s, a_W, a_b, b_W, b_b, c_W, c_b, d_W, d_b, e_W, e_b):
  a, b, c, d, e = a_W @ x + a_b, b_W @ x + b_b, c_W @ x + c_b, d_W @ x + d_b, e_W @ x + e_b
  loss = (functional.mse_loss(a, y) + functional.l1_loss(b, y) + functional.huber_loss(c, y)
          + functional.binary_cross_entropy(sigmoid(d), s)
          + functional.binary_cross_entropy_with_logits(e, s))
  return loss, {"a": a}


@twin({**dense("z", 4, 5), **dense("u", 4, 5), **dense("v", 4, 5), **dense("w", 4, 5)},
      x=real(3, 5), y=classes(4), r=classes(4, 3), q=distribution(4))
def losses_of_classes(x, y, r, q, z_W, z_b, u_W, u_b, v_W, v_b, w_W, w_b):
  z, u = z_W @ x[0] + z_b, x @ u_W.T + u_b
  v, w = v_W @ x[1] + v_b, w_W @ x[2] + w_b
  loss = (cross_entropy(z, y) + cross_entropy(u, r) + 2 * functional.cross_entropy(v, q)
          + functional.nll_loss(w.log_softmax(-1), y))
  return loss, {"p": z.softmax(-1)}


@twin({**dense("h.1", 5, 4), **dense("h.2", 6, 5), **dense("h.3", 3, 6), **dense("z", 2, 3)},
      x=real(4), y=real(2))
def chain(x, y, h_1_W, h_1_b, h_2_W, h_2_b, h_3_W, h_3_b, z_W, z_b):
  h = h_3_W @ sigmoid(h_2_W @ tanh(h_1_W @ x + h_1_b) + h_2_b) + h_3_b
  z = z_W @ h + z_b
  return mse(z, y), {"z": z}


@twin({name: spec for k in range(1, 61)
       for name, spec in {f"h.{k}.W": orthogonal(4, 1.1), f"h.{k}.b": normal(4, deviation=0.1)}.items()},
      x=real(4), y=real(4))
def deep_chain(x, y, **p):
  h = x
  for k in range(1, 61):
    h = tanh(p[f"h_{k}_W"] @ h + p[f"h_{k}_b"])
  return mse(h, y), {"h": h}


@twin({**dense("h", 4, 3), **dense("z", 2, 4), **{
    name: spec for k in range(1, 6)
    for name, spec in {**dense(f"a.{k}", 6, 4), **dense(f"h.{k}", 4, 6)}.items()}},
      x=real(3), y=real(2))
def residual(x, y, h_W, h_b, z_W, z_b, **p):
  h = h_W @ x + h_b
  for k in range(1, 6):
    a = torch.relu(p[f"a_{k}_W"] @ h + p[f"a_{k}_b"])
    h = h + p[f"h_{k}_W"] @ a + p[f"h_{k}_b"]
  z = z_W @ h + z_b
  return mse(z, y), {"z": z}


@twin(params(W=(4, 3, 3), b=(4, 3)), x=real(3), y=real(3))
def repeat_index(x, y, W, b):
  s = x
  for l in range(4):
    s = s + tanh(W[l] @ s + b[l]) / (l + 1)
  return ((s - y) ** 2).sum(), {"s": s}


@twin(params(W=(3, 3), b=(3,)), x=real(3), y=real(3))
def euler(x, y, W, b):
  s = x
  for _ in range(6):
    k1 = tanh(W @ s + b)
    k2 = tanh(W @ (s + k1 / 8) + b)
    s = s + (k1 + k2) / 16
  return mse(s, y), {"s": s}


@twin(params(w=(), b=()), x=real(), s=real(), y=real())
def scalars(x, s, y, w, b):
  z = w * x + b * torch.sin(s)
  return (z - y) ** 2 / 2, {"z": z}


@twin(params(W=(4, 4), b=(4,)), batch=4, x=real(4), v=real(4, 4), y=real(4))
def batch_like_axes(x, v, y, W, b):
  z = v.T @ tanh(W @ x + v @ b) + W.T @ x
  return mse(z, y), {"z": z}


@twin({**dense("a", 6, 6), **dense("b", 7, 5), **dense("z", 4, 13), **dense("u", 2, 7)},
      batch=8, image=real(2, 3), side=real(5), y=classes(4), r=real(2))
def two_inputs(image, side, y, r, a_W, a_b, b_W, b_b, z_W, z_b, u_W, u_b):
  a = tanh(a_W @ image.flatten() + a_b)
  b = tanh(b_W @ side + b_b)
  c = torch.cat([a, b])
  z = z_W @ c + z_b
  loss = 0.7 * cross_entropy(z, y) + mse(u_W @ b + u_b, r) + 0.01 * (c ** 2).sum()
  return loss, {"p": z.softmax(-1)}


@twin(params(μ=(3,), σ1=near([1.5, 0.7, 2.0]), λ=()), x=real(3), y=real(3))
def text_forms(x, y, μ, σ1, λ):
  h = tanh((x - μ) / σ1)
  return ((h - y) ** 2).sum() + 0.1 * λ ** 2 * (μ ** 2).sum(), {"h": h}


@twin(params(W=(9, 5)), defines={"N": 5}, x=real(5), y=real(9))
def let_defined(x, y, W):
  z = 2.5 * (W @ x) + math.sqrt(2) * math.exp(-1)
  return ((z - y) ** 2).sum() / 9, {"z": z}


@twin(params(W=(2, 4), b=(2,), s=()), x=real(4), y=real(2))
def parameter_only_loss(x, y, W, b, s):
  z = s * (W @ x) + b
  loss = mse(z, y) + 0.1 * (W ** 2).sum() + 0.01 * b.abs().sum() + torch.exp(-s)
  return loss, {"z": z}


@twin(params(W=(3, 4), V=(3, 3)), x=real(4), y=real(3))
def stopped(x, y, W, V):
  h = tanh(W @ x)
  z = V @ h.detach() + h * h.detach()
  return ((z - y) ** 2).sum() + (V.detach() * V).sum(), {"z": z}


@twin(params(a=(3,), b=near([1.0, 0.9, 1.2]), c=(3,)), x=real(3), y=real(3))
def nothing_learned(x, y, a, b, c):
  z = a * x + torch.floor(b * 1.5) + c.detach()
  return mse(z, y), {"u": z * c}


@twin(params(a=(3,), m=(3, 2), s=(3, 2)), x=real(2))
def mixture(x, a, m, s):
  normal = torch.distributions.Normal(m, torch.exp(s))
  each = normal.log_prob(x).sum(-1) + math.log(2 * math.pi)    # the model leaves (2 pi)^-1 out
  joint = a.log_softmax(-1) + each
  return -joint.logsumexp(-1), {"r": joint.softmax(-1)}


@twin(params(W=(2, 3), g=near([1.0, 0.8])), batch=6, whole_batch=True, compare_outputs=False,
      optional="mean[batch]", x=real(3), y=real(2))
def batch_statistics(x, y, W, g):
  u = x @ W.T
  z = g * (u - u.mean(0)) / torch.sqrt(u.var(0, unbiased=False) + 1e-3)
  return mse(z, y), {}


@twin({**dense("u.1", 4, 2), **dense("u.2", 3, 4), **dense("u.3", 1, 3)},
      optional="grad()", q=real(2))
def gradient_of_input(q, u_1_W, u_1_b, u_2_W, u_2_b, u_3_W, u_3_b):
  q = q.clone().requires_grad_()
  u = u_3_W @ tanh(u_2_W @ tanh(u_1_W @ q + u_1_b) + u_2_b) + u_3_b
  (du,) = torch.autograd.grad(u[0], q, create_graph=True)
  (ddu,) = torch.autograd.grad(du[0], q, create_graph=True)
  return (du[1] - ddu[0]) ** 2 + 0.1 * (u[0] - q[0]) ** 2, {"u": u}


@twin(params(W=(4, 3), v=(4,), A=(3, 3)), optional="grad()", x=real(3), y=real())
def gradient_penalty(x, y, W, v, A):
  h = A @ x
  e = (v * functional.silu(W @ h)).sum() + (h ** 4).sum() / 10
  (g,) = torch.autograd.grad(e, h, create_graph=True)
  return (e - y) ** 2 + (g ** 2).sum(), {"e": e}
