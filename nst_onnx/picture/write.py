"""Writing a picture atomically, in the format of its suffix."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

from nst_onnx.errors import OptionError, PictureError
from nst_onnx.picture.array import check_finite
from nst_onnx.picture.encode import Encoder, encode_jpeg, encode_png, encode_tiff, encode_webp
from nst_onnx.picture.metadata import FileMetadata, pack
from nst_onnx.picture.photo_metadata import PhotoMetadata
from nst_onnx.picture.strips import Computed, copied
from nst_onnx.support import disk_arrays
from nst_onnx.support.arguments import path_of, shown
from nst_onnx.support.arrays import Samples
from nst_onnx.support.atomic_files import probe, replacing
from nst_onnx.support.library_errors import system_reason


@dataclass(frozen=True)
class _Format:
    name: str
    encode: Encoder
    bits: tuple[int, ...]
    alpha: bool
    longest: int  # longest side in pixels
    settings: int  # largest settings metadata in bytes


_UNLIMITED = 2**31 - 1
_PNG = _Format("PNG", encode_png, bits=(8, 16), alpha=True, longest=_UNLIMITED, settings=_UNLIMITED)
_TIFF = _Format("TIFF", encode_tiff, bits=(8, 16), alpha=True, longest=_UNLIMITED, settings=_UNLIMITED)
# JPEG has one EXIF segment of 64 KiB.
_JPEG = _Format("JPEG", encode_jpeg, bits=(8,), alpha=False, longest=65500, settings=65000)
_WEBP = _Format("WebP", encode_webp, bits=(8,), alpha=True, longest=16383, settings=_UNLIMITED)
_BY_SUFFIX = {
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".webp": _WEBP,
}


def write(
    path: str | os.PathLike[str],
    rgb: NDArray[np.float32],
    *,
    alpha: NDArray[np.float32] | None = None,
    bits: int = 8,
    quality: int = 95,
    settings: Mapping[str, object] | None = None,
    metadata: PhotoMetadata | None = None,
) -> None:
    """Write a picture to `path` as PNG, JPEG, TIFF or WebP, chosen by its suffix.

    `rgb` is float H×W×3, sRGB-encoded, `alpha` float H×W, straight; both are clipped to 0..1
    and rounded to `bits` (16: PNG and TIFF only). JPEG has no alpha: there the
    picture is composited over white. `quality` (1..100) is for JPEG,
    from 90 on with full colour resolution, and WebP. The file is tagged as sRGB, and
    `settings` are stored in it for `read_settings`; `metadata` are those of the photo (`Picture.metadata`),
    written as they are: leave out the place with `without_place`.

    The arrays may be memory-mapped: they are rounded and encoded strip by strip. JPEG and WebP need the
    whole picture in 8 bits in memory, PNG and TIFF do not.

    The file is written atomically: an existing one is replaced only by a complete one. The same
    picture and settings give the same bytes. Raises PictureError, and OptionError for invalid
    `bits` and `quality`.
    """
    path, quality = _path(path), _quality(quality)
    shape = _check_arrays(rgb, alpha)
    form = _check_format(path, bits, shape)
    _check_folder(path)
    text = None if settings is None else pack(settings)
    if text is not None and len(text) > form.settings:
        raise PictureError(
            f"cannot write {path}: the settings take {len(text)} bytes, more than {form.name} can hold",
            "use PNG or TIFF",
        )
    samples = _samples(rgb, alpha, int(bits), form.alpha)
    try:
        with replacing(path) as file:
            form.encode(file, samples, quality, FileMetadata(text, metadata))
    except OSError as error:
        raise PictureError(f"cannot write {path}: {_reason(error)}") from error
    except MemoryError as error:
        raise PictureError(f"cannot write {path}: there is not enough memory to encode it") from error


def check_writable(
    path: str | os.PathLike[str], bits: int = 8, *, shape: tuple[int, int] | None = None
) -> None:
    """Raise PictureError if `write` could not write to `path`, to fail before the work.

    Checks the suffix, the format's limits (`bits`, and `shape` if it is known), the folder, and
    whether a file can be created there, with no file left. Raises
    OptionError if `bits` is neither 8 nor 16.
    """
    path = _path(path)
    _check_format(path, bits, shape)
    _check_folder(path)
    try:
        probe(path)
    except OSError as error:
        raise PictureError(f"cannot write {path}: {_reason(error)}") from error


def _check_format(path: Path, bits: int, shape: tuple[int, int] | None) -> _Format:
    if bits not in (8, 16):
        raise OptionError(f"a picture is written with 8 or 16 bits, not {shown(bits)}")
    form = _BY_SUFFIX.get(path.suffix.lower())
    if form is None:
        what = f"the suffix {path.suffix}" if path.suffix else "a name without a suffix"
        raise PictureError(
            f"cannot write {path}: {what} tells no format that can be written",
            f"use {', '.join(_BY_SUFFIX)}",
        )
    if bits not in form.bits:
        raise PictureError(f"cannot write {path}: {form.name} has no 16 bits", "use .png or .tif, or 8 bits")
    if shape is not None and max(shape) > form.longest:
        raise PictureError(
            f"cannot write {path}: {shape[1]}×{shape[0]} pixels are more than {form.name} can hold "
            f"({form.longest} a side)",
            "use .png or .tif",
        )
    return form


def _path(path: object) -> Path:
    return path_of(path, "cannot write the picture: it", PictureError)


def _quality(quality: SupportsIndex) -> int:
    """Return the quality as Pillow takes it: numpy's whole numbers as Python's."""
    try:
        number = -1 if isinstance(quality, bool) else operator.index(quality)
    except TypeError:
        number = -1
    if not 1 <= number <= 100:
        raise OptionError(f"the quality must be a whole number from 1 to 100, not {shown(quality)}")
    return number


def _check_folder(path: Path) -> None:
    try:
        _check_place(path)
    except OSError as error:  # a folder that may not be looked into, a name too long, links in a circle
        raise PictureError(f"cannot write {path}: {_reason(error)}") from error


def _check_place(path: Path) -> None:
    if path.is_dir():
        raise PictureError(f"cannot write {path}: it is a folder", "give the name of a file in it")
    if not path.parent.is_dir():
        raise PictureError(f"cannot write {path}: there is no folder {path.parent}", "make it first")
    if path.exists():
        if not path.is_file():
            raise PictureError(f"cannot write {path}: it is not a regular file")
        if not os.access(path, os.W_OK):  # renaming would succeed, against its owner's intention
            raise PictureError(f"cannot write {path}: it is write-protected")


def _check_arrays(rgb: NDArray[np.float32], alpha: NDArray[np.float32] | None) -> tuple[int, int]:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0 or rgb.dtype.kind != "f":
        raise PictureError(f"cannot write a picture from a {rgb.dtype} array of shape {rgb.shape}")
    if alpha is not None and (alpha.shape != rgb.shape[:2] or alpha.dtype.kind != "f"):
        raise PictureError(
            f"cannot write a picture of shape {rgb.shape[:2]} with {alpha.dtype} alpha of shape {alpha.shape}"
        )
    for array, what in ((rgb, "the picture"), (alpha, "its alpha")):
        if array is not None:
            try:
                check_finite(copied(array))
            except PictureError as error:
                raise PictureError(f"cannot write {what}: {error}") from error
    return rgb.shape[0], rgb.shape[1]


def _samples(
    rgb: NDArray[np.float32], alpha: NDArray[np.float32] | None, bits: int, keeps_alpha: bool
) -> Computed:
    """Return lazy H×W×3 or H×W×4 samples, rounded at each access."""
    largest, dtype = np.float32(2**bits - 1), np.dtype(np.uint8 if bits == 8 else np.uint16)

    def rounded(strip: slice) -> Samples:
        values = np.clip(rgb[strip], 0, 1)
        if alpha is not None:
            opacity = np.clip(alpha[strip], 0, 1)[..., np.newaxis]
            if keeps_alpha:
                values = np.concatenate([values, opacity], axis=-1)
            else:
                values = values * opacity + (1 - opacity)
            disk_arrays.release(alpha)
        disk_arrays.release(rgb)
        return np.round(values * largest).astype(dtype)

    return Computed(rounded, (*rgb.shape[:2], 3 if alpha is None or not keeps_alpha else 4), dtype)


def _reason(error: OSError) -> str:
    return system_reason(error)
