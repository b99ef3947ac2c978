"""``nst-onnx models``: which networks there are, getting more, and checking them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nst_onnx.cli import completion, controls, table

app = typer.Typer(help="See, get and check the networks that judge pictures.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A model's name, an ONNX or a weight file; auto is what stylize takes.",
        autocompletion=completion.models,
    ),
]


@app.command("list")
def list_models() -> None:
    """List the models that can be used by name; * marks the one that auto takes."""
    from nst_onnx.models import catalogue

    taken = catalogue.locate("auto")
    entries = catalogue.installed()
    rows: list[tuple[str, ...]] = [
        (
            "*" if entry.path == taken else "",
            entry.name,
            entry.origin,
            _megabytes(entry.size),
            str(entry.path),
        )
        for entry in entries
    ]
    if taken not in [entry.path for entry in entries]:
        rows.insert(0, ("*", "auto", "chosen", _megabytes(taken.stat().st_size), str(taken)))
    table.show(("", "name", "origin", "size", "file"), rows)


@app.command()
def fetch(
    name: Annotated[
        str, typer.Argument(metavar="vgg19|vgg16", help="Which network.", autocompletion=completion.fetchable)
    ] = "vgg19",
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Get it from here: a mirror, or other weights.")
    ] = None,
    checksum: Annotated[
        str | None, typer.Option(metavar="sha256:…|md5:…", help="What the file must be.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="No progress bar.")] = False,
) -> None:
    """Download published weights and install them. A download that broke off goes on."""
    from nst_onnx.models.fetch import fetch as fetch_model

    print(fetch_model(name, url=url, checksum=checksum, progress=not quiet))


@app.command()
def add(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="ONNX, or VGG weights: .h5, .keras, .mat, .pth, .safetensors, .npz."
        ),
    ],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call it; its own name if not given.")
    ] = None,
    channel_order: controls.ChannelOrder = None,
    scale: controls.Scale = None,
    mean: controls.Mean = None,
    std: controls.Std = None,
) -> None:
    """Install a network from a file."""
    from nst_onnx.cli import syntax
    from nst_onnx.cli.choice import preprocessing
    from nst_onnx.models import catalogue

    given = {"channel_order": channel_order, "scale": scale, "mean": mean, "std": std}
    said = syntax.parse({option: value for option, value in given.items() if value is not None})
    print(catalogue.add(file, name=name, preprocessing=preprocessing(said)))


@app.command()
def info(name: Name = "auto") -> None:
    """Show what a model is: layers, preprocessing, source, licence."""
    from nst_onnx.models import catalogue

    found = catalogue.info(name)
    known, how = found.facts, found.facts.preprocessing
    table.facts(
        (
            ("name", known.name),
            ("file", str(found.path)),
            ("size", f"{_megabytes(found.size)}, {found.parameters:,} weights"),
            ("published as", found.published),
            ("layers", " ".join(found.layers)),
            ("content layers", " ".join(known.content_layers)),
            ("style layers", " ".join(known.style_layers)),
            (
                "picture",
                f"{how.channel_order}, 0..{how.scale:g}, less {_three(how.mean)}, by {_three(how.std)}",
            ),
            ("source", known.source),
            ("licence", known.licence),
            ("sha256", found.sha256),
        )
    )


@app.command()
def verify(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="A model's name or file; all of them if not given.",
            autocompletion=completion.models,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check that models are what they were, and sound."""
    from nst_onnx.cli.telling import FAILED, one_line
    from nst_onnx.errors import NstError
    from nst_onnx.models import catalogue

    bad = 0
    for each in [name] if name else [entry.name for entry in catalogue.installed()]:
        try:
            checked = catalogue.verify(each)
        except NstError as error:
            typer.echo(one_line("error", str(error), error.hint), err=True)
            bad += 1
        else:
            print(f"{each}: good ({len(checked.layers)} layers, {checked.parameters:,} weights)")
    if bad:
        raise typer.Exit(FAILED)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _three(numbers: tuple[float, float, float]) -> str:
    return " ".join(f"{number:g}" for number in numbers)
