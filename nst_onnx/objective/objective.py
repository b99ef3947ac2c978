"""The objective: how far a picture is from showing the content in the style, and which way is better."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Unpack, cast

import numpy as np
import numpy.typing as npt

from nst_onnx.errors import OptionError, PictureError
from nst_onnx.objective.evaluation import Evaluation, evaluation
from nst_onnx.objective.losses import temporal, total_variation
from nst_onnx.objective.losses.normalisation import Layer
from nst_onnx.objective.losses.temporal import Temporal
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.shards.sharded import ShardedPicture
from nst_onnx.objective.shards.team import Team
from nst_onnx.objective.targets import batch, blend, planes, scaled
from nst_onnx.objective.whole import Whole
from nst_onnx.painting import presets
from nst_onnx.painting.options import LossOptions, LossOptionValues
from nst_onnx.painting.presets import Preset
from nst_onnx.painting.term_weights import term_weights, terms_of
from nst_onnx.picture import Picture, Source, fit, read, resize
from nst_onnx.picture.colour import match_covariance, match_histogram
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory


class Objective:
    """The losses of a picture and their exact gradient, for one content, some styles, at one size.

    Takes the options of `LossOptions` by name. `model` is "auto", an installed model's name, a file, or a
    `Network` already open; `content` and `styles` are whatever `nst_onnx.picture.read` takes. The device
    "auto" computes in full precision here. `held_to`: for a frame of a video, the frame before.
    `team`: processes that share a picture too large for one.

    >>> objective = Objective("photo.jpg", "painting.jpg", size=256)
    >>> loss, gradient = objective.value_and_grad(numpy.full((*objective.shape, 3), 0.5, "float32"))
    """

    shape: tuple[int, int]
    """(H, W) of the pictures it judges."""

    def __init__(
        self,
        content: Source,
        styles: Source | Sequence[Source],
        *,
        model: str | os.PathLike[str] | Network = "auto",
        device: str | None = None,
        held_to: Temporal | None = None,
        team: Team | None = None,
        **options: Unpack[LossOptionValues],
    ) -> None:
        self.options = LossOptions.of(options)
        self.preset = presets.find(self.options.preset)
        self.network = (
            model if isinstance(model, Network) else open_network(model, device, self.preset, exact=True)
        )
        self.memory = Memory.of(self.options.max_memory)
        self.content = read(content, what="content picture", memory=self.memory)
        self.styles = [read(style, what="style picture", memory=self.memory) for style in listed(styles)]
        weights = style_weights(self.options.style_weights, len(self.styles))
        self.shape = shape_of(self.content, self.options.size or self.preset.size)
        self._weights = term_weights(self.options, self.preset, self.network)
        self._held_to, self._team = held_to, team
        if held_to is not None:
            self._weights["temporal"] = held_to.weight
        self.terms = terms_of(self._weights, self.options, self.preset, self._any_alpha())
        self._prepare(weights)

    def _any_alpha(self) -> bool:
        return any(picture.alpha is not None for picture in (self.content, *self.styles))

    def _prepare(self, weights: Sequence[float]) -> None:
        """Measure the targets, work out the coefficients, and put all in place on the device."""
        self.content_picture, alpha = self._content = scaled(self.content, self.shape, self.memory)
        self._evaluation = self._evaluation_of(self.shape, alpha)
        energy = self._evaluation.keep_content(planes(self.content_picture), self.content.name)
        self.style_pictures = self._scaled_styles()
        grams = []
        for style, (rgb, opacity) in zip(self.styles, self.style_pictures, strict=True):
            measured = self._evaluation_of((rgb.shape[0], rgb.shape[1]), opacity)
            grams.append(measured.grams(planes(rgb), style.name))
        targets = blend(grams, weights)
        if self._held_to is not None:
            warped, trust = resize(self._held_to.warped, self.shape), resize(self._held_to.trust, self.shape)
            self._evaluation.keep_before(planes(warped), trust)
        squares = {f"content/{layer}": part for layer, part in energy.items()}
        squares |= {f"style/{n}": float(np.square(t, dtype=np.float64).sum()) for n, t in targets.items()}
        self._evaluation.aim(targets, self._coefficients(squares))

    def _evaluation_of(self, shape: tuple[int, int], alpha: Array | None) -> Evaluation:
        return evaluation(self.network, self.terms, shape, alpha, self.memory, self._team)

    def _scaled_styles(self) -> list[tuple[Array, Array | None]]:
        """Return the style pictures at the content's size times `style_scale`, recoloured if so wished."""
        longest = max(1, round(max(self.shape) * self.options.style_scale))
        pictures = [scaled(style, fit(style.shape, longest), self.memory) for style in self.styles]
        recolour = {"histogram": match_histogram, "covariance": match_covariance}.get(
            self.options.preserve_colour or ""
        )
        if recolour is None:
            return pictures
        content, opacity = self._content
        return [
            (recolour(rgb, content, style_weights=alpha, content_weights=opacity, out=rgb), alpha)
            for rgb, alpha in pictures
        ]

    def _coefficients(self, energy: Mapping[str, float]) -> dict[str, float]:
        """Return the factor on each term's sum of squared differences: weight × normalisation."""
        pixels = self.shape[0] * self.shape[1]
        normalisation = {"content": self.preset.content, "style": self.preset.style}
        factors = {}
        for name in self.terms.names:
            kind, _, layer_name = name.partition("/")
            if kind == "tv":
                factor = total_variation.factor(self.terms.tv or "", pixels)
            elif kind == "temporal":
                factor = temporal.factor(pixels)
            else:
                channels, height, width = self._evaluation.features(layer_name)
                factor = normalisation[kind](Layer(channels, height * width, pixels, energy[name]))
            factors[name] = self._weights[name] * factor
        return factors

    def value_and_grad(self, image: npt.ArrayLike) -> tuple[float, Array]:
        """Return (loss, gradient) at a picture H×W×3, RGB, 0..1 (values outside are allowed).

        The gradient, float32 H×W×3, is with respect to that picture's values.
        Raises PictureError where the picture has another shape than `shape`.
        """
        losses, gradient = self.evaluate(batch(self._checked(image)))
        return float(losses.sum(dtype=np.float64)), gradient[0].transpose(1, 2, 0).copy()

    def losses(self, image: npt.ArrayLike) -> dict[str, float]:
        """Return the weighted losses of a picture: total, content, style, tv, and each layer's own."""
        losses, _ = self.evaluate(batch(self._checked(image)))
        return self.named(losses)

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
        """Whether one graph takes all of the picture: `evaluate_there`, `leave_out` and `only` need that."""
        return isinstance(self._evaluation, Whole)

    @property
    def sharded(self) -> ShardedPicture | None:
        """The picture spread over a team's processes, if it is."""
        return self._evaluation if isinstance(self._evaluation, ShardedPicture) else None

    def picture_there(self) -> Any:
        """Return the tensor on the device (onnxruntime.OrtValue, 1×3×H×W) that `evaluate_there` looks at."""
        return self._whole.picture_there()

    def evaluate_there(self) -> tuple[Array, Any]:
        """Do the same for the picture in that tensor; the gradient stays on the device, too."""
        return self._whole.evaluate_there()

    def leave_out(self, names: Collection[str], losses: Array) -> None:
        """Compute all terms but these from now on. Theirs stay as in `losses` (of each term)."""
        self._whole.leave_out(names, losses)

    def only(self, names: Collection[str]) -> AbstractContextManager[None]:
        """Let these terms alone count within a context: the others' losses and gradients are zero."""
        return self._whole.only(names)

    @property
    def _whole(self) -> Whole:
        assert isinstance(self._evaluation, Whole)
        return self._evaluation

    def close(self) -> None:
        """Give back what it holds; nothing can be evaluated any more, whoever still knows of it."""
        del self._evaluation, self._content, self.content_picture, self.style_pictures

    def _checked(self, image: npt.ArrayLike) -> Array:
        array = np.asarray(image)
        if array.dtype.kind in "ui":  # levels of 8 or 16 bits, as everywhere else
            array = read(array, what="picture").rgb
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise PictureError("the picture must be an array of finite numbers")
        if array.shape != (*self.shape, 3):
            raise PictureError(f"the picture must have shape {(*self.shape, 3)}, not {array.shape}")
        return array.astype(np.float32, copy=False)


def open_network(model: str | os.PathLike[str], device: str | None, preset: Preset, **more: Any) -> Network:
    """Open a model as `Network.open` does for a preset: with the network it asks for, if it does.

    What others have published is computed in full precision, unless the device's name says otherwise.
    """
    if model == "auto" and preset.model == "vgg16":
        model = preset.model
    return Network.open(model, device, **{"exact": preset.name != "default"} | more)


def listed(styles: Source | Sequence[Source]) -> list[Source]:
    """Return one or several style pictures as a list. Raises OptionError for none."""
    several: list[Source] = list(styles) if isinstance(styles, list | tuple) else [cast(Source, styles)]
    if not several:
        raise OptionError("no style picture given", "give at least one")
    return several


def style_weights(weights: Sequence[float] | None, count: int) -> list[float]:
    """Return one weight per style. Raises OptionError where their number is wrong."""
    if weights is None:
        return [1.0] * count
    if len(weights) != count:
        raise OptionError(f"style_weights has {len(weights)} numbers for {count} style pictures")
    return [float(w) for w in weights]


def shape_of(content: Picture, size: int | tuple[int, int]) -> tuple[int, int]:
    """Return (H, W) for a size: longest side, or exactly (width, height)."""
    return fit(content.shape, size) if isinstance(size, int) else (size[1], size[0])
