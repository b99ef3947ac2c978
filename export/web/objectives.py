"""The objectives of the page: of usual and fine levels, with and without a mask, and with terms pruned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import onnx

from nst_onnx.graph.passes.network_edits import strides
from nst_onnx.models.extractor import Extractor
from nst_onnx.objective.graphs import objective_model, statistics_model
from nst_onnx.objective.guides import Masks
from nst_onnx.objective.losses.loss import FeatureLoss, PositionwiseLoss
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.settings import ObjectiveSettings, WeightedTerm
from nst_onnx.objective.terms import Terms
from nst_onnx.objective.whole import WholeEvaluation
from nst_onnx.painting import fine_levels, term_pruning
from nst_onnx.support.json_types import JsonObject

from .factors import factor
from .shared_weights import SharedWeights

_PROBE = (64, 64)  # pixels, to measure how many channels a layer has


@dataclass(frozen=True)
class Objectives:
    """`models`: by the names of their files. `facts`: what the page's constants have about them."""

    models: dict[str, onnx.ModelProto]
    facts: JsonObject


def objectives(network: Network, settings: ObjectiveSettings, weights: SharedWeights) -> Objectives:
    """Return the models of all levels. Their weights are moved to `weights`.

    Raises ModelError where they are not float16 numbers.
    """
    extractor = network.extractor
    of_all = strides(extractor.proto.graph.node, extractor.input)
    fine = fine_levels.objective_settings(settings, {layer: of_all[layer] for layer in extractor.layers})
    made = _Made(network, weights)
    facts = {"usual": made.level("", settings), "fine": made.level("fine_", fine)}
    facts["usual"]["pruned"] = list(made.pruned(settings))
    return Objectives(made.models, facts)


class _Made:
    """Models as they are made."""

    def __init__(self, network: Network, weights: SharedWeights) -> None:
        self._network, self._weights = network, weights
        self.models: dict[str, onnx.ModelProto] = {}

    def level(self, prefix: str, settings: ObjectiveSettings) -> JsonObject:
        """Make the models of levels with these settings; return their files and terms."""
        extractor, terms = self._network.extractor, settings.terms
        files = {}
        for mask, masked in (("", False), ("masked_", True)):
            of_mask = replace(terms, masked=masked)
            names = {name: f"{prefix}{mask}{name}.onnx" for name in ("statistics", "objective")}
            self.models[names["statistics"]] = self._weights.moved(statistics_model(extractor, of_mask))
            self.models[names["objective"]] = self._weights.moved(objective_model(extractor, of_mask))
            files["masked" if masked else "opaque"] = names
        channels = _channels(self._network, terms)
        return {
            "files": files,
            "terms": [_term(weighted, channels) for weighted in settings.weighted_terms],
            "pruned": [],
        }

    def pruned(self, settings: ObjectiveSettings) -> Iterator[JsonObject]:
        """Make an objective for each number of deepest style layers that can be pruned; yield their facts."""
        terms, without = settings.terms, list[str]()
        for names in _prunable(self._network.extractor, terms):
            without += names
            kept = terms.of([name for name in terms.names if name not in without])
            file = f"objective_without_{len(without)}.onnx"
            self.models[file] = self._weights.moved(objective_model(self._network.extractor, kept))
            yield {"without": names, "file": file}


def fine_constants() -> JsonObject:
    """Return the constants of fine levels."""
    return {
        "settled": fine_levels.SETTLED,
        "larger": fine_levels.LARGER,
        "ratio": fine_levels.RATIO,
        "narrowest": fine_levels.NARROWEST,
        "enlargedTo": fine_levels.ENLARGED_TO,
        "share": float(fine_levels.SHARE),
        "detail": fine_levels.DETAIL,
    }


def pruning_constants() -> JsonObject:
    """Return the constants of term pruning."""
    return {
        "loss": term_pruning.LOSS,
        "gradient": term_pruning.GRADIENT,
        "first": term_pruning.FIRST,
        "again": term_pruning.AGAIN,
        "fewest": term_pruning.FEWEST,
    }


def _prunable(extractor: Extractor, terms: Terms) -> Iterator[Sequence[str]]:
    """Yield the names of each layer's terms, deepest first: those that `TermPruning` may skip."""
    layers = [layer for layer in extractor.layers if layer in terms.layers]
    for layer in reversed(layers[1:]):
        there = [term for term in terms.features if term.layer == layer]
        if any(term.loss.target == "content" for term in there):
            return
        yield [term.name for term in there]


def _channels(network: Network, terms: Terms) -> dict[str, int]:
    """Return {source: channels} of the features that the terms read."""
    measured = WholeEvaluation(network, terms, _PROBE, Masks())
    measured.statistics(np.zeros((3, *_PROBE), np.float32), "a probe")
    return {source: measured.feature_shape(source)[0] for source in terms.sources}


def _term(weighted: WeightedTerm, channels: dict[str, int]) -> JsonObject:
    """Return a term on features: its weight, and the factor on its distance as data."""
    term, loss = weighted.term, weighted.term.loss
    assert isinstance(loss, FeatureLoss), "the page has no losses on pixels"
    one = np.ones((2, 1), np.float32)
    return {
        "name": term.name,
        "source": term.source,
        "target": loss.target,
        "positionwise": isinstance(loss, PositionwiseLoss),
        "weight": weighted.weight,
        # A loss that is relative by itself has an energy of 1.
        "energy": "squares" if loss.energy(one) != 1 else "one",
        "factor": asdict(factor(weighted.normalisation, channels[term.source])),
    }
