"""The objective: weighted losses of a picture and their exact gradient, for one content at one size."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

from nst_onnx.errors import OptionError
from nst_onnx.objective.evaluation import Evaluation, evaluation
from nst_onnx.objective.guides import Masks
from nst_onnx.objective.hypercolumns import Grid
from nst_onnx.objective.losses import ALTERNATIVES, LOSSES, STATISTICS
from nst_onnx.objective.losses import temporal as temporal_loss
from nst_onnx.objective.losses.loss import FeatureLoss
from nst_onnx.objective.losses.normalisation import Layer
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.matching import Candidates, Matched, Matches, Parts, mixture
from nst_onnx.objective.regions import Region, of_regions, style_weights
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.settings import ObjectiveSettings, WeightedTerm
from nst_onnx.objective.shards.sharded import ShardedEvaluation
from nst_onnx.objective.shards.team import Team
from nst_onnx.objective.style_targets import Measuring, StyleTargets
from nst_onnx.objective.targets import planes, scaled
from nst_onnx.objective.terms import Term
from nst_onnx.objective.whole import WholeEvaluation
from nst_onnx.picture import Picture, resize
from nst_onnx.runtime.session import Tensor
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory


class Objective:
    """Weighted losses and their gradient, as a function of a picture of one size.

    `styles`: style pictures, or regions of the picture, each with its own. `shape`: (H, W) of that picture.
    `temporal`: for a frame of a video, the previous frame. `team`: processes that evaluate large pictures in
    shards. Raises PictureError for pictures too small for the network, or with nothing visible in them.
    """

    shape: tuple[int, int]
    """(H, W) of the pictures that it evaluates."""

    def __init__(
        self,
        content: Picture,
        styles: Sequence[Picture] | Sequence[Region],
        *,
        network: Network,
        settings: ObjectiveSettings,
        shape: tuple[int, int],
        memory: Memory,
        temporal: Temporal | None = None,
        team: Team | None = None,
    ) -> None:
        self.content = content
        self.styles = [style for style in styles if isinstance(style, Picture)]
        self.regions = [style for style in styles if isinstance(style, Region)]
        self.network, self.settings, self.shape, self.memory = network, settings, shape, memory
        self._temporal, self._team = temporal, team
        _require_float64(network, settings.weighted_terms)
        self._candidates: Candidates | None = None
        self.matched: Matched | None = None
        self._prepare()

    def _prepare(self) -> None:
        """Measure the targets, compute the coefficients, and place both on the device."""
        self.content_picture, self.content_opacity = scaled(self.content, self.shape, self.memory)
        masks = {region.name: region.mask_at(self.shape) for region in self.regions}
        factors = {region.name: region.factor for region in self.regions}
        self._masks = Masks(self.content_opacity, masks, factors, self.settings.guides)
        self._weighted_terms = self._all_weighted_terms()
        terms = tuple(weighted.term for weighted in self._weighted_terms)
        masked = any(picture.alpha is not None for picture in (self.content, *self.styles))
        self.terms = replace(self.settings.terms, terms=terms, masked=masked)
        self._evaluation = self._evaluation_of(self._masks)
        energies = self._evaluation.set_content(planes(self.content_picture), self.content.name)
        targets = self._target_statistics()
        for term in self.terms.statistics:
            energies[term.name] = term.loss.energy(targets[term.name])
        if self._candidates is not None:
            together = self._masks.weight_together() if self.regions else 1.0
            for matched in self.terms.matched:
                positions = self._evaluation.positions(matched.weighting.name) / together
                energies[matched.name] = positions * self._candidates.moments.variances[matched.name]
        if self._temporal is not None:
            warped, trust = (
                resize(self._temporal.warped, self.shape),
                resize(self._temporal.trust, self.shape),
            )
            self._evaluation.set_previous_frame(planes(warped), trust)
        self._evaluation.set_targets(targets, self._coefficients(energies))

    def _all_weighted_terms(self) -> tuple[WeightedTerm, ...]:
        terms = self.settings.weighted_terms
        if self.regions:
            terms = of_regions(terms, self.regions, self._masks.shares())
        if self._temporal is not None:
            loss = temporal_loss.LOSS
            terms += (WeightedTerm(Term(loss), self._temporal.weight, loss.normalisation),)
        return terms

    def _target_statistics(self) -> dict[str, Array]:
        """Return {term: statistic} of the content or, blended, of the style pictures."""
        found = self._style_targets()
        self.style_pictures, targets = found.pictures, found.statistics
        if self.terms.matched:
            self._candidates = Candidates.of(found.maps)
        of_content = [term.name for term in self.terms.statistics if term.loss.target == "content"]
        if of_content:
            measured = self._evaluation.statistics(planes(self.content_picture), self.content.name)
            targets |= {name: measured[name] for name in of_content}
        return {term.name: term.loss.prepared(targets[term.name]) for term in self.terms.statistics}

    def _style_targets(self) -> StyleTargets:
        measuring = Measuring(self.network.of_styles, self.memory, self._team, self.content_picture)
        if self.regions:
            return measuring.of_regions(self.regions, self.settings, self._masks)
        terms = replace(self.terms, margin=self.settings.margin)
        return measuring.of_styles(self.styles, terms, self.settings, self.content_opacity)

    @property
    def style_weights(self) -> Sequence[float] | None:
        """How much each of the style pictures counts; None: all the same."""
        if self.regions:
            return style_weights(self.regions, self._masks.shares())
        return self.settings.style_weights

    def _grid(self) -> Grid:
        terms, strides = self.terms.matched, self.network.sessions(self.terms).strides
        shapes = {term.name: self._evaluation.feature_shape(term.source)[1:] for term in terms}
        return Grid(shapes, {term.name: strides[term.source] for term in terms})

    def _evaluation_of(self, masks: Masks) -> Evaluation:
        return evaluation(self.network, self.terms, self.shape, masks, self.memory, self._team)

    def _coefficients(self, energies: Mapping[str, float]) -> dict[str, float]:
        """Return the factor on each term's distance: weight × normalisation."""
        pixels = self.shape[0] * self.shape[1]
        factors = {}
        for weighted in self._weighted_terms:
            term = weighted.term
            if isinstance(term.loss, FeatureLoss):
                channels, height, width = self._evaluation.feature_shape(term.source)
                layer = Layer(channels, height * width, pixels, energies[term.name])
            else:
                layer = Layer(3, pixels, pixels, 0.0)
            factors[term.name] = weighted.weight * weighted.normalisation(layer)
        return factors

    def named(self, losses: Array) -> dict[str, float]:
        """Return {name: loss}: the total, the sum of each loss, then each term as "content/conv4_2".

        Statistics in place of Gram matrices are part of the sum "style".
        """
        terms = {term.name: float(value) for term, value in zip(self.terms.terms, losses, strict=True)}
        sums = {name: 0.0 for name in LOSSES if name not in STATISTICS}
        for term in self.terms.terms:
            name = "style" if term.loss.name in ALTERNATIVES else term.loss.name
            sums[name] = sums.get(name, 0.0) + terms[term.name]
        return {"total": sum(terms.values()), **sums, **terms}

    @property
    def has_matches(self) -> bool:
        """Whether a loss compares with matched positions of the style."""
        return self._candidates is not None

    def match(self, picture: Array | None = None) -> None:
        """Match each position of content and `picture` (so far, H×W×3) with the style: targets change."""
        assert self._candidates is not None
        mixed = mixture(self.content_picture, picture, self.memory)
        parts: Parts = partial(self._evaluation.maps, planes(mixed))
        if self.whole:  # they are in memory at once anyway
            found = list(parts())
            parts = found.copy
        grid = self._grid()
        labels = self._masks.labels(grid.shape) if self.regions else None
        self.set_matched(self._candidates.match(grid, parts, labels))

    def set_matched(self, matched: Matched) -> None:
        """Set what `match` has found before: `matched`, a candidate's number for each position."""
        assert self._candidates is not None
        self.matched = matched
        self._evaluation.set_matches(Matches(self._grid(), self._candidates, matched))

    def evaluate(self, picture: Array) -> tuple[Array, Array]:
        """Return (losses of each term, gradient) at a picture 1×3×H×W, valid until the next call.

        Where nothing has been matched yet, the content is.
        """
        if self.has_matches and self.matched is None:
            self.match()
        losses, gradient = self._evaluation.evaluate(picture[0])
        return losses, gradient[None]

    @property
    def whole(self) -> bool:
        """Whether one graph takes the whole picture; `evaluate_on_device`, `prune` and `only` require it."""
        return isinstance(self._evaluation, WholeEvaluation)

    @property
    def sharded(self) -> ShardedEvaluation | None:
        """The evaluation in shards, if it is one."""
        return self._evaluation if isinstance(self._evaluation, ShardedEvaluation) else None

    def device_picture(self) -> Tensor:
        """Return the tensor (onnxruntime.OrtValue, 1×3×H×W) that `evaluate_on_device` reads."""
        return self._whole.device_picture()

    def evaluate_on_device(self) -> tuple[Array, Tensor]:
        """Return (losses of each term, gradient tensor) at the picture in `device_picture`."""
        return self._whole.evaluate_on_device()

    def prune(self, names: Collection[str], losses: Array) -> None:
        """Compute all terms but these from now on. Theirs stay as in `losses` (of each term)."""
        self._whole.prune(names, losses)

    def restricted_to(self, names: Collection[str]) -> AbstractContextManager[None]:
        """Evaluate these terms alone within a context: the others' losses and gradients are zero."""
        return self._whole.restricted_to(names)

    @property
    def _whole(self) -> WholeEvaluation:
        assert isinstance(self._evaluation, WholeEvaluation)
        return self._evaluation

    def close(self) -> None:
        """Release sessions and buffers. The objective must not be used afterwards."""
        del self._evaluation, self.content_picture, self.content_opacity, self.style_pictures
        self._candidates = None


def _require_float64(network: Network, terms: Sequence[WeightedTerm]) -> None:
    """Raise OptionError where a loss requires float64 and the device has none."""
    device = network.device
    names = [weighted.term.loss.name for weighted in terms if getattr(weighted.term.loss, "float64", False)]
    if names and (device.kind == "openvino" or device.precision != "fp32"):
        raise OptionError(f"the loss {names[0]} requires float64, which {device} lacks", "choose device cpu")
