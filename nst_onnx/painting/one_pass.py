"""A stylisation in one pass of the feed-forward painter, its style vector predicted or fitted before.

Of a small picture, `pixel_fitting` fits the pixels instead.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from nst_onnx.errors import OptionError
from nst_onnx.feedforward import statistics
from nst_onnx.feedforward.fitting import fit as fit_style
from nst_onnx.feedforward.learned_style import LearnedStyle
from nst_onnx.feedforward.painter import Painter
from nst_onnx.objective.objective import Objective
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.targets import scaled
from nst_onnx.painting import provenance
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.finish import Finish
from nst_onnx.painting.inputs import Inputs
from nst_onnx.painting.options import Options
from nst_onnx.painting.plan import Plan, painted_shape
from nst_onnx.painting.quality import ONE_PASS
from nst_onnx.painting.regions.resolve import are_given
from nst_onnx.painting.result import HistoryRow, Result
from nst_onnx.painting.step import Step
from nst_onnx.picture import Picture, fit, resize
from nst_onnx.support.arrays import Array
from nst_onnx.support.json_types import JsonObject
from nst_onnx.support.memory import Memory

FITTED_AT = 320
"""Longest side at which a style vector is fitted."""
_HINT = "choose quality fast, good or best, or leave it out"


def wanted(options: Options, styles: Sequence[Picture | LearnedStyle]) -> bool:
    """Return whether the options, or a learned style among the styles, ask for one pass."""
    return options.quality in ONE_PASS or any(isinstance(style, LearnedStyle) for style in styles)


def check(options: Options, styles: Sequence[Picture | LearnedStyle], *, predicted: bool = True) -> Options:
    """Return the options of a picture in one pass. Raises OptionError for what needs an optimisation.

    `predicted`: whether the style vector is predicted, not given.
    """
    learned = [style.name for style in styles if isinstance(style, LearnedStyle)]
    quality = options.quality or ("instant" if learned else None)
    if quality not in ONE_PASS:
        raise OptionError(
            f"{learned[0]} is a learned style: it paints in one pass, not with quality {quality}",
            "leave quality out, or give the painting itself",
        )
    if are_given(options):
        raise OptionError(f"regions are not painted with quality {quality}", _HINT)
    if options.preset != Options.preset:
        raise OptionError(f"quality {quality} is not for preset {options.preset}", _HINT)
    recoloured = options.preserve_colour not in (None, "luminance")
    if quality == "instant" and predicted and recoloured:
        raise OptionError(
            f"quality instant cannot preserve colours by {options.preserve_colour}",
            "luminance can, or fitted",
        )
    if learned and quality == "fitted":
        raise OptionError(f"{learned[0]} is a learned style: it is fitted already", "choose quality instant")
    of_paintings = {
        "style_scale": options.style_scale != Options.style_scale,
        "colour_transfer": options.colour_transfer,
        "style_mask": options.style_mask is not None,
    }
    for name, given in of_paintings.items():
        if learned and given:
            raise OptionError(f"{name} needs the painting, not a learned style", "leave it out")
    return replace(options, quality=quality)


class OnePass:
    """A picture painted in one pass. `advance` yields once, or after every evaluation of the fitting.

    `photo`: the content at the picture's size, H×W×3.
    """

    def __init__(
        self,
        painter: Painter,
        measuring: Network,
        network: Network,
        content: Picture,
        styles: Sequence[Picture | LearnedStyle],
        options: Options,
        *,
        vector: Array | None = None,
    ) -> None:
        """`measuring`: whose features the painter's statistics are of. `network`: the objective's.

        `vector`: the style vector to begin with; None to predict it from the styles. Raises OptionError for
        options that do not go with one pass, ModelError for a style of another painter.
        """
        self._begun = time.monotonic()
        self.painter, self._measuring, self._network = painter, measuring, network
        self._styles = list(styles)
        options = check(options, self._styles, predicted=vector is None)
        self._fitted = options.quality == "fitted"
        paintings = tuple(style for style in self._styles if isinstance(style, Picture))
        memory = Memory.of(options.max_memory)
        shape = painted_shape(content.shape, options, network.device)
        self.inputs = Inputs.of(content, paintings, options, memory, shape)
        masked = iter(self.inputs.styles)
        self._styles = [next(masked) if isinstance(style, Picture) else style for style in self._styles]
        self.plan = Plan.of(options, network.extractor, network.device, self.inputs)
        self._finish = Finish(self.plan, self.inputs)
        self._shape = self.plan.shapes[-1]
        self.photo = content.rgb
        if content.alpha is not None or self._shape != content.shape:
            self.photo, _ = scaled(content, self._shape, self.plan.memory)
        self._vector = self._predicted() if vector is None else vector
        self._current = self._vector
        self._picture: Array | None = None
        self._losses: dict[str, float] = {}
        self._best: dict[str, float] = {}
        self._count, self._steps = 0, self.plan.steps if self._fitted else 1
        self.history: list[HistoryRow] = []

    def advance(self) -> Iterator[None]:
        """Yield after each evaluation of the fitting, or once."""
        if not self._fitted:
            self._count = 1
            yield
            return
        limit = self.plan.max_seconds
        shape = fit(self._shape, min(FITTED_AT, max(self._shape)))
        objective = Objective(
            self.inputs.content,
            self.inputs.styles,
            network=self._network,
            settings=self.plan.objective,
            shape=shape,
            memory=self.plan.memory,
        )
        try:
            for found in fit_style(self.painter, [objective], self._vector, self._steps):
                if found.style is not self._vector:
                    self._vector, self._picture = found.style, None
                if found.current is found.style:
                    self._best = found.losses
                self._current, self._losses = found.current, found.losses
                self._count += 1
                sums = {name: loss for name, loss in found.losses.items() if "/" not in name}
                row = {"scale": 0, "iteration": self._count, **sums, "seconds": self.seconds}
                self.history.append(row)
                yield
                if limit is not None and self.seconds >= limit:
                    return
        finally:
            objective.close()

    def step(self) -> Step:
        """Return the state after the last evaluation."""
        left = None
        if self._count > 1:
            left = self.seconds / self._count * (self._steps - self._count)
        elif not self._fitted:
            left = 0.0
        return Step(
            scale=0,
            scales=1,
            shape=self._shape,
            iteration=self._count,
            iterations=self._steps,
            losses=self._losses,
            seconds=self.seconds,
            seconds_left=left,
            _render=partial(self._rendered, self._current),
            _run=self,
        )

    def result(self) -> Result:
        """Return the picture of the best style vector so far."""
        content = self.inputs.content
        alpha = content.alpha
        if alpha is not None:
            alpha = resize(alpha, self._shape, out=self.plan.memory.empty(self._shape))
        picture = self._rendered(self._vector)
        return Result(
            picture,
            alpha,
            history=list(self.history),
            settings=self.settings(),
            bits=content.bits,
            losses=dict(self._best),
            metadata=content.metadata,
            seconds=self.seconds,
        )

    def settings(self) -> JsonObject:
        """Return how the picture is made, fit for JSON."""
        found = provenance.settings(self.plan, self.inputs, self._network.extractor.facts, self._count)
        names = [style.name for style in self._styles]
        return found | {"styles": names, "painter": self.painter.digest[:16]}

    def fingerprint(self) -> str:
        """Return a digest of everything that the picture depends on."""
        facts = self._network.extractor.facts
        digest = hashlib.sha256(provenance.fingerprint(self.plan, self.inputs, facts).encode())
        digest.update(self.painter.digest.encode())
        for style in self._styles:
            if isinstance(style, LearnedStyle):
                digest.update(style.statistics.tobytes() + style.correction.tobytes())
        return digest.hexdigest()

    @property
    def vector(self) -> Array:
        """The best style vector so far."""
        return self._vector

    def painted(self) -> Array:
        """Return the picture of the best style vector, H×W×3, before colours are preserved or transferred."""
        return self._painted(self._vector)

    @property
    def resumable(self) -> bool:
        """False: it takes seconds, and has nothing to resume."""
        return False

    def checkpoint(self) -> Checkpoint:
        """Raise OptionError: a picture in one pass has nothing to resume."""
        raise OptionError(f"quality {self.plan.options.quality} has no checkpoint", _HINT)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Raise OptionError: a picture in one pass has nothing to resume."""
        self.checkpoint()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._begun

    def _rendered(self, vector: Array) -> Array:
        """Return the finished picture of a style vector; the last one is kept."""
        if vector is self._vector and self._picture is not None:
            return self._picture
        picture = self._finish(self._painted(vector))
        if vector is self._vector:
            self._picture = picture
        return picture

    def _painted(self, vector: Array) -> Array:
        return self.painter.paint(self.photo, vector, self.plan.memory)

    def _predicted(self) -> Array:
        """Return the blended style vector."""
        options = self.plan.options
        assert not isinstance(options.style_scale, str)
        longest = round(max(self._shape) * options.style_scale)
        vectors = [self._vector_of(style, longest) for style in self._styles]
        return np.average(vectors, axis=0, weights=options.style_weights).astype(np.float32)

    def _vector_of(self, style: Picture | LearnedStyle, longest: int) -> Array:
        strength = self.plan.options.strength
        if isinstance(style, LearnedStyle):
            return style.vector(self.painter, strength)
        layers = self.painter.facts.layers
        numbers = statistics.measure(self._measuring, layers, [style], None, longest, self.plan.memory)
        return self.painter.predict(numbers, strength)
