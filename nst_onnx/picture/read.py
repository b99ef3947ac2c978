"""Reading a picture from a file, bytes, Pillow image or array."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, TypeGuard

import numpy as np

from nst_onnx.errors import NstError, PictureError
from nst_onnx.picture.array import from_array
from nst_onnx.picture.decoders import DECODERS
from nst_onnx.picture.formats import READ_HINT, name_of_other
from nst_onnx.picture.limits import MAX_PIXELS, check_size, strict_pillow
from nst_onnx.picture.picture import Picture, Source
from nst_onnx.picture.pillow import from_file, from_image
from nst_onnx.picture.raster import Raster
from nst_onnx.support.library_errors import system_reason
from nst_onnx.support.memory import Memory

_HEAD = 512  # bytes that identify a format


def read(
    source: Source,
    *,
    what: str = "picture",
    max_pixels: int | None = MAX_PIXELS,
    memory: Memory | None = None,
) -> Picture:
    """Read a picture: upright, converted to sRGB, float32 in 0..1, alpha separate.

    `source` is a path, the bytes of an encoded picture, an open binary file, a Pillow image, a numpy array
    (H×W or H×W×1/3/4; uint8, uint16, or float in 0..1, taken as sRGB), or a `Picture`, which is returned as
    it is. A file is read from its beginning where it can be rewound. Of an animation or a TIFF with several
    pages the first picture is read. 16-bit PNG and TIFF and float TIFF keep their precision. `what` is its
    name in messages, such as "content picture"; `max_pixels` is checked before decoding (None: no limit).
    What `memory` does not hold is converted strip by strip into memory-mapped arrays (None: everything is
    held in memory); formats that a library decodes as a whole are held as samples meanwhile.

    Raises PictureError if it cannot be read whole. An invalid ICC profile is skipped with a
    PictureWarning.
    """
    from PIL import Image

    if isinstance(source, Picture):
        return source
    if isinstance(source, np.ndarray):
        name, label = "array", f"the {what} given as an array"
    elif isinstance(source, Image.Image):
        filename = getattr(source, "filename", "")
        name = Path(os.fsdecode(filename)).name if filename else "image"
        label = f"the {what} {name}" if filename else f"the {what} given as a Pillow image"
    elif isinstance(source, bytes | bytearray | memoryview):
        name, label = "bytes", f"the {what} given as bytes"
    elif isinstance(source, str | os.PathLike):
        path = Path(os.fsdecode(source))
        name, label = path.name or str(path), f"the {what} {source}" if str(source) else f"the {what}"
    elif _is_open_file(source):
        name, label = "file", f"the {what} given as an open file"
    else:
        raise PictureError(
            f"cannot read the {what}: it is a value of type {type(source).__name__}",
            "give a path, an open file, bytes, a Pillow image or a numpy array",
        )

    with _naming(label):
        if isinstance(source, str) and not source:
            raise PictureError("its name is empty", "give a path")
        if isinstance(source, np.ndarray):
            check_size(source.shape[0] if source.ndim else 1, _width(source), max_pixels)
            raster = from_array(source)
        elif isinstance(source, Image.Image):
            with strict_pillow():
                raster = from_image(source, max_pixels)
        elif isinstance(source, bytes | bytearray | memoryview):
            raster = _decode(io.BytesIO(source), max_pixels, memory)
        elif _is_open_file(source):
            raster = _decode(io.BytesIO(_contents(source)), max_pixels, memory)
        else:
            with _open(path) as file:
                raster = _decode(file, max_pixels, memory)
        return raster.to_picture(name, label, memory)


def detached(source: Source) -> Source:
    """Return a source that can be read again and pickled: the content of open files and buffers as bytes.

    Raises PictureError for a file that cannot be read.
    """
    if _is_open_file(source):
        with _naming("the picture given as an open file"):
            return _contents(source)
    return bytes(source) if isinstance(source, bytearray | memoryview) else source


def _is_open_file(source: object) -> TypeGuard[IO[bytes]]:
    return callable(getattr(source, "read", None)) and not isinstance(source, str | os.PathLike)


def _contents(file: IO[bytes]) -> bytes:
    """Return what an open file holds, from its beginning where it can be rewound (as Pillow does)."""
    with suppress(AttributeError, OSError):  # a pipe or socket
        file.seek(0)
    found: object = file.read()
    if not isinstance(found, bytes):
        raise PictureError("it was opened as text", 'open it with mode "rb"')
    return found


def _width(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> int:
    return array.shape[1] if array.ndim > 1 else 1


def _open(path: Path) -> BinaryIO:
    try:
        if path.is_dir():
            raise PictureError("it is a folder", "give a picture in it")
        if not path.exists():
            raise PictureError("there is no such file", "check the path")
        if not path.is_file():  # a pipe or device may have no end
            raise PictureError("it is not a regular file")
        return path.open("rb")
    except OSError as error:
        raise PictureError(system_reason(error)) from error


def _decode(file: BinaryIO, max_pixels: int | None, memory: Memory | None) -> Raster:
    from PIL import UnidentifiedImageError

    head = file.read(_HEAD)
    file.seek(0)
    if not head:
        raise PictureError("it is empty (0 bytes)")
    with strict_pillow():
        for decoder in DECODERS:
            if decoder.accepts(head):
                raster = decoder.decode(file, max_pixels, memory)
                if raster is not None:
                    return raster
                file.seek(0)
        try:
            return from_file(file, max_pixels)
        except UnidentifiedImageError as error:
            _refuse_other(head)
            raise PictureError("it is not a picture, or a damaged one", READ_HINT) from error


def _refuse_other(head: bytes) -> None:
    other = name_of_other(head)
    if other is not None:
        raise PictureError(f"it is {other}", READ_HINT)


@contextmanager
def _naming(label: str) -> Iterator[None]:
    """Raise every error inside the block as a PictureError that names the picture."""
    try:
        yield
    except NstError as error:
        raise PictureError(f"cannot read {label}: {error}", error.hint) from error
    except MemoryError as error:
        raise PictureError(f"cannot read {label}: there is not enough memory for it") from error
    except Exception as error:  # a damaged file makes decoders raise any exception
        reason = str(error).strip().rstrip(".")
        informative = reason and isinstance(error, OSError | RuntimeError | SyntaxError)
        why = f" ({reason})" if informative else ""
        raise PictureError(f"cannot read {label}: it is damaged or incomplete{why}") from error
