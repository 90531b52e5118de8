"""PyTorch twins of the models in tests/models, one module a family."""

from . import (attention, dense, derivatives, elements, gathers, layers, library, recurrent,
               reductions, shapes)
from .registry import TWINS

__all__ = ["TWINS", "attention", "dense", "derivatives", "elements", "gathers", "layers",
           "library", "recurrent", "reductions", "shapes"]
