"""The objective: weighted losses of a picture and their exact gradient, for one content at one size."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np

from nst_onnx.objective.evaluation import Evaluation, evaluation
from nst_onnx.objective.losses import temporal as temporal_loss
from nst_onnx.objective.losses import total_variation
from nst_onnx.objective.losses.normalisation import Layer
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.settings import ObjectiveSettings
from nst_onnx.objective.shards.sharded import ShardedPicture
from nst_onnx.objective.shards.team import Team
from nst_onnx.objective.targets import blend, planes, scaled
from nst_onnx.objective.whole import Whole
from nst_onnx.picture import Picture, fit, resize
from nst_onnx.picture.colour import match_covariance, match_histogram
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory

_RECOLOUR = {"histogram": match_histogram, "covariance": match_covariance}


class Objective:
    """Weighted losses and their gradient, as a function of a picture of one size.

    `shape`: (H, W) of that picture. `temporal`: for a frame of a film, the frame before. `team`: processes
    that share a picture too large for one.
    Raises PictureError for pictures too small for the network, or with nothing visible in them.
    """

    shape: tuple[int, int]
    """(H, W) of the pictures that it evaluates."""

    def __init__(
        self,
        content: Picture,
        styles: Sequence[Picture],
        *,
        network: Network,
        settings: ObjectiveSettings,
        shape: tuple[int, int],
        memory: Memory,
        temporal: Temporal | None = None,
        team: Team | None = None,
    ) -> None:
        self.content, self.styles = content, styles
        self.network, self.settings, self.shape, self.memory = network, settings, shape, memory
        self._temporal, self._team = temporal, team
        self._weights = dict(settings.weights)
        if temporal is not None:
            self._weights["temporal"] = temporal.weight
        masked = any(picture.alpha is not None for picture in (content, *styles))
        self.terms = replace(settings.terms, masked=masked, temporal=temporal is not None)
        self._prepare()

    def _prepare(self) -> None:
        """Measure the targets, compute the coefficients, and place both on the device."""
        self.content_picture, alpha = self._content = scaled(self.content, self.shape, self.memory)
        self._evaluation = self._evaluation_of(self.shape, alpha)
        energy = self._evaluation.keep_content(planes(self.content_picture), self.content.name)
        self.style_pictures = self._scaled_styles()
        grams = []
        for style, (rgb, opacity) in zip(self.styles, self.style_pictures, strict=True):
            measured = self._evaluation_of((rgb.shape[0], rgb.shape[1]), opacity)
            grams.append(measured.grams(planes(rgb), style.name))
        targets = blend(grams, self.settings.style_weights or [1.0] * len(grams))
        if self._temporal is not None:
            warped, trust = (
                resize(self._temporal.warped, self.shape),
                resize(self._temporal.trust, self.shape),
            )
            self._evaluation.keep_before(planes(warped), trust)
        squares = {f"content/{layer}": part for layer, part in energy.items()}
        squares |= {f"style/{n}": float(np.square(t, dtype=np.float64).sum()) for n, t in targets.items()}
        self._evaluation.aim(targets, self._coefficients(squares))

    def _evaluation_of(self, shape: tuple[int, int], alpha: Array | None) -> Evaluation:
        return evaluation(self.network, self.terms, shape, alpha, self.memory, self._team)

    def _scaled_styles(self) -> list[tuple[Array, Array | None]]:
        """Return the style pictures at the content's size times `style_scale`, recoloured if asked for."""
        longest = max(1, round(max(self.shape) * self.settings.style_scale))
        pictures = [scaled(style, fit(style.shape, longest), self.memory) for style in self.styles]
        if self.settings.recolouring is None:
            return pictures
        recolour = _RECOLOUR[self.settings.recolouring]
        content, opacity = self._content
        return [
            (recolour(rgb, content, style_weights=alpha, content_weights=opacity, out=rgb), alpha)
            for rgb, alpha in pictures
        ]

    def _coefficients(self, energy: Mapping[str, float]) -> dict[str, float]:
        """Return the factor on each term's sum of squared differences: weight × normalisation."""
        pixels = self.shape[0] * self.shape[1]
        factors = {}
        for name in self.terms.names:
            kind, _, layer_name = name.partition("/")
            if kind == "tv":
                factor = total_variation.factor(self.terms.tv or "", pixels)
            elif kind == "temporal":
                factor = temporal_loss.factor(pixels)
            else:
                channels, height, width = self._evaluation.features(layer_name)
                layer = Layer(channels, height * width, pixels, energy[name])
                factor = self.settings.normalisations[kind](layer)
            factors[name] = self._weights[name] * factor
        return factors

    def named(self, losses: Array) -> dict[str, float]:
        """Return {name: loss}: sums by kind first, then each term as "content/conv4_2"."""
        terms = {name: float(value) for name, value in zip(self.terms.names, losses, strict=True)}
        sums = {
            kind: sum(value for name, value in terms.items() if name.partition("/")[0] == kind)
            for kind in ("content", "style", "tv")
        }
        return {"total": sum(terms.values()), **sums, **terms}

    def evaluate(self, picture: Array) -> tuple[Array, Array]:
        """Return (losses of each term, gradient) at a picture 1×3×H×W, valid until the next call."""
        losses, gradient = self._evaluation.evaluate(picture[0])
        return losses, gradient[None]

    @property
    def whole(self) -> bool:
        """Whether one graph takes the whole picture; `evaluate_on_device`, `prune` and `only` require it."""
        return isinstance(self._evaluation, Whole)

    @property
    def sharded(self) -> ShardedPicture | None:
        """The picture spread over a team's processes, if it is."""
        return self._evaluation if isinstance(self._evaluation, ShardedPicture) else None

    def device_picture(self) -> Any:
        """Return the tensor (onnxruntime.OrtValue, 1×3×H×W) that `evaluate_on_device` reads."""
        return self._whole.device_picture()

    def evaluate_on_device(self) -> tuple[Array, Any]:
        """Return (losses of each term, gradient tensor) at the picture in `device_picture`."""
        return self._whole.evaluate_on_device()

    def prune(self, names: Collection[str], losses: Array) -> None:
        """Compute all terms but these from now on. Theirs stay as in `losses` (of each term)."""
        self._whole.prune(names, losses)

    def only(self, names: Collection[str]) -> AbstractContextManager[None]:
        """Evaluate these terms alone within a context: the others' losses and gradients are zero."""
        return self._whole.only(names)

    @property
    def _whole(self) -> Whole:
        assert isinstance(self._evaluation, Whole)
        return self._evaluation

    def close(self) -> None:
        """Release sessions and buffers. The objective must not be used afterwards."""
        del self._evaluation, self._content, self.content_picture, self.style_pictures
