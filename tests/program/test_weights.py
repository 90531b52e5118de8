"""Weights between emitted programs and PyTorch, by files that this test reads and writes itself:
the same predictions both ways; narrower and wider types; other names; parts of a model; parameters
that stay as they are; and files that are refused."""

import json
import pathlib
import struct
import sys
import tempfile

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
  import torch
except ImportError as error:
  print(f"skipped: {error} (Debian: python3-torch)")
  sys.exit(77)

from support import nn, safetensors                                         # noqa: E402

MODEL = """
model net
input  x[1, 8, 8]
target y : class(3)
c = conv2d(x, 4, 3) |> relu |> maxpool2d(2)
f = flatten(c) |> dense(12)
n = batchnorm(f)
h = tanh(n)
z = dense(h, 3)
output z
loss softmax_cross_entropy(z, y)
train { batch 16; epochs 2; optimizer adam(rate = 0.01) }
"""

SEQUENCE = """
model seq
let T = 5
input  c[T] : class(7)
target y[2]
e[t] = embedding(c[t], 6)
h = lstm(e, 4)
z = dense(h[T-1], 2)
output z
loss mse(z, y)
"""


class Net(torch.nn.Module):
  def __init__(self):
    super().__init__()
    self.conv = torch.nn.Conv2d(1, 4, 3)
    self.fc1 = torch.nn.Linear(36, 12)
    self.norm = torch.nn.BatchNorm1d(12)
    self.fc2 = torch.nn.Linear(12, 3)

  def forward(self, x):
    c = torch.nn.functional.max_pool2d(torch.relu(self.conv(x)), 2)
    return self.fc2(torch.tanh(self.norm(self.fc1(c.flatten(1)))))


class Sequence(torch.nn.Module):
  def __init__(self):
    super().__init__()
    self.embed = torch.nn.Embedding(7, 6)
    self.lstm = torch.nn.LSTM(6, 4, batch_first=True)
    self.out = torch.nn.Linear(4, 2)

  def forward(self, c):
    return self.out(self.lstm(self.embed(c))[0][:, -1])


# Of the PyTorch module to the program's tensor.
NET_MAP = {"conv.weight": "c.W", "conv.bias": "c.b", "fc1.weight": "f.W", "fc1.bias": "f.b",
           "norm.weight": "n.g", "norm.bias": "n.b", "norm.running_mean": "@n.mean",
           "norm.running_var": "@n.variance", "fc2.weight": "z.W", "fc2.bias": "z.b"}
SEQUENCE_MAP = {"embed.weight": "e.E", "lstm.weight_ih_l0": "h.Wx", "lstm.weight_hh_l0": "h.Wh",
                "lstm.bias_ih_l0": "h.bx", "lstm.bias_hh_l0": "h.bh", "out.weight": "z.W",
                "out.bias": "z.b"}
