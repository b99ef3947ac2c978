"""Metadata of a feature extractor, stored in its ONNX ``metadata_props``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import ModelError

if TYPE_CHECKING:
    import onnx

PREFIX = "nst."


@dataclass(frozen=True)
class Preprocessing:
    """Conversion of a picture (RGB, 0..1, sRGB-encoded) to a network's input.

    ``x[c] = (scale * picture[channel_order[c]] - mean[c]) / std[c]``; `mean` and `std` are in the
    network's own channel order and in units of the scaled picture.
    """

    channel_order: Literal["RGB", "BGR"] = "RGB"
    scale: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def affine(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return (matrix 3×3, offset 3) with ``x = matrix @ rgb + offset``, float64."""
        order = [("RGB").index(c) for c in self.channel_order]
        std = np.asarray(self.std, np.float64)
        matrix = np.zeros((3, 3))
        matrix[np.arange(3), order] = self.scale / std
        return matrix, -np.asarray(self.mean, np.float64) / std


CAFFE = Preprocessing("BGR", 255.0, (103.939, 116.779, 123.68))
TORCHVISION = Preprocessing("RGB", 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Facts:
    """Metadata of a feature extractor."""

    name: str
    preprocessing: Preprocessing
    content_layers: tuple[str, ...] = ()
    style_layers: tuple[str, ...] = ()
    source: str = ""
    licence: str = ""
    sha256: str = ""


def stamp(model: onnx.ModelProto, facts: Facts) -> None:
    """Write `facts` into the model's ``metadata_props``, replacing all keys that start with ``nst.``."""
    p = facts.preprocessing
    values = {
        "name": facts.name,
        "channel_order": p.channel_order,
        "scale": repr(p.scale),
        "mean": ",".join(map(repr, p.mean)),
        "std": ",".join(map(repr, p.std)),
        "content_layers": ",".join(facts.content_layers),
        "style_layers": ",".join(facts.style_layers),
        "source": facts.source,
        "licence": facts.licence,
        "sha256": facts.sha256,
    }
    kept = [(q.key, q.value) for q in model.metadata_props if not q.key.startswith(PREFIX)]
    del model.metadata_props[:]
    for key, value in kept + [(PREFIX + k, v) for k, v in values.items()]:
        model.metadata_props.add(key=key, value=value)


def read(model: onnx.ModelProto) -> Facts | None:
    """Return a model's metadata, or None where it has none.

    Raises ModelError where it is invalid.
    """
    values = {q.key.removeprefix(PREFIX): q.value for q in model.metadata_props if q.key.startswith(PREFIX)}
    if not values:
        return None
    try:
        preprocessing = preprocessing_of(
            values["channel_order"], float(values["scale"]), _numbers(values["mean"]), _numbers(values["std"])
        )
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"the model's nst.* metadata is broken: {error}", "convert the model again"
        ) from error
    return Facts(
        name=values.get("name", ""),
        preprocessing=preprocessing,
        content_layers=_names(values.get("content_layers", "")),
        style_layers=_names(values.get("style_layers", "")),
        source=values.get("source", ""),
        licence=values.get("licence", ""),
        sha256=values.get("sha256", ""),
    )


def preprocessing_of(
    channel_order: str, scale: float, mean: tuple[float, ...], std: tuple[float, ...]
) -> Preprocessing:
    """Return a validated Preprocessing. Raises ValueError."""
    if channel_order not in ("RGB", "BGR"):
        raise ValueError(f"channel_order must be RGB or BGR, not {channel_order!r}")
    if len(mean) != 3 or len(std) != 3:
        raise ValueError("mean and std need three numbers each")
    if not (np.isfinite([scale, *mean, *std]).all() and scale > 0 and min(std) > 0):
        raise ValueError("scale and std must be positive, and every number finite")
    order: Literal["RGB", "BGR"] = "RGB" if channel_order == "RGB" else "BGR"
    return Preprocessing(order, scale, (mean[0], mean[1], mean[2]), (std[0], std[1], std[2]))


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _names(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)
