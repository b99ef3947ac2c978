"""Whether an extractor computes what its original computes: activations against activations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import onnx

from nst_onnx.errors import ModelError
from nst_onnx.models.metadata import Preprocessing
from nst_onnx.runtime.devices import onnxruntime
from nst_onnx.support.arrays import Array

from .keras import KerasExtractor

Activations = Callable[[Array], Mapping[str, Array]]

LIMIT = 1e-4  # float32 rounding through VGG-19 stays some ten times below
LIMIT_HALF = 1e-2  # weights rounded to float16's eleven bits
# Pictures per batch, height, width: square, odd, wide, tall, and more than one picture.
SIZES = ((1, 64, 64), (1, 47, 93), (1, 112, 33), (2, 40, 56))


def pictures(
    preprocessing: Preprocessing, sizes: Iterable[tuple[int, int, int]] = SIZES, *, seed: int = 0
) -> Iterator[Array]:
    """Yield random pictures as the network takes them: float32 N×3×H×W, preprocessed.

    Each is noise of every coarseness from one pixel to eight, so that deep layers respond too.
    """
    rng = np.random.default_rng(seed)
    matrix, offset = preprocessing.affine()
    for count, height, width in sizes:
        picture = np.zeros((count, 3, height, width))
        for block in (1, 2, 4, 8):
            rows, columns = -(-height // block), -(-width // block)
            noise = rng.random((count, 3, rows, columns)).repeat(block, 2).repeat(block, 3)
            picture += noise[:, :, :height, :width] / 4
        mixed = np.einsum("ij,njhw->nihw", matrix, picture) + offset[:, None, None]
        yield mixed.astype(np.float32)


def of_onnx(model: onnx.ModelProto) -> Activations:
    """Return what runs `model` in onnxruntime, on the CPU."""
    session = onnxruntime().InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (picture,) = session.get_inputs()
    outputs = [output.name for output in session.get_outputs()]

    def run(batch: Array) -> Mapping[str, Array]:
        return dict(zip(outputs, session.run(outputs, {picture.name: batch}), strict=True))

    return run


def of_keras(extractor: KerasExtractor) -> Activations:
    """Return what runs `extractor` in TensorFlow, its outputs turned to N×C×H×W."""

    def run(batch: Array) -> Mapping[str, Array]:
        outputs: Any = extractor.model(np.ascontiguousarray(batch.transpose(0, 2, 3, 1)), training=False)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        arrays = (np.asarray(output, np.float32).transpose(0, 3, 1, 2) for output in outputs)
        return dict(zip(extractor.layers, arrays, strict=True))

    return run


def errors(candidate: Activations, reference: Activations, batches: Iterable[Array]) -> dict[str, float]:
    """Return for each layer the largest difference over all batches, relative to the layer's largest value.

    Raises ModelError where the layers or their shapes differ.
    """
    worst: dict[str, float] = {}
    for batch in batches:
        ours, theirs = candidate(batch), reference(batch)
        if ours.keys() != theirs.keys():
            differing = ", ".join(sorted(ours.keys() ^ theirs.keys()))
            raise ModelError(f"the two models differ in their layers: {differing}")
        for name, expected in theirs.items():
            if ours[name].shape != expected.shape:
                raise ModelError(f"{name} has shape {ours[name].shape} and should have {expected.shape}")
            largest = max(float(np.abs(expected).max()), float(np.finfo(np.float32).tiny))
            error = float(np.abs(ours[name] - expected).max()) / largest
            # A NaN must not pass for a small number.
            worst[name] = max(worst.get(name, 0.0), error if np.isfinite(error) else np.inf)
    return worst


def require(found: Mapping[str, float], limit: float = LIMIT) -> None:
    """Raise ModelError, naming the worst layer, where an error is not below `limit`."""
    layer = max(found, key=lambda name: found[name])
    if not found[layer] < limit:
        raise ModelError(
            f"the activations of {layer} differ by {found[layer]:.1e}, relatively; allowed is {limit:.0e}",
            "the conversion is wrong: do not use the file",
        )
