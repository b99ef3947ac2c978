"""Settings of the objective: options over preset over the network's own layers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

from nst_onnx.errors import OptionError
from nst_onnx.models.extractor import Extractor
from nst_onnx.models.kernel_layout import ModelWarning
from nst_onnx.models.layer_names import resolve
from nst_onnx.models.metadata import Facts
from nst_onnx.objective.graphs import Terms
from nst_onnx.objective.settings import ObjectiveSettings
from nst_onnx.painting.options import Layers, LossOptions
from nst_onnx.painting.presets import Preset


def objective_settings(options: LossOptions, preset: Preset, extractor: Extractor) -> ObjectiveSettings:
    """Return the settings that options, preset and network come to.

    Raises OptionError where the network lacks a layer, or nothing is left to optimise.
    """
    weights = term_weights(options, preset, extractor)
    layers = {
        kind: tuple(name.partition("/")[2] for name in weights if name.startswith(f"{kind}/"))
        for kind in ("content", "style")
    }
    terms = Terms(
        content=layers["content"],
        style=layers["style"],
        tv=(preset.tv or "squared") if "tv" in weights else None,
        pooling=options.pooling or preset.pooling,
        same=preset.same,
        margin=preset.margin,
    )
    recolouring = options.preserve_colour
    return ObjectiveSettings(
        terms=terms,
        weights=weights,
        normalisations={"content": preset.content, "style": preset.style},
        style_scale=options.style_scale,
        style_weights=None if options.style_weights is None else tuple(map(float, options.style_weights)),
        recolouring=None if recolouring == "luminance" else recolouring,
    )


def term_weights(options: LossOptions, preset: Preset, extractor: Extractor) -> dict[str, float]:
    """Return {term: weight} for all terms with a positive weight.

    Raises OptionError where the network lacks a layer, or nothing is left to optimise.
    """
    facts = extractor.facts
    _warn_of_another_network(facts, preset)
    chosen = {
        "content": (options.content_layers, preset.content_layers, facts.content_layers),
        "style": (options.style_layers, preset.style_layers, facts.style_layers),
    }
    overall = {
        "content": _first(options.content_weight, preset.content_weight) * balance(options.strength),
        "style": _first(options.style_weight, preset.style_weight),
        "tv": _first(options.tv_weight, preset.tv_weight),
    }
    weights = {}
    for kind, (given, published, default) in chosen.items():
        layers = _layer_weights(given, published, default)
        for name, weight in layers.items():
            layer = _resolved(name, extractor, preset)
            weights[f"{kind}/{layer}"] = overall[kind] * weight
    if preset.tv or options.tv_weight:
        weights["tv"] = overall["tv"]
    weights = {name: weight for name, weight in weights.items() if weight > 0}
    if not weights.keys() - {"tv"}:
        raise OptionError(
            "the weights of content and style are zero: there is nothing to optimise",
            "give at least one of them a positive weight",
        )
    return weights


def balance(strength: float) -> float:
    """Return the factor on the content weight: ((1 − s)/s)³, 1 at 0.5.

    At 1 nothing holds the content but the initial picture; towards 0 the content alone counts (a
    millionfold at most).
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
            f"preset {preset.name} was published for {preset.model} and is used with {facts.name} here",
            ModelWarning,
            stacklevel=2,
        )


def _first(given: float | None, published: float) -> float:
    return published if given is None else given
