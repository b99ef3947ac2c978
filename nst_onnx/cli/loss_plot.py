"""Plots the losses over the evaluations, with matplotlib (the extra "plot")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from nst_onnx.cli.output_checks import check_writable
from nst_onnx.errors import NstError, OptionError

SUFFIXES = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")
_NO_LOSSES = ("scale", "iteration", "seconds")


def check(path: Path) -> None:
    """Raise NstError if `draw` could not write to `path`."""
    if path.suffix.lower() not in SUFFIXES:
        raise OptionError(f"--plot cannot write {path}", f"use {', '.join(SUFFIXES)}")
    check_writable(path)
    if find_spec("matplotlib") is None:
        raise NstError("--plot needs matplotlib, which is not installed", 'run pip install "nst-onnx[plot]"')


def draw(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write a picture of the losses in `history` (as Result has it) to `path`, all or nothing.

    Logarithmic; each scale of the pyramid begins at a faint line, since losses of different sizes of
    picture are not the same quantity.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from nst_onnx.support.atomic_files import replacing

    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    iterations = [step["iteration"] for step in history]
    for name in dict.fromkeys(("total", *(name for name in history[0] if name not in _NO_LOSSES))):
        values = [step[name] for step in history]
        if any(value > 0 for value in values):
            axes.plot(iterations, values, label=name, linewidth=2 if name == "total" else 1)
    for before, step in pairwise(history):
        if step["scale"] != before["scale"]:
            axes.axvline(step["iteration"], color="0.85", linewidth=1, zorder=0)
    axes.set(yscale="log", xlabel="evaluations", ylabel="loss")
    axes.legend()
    axes.grid(alpha=0.2)
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix[1:].lower(), dpi=150)
