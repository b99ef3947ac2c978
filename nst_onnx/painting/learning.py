"""Learning a painting as a style for one pass: its style vector, fitted on several photos."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from nst_onnx.errors import OptionError
from nst_onnx.feedforward import gallery, statistics
from nst_onnx.feedforward.fitting import Fitted
from nst_onnx.feedforward.fitting import fit as fit_style
from nst_onnx.feedforward.learned_style import STRENGTH, LearnedStyle, StyleFacts
from nst_onnx.objective.objective import Objective
from nst_onnx.painting import presets
from nst_onnx.painting.network_choice import Networks
from nst_onnx.painting.objective_settings import objective_settings
from nst_onnx.painting.options import LossOptions
from nst_onnx.painting.regions.resolve import are_given
from nst_onnx.painting.result import to_image
from nst_onnx.painting.style_pictures import are_several, read_styles, style_list
from nst_onnx.painting.style_scale import with_style_scale
from nst_onnx.picture import Picture, Source, fit, read, resize
from nst_onnx.support.memory import Memory

EVALUATIONS = 40
"""Of each photo's objective."""
SIZE = 384
"""Longest side at which photos are painted meanwhile."""
_PHOTOS = Path(__file__).resolve().parents[1] / "learning_photos"
_THUMBNAIL = 96
"""Longest side of the painting's thumbnail."""


def learn(
    networks: Networks,
    painting: Source,
    name: str,
    options: LossOptions,
    *,
    photos: Source | Sequence[Source] = (),
    evaluations: int = EVALUATIONS,
    report: Callable[[int, Fitted], None] = lambda count, fitted: None,
) -> LearnedStyle:
    """Return a painting as a learned style.

    `photos`: those it is fitted on; () for the drawn ones that ship. `report` is called after each
    evaluation with their number. Raises PictureError, ModelError; OptionError for a preset other than the
    default.
    """
    preset = presets.find(options.preset)
    if preset.name != LossOptions.preset:
        raise OptionError(f"a style is not learned with preset {preset.name}", "leave it out")
    if are_given(options) or options.style_mask is not None:
        raise OptionError("a style is learned from a whole painting, without masks", "leave them out")
    memory = Memory.of(options.max_memory)
    gallery.check_name(name)
    paintings = read_styles(painting, options, memory)
    if len(paintings) != 1:
        raise OptionError(f"a style is learned from one painting, not from {len(paintings)}", "learn each")
    (style,) = paintings
    given: list[Source] = list(photos) if are_several(photos) else style_list(photos)
    given = given or list(shipped_photos())
    contents = [read(photo, what="photo", memory=memory) for photo in given]
    network = networks.open(preset)
    painter, measuring = networks.feedforward(network)
    options = with_style_scale(options, [style], None, (SIZE, SIZE))
    assert not isinstance(options.style_scale, str)
    longest = round(SIZE * options.style_scale)
    numbers = statistics.measure(measuring, painter.facts.layers, [style], None, longest, memory)
    predicted = painter.predict(numbers, STRENGTH)
    fitted = predicted
    with ExitStack() as stack:
        objectives = []
        for content in contents:
            objective = Objective(
                content,
                [style],
                network=network,
                settings=objective_settings(options, preset, network.extractor),
                shape=fit(content.shape, SIZE),
                memory=memory,
            )
            stack.callback(objective.close)
            objectives.append(objective)
        for count, found in enumerate(fit_style(painter, objectives, predicted, evaluations), 1):
            fitted = found.style
            report(count, found)
    facts = StyleFacts(name, painter.digest, source=style.name)
    return LearnedStyle(facts, numbers, fitted - predicted, thumbnail(style))


def shipped_photos() -> list[Path]:
    """Return the pictures that styles are fitted on where no photos are given."""
    return sorted(_PHOTOS.glob("*.jpg"))


def thumbnail(picture: Picture) -> bytes:
    """Return a small JPEG file of a picture: GTK, and so GIMP, often lacks a reader of WebP."""
    small = resize(picture.rgb, fit(picture.shape, min(_THUMBNAIL, max(picture.shape))))
    file = io.BytesIO()
    to_image(np.clip(small, 0, 1), None).save(file, "JPEG", quality=85, optimize=True)
    return file.getvalue()
