"""The record of a stylisation: its settings, fit for a file's metadata, and the fingerprint of its inputs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import cast

from nst_onnx.models.metadata import Facts
from nst_onnx.objective.regions import guides as of_region
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.inputs import Inputs
from nst_onnx.painting.options import Options
from nst_onnx.painting.plan import Plan
from nst_onnx.painting.region_options import MASKS
from nst_onnx.painting.regions.given import name_of
from nst_onnx.picture import Source
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array
from nst_onnx.support.json_types import JsonObject
from nst_onnx.version import __version__

# Told by their names.
_PICTURES = ("init", "regions", *MASKS)
_FREE = ("iterations", "max_seconds", "max_memory")  # a run may resume with others of these


def settings(plan: Plan, inputs: Inputs, facts: Facts, iterations: int) -> JsonObject:
    """Return how a picture is made, fit for JSON: options as given, and what they resolve to.

    `facts`: the network's. `iterations`: evaluations so far.
    """
    chosen = plan.options.values()
    given = {n: chosen[n] for n in Options.table() if chosen[n] is not None and n not in _PICTURES}
    height, width = plan.shapes[-1]
    resolved = {
        "program": f"nst-onnx {__version__}",
        "content": inputs.content.name,
        "styles": [style.name for style in inputs.styles],
        "model": facts.name,
        "model_sha256": facts.sha256,
        "preprocessing": asdict(facts.preprocessing),
        "device": str(plan.device),
        "width": width,
        "height": height,
        "iterations": iterations,
        "init": plan.initial.name,
        "optimiser": plan.descent.optimiser.name,
        "steps": plan.steps,
        "pooling": plan.objective.terms.pooling,
        "weights": dict(plan.objective.weights),
    }
    return resolved | given | _of_regions(plan, inputs)


def _of_regions(plan: Plan, inputs: Inputs) -> JsonObject:
    """Return the regions and masks by name."""
    given = {name: plan.options.values()[name] for name in MASKS}
    found: JsonObject = {n: name_of(cast(Source, one)) for n, one in given.items() if one is not None}
    regions = inputs.regions
    if regions is None:
        return found
    found["regions"] = [
        {
            "name": region.name,
            "styles": [style.name for style in region.styles],
            "style_weights": None if region.style_weights is None else list(region.style_weights),
            "factor": region.factor,
            "style_scale": region.style_scale,
            "share": round(float(region.mask.mean(dtype="float64")), 6),
        }
        for region in regions.regions
    ]
    return found


def guides(plan: Plan, inputs: Inputs, network: Network) -> JsonObject:
    """Return which guide each region has at each layer, nothing without regions."""
    if inputs.regions is None:
        return {}
    terms, shape, given = plan.objective.terms.terms, plan.shapes[-1], plan.objective.guides
    found = {one.name: of_region(one, terms, shape, network, given) for one in inputs.regions.regions}
    return {"layer_guides": found}


def fingerprint(plan: Plan, inputs: Inputs, facts: Facts) -> str:
    """Return a digest of everything that the result depends on: settings and pixels."""
    known = {k: v for k, v in settings(plan, inputs, facts, 0).items() if k not in _FREE}
    known["shapes"] = [list(shape) for shape in plan.shapes]
    digest = hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode())
    given = plan.initial.given
    for picture in (inputs.content, *inputs.styles, *([given] if given else [])):
        digest.update(str(picture.shape).encode())
        for array in (picture.rgb, *([] if picture.alpha is None else [picture.alpha])):
            _add(digest, array)
    if inputs.regions is not None:
        kept = inputs.regions.kept
        for mask in (*(region.mask for region in inputs.regions.regions), *([] if kept is None else [kept])):
            _add(digest, mask)
    return digest.hexdigest()


def _add(digest: hashlib._Hash, array: Array) -> None:
    for rows in disk_arrays.strips(array.shape[0], array[0].nbytes):
        digest.update(array[rows].tobytes())
        disk_arrays.release(array)
