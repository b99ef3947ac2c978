"""Settings of the objective: for each loss, options over preset over the network's own layers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from nst_onnx.errors import OptionError
from nst_onnx.models.extractor import Extractor
from nst_onnx.models.kernel_layout import ModelWarning
from nst_onnx.models.layer_names import resolve
from nst_onnx.models.metadata import Facts
from nst_onnx.objective.losses import LOSSES, STATISTICS, neighbours, style
from nst_onnx.objective.losses.loss import FeatureLoss, Loss, PositionwiseLoss, StatisticLoss
from nst_onnx.objective.settings import ObjectiveSettings, WeightedTerm
from nst_onnx.objective.terms import Term
from nst_onnx.painting.options import Layers, LossOptions
from nst_onnx.painting.presets.preset import Preset, WeightedLoss

T = TypeVar("T")


def objective_settings(options: LossOptions, preset: Preset, extractor: Extractor) -> ObjectiveSettings:
    """Return the settings that options, preset and network come to.

    Raises OptionError where the network lacks a layer, or nothing is left to optimise.
    """
    recolouring = options.preserve_colour
    assert not isinstance(options.style_scale, str), "with_style_scale makes it a number"
    return ObjectiveSettings(
        weighted_terms=weighted_terms(options, preset, extractor),
        pooling=options.pooling or preset.pooling,
        same=preset.same,
        margin=preset.margin,
        periodic=extractor.periodic,
        style_scale=options.style_scale,
        style_weights=None if options.style_weights is None else tuple(map(float, options.style_weights)),
        recolouring=None if recolouring == "luminance" else recolouring,
        guides=options.guides,
    )


def weighted_terms(options: LossOptions, preset: Preset, extractor: Extractor) -> tuple[WeightedTerm, ...]:
    """Return all terms with a positive weight: those of the preset, then of other losses with an option.

    Raises OptionError where the network lacks a layer, or nothing is left to optimise.
    """
    _warn_of_another_network(extractor.facts, preset)
    recipe = list(_losses(options, preset))
    present = {name for weighted, option, _ in recipe for name in (weighted.loss.name, option)}
    recipe += [
        (WeightedLoss(loss, weight=0.0), name, 1.0)
        for name, loss in LOSSES.items()
        if name not in present and _option(options, f"{name}_weight", 0.0) > 0
    ]
    terms: dict[str, WeightedTerm] = {}
    for weighted, name, factor in recipe:
        loss, weight = weighted.loss, factor * _option(options, f"{name}_weight", weighted.weight)
        if isinstance(loss, FeatureLoss) and loss.target == "content":
            weight *= balance(options.strength)
        normalisation = weighted.normalisation or loss.normalisation
        for layer, relative in _layers(options, name, weighted, preset, extractor).items():
            term = Term(loss, layer)
            terms[term.name] = WeightedTerm(term, weight * relative, normalisation)
    found = tuple(weighted for weighted in terms.values() if weighted.weight > 0)
    if not any(isinstance(weighted.term.loss, FeatureLoss) for weighted in found):
        losses = [name for weighted, name, _ in recipe if isinstance(weighted.loss, FeatureLoss)]
        raise OptionError(
            f"the weights of {' and '.join(losses)} are zero: there is nothing to optimise",
            "give at least one of them a positive weight",
        )
    return found


def _losses(options: LossOptions, preset: Preset) -> Iterator[tuple[WeightedLoss, str, float]]:
    """Yield the preset's losses, its style statistic once for each statistic chosen.

    With each the name of its options, and a factor on its weight. Raises OptionError where the preset is a
    published recipe: its weights belong to its own formula.
    """
    chosen = options.style_statistic
    for weighted in preset.losses:
        if not _is_statistic(weighted.loss):
            yield weighted, weighted.loss.name, 1.0
            continue
        name = style.LOSS.name
        if chosen is None:
            yield weighted, name, 1.0
            continue
        if preset.name != "default":
            raise OptionError(
                f"style_statistic cannot be chosen for preset {preset.name}, a recipe with the Gram matrix",
                "leave it out, or use the preset default",
            )
        names = [chosen] if isinstance(chosen, str) else chosen
        if neighbours.LOSS.name in names and options.neighbours_weight is not None:
            raise OptionError(
                "neighbours has two weights, in style_statistic and in neighbours_weight", "give one of them"
            )
        for statistic in names:
            factor = names[statistic] if isinstance(names, Mapping) else 1.0
            loss = STATISTICS[statistic]
            own = None if isinstance(loss, PositionwiseLoss) else weighted.normalisation
            yield replace(weighted, loss=loss, normalisation=own), name, factor


def _is_statistic(loss: Loss) -> bool:
    """Return whether a preset's loss is the one that `style_statistic` replaces."""
    return loss.name == style.LOSS.name or (loss in STATISTICS.values() and isinstance(loss, StatisticLoss))


def _layers(
    options: LossOptions, name: str, weighted: WeightedLoss, preset: Preset, extractor: Extractor
) -> dict[str, float]:
    """Return {layer of the network: relative weight}; {"": 1} for a loss on the picture."""
    loss, facts = weighted.loss, extractor.facts
    if not isinstance(loss, FeatureLoss):
        return {"": 1.0}
    default = facts.content_layers if loss.target == "content" else facts.style_layers
    if isinstance(loss, PositionwiseLoss) and loss.target == "style":
        default = default[1:] or default  # copied single pixels look like grain
    own: Layers | None = _option(options, f"{loss.name}_layers", None)
    given = own if own is not None else _option(options, f"{name}_layers", None)
    weights = _layer_weights(given, weighted.layers, default)
    return {_resolved(layer, extractor, preset): weight for layer, weight in weights.items()}


def _option(options: LossOptions, name: str, default: T) -> T:
    """Return an option of a loss, `default` where it is None; options of registered losses are in `extra`."""
    extra: Mapping[str, T | None] = getattr(options, "extra", {})
    value: T | None = getattr(options, name, extra.get(name))
    return default if value is None else value


def balance(strength: float) -> float:
    """Return the factor on the content weight: ((1 − s)/s)³, 1 at 0.5.

    At 1 the content enters only as the initial picture; towards 0 its weight grows, a millionfold at most.
    """
    return min(((1 - strength) / max(strength, 0.01)) ** 3, 1e6)


def _layer_weights(
    given: Layers | None, published: Mapping[str, float] | None, default: Sequence[str]
) -> Mapping[str, float]:
    """Return {layer: weight}: as given, else as published, else the network's own layers.

    Names without weights take the published weight where the preset has one for that layer, else the
    mean of the published ones, so that a choice of layers does not change the balance.
    """
    if isinstance(given, Mapping):
        return given
    names = list(given) if given is not None else list(published or default)
    if published is None:
        return dict.fromkeys(names, 1 / max(len(names), 1))
    usual = sum(published.values()) / len(published)
    return {name: published.get(name, usual) for name in names}


def _resolved(name: str, extractor: Extractor, preset: Preset) -> str:
    try:
        return resolve(name, extractor.layers)
    except OptionError as error:
        if preset.model and preset.model not in extractor.facts.name:
            raise OptionError(
                f"preset {preset.name} needs {name}, which the model {extractor.facts.name} lacks",
                f"get the network it was published for: nst-onnx models fetch {preset.model}",
            ) from error
        raise


def _warn_of_another_network(facts: Facts, preset: Preset) -> None:
    """Warn that a preset was published for another VGG: its layers may exist, but not its picture."""
    if preset.model and facts.name in ("vgg16", "vgg19") and facts.name != preset.model:
        warnings.warn(
            f"preset {preset.name} was published for {preset.model}: with the same layers and weights, "
            f"{facts.name} paints another picture",
            ModelWarning,
            stacklevel=2,
        )
