"""Evaluation of a whole picture by one graph, with term pruning and loss scaling."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from nst_onnx.objective.guides import Masks, resized, resizer
from nst_onnx.objective.hypercolumns import MapPart
from nst_onnx.objective.loss_scaling import GRADIENT_MEAN, LOSS_SCALE, LossScale
from nst_onnx.objective.losses import temporal
from nst_onnx.objective.losses.loss import FeatureLoss
from nst_onnx.objective.matching import Matches
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.targets import too_small
from nst_onnx.objective.terms import COEFFICIENTS, GRADIENT, LOSSES, MASK, PICTURE, Term, Terms, Weighting
from nst_onnx.objective.tile_graphs import feature_shapes, fields_or_none
from nst_onnx.runtime import BoundSession, Session, TensorSession
from nst_onnx.runtime.session import Tensor
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import release_free_memory


class WholeEvaluation:
    """An `Evaluation` by one graph. Pictures are 3×H×W, RGB, 0..1."""

    def __init__(
        self, network: Network, terms: Terms, shape: tuple[int, int], masks: Masks | None = None
    ) -> None:
        """`masks`: H×W, the weights of pixels."""
        self._sessions = network.sessions(terms)
        self._terms, self._shape = terms, shape
        self._masks = masks or Masks()
        self._mask = np.ones(shape, np.float32) if self._masks.opacity is None else self._masks.opacity
        self._guides = _guides(network, terms, shape, self._masks)
        self._feeds: dict[str, Array] = dict(self._guides)
        if terms.masked:
            self._feeds[MASK] = self._mask[None, None]
        self._feature_shapes: dict[str, tuple[int, int, int]] = {}
        self._coefficients: Mapping[str, float] = {}
        self._bound: BoundSession
        self._loss_scale: LossScale | None = None
        self._names: tuple[str, ...] = ()  # of the terms that are computed, and their places among all
        self._places: list[int] = []
        self._losses: Array = np.zeros(len(terms.names), np.float32)  # the last ones of pruned terms

    def statistics(self, picture: Array, label: str) -> dict[str, Array]:
        """Return {term: the statistic of a picture}, for every loss that compares statistics.

        Raises PictureError, with `label`, where the picture is too small for the network.
        """
        return self._measured(picture, self._terms.statistics, label)

    def set_content(self, picture: Array, label: str) -> dict[str, float]:
        """Set the target of the losses that compare with the content. Return {term: its energy}.

        Raises PictureError as `statistics` does.
        """
        terms = [term for term in self._terms.positionwise if term.loss.target == "content"]
        found = self._measured(picture, terms, label)
        self._feeds |= {f"target/{name}": target for name, target in found.items()}
        return {term.name: term.loss.energy(found[term.name]) for term in terms}

    def maps(self, picture: Array) -> Iterator[MapPart]:
        """Yield the maps of a picture, in one part, for the losses whose target is matched."""
        terms = self._terms.matched
        found = self._measured(picture, terms, "the picture")
        roots = {term.name: self._roots_of(term.weighting) for term in terms}
        yield MapPart({name: maps[0] for name, maps in found.items()}, roots, dict.fromkeys(found, (0, 0)))

    def set_matches(self, matches: Matches) -> None:
        """Set the target of these losses."""
        for term in self._terms.matched:
            _, height, width = self._feature_shapes[term.source]
            rows, columns = slice(0, height), slice(0, width)
            target = matches.target(term.name, rows, columns) * self._roots_of(term.weighting)
            if term.name in self._names:
                self._bound.write(f"target/{term.name}", target[None])
            else:
                self._feeds[f"target/{term.name}"] = target[None]

    def set_previous_frame(self, warped: Array, trust: Array) -> None:
        """Set the target of the temporal loss, 3×H×W, and the trust in it, H×W."""
        self._feeds |= {temporal.TARGET: warped[None], temporal.TRUST: trust[None, None]}

    def feature_shape(self, source: str) -> tuple[int, int, int]:
        """Return (C, h, w) of features, once something has been measured."""
        return self._feature_shapes[source]

    def positions(self, weighting: str) -> float:
        """Return the sum of a weighting; without a mask, how many positions there are."""
        (found,) = (one for one in self._terms.weightings if one.name == weighting)
        return max(float(np.square(self._roots_of(found), dtype=np.float64).sum()), 1e-6)

    def set_targets(self, statistics: Mapping[str, Array], coefficients: Mapping[str, float]) -> None:
        """Set {term: target statistic}, and {term: factor on its distance} of all terms."""
        self._feeds |= {f"target/{name}": target for name, target in statistics.items()}
        self._feeds[PICTURE] = np.zeros((1, 3, *self._shape), np.float32)
        self._coefficients = coefficients
        for term in self._terms.matched:
            self._feeds[f"target/{term.name}"] = np.zeros((1, *self._feature_shapes[term.source]), np.float32)
        self._sessions.release("statistics")
        self._bind(self._terms.names)

    def prune(self, names: Collection[str], losses: Array) -> None:
        """Compute all terms but these from now on. Theirs stay as in `losses`, in the order of all names."""
        self._losses = losses
        wanted = tuple(name for name in self._terms.names if name not in names)
        if wanted != self._names:
            self._feeds |= self._bound.feeds()
            del self._bound  # before another takes as much memory
            self._sessions.of(self._names).release("objective")
            self._bind(wanted)

    @contextmanager
    def restricted_to(self, names: Collection[str]) -> Iterator[None]:
        """Within this context, evaluate these terms alone: the others' losses and gradients are zero."""
        self._write_coefficients(names)
        try:
            yield
        finally:
            self._write_coefficients(self._names)

    def evaluate(self, picture: Array) -> tuple[Array, Array]:
        """Return (losses in the order of the terms' names, gradient 3×H×W), valid until the next call."""
        self._bound.write(PICTURE, picture[None])
        self._run()
        return self._all_losses(), self._bound.read(GRADIENT)[0]

    def device_picture(self) -> Tensor:
        """Return the tensor (onnxruntime.OrtValue, 1×3×H×W) that `evaluate_on_device` reads."""
        return self._tensor(PICTURE)

    def evaluate_on_device(self) -> tuple[Array, Tensor]:
        """Evaluate the picture in `device_picture`; the gradient stays on the device, too."""
        self._run()
        return self._all_losses(), self._tensor(GRADIENT)

    def _bind(self, names: tuple[str, ...]) -> None:
        """Bind the session that computes these terms; the inputs of all others stay in `_feeds`."""
        self._feeds[COEFFICIENTS] = np.zeros(len(names), np.float32)
        session: Session = self._sessions.of(names).objective_at(self._shape)
        release_free_memory()
        outputs: dict[str, tuple[int, ...]] = {LOSSES: (len(names),), GRADIENT: (1, 3, *self._shape)}
        if LOSS_SCALE in session.inputs:
            self._loss_scale = self._loss_scale or LossScale()
            self._feeds[LOSS_SCALE], outputs[GRADIENT_MEAN] = np.ones((), np.float32), ()
        self._bound = session.bind(self._feeds, outputs)
        self._feeds = {name: fed for name, fed in self._feeds.items() if name not in session.inputs}
        self._names, self._places = names, [self._terms.names.index(name) for name in names]
        self._write_coefficients(names)

    def _write_coefficients(self, names: Collection[str]) -> None:
        factors = [self._coefficients[name] if name in names else 0.0 for name in self._names]
        self._bound.write(COEFFICIENTS, np.array(factors, np.float32))

    def _tensor(self, name: str) -> Tensor:
        assert isinstance(self._bound, TensorSession)
        return self._bound.tensor(name)

    def _run(self) -> None:
        """Evaluate; in float16 with the loss scale that fits the gradient."""
        if self._loss_scale is None:
            self._bound.run()
        else:
            self._loss_scale.fit(self._run_scaled)

    def _run_scaled(self, scale: float) -> tuple[float, float]:
        self._bound.write(LOSS_SCALE, np.array(scale, np.float32))
        self._bound.run()
        return float(self._bound.read(LOSSES).sum()), float(self._bound.read(GRADIENT_MEAN))

    def _all_losses(self) -> Array:
        losses = self._losses.copy()
        losses[self._places] = self._bound.read(LOSSES)
        return losses

    def _roots_of(self, weighting: Weighting) -> Array:
        """Return the square roots of a weighting, h×w."""
        guide = self._guides.get(f"root_weights/{weighting.name}")
        return self._roots(weighting.source) if guide is None else guide[0, 0]

    def _roots(self, source: str) -> Array:
        """Return the square roots of the positions' weights without regions, h×w."""
        _, height, width = self._feature_shapes[source]
        if not self._terms.masked:
            return np.ones((height, width), np.float32)
        return np.sqrt(resized(resizer(), self._mask, (height, width)))

    def _measured(self, picture: Array, terms: Sequence[Term[FeatureLoss]], label: str) -> dict[str, Array]:
        """Return {term: its map or statistic}, and record the shapes of all layers."""
        feeds = {PICTURE: np.ascontiguousarray(picture[None], np.float32), **self._guides}
        if self._terms.masked:
            feeds[MASK] = self._mask[None, None]
        names, shapes = [term.name for term in terms], [f"shape/{n}" for n in self._terms.sources]
        session = self._sessions.statistics
        try:
            found = session.run(feeds, [*names, *shapes])
        except Exception as error:
            if min(self._shape) < 32:
                raise too_small(label, self._shape) from error
            raise
        if min(found[name].min() for name in shapes) < 1:
            raise too_small(label, self._shape)
        for source in self._terms.sources:
            _, channels, height, width = (int(n) for n in found[f"shape/{source}"])
            self._feature_shapes[source] = channels, height, width
        return {name: found[name] for name in names}


def _guides(network: Network, terms: Terms, shape: tuple[int, int], masks: Masks) -> dict[str, Array]:
    """Return {input: the square roots of a region's guide, 1×1×h×w}."""
    of_regions = [weighting for weighting in terms.weightings if weighting.region]
    if not of_regions:
        return {}
    height, width = (side + 2 * terms.margin for side in shape)
    shapes = feature_shapes(network.extractor, terms, (height, width))
    fields, strides = fields_or_none(network.extractor, terms), network.sessions(terms).strides
    found = {}
    for weighting in of_regions:
        border = 2 * (terms.margin // strides[weighting.source])
        rows, columns = (max(1, side - border) for side in shapes[weighting.source][1:])
        guide = masks.at(weighting.region, (rows, columns), fields.get(weighting.source))
        assert guide is not None, "a region has a mask"
        found[f"root_weights/{weighting.name}"] = np.sqrt(guide, dtype=np.float32)[None, None]
    return found
