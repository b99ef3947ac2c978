"""``python -m export painter``: train the feed-forward painter."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from nst_onnx.cli import output_checks
from nst_onnx.errors import ModelError, OptionError

from .. import onnx_file
from ..distil.pictures import Pixels

SHORTEST, LONGEST = 96, 640
"""Sides of pictures in pixels: narrower ones are skipped, larger ones reduced."""

Network = Annotated[Path, typer.Argument(help="The compact network whose features it learns in (.onnx).")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="OUT.onnx", help="The ONNX file to write.")]


def train(
    network: Network,
    output: Output,
    photos: Annotated[list[str], typer.Option(metavar="PHOTOS", help="Folders or tar files; PATH=SHARE.")],
    paintings: Annotated[list[str], typer.Option(metavar="PAINTINGS", help="Folders or tar files.")],
    teacher: Annotated[
        Path | None, typer.Option(help="VGG weights that judge every few steps, beside the network.")
    ] = None,
    start: Annotated[Path | None, typer.Option(help="A painter to begin with (.onnx).")] = None,
    blend: Annotated[
        float,
        typer.Option(min=0, max=1, help="With --start: the trained weights' share, the rest the start's."),
    ] = 1.0,
    every: Annotated[int, typer.Option(min=1, help="The teacher judges one step in so many.")] = 2,
    steps: Annotated[int, typer.Option(min=1, help="Batches to learn from.")] = 16_000,
    batch: Annotated[int, typer.Option(min=1, help="Photos in a batch.")] = 4,
    crop: Annotated[int, typer.Option(min=32, help="Side of a photo's crop, a multiple of 8.")] = 256,
    styles: Annotated[int, typer.Option(min=1, help="Variants of the paintings.")] = 2500,
    rate: Annotated[float, typer.Option("--learning-rate", help="At its highest.")] = 2e-3,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same network.")] = 0,
    bfloat16: Annotated[bool, typer.Option(help="Faster on processors with bfloat16 instructions.")] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, …")] = "cpu",
    checkpoint: Annotated[Path | None, typer.Option(help="Save here, and resume from here.")] = None,
    save_every: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 500,
) -> None:
    """Train the feed-forward painter that `--quality instant` uses (needs PyTorch)."""
    onnx_file.check_writable(output)
    try:
        from . import onnx_graph
        from . import train as training
    except ImportError as error:
        if error.name != "torch":
            raise
        raise ModelError("training needs PyTorch", "run pip install 'nst-onnx[train]'") from error
    from . import initial_weights, loss_networks

    settings = training.Settings(
        steps=steps,
        batch=batch,
        crop=crop,
        styles=styles,
        learning_rate=rate,
        seed=seed,
        bfloat16=bfloat16,
        every=every,
        device=device,
    )
    settings.check()
    if start is None and blend != 1:
        raise OptionError("--blend needs the painter that training begins with", "give it with --start")
    if checkpoint is not None:
        output_checks.check_writable(checkpoint)
    networks = [loss_networks.of_compact(network, device)]
    if teacher is not None:
        networks.append(loss_networks.of_weights(teacher, device))

    def report(step: int, found: Mapping[str, float]) -> None:
        if step % 100 == 0 or step == steps:
            typer.echo(f"{step:6d}  " + "  ".join(f"{name} {value:.3f}" for name, value in found.items()))

    begin = None if start is None else initial_weights.read(start, settings.architecture)
    painter = training.train(
        _pictures(photos),
        _pictures(paintings),
        networks,
        settings,
        start=begin,
        saved=None if checkpoint is None else training.Saved(checkpoint, save_every),
        report=report,
        on_resume=lambda step: typer.echo(f"resuming at step {step} of {steps} from {checkpoint}"),
    )
    if begin is not None:
        painter.load(initial_weights.blended(begin, painter.arrays(), blend))
    onnx_file.save(onnx_graph.of_painter(painter, networks[0].style), output)
    typer.echo(f"wrote {output}, {output.stat().st_size / 1e6:.2f} MB")


def _pictures(sources: list[str]) -> list[Pixels]:
    from ..distil.pictures import read_collections

    collections = read_collections(sources, shortest=SHORTEST, longest=LONGEST)
    return [picture for collection in collections for picture in collection.pictures]
