"""Optimisers. They see vectors, not pictures: ask for `x`, tell what it is worth, ask again."""

from nst_onnx.optim.adam import Adam
from nst_onnx.optim.averaging import Average
from nst_onnx.optim.lbfgs import LBFGS
from nst_onnx.optim.optimiser import Optimiser
from nst_onnx.optim.preconditioner import Preconditioner
from nst_onnx.optim.space import Host, Space

__all__ = ["LBFGS", "Adam", "Average", "Host", "Optimiser", "Preconditioner", "Space"]
