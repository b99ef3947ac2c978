"""The losses of a picture and their gradient by one graph for the whole of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import PictureError
from nst_onnx.losses import temporal
from nst_onnx.losses.assemble import COEFFICIENTS, GRADIENT, LOSSES, MASK, PICTURE, Terms
from nst_onnx.network import Network
from nst_onnx.runtime import AnyBound, AnySession, Bound, give_back

Array = npt.NDArray[np.float32]


class Whole:
    """A picture of one size. Pictures are 3×H×W, RGB, 0..1."""

    def __init__(
        self, network: Network, terms: Terms, shape: tuple[int, int], mask: Array | None = None
    ) -> None:
        """`mask`: H×W, how much each pixel counts."""
        self._sessions = network.sessions(terms)
        self._terms, self._shape = terms, shape
        self._feeds: dict[str, npt.NDArray[Any]] = {}
        if terms.masked:
            self._feeds[MASK] = (np.ones(shape, np.float32) if mask is None else mask)[None, None]
        self._shapes: dict[str, tuple[int, int, int]] = {}
        self._bound: AnyBound

    def grams(self, picture: Array, label: str) -> dict[str, Array]:
        """Return {layer: C×C}: the picture's Gram matrices per position.

        Raises PictureError, with `label`, where the picture is too small for the network.
        """
        return self._measured(picture, "style", self._terms.style, label)

    def keep_content(self, picture: Array, label: str) -> dict[str, float]:
        """Make a picture the content, and return {layer: the sum of its features' squares}.

        Raises PictureError as `grams` does.
        """
        found = self._measured(picture, "content", self._terms.content, label)
        self._feeds |= {f"target/content/{layer}": features for layer, features in found.items()}
        return {layer: float(np.sum(np.square(f, dtype=np.float64))) for layer, f in found.items()}

    def keep_before(self, warped: Array, trust: Array) -> None:
        """Hold the picture to the frame before: 3×H×W, and H×W how far it can be trusted."""
        self._feeds |= {temporal.TARGET: warped[None], temporal.TRUST: trust[None, None]}

    def features(self, layer: str) -> tuple[int, int, int]:
        """Return (C, h, w) of a layer, once something has been measured."""
        return self._shapes[layer]

    def aim(self, targets: Mapping[str, Array], coefficients: Mapping[str, float]) -> None:
        """Set {layer: the style's Gram matrix}, and {term: the factor on its squared differences}."""
        self._feeds |= {f"target/style/{layer}": gram for layer, gram in targets.items()}
        self._feeds[PICTURE] = np.zeros((1, 3, *self._shape), np.float32)
        self._feeds[COEFFICIENTS] = np.array([coefficients[n] for n in self._terms.names], np.float32)
        self._sessions.measured()
        session: AnySession = self._sessions.objective
        give_back()
        outputs = {LOSSES: (len(self._terms.names),), GRADIENT: (1, 3, *self._shape)}
        self._bound = session.bind(self._feeds, outputs)
        self._feeds = {}

    def evaluate(self, picture: Array) -> tuple[Array, Array]:
        """Return (losses in the order of the terms' names, gradient 3×H×W), valid until the next call."""
        self._bound.write(PICTURE, picture[None])
        self._bound.run()
        return self._bound.read(LOSSES), self._bound.read(GRADIENT)[0]

    def evaluate_there(self, picture: Any) -> tuple[Array, Any]:
        """Do the same with tensors 1×3×H×W on the device (onnxruntime.OrtValue), where they stay."""
        assert isinstance(self._bound, Bound)
        self._bound.place(PICTURE, picture)
        self._bound.run()
        return self._bound.read(LOSSES), self._bound.there(GRADIENT)

    def _measured(self, picture: Array, kind: str, layers: tuple[str, ...], label: str) -> dict[str, Any]:
        feeds = {PICTURE: np.ascontiguousarray(picture[None], np.float32)}
        if MASK in self._feeds:
            feeds[MASK] = self._feeds[MASK]
        names, shapes = [f"{kind}/{n}" for n in layers], [f"shape/{n}" for n in self._terms.layers]
        try:
            found = self._sessions.statistics.run(feeds, [*names, *shapes])
        except Exception as error:
            if min(self._shape) < 32:
                raise too_small(label, self._shape) from error
            raise
        if min(found[name].min() for name in shapes) < 1:
            raise too_small(label, self._shape)
        for layer in self._terms.layers:
            _, channels, height, width = (int(n) for n in found[f"shape/{layer}"])
            self._shapes[layer] = channels, height, width
        return {layer: found[name] for layer, name in zip(layers, names, strict=True)}


def too_small(label: str, shape: tuple[int, int]) -> PictureError:
    """Return the error for a picture that leaves some layer nothing to look at."""
    return PictureError(
        f"{label} is {shape[1]}×{shape[0]} here, too small for the layers chosen",
        "choose a larger size, shallower layers, or a picture less narrow",
    )
