"""Style pictures in files that only editors read; each becomes a PNG file on the shelf."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable

from . import archives
from .failure import Failure
from .style_shelf import StyleShelf
from .translation import _


def as_engine_reads(
    path: Path, shelf: StyleShelf, suffixes: tuple[str, ...], write: Callable[[Path, Path], None]
) -> Path:
    """Return a picture's file; of one that only editors read, the PNG file of its visible layers.

    `suffixes`: of files, besides KRA and ORA, that `write(path, png)` has the editor convert. Raises Failure.
    """
    name = path.name.lower()
    if name.endswith(archives.MERGED):
        write = _write_merged
    elif not name.endswith(suffixes):
        return path
    try:
        facts = path.stat()
        digest = f"{path}\0{facts.st_mtime_ns}\0{facts.st_size}".encode()
        return shelf.place(path.stem, digest, lambda png: write(path, png))
    except OSError as error:
        raise not_stored(error) from error


def is_there(path: str) -> bool:
    """Return whether there is such a file; not where no file can have such a name."""
    return os.path.isfile(path)  # noqa: PTH113 - never raises


def not_stored(error: OSError) -> Failure:
    """Return the failure of a style that cannot be written to the shelf."""
    reason = error.strerror or error
    return Failure(_("the style cannot be stored in the editor's profile: {reason}").format(reason=reason))


def _write_merged(path: Path, png: Path) -> None:
    merged = archives.merged_picture(path)
    if merged is None:
        raise Failure(_("there is no picture in {path}").format(path=path), _("choose another one"))
    png.write_bytes(merged)
