"""Plans the jobs of a batch: pairs contents with styles, and names the outputs."""

from __future__ import annotations

import os
import re
import string
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path

from nst_onnx.errors import OptionError
from nst_onnx.jobs.batch import inputs
from nst_onnx.jobs.batch.job import Job
from nst_onnx.support.arguments import path_of, resolved, shown

Names = Iterable[str | os.PathLike[str]]

NAME = "{content}-{style}.png"
FIELDS = ("content", "style", "number")
_MAX_NAME = 220  # bytes of a file name: file systems allow 255, and temporary files add to the name


def grid(contents: Names, styles: Names, folder: str | os.PathLike[str], *, name: str = NAME) -> list[Job]:
    """Return the jobs of the Cartesian product: every content with every style, without duplicates.

    `contents` and `styles` are files, folders (for all pictures in them) and patterns such as
    "photos/*.jpg". Outputs are written to `folder` under the pattern `name`, in which {content} and {style}
    are the file names without suffix, and {number} counts from 1; its suffix sets the format.
    Raises OptionError if nothing is found, or two outputs would have one name.
    """
    contents, styles, folder = _as_list(contents), _as_list(styles), path_of(folder, "the folder")
    found = [list(dict.fromkeys(inputs.find(names, what))) for names, what in _labelled(contents, styles)]
    return _jobs(product(*found), folder, name, (*contents, *styles))


def pairs(contents: Names, styles: Names, folder: str | os.PathLike[str], *, name: str = NAME) -> list[Job]:
    """Return one job per pair: the first content with the first style, and so on.

    Arguments as in `grid`. Raises OptionError as `grid` does, and if the numbers differ.
    """
    contents, styles, folder = _as_list(contents), _as_list(styles), path_of(folder, "the folder")
    found = [inputs.find(names, what) for names, what in _labelled(contents, styles)]
    if len(found[0]) != len(found[1]):
        raise OptionError(
            f"{len(found[0])} contents and {len(found[1])} styles do not make pairs", "give as many of each"
        )
    return _jobs(zip(*found, strict=True), folder, name, (*contents, *styles))


def check(jobs: Sequence[Job]) -> None:
    """Raise OptionError if two jobs have the same output, or an output is an input of a job."""
    inputs_read = {_key(Path(name)) for job in jobs for name in _input_paths(job)}
    written: dict[str, Job] = {}
    for job in jobs:
        path = Path(job.output)
        if len(os.fsencode(path.name)) > _MAX_NAME:
            raise OptionError(f"{path} is too long a name", "choose a shorter one with --name")
        key = _key(path)
        if key in inputs_read:
            raise OptionError(f"{path} is an input, and is not written over", "choose another name or folder")
        if key in written:
            both = " and ".join(" in ".join(map(str, _input_paths(one))) for one in (written[key], job))
            raise OptionError(
                f"{both} would both be written to {path}", "put {number} into the name, or rename them"
            )
        written[key] = job


def _as_list(names: Names | str | os.PathLike[str]) -> list[str | os.PathLike[str]]:
    """Return one or several names as a list; a string is one name, not its characters."""
    if isinstance(names, str | os.PathLike):
        return [names]
    found = list(names) if isinstance(names, Iterable) else [names]
    for name in found:
        if not isinstance(name, str | os.PathLike):
            raise OptionError(f"pictures are named by their paths, not by {shown(name)}")
    return found


def _labelled(contents: Names, styles: Names) -> Iterator[tuple[Names, str]]:
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
    if not isinstance(name, str):
        raise OptionError(f"the pattern for names must be a text, not {shown(name)}")
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise OptionError(f"{name!r} would lead out of the folder", "say with --out-dir where results go")
    try:
        used = [
            (field, form or "") for _, field, form, _ in string.Formatter().parse(name) if field is not None
        ]
        if any(field not in FIELDS or re.search(r"\d{3}", form) for field, form in used):
            raise ValueError  # a format width of hundreds would exceed any file name
        name.format(content="", style="", number=1)
    except (ValueError, LookupError):
        known = ", ".join(f"{{{field}}}" for field in FIELDS)
        raise OptionError(f"{name!r} is no pattern for names", f"{known} can stand in it") from None


def _input_paths(job: Job) -> list[str | os.PathLike[str]]:
    """Return the paths of the files that a job reads."""
    styles = job.style if isinstance(job.style, list | tuple) else [job.style]
    return [source for source in (job.content, *styles) if isinstance(source, str | os.PathLike)]


def _key(path: Path) -> str:
    """Return a key that is equal for two paths of the same file, whether it exists or not."""
    name = unicodedata.normalize("NFC", str(resolved(path)))
    return name.casefold() if sys.platform in ("win32", "darwin") else name
