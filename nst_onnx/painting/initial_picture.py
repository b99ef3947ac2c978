"""The initial picture of a stylisation: content, recoloured content, noise in two forms, or a given picture.

Pictures are float32 H×W×3, RGB, 0..1 (noise may lie outside). They may be memory-mapped, and are processed
strip by strip. Noise is written to `out` or, without it, to a new array.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from nst_onnx.models.metadata import Preprocessing
from nst_onnx.objective.objective import Objective
from nst_onnx.painting.options import Options
from nst_onnx.painting.presets import Preset
from nst_onnx.painting.presets.preset import Noise, Start
from nst_onnx.picture import Picture, read, resize
from nst_onnx.picture.colour import Colours, transfer_colours
from nst_onnx.picture.colour.statistics import moments
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory


@dataclass(frozen=True, eq=False)
class InitialPicture:
    """What the optimisation starts from. `given`: a picture, where `kind` is None.

    `noise`: the kind of noise for `kind` "noise". `seed`: of the random numbers. `preprocessing`: the
    network's, whose mean colour published noise is relative to.
    """

    kind: Start | None
    noise: Noise
    seed: int
    preprocessing: Preprocessing
    given: Picture | None = None

    @classmethod
    def of(
        cls, options: Options, preset: Preset, preprocessing: Preprocessing, memory: Memory
    ) -> InitialPicture:
        """Return what options and preset name. Raises PictureError for a picture that cannot be read."""
        init = options.init
        if init is None or (isinstance(init, str) and init in get_args(Start)):
            kind: Start = preset.start if init is None else init  # type: ignore[assignment]
            return cls(kind, preset.noise, options.seed, preprocessing)
        given = read(init, what="picture to start from", memory=memory)
        return cls(None, preset.noise, options.seed, preprocessing, given)

    @property
    def is_the_photo(self) -> bool:
        """Whether it is the content, in its own colours or the style's."""
        return self.kind in ("content", "recoloured")

    @property
    def name(self) -> str:
        """The kind, or the name of the given picture."""
        return self.given.name if self.given is not None else str(self.kind)

    def at(self, objective: Objective) -> Array:
        """Return the picture at an objective's size."""
        content, memory = objective.content_picture, objective.memory
        if self.given is not None:
            return resize(self.given.rgb, objective.shape, out=memory.empty((*objective.shape, 3)))
        if self.kind == "content":
            return content
        if self.kind == "recoloured":
            return recoloured(objective)
        rng, out = np.random.default_rng(self.seed), memory.empty(content.shape)
        if self.kind == "style":
            styles = [rgb for rgb, _ in objective.style_pictures]
            weights = objective.style_weights
            return style_noise(styles, weights, objective.shape, rng, out)
        return noise(self.noise, content, rng, self.preprocessing, out)


def recoloured(objective: Objective) -> Array:
    """Return the content with the mean and covariance, in Oklab, of the styles' colours, blended."""
    colours = [Colours.of(rgb, opacity) for rgb, opacity in objective.style_pictures]
    return transfer_colours(
        objective.content_picture,
        Colours.blended(colours, objective.style_weights),
        weights=objective.content_opacity,
        out=objective.memory.empty(objective.content_picture.shape),
    )


def mean_colour(preprocessing: Preprocessing) -> npt.NDArray[np.float64]:
    """Return the colour (RGB, 0..1) that the network's preprocessing maps to zero."""
    matrix, offset = preprocessing.affine()
    return np.asarray(np.linalg.solve(matrix, -offset), np.float64)


def noise(
    kind: Noise,
    content: Array,
    rng: np.random.Generator,
    preprocessing: Preprocessing,
    out: Array | None = None,
) -> Array:
    """Return the noise a preset starts from, as large as `content`.

    The sources state their noise in grey levels, and all but "white" relative to the network's mean colour:
    "white": independent, uniform over all colours (Gatys et al. 2015).
    "mixed": 0.6 · U(−20, 20) + 0.4 · content (the course, log0).
    "shifted": U(0, 255) − 128 (Narayanan). "faint": 0.001 · N(0, 1) (neural-style).
    """
    mean, started = mean_colour(preprocessing), np.empty(content.shape, np.float32) if out is None else out
    for rows in disk_arrays.strips(content.shape[0], content[0].nbytes):
        shape = started[rows].shape
        if kind == "white":
            started[rows] = rng.random(shape)
        elif kind == "mixed":
            started[rows] = mean + 0.6 * rng.uniform(-20, 20, shape) / 255 + 0.4 * (content[rows] - mean)
        elif kind == "shifted":
            started[rows] = mean + (rng.uniform(0, 255, shape) - 128) / 255
        else:
            started[rows] = mean + 0.001 * rng.standard_normal(shape) / 255
        disk_arrays.release(started, content)
    return started


def style_noise(
    styles: Sequence[Array],
    weights: Sequence[float] | None,
    shape: tuple[int, int],
    rng: np.random.Generator,
    out: Array | None = None,
) -> Array:
    """Return noise whose colours have the mean and covariance of the style pictures, blended by `weights`."""
    shares = np.ones(len(styles)) if weights is None else np.asarray(weights, np.float64)
    shares = shares / shares.sum()
    found = [moments(style) for style in styles]
    mean = sum(share * mean for share, (mean, _) in zip(shares, found, strict=True))
    covariance = sum(share * covariance for share, (_, covariance) in zip(shares, found, strict=True))
    values, vectors = np.linalg.eigh(covariance)
    spread = vectors * np.sqrt(np.maximum(values, 0))
    started = np.empty((*shape, 3), np.float32) if out is None else out
    for rows in disk_arrays.strips(shape[0], started[0].nbytes):
        some = rng.standard_normal(started[rows].shape)
        started[rows] = (mean + some @ spread.T).clip(0, 1)
        disk_arrays.release(started)
    return started
