"""Readers of weight files, one module for each layout in which VGG-16 and VGG-19 are published.

The table is `READERS`. Each has ``sniff(path) -> bool``, which tests the content and never the suffix, and
``read(path) -> StoredWeights``.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

from nst_onnx.errors import ModelError
from nst_onnx.models import kernel_layout
from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.weights import Weights
from nst_onnx.support import library_errors
from nst_onnx.support.library_errors import system_reason

SUFFIXES = (".h5", ".keras", ".mat", ".pth", ".pt", ".safetensors", ".caffemodel", ".npz", ".npy")
_HINT_DOWNLOAD = "download the file again"
_HINT_FORMATS = (
    "Keras .h5 and .keras, MatConvNet .mat, torchvision .pth and .safetensors, Caffe .caffemodel, "
    ".npz and .npy can be read"
)


class Reader(Protocol):
    """A reader of one layout: a module, or an object with the same functions."""

    def sniff(self, path: Path) -> bool:
        """Return whether a file has this layout, by its content."""

    def read(self, path: Path) -> StoredWeights:
        """Read a file. Raises ModelError; whatever else it raises is reported as damage."""


def _module(name: str) -> Callable[[], Reader]:
    """Return what imports a module of this package: only the readers that are tried load their libraries."""
    return lambda: cast(Reader, importlib.import_module(f"{__name__}.{name}"))


READERS: dict[str, Callable[[], Reader]] = {
    name: _module(name)
    for name in (
        "keras_gist",
        "keras_h5",
        "keras_archive",
        "matconvnet",
        "torch_pickle",
        "safetensors",
        "npz",
        "npy",
        "caffe",
    )
}
"""{layout: what returns its reader}, in the order in which they are tried."""


def read_weights(path: str | os.PathLike[str]) -> Weights:
    """Read a weight file of any known layout, whatever its suffix, into canonical form.

    The layout of its kernels is detected (see `kernel_layout`). Raises ModelError for a file that is
    missing, unknown, damaged, not a VGG's, contains NaN, refers to other files or exceeds
    `size_limit.MAX_BYTES`, and where the library for its layout is not installed. Warns with
    ModelWarning where orientation and preprocessing could not be verified.
    """
    path = Path(path)
    layout = _sniff(path)
    if layout is None:
        raise _not_weights(path)
    try:
        stored = READERS[layout]().read(path)
    except ModelError as error:
        if path.name in str(error):
            raise
        raise ModelError(f"{path.name}: {error}", error.hint) from error
    except ImportError as error:
        raise ModelError(
            f"reading {path.name} needs {error.name or 'a library'}, which is not installed",
            'pip install "nst-onnx[weights]"',
        ) from error
    except Exception as error:  # a damaged file makes the libraries raise almost anything
        raise ModelError(f"{path.name} is damaged: {library_errors.of(error)}", _HINT_DOWNLOAD) from error
    return kernel_layout.canonical(
        stored, where=path.name, name=path.name.split(".")[0], source=path.name, sha256=sha256(path)
    )


def is_weights(path: Path) -> bool:
    """Return whether a file is a weight file, by its content or its suffix."""
    return _sniff(path) is not None or path.suffix.lower() in SUFFIXES


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sniff(path: Path) -> str | None:
    if path.is_dir():
        raise ModelError(f"{path} is a folder, not a weight file")
    try:
        if path.stat().st_size == 0:
            raise ModelError(f"{path.name} is empty", _HINT_DOWNLOAD)
        return next((layout for layout, reader in READERS.items() if reader().sniff(path)), None)
    except FileNotFoundError as error:
        raise ModelError(f"{path} does not exist", "check the path") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {system_reason(error)}") from error
    except ModelError:
        raise
    except Exception as error:  # as in read_weights
        raise ModelError(f"{path.name} is damaged: {library_errors.of(error)}", _HINT_DOWNLOAD) from error


def _not_weights(path: Path) -> ModelError:
    """Return the error for a file that is no weight file: often a failed download."""
    with path.open("rb") as file:
        start = file.read(64)
    if start.startswith(b"PK\x03\x04") and not zipfile.is_zipfile(
        path
    ):  # the central directory is at its end
        return ModelError(f"{path.name} is damaged: its end is missing", _HINT_DOWNLOAD)
    return ModelError(f"{path.name} {_what_else(start.lstrip().lower())}", _HINT_FORMATS)


def _what_else(start: bytes) -> str:
    """Describe a file by its first bytes (in lower case)."""
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page, not a weight file"
    if start.startswith(b"version https://git-lfs"):
        return "is only a pointer of Git LFS to a weight file"
    return "is no weight file of a known format"
