"""``nst-onnx export web``: the models and constants of the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import onnx
import typer

from nst_onnx.errors import ModelError, OptionError
from nst_onnx.feedforward import graphs
from nst_onnx.feedforward.painter import Painter
from nst_onnx.models import catalogue
from nst_onnx.models.extractor import Extractor
from nst_onnx.models.onnx_file import parse
from nst_onnx.objective.graphs import statistics_model
from nst_onnx.objective.losses import moments
from nst_onnx.objective.sessions import Network
from nst_onnx.objective.terms import Term, Terms
from nst_onnx.painting import presets
from nst_onnx.painting.objective_settings import objective_settings
from nst_onnx.painting.options import Options
from nst_onnx.runtime import choose
from nst_onnx.support import atomic_files
from nst_onnx.support.library_errors import system_reason

from .constants import constants, of_painter
from .objectives import objectives
from .shared_weights import SharedWeights

PRESET = "default"
WEIGHTS = "weights.bin"
PAINTED_FROM, PREDICTOR, PAINTER = "painted_from.onnx", "predictor.onnx", "painter.onnx"
CONSTANTS = "constants.json"


def export(
    output: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write; made if missing.")],
    model: Annotated[str, typer.Option(help="The network: a name, or a file with float16 weights.")] = "auto",
) -> None:
    """Write the models and constants that the page in web/ reads."""
    files = web_files(model)
    _write(output, files)
    size = sum(map(len, files.values()))
    typer.echo(f"wrote {', '.join(files)} to {output}, {size / 1e6:.1f} MB")


def web_files(model: str = "auto") -> dict[str, bytes]:
    """Return {file name: content}: the models, their weights, the painter in two parts, and the constants.

    Raises ModelError for a network whose weights are not float16, or without the preset's layers.
    """
    preset = presets.find(PRESET)
    network = Network.open(model, "cpu", exact=True)
    extractor = network.extractor
    weights = SharedWeights(WEIGHTS)
    made = objectives(network, objective_settings(Options(), preset, extractor), weights)
    parts, facts = _painter(extractor, weights)
    found = constants(extractor, preset, made.facts) | {"painter": facts}
    files = {name: proto.SerializeToString() for name, proto in {**made.models, **parts}.items()}
    files[WEIGHTS] = weights.data
    found["files"] = {
        "weights": WEIGHTS,
        "paintedFrom": PAINTED_FROM,
        "predictor": PREDICTOR,
        "painter": PAINTER,
    }
    files[CONSTANTS] = json.dumps(found, indent=1, allow_nan=False).encode()
    return files


def _painter(
    extractor: Extractor, weights: SharedWeights
) -> tuple[dict[str, onnx.ModelProto], dict[str, object] | None]:
    """Return the models of the shipped painter, with float16 weights, and its constants.

    They measure a painting in the network's features, predict the style vector, and paint.

    Nothing for a network in whose features it does not measure paintings.
    """
    path = catalogue.painter()
    painter = Painter.load(path, choose("cpu", exact=True))
    if painter.facts.network != extractor.facts.name:
        return {}, None
    stored = parse(path)
    measured = Terms(tuple(Term(moments.LOSS, layer) for layer in painter.facts.layers))
    parts = {
        PAINTED_FROM: weights.moved(statistics_model(extractor, measured)),
        PREDICTOR: graphs.predictor(stored),
        PAINTER: graphs.painter(stored, painter.size),
    }
    return parts, of_painter(painter.facts)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Write files into a folder, each atomically, the constants last: they name the others."""
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"{folder} is a file", "give the name of a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            with atomic_files.replacing(folder / name) as file:
                file.write(content)
    except OSError as error:
        raise ModelError(f"cannot write to {folder}: {system_reason(error)}") from error
