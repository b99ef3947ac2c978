"""``nst-onnx models``: which networks there are, getting more, and checking them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nst_onnx.cli import completion, table
from nst_onnx.cli.arguments import Arguments
from nst_onnx.cli.option_parameters import parameters, with_parameters
from nst_onnx.cli.run_options import PREPROCESSING, RunOptions

app = typer.Typer(help="List, fetch and check feature networks.", no_args_is_help=True)

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
    """List the models that can be used by name, and those to fetch; * marks the one that auto takes."""
    from nst_onnx.models import catalogue
    from nst_onnx.models.fetch import SOURCES

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
    for name, source in SOURCES.items():
        if name not in [entry.name for entry in entries]:
            rows.append(("", name, "to fetch", _megabytes(source.size), f"nst-onnx models fetch {name}"))
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
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Also if it is installed already.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", metavar="", help="No progress bar.")] = False,
) -> None:
    """Download published weights and install them. An interrupted download resumes."""
    from nst_onnx.models import fetch as fetching

    there = None if force or url else fetching.present(name)
    if there is None:
        print(fetching.fetch(name, url=url, checksum=checksum, force=force, progress=not quiet))
        return
    source, licence = there.facts.source or "a file that does not say", there.facts.licence or "not known"
    if not quiet:
        _say(f"{name} is already installed, from {source}; licence: {licence}; --force fetches it again")
    print(there.path)


@app.command()
@with_parameters(parameters(RunOptions.table(), only=PREPROCESSING))
def add(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="ONNX, or VGG weights: .h5, .keras, .mat, .pth, .safetensors, .caffemodel, .npz, .npy.",
        ),
    ],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call it; its own name if not given.")
    ] = None,
    **given: object,
) -> None:
    """Install a network from a file. One of the same name is replaced."""
    from nst_onnx.models import catalogue

    preprocessing = Arguments.of(given).run.preprocessing()
    before = [entry.name for entry in catalogue.installed() if entry.origin == "installed"]
    path = catalogue.add(file, name=name, preprocessing=preprocessing)
    if path.stem in before:
        _say(f"replaced the {path.stem} that was installed")
    print(path)


@app.command()
def remove(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="Which.", autocompletion=completion.installed, show_default=False
        ),
    ] = None,
    conversions: Annotated[
        bool,
        typer.Option(
            "--conversions",
            metavar="",
            help="Remove the converted forms of weight files; they are made again if needed.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do not ask.")] = False,
) -> None:
    """Remove an installed network, or what weight files were converted to."""
    from nst_onnx.errors import OptionError
    from nst_onnx.models import catalogue

    if conversions == (name is not None):
        raise OptionError("what is to be removed?", "give the NAME of a model, or --conversions")
    paths = catalogue.conversions() if name is None else [catalogue.installed_path(name)]
    if not paths:
        _say("there are no conversions")
        return
    size = _megabytes(sum(path.stat().st_size for path in paths))
    what = f"{name or ', '.join(path.stem for path in paths)} ({size})"
    if not yes:
        _confirm(f"Remove {what}?")
    for path in paths:
        catalogue.remove(path)
    _say(f"removed {what}")


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
    from nst_onnx.cli.errors import FAILED, one_line
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


def _confirm(question: str) -> None:
    """Ask for confirmation. Raises OptionError without a terminal, Exit where the answer is no."""
    from nst_onnx.cli.errors import FAILED
    from nst_onnx.errors import OptionError

    if not sys.stdin.isatty():
        raise OptionError("removing it requires confirmation, which needs a terminal", "give --yes")
    if not typer.confirm(question, err=True):
        raise typer.Exit(FAILED)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _three(numbers: tuple[float, float, float]) -> str:
    return " ".join(f"{number:g}" for number in numbers)
