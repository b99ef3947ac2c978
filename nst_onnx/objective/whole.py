"""The losses of a picture and their gradient by one graph for the whole of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import PictureError
from nst_onnx.objective.graphs import COEFFICIENTS, GRADIENT, LOSSES, MASK, PICTURE, Terms
from nst_onnx.objective.loss_scaling import LOUDNESS, SCALE, LossScale
from nst_onnx.objective.losses import temporal
from nst_onnx.objective.sessions import Network
from nst_onnx.runtime import BoundSession, Session, TensorSession
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import release_free_memory


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
        self._coefficients: Mapping[str, float] = {}
        self._bound: BoundSession
        self._scale: LossScale | None = None
        self._names: tuple[str, ...] = ()  # of the terms that are computed, and their places among all
        self._places: list[int] = []
        self._kept: Array = np.zeros(len(terms.names), np.float32)  # losses, for those that are not

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
        self._coefficients = coefficients
        self._sessions.release("statistics")
        self._bind(self._terms.names)

    def prune(self, names: Collection[str], losses: Array) -> None:
        """Compute all terms but these from now on. Theirs stay as in `losses`, in the order of all names."""
        self._kept = losses
        wanted = tuple(name for name in self._terms.names if name not in names)
        if wanted != self._names:
            self._feeds |= self._bound.feeds()
            del self._bound  # before another takes as much memory
            self._sessions.of(self._names).release("objective")
            self._bind(wanted)

    @contextmanager
    def only(self, names: Collection[str]) -> Iterator[None]:
        """Within this context, let these terms alone count: the others' losses and gradients are zero."""
        self._weigh(names)
        try:
            yield
        finally:
            self._weigh(self._names)

    def _bind(self, names: tuple[str, ...]) -> None:
        """Prepare to compute these terms; what only others need stays in `_feeds`."""
        self._feeds[COEFFICIENTS] = np.zeros(len(names), np.float32)
        session: Session = self._sessions.of(names).objective_at(self._shape)
        release_free_memory()
        outputs: dict[str, tuple[int, ...]] = {LOSSES: (len(names),), GRADIENT: (1, 3, *self._shape)}
        if SCALE in session.inputs:
            self._scale = self._scale or LossScale()
            self._feeds[SCALE], outputs[LOUDNESS] = np.ones((), np.float32), ()
        self._bound = session.bind(self._feeds, outputs)
        self._feeds = {name: fed for name, fed in self._feeds.items() if name not in session.inputs}
        self._names, self._places = names, [self._terms.names.index(name) for name in names]
        self._weigh(names)

    def _weigh(self, names: Collection[str]) -> None:
        factors = [self._coefficients[name] if name in names else 0.0 for name in self._names]
        self._bound.write(COEFFICIENTS, np.array(factors, np.float32))

    def evaluate(self, picture: Array) -> tuple[Array, Array]:
        """Return (losses in the order of the terms' names, gradient 3×H×W), valid until the next call."""
        self._bound.write(PICTURE, picture[None])
        self._run()
        return self._losses(), self._bound.read(GRADIENT)[0]

    def device_picture(self) -> Any:
        """Return the tensor (onnxruntime.OrtValue, 1×3×H×W) that `evaluate_on_device` reads."""
        return self._there(PICTURE)

    def evaluate_on_device(self) -> tuple[Array, Any]:
        """Do the same for the picture in that tensor; the gradient stays on the device, too."""
        self._run()
        return self._losses(), self._there(GRADIENT)

    def _there(self, name: str) -> Any:
        assert isinstance(self._bound, TensorSession)
        return self._bound.tensor(name)

    def _run(self) -> None:
        """Evaluate, in half precision until the gradient fits."""
        if self._scale is None:
            self._bound.run()
        else:
            self._scale.fit(self._scaled)

    def _scaled(self, scale: float) -> tuple[float, float]:
        self._bound.write(SCALE, np.array(scale, np.float32))
        self._bound.run()
        return float(self._bound.read(LOSSES).sum()), float(self._bound.read(LOUDNESS))

    def _losses(self) -> Array:
        losses = self._kept.copy()
        losses[self._places] = self._bound.read(LOSSES)
        return losses

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
