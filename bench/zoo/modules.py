"""The models of this folder in PyTorch, by name: the module, the shape of a sample, the batch, and whether the
target is a class (or as the output)."""

import torch
from torch import nn
from torch.nn import functional


def norm_relu(width):
  return [nn.BatchNorm2d(width), nn.ReLU()]


def classifier(*layers, width):
  return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


class SqueezeExcite(nn.Module):
  def __init__(self):
    super().__init__()
    self.body = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1),
                              nn.ReLU())
    self.gate = nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 64), nn.Sigmoid())
    self.last = nn.Linear(64, 10)

  def forward(self, x):
    b = self.body(x)
    return self.last((b * self.gate(b.mean((2, 3)))[:, :, None, None]).mean((2, 3)))


class UNet(nn.Module):
  def __init__(self):
    super().__init__()

    def step(before, width):
      return nn.Sequential(nn.Conv2d(before, width, 3, padding=1), *norm_relu(width))
    self.top, self.last = step(1, 16), nn.Sequential(step(48, 16), nn.Conv2d(16, 1, 1))
    self.deep = nn.Sequential(step(16, 32), step(32, 32))

  def forward(self, x):
    a = self.top(x)
    deep = self.deep(functional.max_pool2d(a, 2))
    return self.last(torch.cat([a, functional.interpolate(deep, scale_factor=2)], 1))


class WaveNet(nn.Module):
  def __init__(self):
    super().__init__()
    self.first, self.last = nn.Conv1d(1, 32, 1), nn.Conv1d(32, 1, 1)
    self.gate = nn.ModuleList(nn.Conv1d(32, 64, 2, dilation=2 ** k) for k in range(6))
    self.back = nn.ModuleList(nn.Conv1d(32, 32, 1) for _ in range(6))

  def forward(self, x):
    h = self.first(x)
    for k, (gate, back) in enumerate(zip(self.gate, self.back)):
      u, v = gate(functional.pad(h, (2 ** k, 0))).chunk(2, 1)
      h = h + back(torch.tanh(u) * torch.sigmoid(v))
    return self.last(h)


class Gru(nn.Module):
  def __init__(self):
    super().__init__()
    self.steps, self.last = nn.GRU(64, 128, batch_first=True), nn.Linear(128, 10)

  def forward(self, x):
    return self.last(self.steps(x)[0][:, -1])


class Bidirectional(nn.Module):
  def __init__(self):
    super().__init__()
    self.steps, self.last = nn.LSTM(64, 128, batch_first=True, bidirectional=True), nn.Linear(256, 10)

  def forward(self, x):
    states = self.steps(x)[0]
    return self.last(torch.cat([states[:, -1, :128], states[:, 0, 128:]], 1))


def perceptron(width, wide):
  return nn.Sequential(nn.Linear(width, wide), nn.GELU(), nn.Linear(wide, width))


class Mix(nn.Module):
  def __init__(self, steps, width, across, wide):
    super().__init__()
    self.before, self.behind = nn.LayerNorm(width), nn.LayerNorm(width)
    self.steps, self.channels = perceptron(steps, across), perceptron(width, wide)

  def forward(self, x):
    h = x + self.steps(self.before(x).transpose(1, 2)).transpose(1, 2)
    return h + self.channels(self.behind(h))


class Mixer(nn.Module):
  def __init__(self):
    super().__init__()
    self.blocks, self.last = nn.Sequential(*(Mix(64, 128, 64, 512) for _ in range(2))), nn.Linear(128, 10)

  def forward(self, x):
    return self.last(self.blocks(x).mean(1))


class WideBlock(nn.Module):
  def __init__(self, width):
    super().__init__()
    self.wide, self.norm = nn.Conv2d(width, width, 7, padding=3, groups=width), nn.LayerNorm(width)
    self.dense = perceptron(width, 4 * width)

  def forward(self, x):
    return x + self.dense(self.norm(self.wide(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2)


class Transformer(nn.Module):
  def __init__(self, causal):
    super().__init__()
    self.causal = causal
    self.blocks = nn.ModuleList(
      nn.TransformerEncoderLayer(128, 4, 512, dropout=0, activation="gelu", batch_first=True, norm_first=True)
      for _ in range(2))
    self.last = nn.Linear(128, 10)

  def forward(self, x):
    steps = x.shape[1]
    mask = torch.triu(torch.full((steps, steps), float("-inf")), 1) if self.causal else None
    for block in self.blocks:
      x = block(x, mask)
    return self.last(x.mean(1))


class RootMeanSquare(nn.Module):
  def __init__(self, width):
    super().__init__()
    self.g = nn.Parameter(torch.ones(width))

  def forward(self, x):
    return self.g * x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5)


class RotaryBlock(nn.Module):
  def __init__(self, steps, width, heads, wide):
    super().__init__()
    self.heads = heads
    self.before, self.behind = RootMeanSquare(width), RootMeanSquare(width)
    self.qkv, self.o = nn.Linear(width, 3 * width, False), nn.Linear(width, width, False)
    self.gate, self.up = nn.Linear(width, wide, False), nn.Linear(width, wide, False)
    self.down = nn.Linear(wide, width, False)
    turns = 10000.0 ** (-torch.arange(0, width // heads, 2) * heads / width)
    self.angle = torch.arange(steps)[:, None] * turns
    self.mask = torch.triu(torch.full((steps, steps), float("-inf")), 1)

  def turned(self, x):
    cos, sin, a, b = self.angle.cos(), self.angle.sin(), x[..., ::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)

  def forward(self, x):
    n, steps, width = x.shape
    q, k, v = self.qkv(self.before(x)).view(n, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
    z = self.turned(q) @ self.turned(k).transpose(-1, -2) / (width / self.heads) ** 0.5 + self.mask
    h = x + self.o((z.softmax(-1) @ v).transpose(1, 2).reshape(n, steps, width))
    c = self.behind(h)
    return h + self.down(functional.silu(self.gate(c)) * self.up(c))


class Rotary(nn.Module):
  def __init__(self):
    super().__init__()
    self.blocks = nn.Sequential(*(RotaryBlock(128, 128, 4, 344) for _ in range(2)))
    self.last = nn.Linear(128, 10)

  def forward(self, x):
    return self.last(self.blocks(x).mean(1))


class Transposed(nn.Module):
  def __init__(self, width, channels, kernel):
    super().__init__()
    self.first = nn.Linear(64, 2048)
    self.second = nn.ConvTranspose2d(32, width, kernel, 2)
    self.last = nn.ConvTranspose2d(width, channels, kernel, 2)

  def forward(self, x):
    return self.last(functional.relu(self.second(functional.relu(self.first(x)).view(-1, 32, 8, 8))))


class InvertedResidual(nn.Module):
  def __init__(self, width):
    super().__init__()
    wide = 4 * width
    self.body = nn.Sequential(nn.Conv2d(width, wide, 1), *norm_relu(wide),
                              nn.Conv2d(wide, wide, 3, padding=1, groups=wide), *norm_relu(wide),
                              nn.Conv2d(wide, width, 1), nn.BatchNorm2d(width))

  def forward(self, x):
    return x + self.body(x)


def pair(before, width):
  return [nn.Conv2d(before, before, 3, padding=1, groups=before), nn.ReLU(), nn.Conv2d(before, width, 1),
          nn.ReLU()]


def group_norm(before, width):
  return [nn.Conv2d(before, width, 3, padding=1), nn.GroupNorm(8, width), nn.ReLU()]


def dense_norm(before, width):
  return [nn.Linear(before, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.5)]


def grouped(before, width, groups):
  return [nn.Conv2d(before, width, 3, padding=1, groups=groups), nn.ReLU()]


MODULES = {
  "stem": (lambda: classifier(nn.Conv2d(3, 32, 7, 2, 3), *norm_relu(32), nn.MaxPool2d(3, 2, 1),
                              nn.Conv2d(32, 64, 3, padding=1), *norm_relu(64), width=64),
           (3, 64, 64), 32, True),
  "squeeze_excite": (SqueezeExcite, (3, 32, 32), 32, True),
  "unet": (UNet, (1, 64, 64), 16, False),
  "wavenet": (WaveNet, (1, 1024), 16, False),
  "group_norm": (lambda: classifier(*group_norm(3, 32), *group_norm(32, 64), width=64), (3, 32, 32), 32, True),
  "bidirectional": (Bidirectional, (64, 64), 32, True),
  "mixer": (Mixer, (64, 128), 32, True),
  "convnext": (lambda: classifier(nn.Conv2d(3, 64, 2, 2), WideBlock(64), WideBlock(64), width=64),
               (3, 32, 32), 16, True),
  "gru": (Gru, (64, 64), 32, True),
  "batch_norm_dropout": (lambda: nn.Sequential(*dense_norm(256, 512), *dense_norm(512, 512),
                                               nn.Linear(512, 10)), (256,), 128, True),
  "transformer": (lambda: Transformer(False), (128, 128), 8, True),
  "transformer_causal": (lambda: Transformer(True), (128, 128), 8, True),
  "transformer_long": (lambda: Transformer(False), (512, 128), 8, True),
  "transformer_long_causal": (lambda: Transformer(True), (512, 128), 8, True),
  "transformer_rotary": (Rotary, (128, 128), 8, True),
  "transposed": (lambda: Transposed(16, 1, 2), (64,), 32, False),
  "transposed_overlap": (lambda: Transposed(32, 3, 4), (64,), 32, False),
  "text_cnn": (lambda: nn.Sequential(nn.Conv1d(64, 128, 3), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(),
                                     nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)), (64, 200), 32, True),
  "gelu": (lambda: nn.Sequential(nn.Linear(128, 1024), nn.GELU(), nn.Linear(1024, 1024), nn.GELU(),
                                 nn.Linear(1024, 10)), (128,), 64, True),
  "inverted_residual": (lambda: classifier(nn.Conv2d(3, 16, 3, 2, 1), *norm_relu(16), InvertedResidual(16),
                                           InvertedResidual(16), width=16), (3, 32, 32), 32, True),
  "depthwise": (lambda: classifier(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), *pair(32, 64), *pair(64, 64),
                                   nn.MaxPool2d(2), *pair(64, 128), *pair(128, 128), width=128),
                (3, 32, 32), 32, True),
  "grouped": (lambda: classifier(*grouped(32, 64, 4), *grouped(64, 64, 4), *grouped(64, 64, 8), width=64),
              (32, 16, 16), 32, True),
  "conv1d_dilated": (lambda: nn.Sequential(
    nn.Conv1d(1, 32, 16, 4, 6), nn.ReLU(), nn.Conv1d(32, 64, 8, 2, 3), nn.ReLU(),
    nn.Conv1d(64, 64, 3, padding=4, dilation=4), nn.ReLU(), nn.Conv1d(64, 64, 3, padding=8, dilation=8),
    nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(64, 10)), (1, 4096), 32, True),
}
