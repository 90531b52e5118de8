"""The layers of docs/torch.md beside PyTorch's own."""

import torch
from torch import nn
from torch.nn import functional

from compare.twins.registry import between, bits, classes, real

from .case import Cases, module
from .layers import attend, attention_shapes, away_from_kinks, hidden
from .losses import signs

CASES = Cases('import "page.nn"')
layer, loss = CASES.layer, CASES.loss

# ---- activations -------------------------------------------------------------------------------

for name, twin in {
    "relu6(v)": nn.ReLU6(), "hardtanh(v, -0.5, 1.5)": nn.Hardtanh(-0.5, 1.5),
    "hardsigmoid(v)": lambda v: (v / 6 + 0.5).clamp(0, 1), "hardswish(v)": nn.Hardswish(),
    "hardshrink(v)": nn.Hardshrink(), "softshrink(v)": nn.Softshrink(),
    "threshold(v, 0.1, 20)": nn.Threshold(0.1, 20), "celu(v, 0.7)": nn.CELU(0.7),
    "selu(v)": nn.SELU(), "mish(v)": nn.Mish(), "softsign(v)": nn.Softsign(),
    "tanhshrink(v)": nn.Tanhshrink(), "log_sigmoid(v)": nn.LogSigmoid(),
    "log_softmax(v)": nn.LogSoftmax(-1), "softmin(v)": nn.Softmin(-1), "glu(v)": nn.GLU(-1)}.items():
  smooth = not name.startswith("hard")           # PyTorch lacks some second derivatives
  layer(name, (3, 4), {}, twin, second=smooth, inputs=away_from_kinks)
layer("prelu(v)", (3, 4), dict(a=between(0.1, 0.4)),
      lambda v, p: functional.prelu(v, p["a"].reshape(1)))

# ---- windows -----------------------------------------------------------------------------------

layer("conv3d(v, 3, 2)", (2, 3, 4, 3), dict(W=(3, 2, 2, 2, 2), b=(3,)),
      module(nn.Conv3d(2, 3, 2), weight="W", bias="b"))
layer("conv_transpose1d(v, 3, 4, stride = 2, padding = 1)", (2, 5), dict(W=(2, 3, 4), b=(3,)),
      module(nn.ConvTranspose1d(2, 3, 4, stride=2, padding=1), weight="W", bias="b"))
layer("conv_transpose2d(v, 3, 3, stride = 2)", (2, 3, 2), dict(W=(2, 3, 3, 3), b=(3,)),
      module(nn.ConvTranspose2d(2, 3, 3, stride=2), weight="W", bias="b"))
layer("maxpool1d(v, 2)", (2, 7), {}, nn.MaxPool1d(2))
layer("avgpool1d(v, 2)", (2, 7), {}, nn.AvgPool1d(2))
layer("maxpool3d(v, 2)", (2, 4, 5, 4), {}, nn.MaxPool3d(2), second=False)
layer("avgpool3d(v, 2)", (2, 4, 5, 4), {}, nn.AvgPool3d(2))
layer("lppool2d(v, 3, 2)", (2, 4, 5), {}, nn.LPPool2d(3, 2), inputs=lambda *s: between(0.5, 2, *s))
layer("adaptive_avgpool2d(v, 2, 3)", (2, 4, 6), {}, nn.AdaptiveAvgPool2d((2, 3)))
layer("adaptive_maxpool2d(v, 2, 3)", (2, 4, 6), {}, nn.AdaptiveMaxPool2d((2, 3)))
layer("unfold(v, 2)", (2, 3, 4), {}, nn.Unfold(2))
layer("fold(v, 3, 4, 2)", (8, 6), {}, nn.Fold((3, 4), 2))
layer("upsample2d(v, 2)", (2, 3, 2), {}, nn.Upsample(scale_factor=2))
layer("pixel_shuffle(v, 2)", (8, 2, 3), {}, nn.PixelShuffle(2))
layer("pixel_unshuffle(v, 2)", (2, 4, 6), {}, nn.PixelUnshuffle(2))
layer("channel_shuffle(v, 2)", (6, 2, 3), {}, lambda v: v.reshape(
    len(v), 2, 3, 2, 3).transpose(1, 2).reshape(v.shape))
layer("constant_pad1d(v, 2, 1.5)", (2, 4), {}, nn.ConstantPad1d(2, 1.5))
layer("replication_pad1d(v, 2)", (2, 4), {}, nn.ReplicationPad1d(2))
layer("reflection_pad1d(v, 2)", (2, 4), {}, nn.ReflectionPad1d(2))

# ---- norms, distances --------------------------------------------------------------------------

layer("groupnorm(v, 2)", (4, 3), dict(g=(4,), b=(4,)),
      module(nn.GroupNorm(2, 4), weight="g", bias="b"))
layer("instancenorm(v)", (2, 5), {}, nn.InstanceNorm1d(2))
layer("local_response_norm(v, 3, alpha = 0.5)", (4, 2, 3), {}, nn.LocalResponseNorm(3, 0.5))
layer("cosine_similarity(v[0], v[1])", (2, 4), {},
      lambda v: functional.cosine_similarity(v[:, 0], v[:, 1]))
layer("pairwise_distance(v[0], v[1])", (2, 4), {},
      lambda v: functional.pairwise_distance(v[:, 0], v[:, 1]))
layer("bilinear(v[0], v[1], 2)", (2, 3), dict(W=(2, 3, 3), c=(2,)),
      module(nn.Bilinear(3, 3, 2), lambda v: (v[:, 0], v[:, 1]), weight="W", bias="c"))
layer("embedding_bag(v, 3)", (4,), dict(E=(5, 3)),
      lambda v, p: functional.embedding_bag(v.long(), p["E"]), limit=5)

# ---- attention ---------------------------------------------------------------------------------

layer("cross_attention(v, v, 2)", (3, 4), attention_shapes(4), attend(4, 2, 0))


def decoder(d, heads, width):
  block = nn.TransformerDecoderLayer(d, heads, width, 0.0, batch_first=True)
  names = {}
  for theirs, ours in ("self_attn", "a"), ("multihead_attn", "c"):
    names |= {f"{theirs}.in_proj_weight": f"{ours}.Wx", f"{theirs}.in_proj_bias": f"{ours}.bx",
              f"{theirs}.out_proj.weight": f"{ours}.Wo", f"{theirs}.out_proj.bias": f"{ours}.bo"}
  for theirs, ours in ("norm1", "h."), ("norm2", "k."), ("norm3", ""):
    names |= {f"{theirs}.weight": f"{ours}g", f"{theirs}.bias": f"{ours}b"}
  for theirs, ours in ("linear1", "u"), ("linear2", "v"):
    names |= {f"{theirs}.weight": f"{ours}.W", f"{theirs}.bias": f"{ours}.b"}
  shapes = {f"{at}.{name}": shape for at in "ac" for name, shape in attention_shapes(d).items()}
  shapes |= {name: (d,) for name in ("h.g", "h.b", "k.g", "k.b", "g", "b", "v.b")}
  shapes |= {"u.W": (width, d), "u.b": (width,), "v.W": (d, width)}
  return shapes, module(block, lambda v: (v[:, 0], v[:, 1], hidden(v.shape[2])), **names)


layer("decoder_block(v[0], v[1], 2, 5)", (2, 3, 4), *decoder(4, 2, 5), second=False)

# ---- dropout: nothing at rate 0 ----------------------------------------------------------------

layer("dropout_channels(v, 0)", (2, 3, 2), {}, nn.Dropout2d(0.0))
layer("alpha_dropout(v, 0)", (2, 3), {}, nn.AlphaDropout(0.0))

# ---- losses ------------------------------------------------------------------------------------

loss("smooth_l1(p, y, 0.4)", (3, 2), real(3, 2), nn.SmoothL1Loss(beta=0.4))
loss("gaussian_nll(p[0], y, exp(p[1]))", (2, 3), real(3),
     lambda p, y: functional.gaussian_nll_loss(p[:, 0], y, torch.exp(p[:, 1])))
loss("poisson_nll(p, y)", (3,), between(0, 4, 3), nn.PoissonNLLLoss())
loss("soft_margin(p, y)", (3, 2), signs(3, 2), nn.SoftMarginLoss())
loss("multi_margin(p, y)", (4,), classes(4), kind=" : class(4)", second=False,
     function=lambda p, y: functional.multi_margin_loss(p, y.long()))
loss("multilabel_soft_margin(p, y)", (4,), bits(4), nn.MultiLabelSoftMarginLoss())
loss("margin_ranking(p[0], p[1], y, 0.3)", (2, 3), signs(3),
     lambda p, y: functional.margin_ranking_loss(p[:, 0], p[:, 1], y, 0.3))
loss("hinge_embedding(p, y)", (3,), signs(3), nn.HingeEmbeddingLoss())
loss("cosine_embedding(p[0], p[1], y, 0.1)", (2, 3), signs(),
     lambda p, y: functional.cosine_embedding_loss(p[:, 0], p[:, 1], y, 0.1))
loss("triplet_margin(p[0], p[1], p[2])", (3, 4), real(),
     lambda p, y: functional.triplet_margin_loss(p[:, 0], p[:, 1], p[:, 2]))


def ctc(p, y):
  T, K, L = p.shape[1], p.shape[2], y.shape[1]
  steps = torch.full((len(p),), T)
  each = functional.ctc_loss(p.log_softmax(-1).transpose(0, 1), y.long(), steps,
                             torch.full((len(p),), L), reduction="none")
  return each.mean()


loss("ctc(p, y)", (7, 4), lambda random, lead: random.integers(1, 4, lead + (3,)), ctc,
     kind=" : class(4)", second=False)
