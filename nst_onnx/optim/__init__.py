"""Optimisers of vectors: L-BFGS with a preconditioner, Adam, and averaging of iterates."""

from nst_onnx.optim.adam import Adam
from nst_onnx.optim.averaging import Average
from nst_onnx.optim.lbfgs import LBFGS
from nst_onnx.optim.optimiser import Optimiser
from nst_onnx.optim.preconditioner import Preconditioner
from nst_onnx.optim.space import HostSpace, Space

__all__ = ["LBFGS", "Adam", "Average", "HostSpace", "Optimiser", "Preconditioner", "Space"]
