"""Recurrences: loops over time, in both directions, over two axes, of several states."""

import torch
from torch import sigmoid, tanh

from .registry import (classes, counts, cross_entropy, dense, mse, normal, params, real, steps,
                       twin)


def tanh_states(start, inputs, W):
  """h[t] = tanh(inputs[t] + W h[t-1])"""
  h, states = start, []
  for row in inputs:
    h = tanh(row + W @ h)
    states.append(h)
  return steps(states)


@twin({**params(U=(3, 4), W=(3, 3), b=(3,)), **dense("z", 4, 3)},
      c=classes(4, 5), n=classes(4, 5))
def charnn(c, n, U, W, b, z_W, z_b):
  h = tanh_states(torch.zeros(3).double(), U.T[c] + b, W)
  z = h @ z_W.T + z_b
  return cross_entropy(z, n), {"p": z.softmax(-1)}


@twin(params(U=(3, 2), W=(3, 3), b=(3,), h0=normal(3)), x=real(6, 2), y=real(6, 3))
def rnn_learned_start(x, y, U, W, b, h0):
  h = tanh_states(h0, x @ U.T + b, W)
  return ((h - y) ** 2).mean(1).sum(), {"h": h}


@twin(params(W=(3, 3)), x=real(4, 3), y=real(3))
def rnn_number_start(x, y, W):
  last = tanh_states(torch.full((3,), -0.5).double(), x, W)[-1]
  return mse(last, y), {"last": last}


@twin({**params(A=(4, 3), W=(4, 4), U=(4, 2)), **dense("z", 2, 4)},
      s=real(3), x=real(5, 2), y=real(2))
def rnn_computed_start(s, x, y, A, W, U, z_W, z_b):
  z = z_W @ tanh_states(tanh(A @ s), x @ U.T, W)[-1] + z_b
  return mse(z, y), {"z": z}


@twin(params(w=(), v=()), s=real(4), y=real(3))
def rnn_start_shape(s, y, w, v):
  h = torch.arange(1, 4).double() / 3
  for value in s:
    h = torch.sin(w * h + v * value)
  return mse(h, y), {"last": h}


@twin(params(W=(3, 3)), x=real(3), y=real(7, 3))
def rnn_autonomous(x, y, W):
  states = [x]
  for _ in range(7):
    states.append(states[-1] + 0.25 * tanh(W @ states[-1]))
  s = steps(states[1:])
  return mse(s, y), {"s": s}


@twin(params(a=(), w=()), x=real(6), y=real(6))
def rnn_scalar_state(x, y, a, w):
  s, p = [torch.zeros(()).double()], [torch.full((), 0.5).double()]
  for value in x:
    s.append(a * s[-1] + value)
    p.append(sigmoid(w * p[-1] + value))
  s, p = steps(s[1:]), steps(p[1:])
  return mse(s, y) - (y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean(), {"s": s}


def lstm_step(c, gates):
  i, f, o, g = gates
  c = sigmoid(f) * c + sigmoid(i) * tanh(g)
  return sigmoid(o) * tanh(c), c


@twin(params(**{f"W{k}": (2, 3) for k in "ifog"}, **{f"U{k}": (2, 2) for k in "ifog"},
             **{f"b{k}": (2,) for k in "ifog"}), x=real(4, 3), y=real(4, 2))
def lstm_equations(x, y, **p):
  h = c = torch.zeros(2).double()
  states = []
  for row in x:
    gates = [p[f"W{k}"] @ row + p[f"U{k}"] @ h + p[f"b{k}"] for k in "ifog"]
    h, c = lstm_step(c, gates)
    states.append(h)
  h = steps(states)
  return mse(h, y), {"h": h}


@twin(params(Wf=(3, 2), Uf=(3, 3), pf=(3,), bf=(3,), Wz=(3, 2), Uz=(3, 3), bz=(3,), v=(3,)),
      x=real(5, 2), y=real(5))
def peephole(x, y, Wf, Uf, pf, bf, Wz, Uz, bz, v):
  h = c = torch.zeros(3).double()
  outputs = []
  for row in x:
    f = torch.sigmoid(Wf @ row + Uf @ h + pf * c + bf)
    c = f * c + (1 - f) * torch.tanh(Wz @ row + Uz @ h + bz)
    h = torch.tanh(c)
    outputs.append(v @ h)
  o = steps(outputs)
  return mse(o, y), {"o": o}


@twin(params(W=(12, 2), U=(12, 3), b=(12,), h0=normal(3), c0=normal(3)),
      x=real(3, 2), y=real(3))
def lstm_fused(x, y, W, U, b, h0, c0):
  h, c = h0, c0
  for row in x:
    i, f, g, o = (W @ row + U @ h + b).split(3)
    h, c = lstm_step(c, (i, f, o, g))
  return mse(h, y), {"last": h}


@twin({**params(**{f"W{k}": (3, 2) for k in "rzn"}, **{f"U{k}": (3, 3) for k in "rzn"},
                **{f"b{k}": (3,) for k in "rzn"}, cn=(3,)), **dense("u", 4, 3)},
      x=real(5, 2), y=classes(4))
def gru_equations(x, y, u_W, u_b, **p):
  zero = torch.zeros(3).double()
  cell = torch.nn.functional
  w_in = torch.cat([p["Wr"], p["Wz"], p["Wn"]])
  w_state = torch.cat([p["Ur"], p["Uz"], p["Un"]])
  b_in, b_state = torch.cat([p["br"], p["bz"], p["bn"]]), torch.cat([zero, zero, p["cn"]])
  h = zero
  for row in x:
    r, z, n = (w_in @ row + b_in).split(3)
    hr, hz, hn = (w_state @ h + b_state).split(3)
    z = sigmoid(z + hz)
    h = (1 - z) * tanh(n + sigmoid(r + hr) * hn) + z * h
  u = u_W @ h + u_b
  return cell.cross_entropy(u, y), {"p": u.softmax(-1)}


@twin(params(U=(2, 3), W=(2, 2), e=(2,)), x=real(5, 3), y=real(5, 2))
def backwards_in_time(x, y, U, W, e):
  g = tanh_states(e, (x @ U.T).flip(0), W).flip(0)
  return mse(g, y), {"g": g}


@twin({**params(U=(3, 2), W=(3, 3), b=(3,), V=(3, 2), R=(3, 3), d=(3,)), **dense("z", 3, 6)},
      x=real(4, 2), y=classes(3, 4))
def bidirectional(x, y, U, W, b, V, R, d, z_W, z_b):
  zero = torch.zeros(3).double()
  f = tanh_states(zero, x @ U.T + b, W)
  g = tanh_states(zero, (x @ V.T + d).flip(0), R).flip(0)
  z = torch.cat([f, g], 1) @ z_W.T + z_b
  return cross_entropy(z, y), {"p": z.softmax(-1)}


@twin(params(A=(3, 2), B=(3, 3), C=(3, 3), D=(3, 3)), x=real(4, 2), y=real(3))
def rnn_of_rnn(x, y, A, B, C, D):
  f = tanh_states(torch.zeros(3).double(), x @ A.T, B)
  first = tanh_states(f[-1], (f @ C.T).flip(0), D)[-1]
  return mse(first, y), {"first": first}


@twin(params(A=(3, 3), B=(3, 3), a0=normal(3)), x=real(6, 3), y=real(6, 3))
def two_steps_back(x, y, A, B, a0):
  states = [torch.zeros(3).double(), a0]
  for row in x:
    states.append(tanh(A @ states[-1] + B @ states[-2] + row))
  h = steps(states[2:])
  return mse(h, y), {"h": h}


@twin(params(a=(), b=(), u=normal(3), v=normal(4)), x=real(4, 3), y=real())
def two_axes(x, y, a, b, u, v):
  g = {(-1, j): u[j] for j in range(3)} | {(i, -1): v[i] for i in range(4)}
  for i in range(4):
    for j in range(3):
      g[i, j] = tanh(a * g[i - 1, j] + b * g[i, j - 1] + x[i, j])
  g = steps(steps(g[i, j] for j in range(3)) for i in range(4))
  return (g[3, 2] - y) ** 2 + (g ** 2).mean(), {"g": g}


@twin(params(A=(2, 2), B=(2, 2)), x=real(3, 4, 2), y=real(2))
def two_axes_against(x, y, A, B):
  zero = torch.zeros(2).double()
  g = {(-1, j): zero for j in range(4)} | {(i, 4): zero for i in range(3)}
  for i in range(3):
    for j in reversed(range(4)):
      g[i, j] = tanh(A @ g[i - 1, j] + B @ g[i, j + 1] + x[i, j])
  return mse(g[2, 0], y), {"corner": g[2, 0]}


@twin({**params(U=(3, 4), W=(3, 3), P=(3, 4), Q=(3, 3)), **dense("z", 4, 3)},
      a=classes(4, 4), b=classes(4, 3), y=classes(4, 3))
def encoder_decoder(a, b, y, U, W, P, Q, z_W, z_b):
  h = tanh_states(torch.zeros(3).double(), U.T[a], W)
  d = tanh_states(h[-1], P.T[b], Q)
  z = d @ z_W.T + z_b
  return cross_entropy(z, y), {"p": z.softmax(-1)}


def recurrent_parameters(name, m, n, gates=1):
  return {f"{name}.Wx": (gates * m, n), f"{name}.Wh": (gates * m, m),
          f"{name}.bx": (gates * m,), f"{name}.bh": (gates * m,)}


@twin({**recurrent_parameters("a", 4, 2), **recurrent_parameters("h", 3, 4)},
      x=real(4, 2), y=real(4, 3))
def rnn_library(x, y, a_Wx, a_Wh, a_bx, a_bh, h_Wx, h_Wh, h_bx, h_bh):
  a = tanh_states(torch.zeros(4).double(), x @ a_Wx.T + a_bx + a_bh, a_Wh)
  h = tanh_states(torch.zeros(3).double(), a @ h_Wx.T + h_bx + h_bh, h_Wh)
  return mse(h, y), {"h": h}


@twin({**params(A=normal(3, 3), s=normal(3)), **dense("e", 3, 2)},
      x=real(5, 2), y=classes(3, 5))
def forward_algorithm(x, y, A, s, e_W, e_b):
  e = x @ e_W.T + e_b
  a = s
  for t in range(5):
    a = (a[:, None] + A).logsumexp(0) + e[t]
  score = sum(e[t, y[t]] for t in range(5)) + sum(A[y[t], y[t + 1]] for t in range(4))
  return a.logsumexp(0) - score, {"last": a.softmax(-1)}


@twin(params(A=normal(3, 3)), e=real(5, 3), y=real())
def viterbi(e, y, A):
  v = torch.zeros(3).double()
  for row in e:
    v = (v[:, None] + A).amax(0) + tanh(row)
  return (v.amax() - y) ** 2, {"last": v}


# predict takes all samples as one stream: tests/program/test_stream.py compares that
@twin(params(U=(3, 2), W=(3, 3)), compare_outputs=False, x=real(4, 2), y=real(4, 3))
def carried_state(x, y, U, W):
  h = tanh_states(torch.zeros(3).double(), x @ U.T, W)
  return mse(h, y), {"h": h}


@twin(params(U=(3, 2), W=(3, 3)), x=real(5, 2), len=counts(5), y=real(3))
def lengths_in_recurrence(x, y, U, W, **data):
  h = torch.zeros(3).double()
  for t in range(int(data["len"])):
    h = tanh(U @ x[t] + W @ h)
  return mse(h, y), {"last": h}


@twin({**dense("u", 5, 5), **dense("h", 3, 5)}, x=real(4, 2), y=real(3))
def state_reads_layers(x, y, u_W, u_b, h_W, h_b):
  h = torch.zeros(3).double()
  for row in x:
    u = tanh(u_W @ torch.cat([row, h]) + u_b)
    h = h + h_W @ u + h_b
  return mse(h, y), {"last": h}


@twin(params(A=(2, 2), B=(2, 2), C=(2, 2), a0=normal(2)), x=real(5, 2), y=real(5, 2))
def three_states(x, y, A, B, C, a0):
  constant = lambda value: torch.full((2,), value).double()
  a, b, c = [a0], [constant(1.0), constant(0.0)], [constant(0.5)]
  for row in x:
    a.append(tanh(A @ c[-1] + row))
    b.append(tanh(B @ a[-1] - b[-2]))
    c.append(torch.sin(C @ b[-2] + a[-2] * b[-1]))
  a, b, c = steps(a[1:]), steps(b[2:]), steps(c[1:])
  return mse(c, y) + (a * b).mean(), {"c": c}


@twin(params(a=(2,)), x=real(2), y=real(2))
def two_steps_only(x, y, a):
  h, gs, hs = 0, [], []
  for t in range(2):
    g = x[t] * a[t] + h
    h = torch.tanh(g) * x[t]
    gs.append(g)
    hs.append(h)
  g, h = steps(gs), steps(hs)
  return ((g - y) ** 2 * h).sum(), {"h": h}


@twin(params(a=(4, 3), U=(2, 3), W=(2, 2)), optional="grad()", x=real(4, 3), y=real(4, 2))
def gradient_of_state(x, y, a, U, W):
  v = a * x
  h, ws, hs = x.new_zeros(2), [], []
  for t in range(4):
    w = U @ v[t] + W @ h
    h = torch.tanh(w)
    ws.append(w)
    hs.append(h)
  h = steps(hs)
  e = ((h - y) ** 2).sum()
  slope = lambda by: torch.autograd.grad(e, by, create_graph=True)
  p, q, r = slope(v)[0], steps(slope(hs)), steps(slope(ws))
  c = 3 * torch.cos(6 * v[1])
  loss = e + (p ** 2).sum() + (q ** 3).sum() + (r * steps(ws)).sum() + (c ** 2).sum()
  return loss, {"h": h}


@twin({**params(Q=(4, 6), K=(4, 6), V=(5, 6), A=(6, 4), B=(4, 6), C=(4, 6), R=(8, 6), S=(8, 8)),
       **dense("e", 3, 13), **dense("f", 3, 6)}, x=real(7, 6), y=real(3))
def matrix_state(x, y, Q, K, V, A, B, C, R, S, e_W, e_b, f_W, f_b):
  q, k, v = torch.exp(0.3 * (x @ Q.T)), torch.exp(0.3 * (x @ K.T)), x @ V.T
  M, n = torch.cumsum(k[:, :, None] * v[:, None], 0), torch.cumsum(k, 0)
  o = torch.einsum("ti,tij->tj", q, M) / (q * n).sum(1, keepdim=True)
  s, r, p, back = torch.zeros_like(A), torch.zeros_like(S[0]), [], []
  for t in range(7):
    s = torch.exp(-A * x[t][:, None] ** 2) * s + x[t][:, None] * (B @ x[t])
    p.append(s @ (C @ x[t]))
    r = torch.tanh(R @ x[6 - t] + S @ r)
    back.append(r)
  u = torch.cat([o, torch.stack(back[::-1])], 1)
  z = (torch.tanh(u @ e_W.T + e_b) + torch.stack(p) @ f_W.T + f_b).mean(0)
  return mse(z, y), {"z": z}


@twin({**params(A=(5, 6), W=(5, 5), V=(5, 5)), **dense("z", 3, 20)}, x=real(8, 6), y=real(3))
def every_second_step(x, y, A, W, V, z_W, z_b):
  h, g, state = [], [None] * 8, torch.zeros(5, dtype=x.dtype)
  for t in range(8):
    state = torch.tanh(A @ x[t] + W @ state)
    h.append(state)
  state = torch.zeros(5, dtype=x.dtype)
  for t in reversed(range(8)):
    g[t] = state = torch.tanh(x[t, 0] * h[t] + V @ state)
  e = torch.stack([h[2 * k] * g[2 * k + 1] for k in range(4)])
  z = z_W @ e.flatten() + z_b
  return mse(z, y), {"z": z}


@twin(params(**{"z.1.W": (7, 6, 5), "z.2.A": (4, 7, 3), "z.2.B": (4, 7, 3)}), x=real(6), y=real(4))
def polynomials(x, y, z_1_W, z_2_A, z_2_B):
  u = torch.tanh(x)
  terms = [u, 2 * u * u - 1]
  for _ in range(3):
    terms.append(2 * u * terms[-1] - terms[-2])
  h = torch.einsum("oik,ki->o", z_1_W, torch.stack(terms))
  angle = h[:, None] * torch.arange(1, 4)
  z = torch.einsum("oik,ik->o", z_2_A, angle.cos()) - 2 * torch.einsum("oik,ik->o", z_2_B, angle.sin())
  return mse(z, y), {"z": z}
