"""Which pictures are meant by names, patterns of names, and folders."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from nst_onnx.errors import OptionError
from nst_onnx.picture.formats import READ


def find(names: Iterable[str | os.PathLike[str]], what: str) -> list[Path]:
    """Return the files that `names` mean, in their order: files themselves, whether they are there or not;
    of folders the pictures in them, and of patterns what matches, by name (``**`` matches any folders).

    A file that is there is itself, whatever signs are in its name. `what` is what messages call them, such
    as "content". Raises OptionError for a folder without pictures, a pattern without matches, or no name.
    """
    names = list(names)
    if "" in map(str, names):
        raise OptionError(f"the name of a {what} is empty", "give a path")
    found = [path for name in names for path in _meant(Path(name), what)]
    if not found:
        raise OptionError(f"no {what} given", "give at least one picture, folder or pattern")
    return found


def check_apart(names: Iterable[str | os.PathLike[str]], folder: Path, suffix: str) -> None:
    """Raise OptionError if results in `folder`, called *`suffix`, would be among the pictures next time."""
    for name in map(Path, names):
        if name.exists() and not name.is_dir():
            continue
        for path in _meant(name, "picture"):
            if path.parent.resolve() == folder.resolve() and path.suffix.lower() == suffix.lower():
                raise OptionError(
                    f"{name} would find the results in {folder} the next time", "write to another folder"
                )


def _meant(name: Path, what: str) -> Iterator[Path]:
    if name.is_dir():
        pictures = (path for path in name.iterdir() if path.suffix.lower() in suffixes() and _shown(path))
        yield from _some(pictures, f"there is no picture in the folder {name}", "give another folder")
    elif glob.has_magic(str(name)) and not name.exists():
        matches = map(Path, glob.glob(str(name), recursive=True))  # noqa: PTH207 (Path.glob: no absolute ones)
        yield from _some(matches, f"no {what} matches {name}", "check the pattern")
    else:
        yield name


def _some(paths: Iterable[Path], message: str, hint: str) -> list[Path]:
    files = sorted(path for path in paths if path.is_file())
    if not files:
        raise OptionError(message, hint)
    return files


def _shown(path: Path) -> bool:
    return not path.name.startswith(".")


@cache
def suffixes() -> frozenset[str]:
    """Return the suffixes, in lower case, of pictures that can be read."""
    from PIL import Image

    return frozenset(suffix for suffix, form in Image.registered_extensions().items() if form in READ)
