"""Which content is painted like which style, and what the results are called."""

from __future__ import annotations

import os
import re
import string
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from nst_onnx.errors import OptionError
from nst_onnx.jobs.batch import inputs
from nst_onnx.jobs.batch.job import Job

Names = Iterable[str | os.PathLike[str]]

NAME = "{content}-{style}.png"
FIELDS = ("content", "style", "number")
_LONGEST = 220  # bytes of a name: what is written beside it has a longer one, and 255 is where systems end


def grid(contents: Names, styles: Names, folder: str | os.PathLike[str], *, name: str = NAME) -> list[Job]:
    """Return a job for every content in every style, each of them once.

    `contents` and `styles` are files, folders (of which all pictures are meant) and patterns such as
    "photos/*.jpg". Results go to `folder`, called by `name`, in which {content} and {style} stand for
    the names of the files without suffix and {number} counts from 1; its suffix is the format.
    Raises OptionError where nothing is found, or two results would have one name.
    """
    contents, styles = _several(contents), _several(styles)
    found = [list(dict.fromkeys(inputs.find(names, what))) for names, what in _both(contents, styles)]
    return _jobs(product(*found), Path(folder), name, (*contents, *styles))


def pairs(contents: Names, styles: Names, folder: str | os.PathLike[str], *, name: str = NAME) -> list[Job]:
    """Return a job for the first content in the first style, the second in the second, and so on.

    Everything as in `grid`. Raises OptionError where there are more of one than of the other, too.
    """
    contents, styles = _several(contents), _several(styles)
    found = [inputs.find(names, what) for names, what in _both(contents, styles)]
    if len(found[0]) != len(found[1]):
        raise OptionError(
            f"{len(found[0])} contents and {len(found[1])} styles do not make pairs", "give as many of each"
        )
    return _jobs(zip(*found, strict=True), Path(folder), name, (*contents, *styles))


def check(jobs: Sequence[Job]) -> None:
    """Raise OptionError if two jobs have one output, or an output is a picture that is read."""
    read = {_key(Path(name)) for job in jobs for name in _read(job)}
    written: dict[str, Job] = {}
    for job in jobs:
        path = Path(job.output)
        if len(os.fsencode(path.name)) > _LONGEST:
            raise OptionError(f"{path} is too long a name", "choose a shorter one with --name")
        key = _key(path)
        if key in read:
            raise OptionError(f"{path} is an input, and is not written over", "choose another name or folder")
        if key in written:
            both = " and ".join(" in ".join(map(str, _read(one))) for one in (written[key], job))
            raise OptionError(
                f"{both} would both be written to {path}", "put {number} into the name, or rename them"
            )
        written[key] = job


def _several(names: Names | str | os.PathLike[str]) -> list[str | os.PathLike[str]]:
    """Return names as a list; one name alone is one picture, not its letters."""
    if isinstance(names, str | os.PathLike):
        return [names]
    several = list(names) if isinstance(names, Iterable) else [names]
    for name in several:
        if not isinstance(name, str | os.PathLike):
            raise OptionError(f"pictures are named by their paths, not by {name!r}")
    return several


def _both(contents: Names, styles: Names) -> Iterator[tuple[Names, str]]:
    return zip((contents, styles), ("content", "style"), strict=True)


def _jobs(found: Iterable[tuple[Path, ...]], folder: Path, name: str, given: Names) -> list[Job]:
    _check_name(name)
    inputs.check_apart(given, folder, Path(name).suffix)
    jobs = [
        Job(content, style, folder / name.format(content=content.stem, style=style.stem, number=number))
        for number, (content, style) in enumerate(found, 1)
    ]
    check(jobs)
    return jobs


def _check_name(name: str) -> None:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise OptionError(f"{name!r} would lead out of the folder", "say with --out-dir where results go")
    try:
        used = [
            (field, form or "") for _, field, form, _ in string.Formatter().parse(name) if field is not None
        ]
        if any(field not in FIELDS or re.search(r"\d{3}", form) for field, form in used):
            raise ValueError  # also a width of hundreds: no name is so long
        name.format(content="", style="", number=1)
    except (ValueError, LookupError):
        known = ", ".join(f"{{{field}}}" for field in FIELDS)
        raise OptionError(f"{name!r} is no pattern for names", f"{known} can stand in it") from None


def _read(job: Job) -> list[Any]:
    """Return the paths of the files that a job reads."""
    styles = job.style if isinstance(job.style, list | tuple) else [job.style]
    return [source for source in (job.content, *styles) if isinstance(source, str | os.PathLike)]


def _key(path: Path) -> str:
    """Return what two paths have in common if they are one file, there or not yet."""
    name = unicodedata.normalize("NFC", str(path.resolve()))
    return name.casefold() if sys.platform in ("win32", "darwin") else name
