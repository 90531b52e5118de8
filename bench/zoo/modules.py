"""The models of this folder in PyTorch, by name: the module, the shape of a sample or a list of them, the batch,
and how many classes the target is one of (0: it is as the output)."""

import dataclasses

import torch
from torch import nn
from torch.nn import functional


@dataclasses.dataclass
class Labels:
  """An input of so many classes, `count` of them."""
  count: int
  classes: int

  def draw(self, batch):
    return torch.randint(0, self.classes, (batch, self.count))


def small(*shape):
  return nn.Parameter(torch.randn(*shape) * 0.1)


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


class AttentionDecoder(nn.Module):
  def __init__(self, steps, width):
    super().__init__()
    self.steps, self.width = steps, width
    self.encoder, self.last = nn.GRU(32, width, batch_first=True), nn.Linear(width, 8)
    self.key, self.query = nn.Linear(width, width, False), nn.Linear(width, width, False)
    self.score, self.data = nn.Linear(width, 1, False), nn.Linear(16, width)
    self.context, self.state = nn.Linear(width, width, False), nn.Linear(width, width, False)

  def forward(self, x, d):
    e = self.encoder(x)[0]
    k, u, h, states = self.key(e), self.data(d), torch.zeros(x.shape[0], self.width), []
    for s in range(self.steps):
      p = self.score(torch.tanh(k + self.query(h)[:, None]))[..., 0].softmax(1)
      h = torch.tanh(u[:, s] + self.context((p[:, None] @ e)[:, 0]) + self.state(h))
      states.append(h)
    return self.last(torch.stack(states, 1))


class Experts(nn.Module):
  def __init__(self, experts, before, width):
    super().__init__()
    self.gate = nn.Linear(before, experts)
    self.W, self.b = small(experts, width, before), small(experts, width)
    self.V, self.c = small(experts, 10, width), small(experts, 10)

  def forward(self, x):
    h = functional.relu(torch.einsum("eij,nj->eni", self.W, x) + self.b[:, None])
    o = torch.einsum("eki,eni->enk", self.V, h) + self.c[:, None]
    return torch.einsum("ne,enk->nk", self.gate(x).softmax(1), o)


class Graph(nn.Module):
  def __init__(self, before, width):
    super().__init__()
    self.first, self.second, self.last = nn.Linear(before, width), nn.Linear(width, width), nn.Linear(width, 10)

  def forward(self, a, x):
    return self.last(functional.relu(self.second(a @ functional.relu(self.first(a @ x)))).mean(1))


class Words(nn.Module):
  def __init__(self, words, width):
    super().__init__()
    self.E, self.last = nn.Embedding(words, width), nn.Linear(width, words)

  def forward(self, c):
    return self.last(self.E(c).mean(1))


class LinearAttention(nn.Module):
  def __init__(self, steps, before, width):
    super().__init__()
    self.steps, self.width, self.last = steps, width, nn.Linear(width, 8)
    self.q, self.k, self.v = (nn.Linear(before, width, False) for _ in range(3))

  def forward(self, x):
    q, k, v, outputs = functional.elu(self.q(x)) + 1, functional.elu(self.k(x)) + 1, self.v(x), []
    S, n = torch.zeros(x.shape[0], self.width, self.width), torch.zeros(x.shape[0], self.width)
    for t in range(self.steps):
      S, n = 0.95 * S + k[:, t, :, None] * v[:, t, None], 0.95 * n + k[:, t]
      outputs.append((q[:, t, None] @ S)[:, 0] / ((q[:, t] * n).sum(1, keepdim=True) + 0.001))
    return self.last(torch.stack(outputs, 1))


class Chebyshev(nn.Module):
  def __init__(self, before, width, degree=6):
    super().__init__()
    self.W = small(width, before, degree)

  def forward(self, x):
    u = torch.tanh(x)
    terms = [u, 2 * u * u - 1]
    while len(terms) < self.W.shape[2]:
      terms.append(2 * u * terms[-1] - terms[-2])
    return torch.einsum("oik,nik->no", self.W, torch.stack(terms, 2))


class Waves(nn.Module):
  def __init__(self, before, width, degree=6):
    super().__init__()
    self.W, self.V = small(width, before, degree), small(width, before, degree)
    self.by = torch.arange(1.0, degree + 1)

  def forward(self, x):
    angle = x[:, :, None] * self.by
    return torch.einsum("oik,nik->no", self.W, angle.cos()) + torch.einsum("oik,nik->no", self.V, angle.sin())


class Highway(nn.Module):
  def __init__(self, layers, width):
    super().__init__()
    self.gate, self.body = (nn.ModuleList(nn.Linear(width, width) for _ in range(layers)) for _ in range(2))
    self.last = nn.Linear(width, 10)

  def forward(self, h):
    for gate, body in zip(self.gate, self.body):
      t = torch.sigmoid(gate(h))
      h = t * functional.relu(body(h)) + (1 - t) * h
    return self.last(h)


MODULES = {
  "stem": (lambda: classifier(nn.Conv2d(3, 32, 7, 2, 3), *norm_relu(32), nn.MaxPool2d(3, 2, 1),
                              nn.Conv2d(32, 64, 3, padding=1), *norm_relu(64), width=64),
           (3, 64, 64), 32, 10),
  "squeeze_excite": (SqueezeExcite, (3, 32, 32), 32, 10),
  "unet": (UNet, (1, 64, 64), 16, 0),
  "wavenet": (WaveNet, (1, 1024), 16, 0),
  "group_norm": (lambda: classifier(*group_norm(3, 32), *group_norm(32, 64), width=64), (3, 32, 32), 32, 10),
  "bidirectional": (Bidirectional, (64, 64), 32, 10),
  "mixer": (Mixer, (64, 128), 32, 10),
  "convnext": (lambda: classifier(nn.Conv2d(3, 64, 2, 2), WideBlock(64), WideBlock(64), width=64),
               (3, 32, 32), 16, 10),
  "gru": (Gru, (64, 64), 32, 10),
  "batch_norm_dropout": (lambda: nn.Sequential(*dense_norm(256, 512), *dense_norm(512, 512),
                                               nn.Linear(512, 10)), (256,), 128, 10),
  "transformer": (lambda: Transformer(False), (128, 128), 8, 10),
  "transformer_causal": (lambda: Transformer(True), (128, 128), 8, 10),
  "transformer_long": (lambda: Transformer(False), (512, 128), 8, 10),
  "transformer_long_causal": (lambda: Transformer(True), (512, 128), 8, 10),
  "transformer_rotary": (Rotary, (128, 128), 8, 10),
  "transposed": (lambda: Transposed(16, 1, 2), (64,), 32, 0),
  "transposed_overlap": (lambda: Transposed(32, 3, 4), (64,), 32, 0),
  "text_cnn": (lambda: nn.Sequential(nn.Conv1d(64, 128, 3), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(),
                                     nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)), (64, 200), 32, 10),
  "gelu": (lambda: nn.Sequential(nn.Linear(128, 1024), nn.GELU(), nn.Linear(1024, 1024), nn.GELU(),
                                 nn.Linear(1024, 10)), (128,), 64, 10),
  "inverted_residual": (lambda: classifier(nn.Conv2d(3, 16, 3, 2, 1), *norm_relu(16), InvertedResidual(16),
                                           InvertedResidual(16), width=16), (3, 32, 32), 32, 10),
  "depthwise": (lambda: classifier(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), *pair(32, 64), *pair(64, 64),
                                   nn.MaxPool2d(2), *pair(64, 128), *pair(128, 128), width=128),
                (3, 32, 32), 32, 10),
  "grouped": (lambda: classifier(*grouped(32, 64, 4), *grouped(64, 64, 4), *grouped(64, 64, 8), width=64),
              (32, 16, 16), 32, 10),
  "conv1d_dilated": (lambda: nn.Sequential(
    nn.Conv1d(1, 32, 16, 4, 6), nn.ReLU(), nn.Conv1d(32, 64, 8, 2, 3), nn.ReLU(),
    nn.Conv1d(64, 64, 3, padding=4, dilation=4), nn.ReLU(), nn.Conv1d(64, 64, 3, padding=8, dilation=8),
    nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(64, 10)), (1, 4096), 32, 10),
  "attention_decoder": (lambda: AttentionDecoder(16, 64), [(32, 32), (16, 16)], 32, 0),
  "experts": (lambda: Experts(8, 64, 128), (64,), 64, 10),
  "graph": (lambda: Graph(32, 64), [(64, 64), (64, 32)], 32, 10),
  "words": (lambda: Words(10000, 64), Labels(8, 10000), 64, 10000),
  "linear_attention": (lambda: LinearAttention(64, 64, 32), (64, 64), 16, 0),
  "chebyshev": (lambda: nn.Sequential(Chebyshev(32, 64), Chebyshev(64, 8)), (32,), 64, 0),
  "waves": (lambda: nn.Sequential(Waves(32, 64), Waves(64, 8)), (32,), 64, 0),
  "highway": (lambda: Highway(20, 64), (64,), 64, 10),
  "linear": (lambda: nn.Linear(10000, 1), (10000,), 64, 0),
}
