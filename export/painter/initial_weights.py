"""Weights of a painter, read from its ONNX file: where a training begins, and their mean with its end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from nst_onnx.errors import ModelError
from nst_onnx.support import library_errors
from nst_onnx.support.arrays import Array

from .. import graph_form
from .architecture import KERNEL_RATE, Architecture

_DENSE = ("matrix", "bias")


def read(path: Path, architecture: Architecture) -> dict[str, Array]:
    """Return the arrays of `Painter.state_dict` that `onnx_graph.build` stored, in float32.

    Raises ModelError where `path` is no painter of this architecture.
    """
    try:
        model = onnx.load_model(str(path))
    except Exception as error:  # protobuf and onnx raise many kinds
        raise ModelError(f"{path} cannot be read: {library_errors.of(error)}") from error
    stored = {
        tensor.name.removesuffix(graph_form.HALF): numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
    }
    try:
        return _arrays(stored, architecture)
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"{path} is not a painter of this form", "give one that export painter made"
        ) from error


def blended(start: Mapping[str, Array], end: Mapping[str, Array], share: float) -> dict[str, Array]:
    """Return the weights at `share` (0..1) of the way from `start` to `end`.

    A short training leaves noise in the weights; their mean with those of the start has less of it
    (Wortsman et al. 2022, arXiv:2109.01903).
    """
    part = np.float32(share)
    return {name: (1 - part) * start[name] + part * value for name, value in end.items()}


def _arrays(stored: dict[str, Array], architecture: Architecture) -> dict[str, Array]:
    found = {
        "centre": stored["predict/centre"],
        "spread": 1 / stored["predict/rate"].astype(np.float32),
        "picture_bias": stored["picture/bias"],
    }
    layers = sum(name.startswith("predict/") and name.endswith("/matrix") for name in stored)
    for number in range(layers):
        found[f"dense.{number}"], found[f"biases.{number}"] = (
            stored[f"predict/{number}/{part}"] for part in _DENSE
        )
    fitted = list(architecture.fitted())
    lengths = [math.prod(one.shape) for one in fitted]
    parts = np.split(stored["predict/kernels"].astype(np.float32) * KERNEL_RATE, np.cumsum(lengths)[:-1])
    kernels = {one.name: part for one, part in zip(fitted, parts, strict=True)}
    for one in architecture.convolutions():
        kernel = kernels.get(one.name)
        kernel = stored[f"{one.name}/kernel"] if kernel is None else kernel
        found[f"kernels.{one.name}"] = kernel.reshape(one.shape)
    return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}
