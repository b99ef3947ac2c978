"""The plan of a stylisation: every setting resolved once, options over preset over network."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from nst_onnx.graph.passes.network_edits import strides
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.settings import ObjectiveSettings
from nst_onnx.painting import fine_levels, presets, pyramid
from nst_onnx.painting.descent import DescentSettings
from nst_onnx.painting.initial_picture import InitialPicture
from nst_onnx.painting.inputs import Inputs, final_shape
from nst_onnx.painting.objective_settings import objective_settings
from nst_onnx.painting.optimiser_settings import OptimiserSettings
from nst_onnx.painting.options import Options
from nst_onnx.painting.pyramid import Shape
from nst_onnx.painting.quality import ONE_PASS, within_budget
from nst_onnx.painting.style_scale import with_style_scale
from nst_onnx.runtime import Device
from nst_onnx.support.memory import Memory

_WITHOUT_PHOTO = Fraction(5, 3)
"""Times the steps of a start with the photo: its detail makes up for the others at every level."""


def painted_shape(content: tuple[int, int], options: Options, device: Device) -> tuple[int, int]:
    """Return (H, W) of the finished picture of a content (H, W)."""
    chosen = within_budget(options, content, device.kind)
    return final_shape(content, chosen.size or presets.find(options.preset).size)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Resolved settings. Nothing after this asks options, preset or network what to do.

    `options`: as given, with the size and steps of their quality, and a number for style scale "auto".
    `device`: where, and how precisely. `shapes`: (H, W) of each pyramid level, coarse to fine; `budgets`:
    evaluations of each, `steps` in all. `objective`: terms, weights and the preparation of pictures.
    `fine_objective`: the objective of the levels above about 1000 pixels; None: the same.
    `descent`: optimiser, averaging, plateau test. `initial`: the picture to start from. `max_seconds`: time
    budget. `detail`: share of the photo's detail that is added to the start of every level after the first,
    but the fine ones; 0: none. `keep_luminance`: whether the result takes the content's colours and only its
    lightness from the painting. `colour_transfer`: whether the result's low frequencies take the styles'
    colours.
    """

    options: Options
    device: Device
    memory: Memory
    shapes: tuple[Shape, ...]
    budgets: tuple[int, ...]
    steps: int
    objective: ObjectiveSettings
    descent: DescentSettings
    initial: InitialPicture
    fine_objective: ObjectiveSettings | None
    detail: float
    max_seconds: float | None
    keep_luminance: bool
    colour_transfer: bool

    @classmethod
    def of(
        cls, options: Options, extractor: Extractor, device: Device, inputs: Inputs, *, fine: bool = True
    ) -> Plan:
        """Return the plan for the input pictures. `fine`: whether there may be fine levels.

        Raises OptionError where the network lacks a layer, or nothing is left to optimise.
        """
        content = inputs.content.shape
        final = painted_shape(content, options, device)
        steps_given = options.steps is not None
        options = within_budget(options, content, device.kind)
        preset = presets.find(options.preset)
        memory = Memory.of(options.max_memory)
        initial = InitialPicture.of(options, preset, extractor.facts.preprocessing, memory)
        from_photo = preset.detail > 0 and initial.is_the_photo
        options = with_style_scale(options, inputs.styles, inputs.style_weights(options), final)
        steps = options.steps or preset.steps
        optimised = options.quality not in ONE_PASS
        if preset.detail and optimised and not from_photo and not steps_given:
            steps = round(steps * _WITHOUT_PHOTO)
        coarse_to_fine = preset.pyramid if options.pyramid is None else options.pyramid
        objective = objective_settings(options, preset, extractor)
        fine_objective = None
        if coarse_to_fine and preset.fine_levels and fine and fine_levels.is_fine(final):
            fine_objective = _fine_objective(objective, options, extractor)
        levels = pyramid.shapes(final) if fine_objective is None else fine_levels.shapes(final)
        shapes = levels[-steps:] if coarse_to_fine else [final]
        if extractor.periodic:
            shapes = pyramid.in_periods(shapes, period(extractor))
        return cls(
            options=options,
            device=device,
            memory=memory,
            shapes=tuple(shapes),
            budgets=tuple(
                pyramid.shares(
                    steps,
                    shapes,
                    coarse=pyramid.COARSE if from_photo else Fraction(1),
                    fine=Fraction(1) if fine_objective is None else fine_levels.SHARE,
                )
            ),
            steps=steps,
            objective=objective,
            fine_objective=fine_objective,
            descent=DescentSettings(
                optimiser=OptimiserSettings.of(preset, options.optimiser, options.learning_rate),
                averaging=preset.averaging if options.averaging is None else options.averaging,
                min_change=preset.min_change if options.min_change is None else options.min_change,
            ),
            initial=initial,
            detail=preset.detail if from_photo and objective.compares_content else 0.0,
            max_seconds=options.max_seconds,
            keep_luminance=options.preserve_colour == "luminance",
            colour_transfer=options.colour_transfer,
        )

    def is_fine(self, shape: Shape) -> bool:
        """Whether a level is a fine one."""
        return self.fine_objective is not None and fine_levels.is_fine(shape)

    def detail_at(self, shape: Shape) -> float:
        """Return the share of the photo's detail that is added to the start of a level; 0 for none."""
        if self.is_fine(shape):
            return fine_levels.DETAIL if self.objective.compares_content else 0.0
        return self.detail

    def objective_at(self, shape: Shape) -> ObjectiveSettings:
        """Return the settings of the objective at a level."""
        fine = self.fine_objective if self.is_fine(shape) else None
        return fine or self.objective


def period(extractor: Extractor) -> int:
    """Return the stride of a network's deepest layer, in pixels: the sides of a tile are multiples of it."""
    of_all = strides(extractor.proto.graph.node, extractor.input)
    return max(of_all[layer] for layer in extractor.layers)


def _fine_objective(
    objective: ObjectiveSettings, options: Options, extractor: Extractor
) -> ObjectiveSettings | None:
    """Return the settings of fine levels; None where they would be the same, or where layers are given."""
    if options.style_layers is not None or options.content_layers is not None:
        return None
    of_all = strides(extractor.proto.graph.node, extractor.input)
    found = fine_levels.objective_settings(objective, {layer: of_all[layer] for layer in extractor.layers})
    return None if found is objective else found
