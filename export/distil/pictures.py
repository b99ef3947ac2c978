"""Training pictures from folders and tar archives, held in memory."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from nst_onnx.errors import ModelError, OptionError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Collection:
    """Pictures (uint8 H×W×3, RGB) and their `share` of all crops, 0..1."""

    pictures: tuple[Pixels, ...]
    share: float


def read_collections(sources: list[str], *, shortest: int, longest: int) -> tuple[Collection, ...]:
    """Read ``PATH`` or ``PATH=SHARE`` sources; those without a share divide the rest equally.

    A path is a folder (searched recursively) or a tar archive. Pictures are reduced to `longest` pixels;
    those with a side below `shortest` are skipped. Raises ModelError, OptionError.
    """
    named = [_split(source) for source in sources]
    open_shares = sum(share is None for _, share in named)
    left = 1 - sum(share for _, share in named if share is not None)
    if left < -1e-9 or (open_shares == 0) != (abs(left) < 1e-9):
        raise OptionError("the shares of the pictures do not add up to 1", "leave one without a share")
    return tuple(
        Collection(_read(path, shortest, longest), left / open_shares if share is None else share)
        for path, share in named
    )


def with_collection(collections: Sequence[Collection], added: Collection) -> tuple[Collection, ...]:
    """Return the collections and `added`; the others' shares shrink in proportion to make room for it."""
    return *(replace(c, share=c.share * (1 - added.share)) for c in collections), added


def _split(source: str) -> tuple[Path, float | None]:
    path, equals, share = source.rpartition("=")
    if not equals:
        return Path(source), None
    try:
        number = float(share)
    except ValueError:
        return Path(source), None  # an equals sign in the name itself
    if not 0 < number <= 1:
        raise OptionError(f"the share in {source!r} must be above 0 and at most 1")
    return Path(path), number


def _read(path: Path, shortest: int, longest: int) -> tuple[Pixels, ...]:
    pictures = []
    for name, content in _files(path):
        try:
            picture = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise ModelError(f"{path}: {name} is not a picture: {error}", "take it out") from error
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        if min(picture.size) >= shortest:
            pictures.append(np.asarray(picture))
    if not pictures:
        raise ModelError(f"{path} holds no pictures of at least {shortest} pixels")
    return tuple(pictures)


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of every picture file, sorted by name, so that runs are reproducible."""
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES):
            yield str(file.relative_to(path)), file.read_bytes()
        return
    try:
        with tarfile.open(path) as archive:
            members = (m for m in archive if m.isfile() and m.name.lower().endswith(SUFFIXES))
            for member in sorted(members, key=lambda m: m.name):
                stream = archive.extractfile(member)
                if stream is not None:
                    yield member.name, stream.read()
    except (OSError, tarfile.TarError) as error:
        raise ModelError(
            f"{path} is neither a folder nor a tar archive: {error}", "check the path"
        ) from error
