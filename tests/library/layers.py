"""The library's layers: shapes, options, and torch.nn's module for each."""


import torch
from torch import nn
from torch.nn import functional

from compare.twins.registry import away

from .case import Cases, module

CASES = Cases()
layer = CASES.layer


# ---- activations -------------------------------------------------------------------------------

def away_from_kinks(*shape):
  return away(0.2, *shape)


layer("leaky_relu(v)", (4,), {}, functional.leaky_relu, inputs=away_from_kinks)
layer("leaky_relu(v, slope = 0.3)", (2, 3), {}, nn.LeakyReLU(0.3), inputs=away_from_kinks)
layer("elu(v)", (4,), {}, functional.elu, inputs=away_from_kinks)
layer("elu(v, 0.5)", (3, 2), {}, nn.ELU(0.5), inputs=away_from_kinks)
layer("silu(v)", (2, 5), {}, functional.silu)
layer("gelu(v)", (2, 5), {}, functional.gelu)


# ---- dense -------------------------------------------------------------------------------------

def dense(n, m):
  return dict(W=(m, n), b=(m,)), module(nn.Linear(n, m), weight="W", bias="b")


layer("dense(v, 4)", (3,), *dense(3, 4))
layer("dense(v, 1)", (6,), *dense(6, 1))
layer("dense(v, 3)", (1,), *dense(1, 3))
layer("dense(v, 2)", (4, 5), *dense(5, 2))
layer("dense(v, 3)", (2, 3, 4), *dense(4, 3))


# ---- recurrent ---------------------------------------------------------------------------------

def recurrent(run, gates, n, m):
  shapes = dict(Wx=(gates * m, n), Wh=(gates * m, m), bx=(gates * m,), bh=(gates * m,))

  def function(v, p):                            # what torch.nn.RNN, LSTM and GRU call
    zero = v.new_zeros(1, len(v), m)
    start = (zero, zero) if run is torch.lstm else zero
    weights = [p[name] for name in shapes]
    return run(v, start, weights, True, 1, 0.0, False, False, True)[0]
  return shapes, function


for T, n, m in (4, 3, 5), (1, 2, 3), (6, 1, 4), (5, 4, 1), (2, 2, 2):
  layer(f"rnn(v, {m})", (T, n), *recurrent(torch.rnn_tanh, 1, n, m))
  layer(f"lstm(v, {m})", (T, n), *recurrent(torch.lstm, 4, n, m))
  layer(f"gru(v, {m})", (T, n), *recurrent(torch.gru, 3, n, m))


# ---- windows -----------------------------------------------------------------------------------

def convolution(kind, c, m, k, groups=1, axes=1, **options):
  shapes = dict(W=(m, c // groups) + (k,) * axes, b=(m,))
  return shapes, module(kind(c, m, k, groups=groups, **options), weight="W", bias="b")


def conv1d(c, l, m, k, **options):
  said = "".join(f", {name} = {value}" for name, value in options.items())
  layer(f"conv1d(v, {m}, {k}{said})", (c, l), *convolution(nn.Conv1d, c, m, k, **options))


def conv2d(c, h, w, m, k, **options):
  said = "".join(f", {name} = {value}" for name, value in options.items())
  layer(f"conv2d(v, {m}, {k}{said})", (c, h, w),
        *convolution(nn.Conv2d, c, m, k, axes=2, **options))


conv1d(2, 7, 3, 3)
conv1d(1, 5, 1, 1)
conv1d(3, 8, 2, 4, stride=2)
conv1d(2, 6, 4, 3, padding=2)
conv1d(2, 9, 2, 3, dilation=2, padding=1)
conv1d(4, 7, 6, 2, groups=2)
conv1d(3, 10, 3, 3, stride=3, padding=1, dilation=2, groups=3)
conv1d(2, 4, 2, 4)
conv2d(2, 5, 6, 3, 3)
conv2d(1, 4, 4, 2, 1)
conv2d(3, 7, 6, 2, 3, stride=2)
conv2d(2, 4, 5, 2, 3, padding=1)
conv2d(2, 7, 8, 2, 3, dilation=2, padding=2)
conv2d(4, 5, 4, 4, 2, groups=4)
conv2d(4, 8, 7, 6, 3, stride=2, padding=1, dilation=2, groups=2)
conv2d(2, 3, 3, 2, 3)
# wide enough to be one product whose second operand is read by places
conv2d(24, 10, 14, 32, 3, padding=1)
conv2d(16, 13, 12, 40, 3, stride=2)
conv2d(32, 9, 9, 48, 3, padding=2, dilation=2, groups=2)
conv1d(24, 60, 33, 5, stride=3, padding=1)

for pool, twin in ("maxpool2d", functional.max_pool2d), ("avgpool2d", functional.avg_pool2d):
  layer(f"{pool}(v, 2)", (2, 4, 6), {}, lambda v, f=twin: f(v, 2))
  layer(f"{pool}(v, 2)", (3, 5, 7), {}, lambda v, f=twin: f(v, 2))
  layer(f"{pool}(v, 3, stride = 1)", (1, 5, 4), {}, lambda v, f=twin: f(v, 3, 1))
  layer(f"{pool}(v, 2, 3)", (2, 8, 5), {}, lambda v, f=twin: f(v, 2, 3))


# ---- classes, norms ----------------------------------------------------------------------------

for shape, count, m in ((), 5, 3), ((4,), 3, 2), ((2, 3), 6, 4):
  layer(f"embedding(v, {m})", shape, dict(E=(count, m)),
        lambda v, p: functional.embedding(v.long(), p["E"]), limit=count)


def norm(n, eps=1e-5):
  return dict(g=(n,), b=(n,)), module(nn.LayerNorm(n, eps), weight="g", bias="b")


layer("layernorm(v)", (6,), *norm(6))
layer("layernorm(v, eps = 1e-3)", (3, 4), *norm(4, 1e-3))
layer("layernorm(v)", (2, 3, 5), *norm(5))


def rms(eps=1e-5):
  def function(v, p):                            # torch.nn has RMSNorm from version 2.4 on
    return p["g"] * v * torch.rsqrt(v.pow(2).mean(-1, keepdim=True) + eps)
  return function


layer("rmsnorm(v)", (6,), dict(g=(6,)), rms())
layer("rmsnorm(v, 0.01)", (3, 4), dict(g=(4,)), rms(0.01))

# ---- attention ---------------------------------------------------------------------------------

def attention_shapes(d):
  return dict(Wx=(3 * d, d), bx=(3 * d,), Wo=(d, d), bo=(d,))


def hidden(T):
  return torch.ones(T, T, dtype=torch.bool).triu(1)


def attend(d, heads, causal):
  attention = nn.MultiheadAttention(d, heads, batch_first=True)
  return module(attention, lambda v: (v, v, v, None, False, hidden(v.shape[1]) if causal else None),
                **{"in_proj_weight": "Wx", "in_proj_bias": "bx", "out_proj.weight": "Wo",
                   "out_proj.bias": "bo"})


for T, d, heads, causal in (4, 6, 2, 0), (3, 4, 1, 0), (5, 6, 3, 1), (1, 4, 2, 1), (2, 3, 3, 0):
  said = ", causal = 1" if causal else ""
  layer(f"attention(v, {heads}{said})", (T, d), attention_shapes(d), attend(d, heads, causal))


def block_shapes(d):
  return {**{f"h.{name}": shape for name, shape in attention_shapes(d).items()},
          "a.g": (d,), "a.b": (d,), "c.g": (d,), "c.b": (d,), "u.W": (4 * d, d), "u.b": (4 * d,),
          "W": (d, 4 * d), "b": (d,)}


def block(d, heads, causal):
  """torch.nn.TransformerEncoderLayer, the layer that nn.Transformer stacks."""
  encoder = nn.TransformerEncoderLayer(d, heads, 4 * d, 0.0, "gelu", batch_first=True,
                                       norm_first=True)
  return module(encoder, lambda v: (v, hidden(v.shape[1]) if causal else None),
                **{"self_attn.in_proj_weight": "h.Wx", "self_attn.in_proj_bias": "h.bx",
                   "self_attn.out_proj.weight": "h.Wo", "self_attn.out_proj.bias": "h.bo",
                   "norm1.weight": "a.g", "norm1.bias": "a.b", "norm2.weight": "c.g",
                   "norm2.bias": "c.b", "linear1.weight": "u.W", "linear1.bias": "u.b",
                   "linear2.weight": "W", "linear2.bias": "b"})


for T, d, heads, causal in (4, 6, 2, 1), (3, 4, 1, 0), (2, 6, 3, 0):
  said = ", causal = 1" if causal else ""
  layer(f"transformer_block(v, {heads}{said})", (T, d), block_shapes(d), block(d, heads, causal))


def waves(T, d):
  """Vaswani et al. 2017: sines at even places, cosines at odd ones."""
  t = torch.arange(T, dtype=torch.float64)[:, None]
  i = torch.arange(d, dtype=torch.float64)
  angle = t / 10000 ** ((i - i % 2) / d)
  return torch.where(i % 2 == 0, torch.sin(angle), torch.cos(angle))


for T, d in (5, 6), (3, 2), (4, 5):
  layer("positional(v)", (T, d), {}, lambda v: v + waves(*v.shape[1:]))


def rotated(v):
  """Su et al. 2021 by complex numbers: pair (2i, 2i + 1) of step t turns by t / 10000^(2i/d)."""
  T, d = v.shape[1:]
  angle = torch.arange(T)[:, None] / 10000 ** (torch.arange(0, d, 2, dtype=torch.float64) / d)
  pairs = torch.view_as_complex(v.reshape(*v.shape[:-1], d // 2, 2).contiguous())
  return torch.view_as_real(pairs * torch.polar(torch.ones_like(angle), angle)).flatten(-2)


for T, d in (5, 6), (3, 2):
  layer("rotary(v)", (T, d), {}, rotated)


# ---- batchnorm, as in training; library/states.py has prediction ---------------------------------

def batch(c, eps=1e-5):
  return dict(g=(c,), b=(c,)), lambda v, p: functional.batch_norm(
      v, None, None, p["g"], p["b"], training=True, eps=eps)


CASES.predicts = False
layer("batchnorm(v, 0.5)", (3,), *batch(3, 0.5), second=False)  # a is lost but for eps
layer("batchnorm(v, eps = 0.01)", (2, 5), *batch(2, 0.01), second=False)
layer("batchnorm(v)", (2, 3, 4), *batch(2), second=False)
