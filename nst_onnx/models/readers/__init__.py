"""Weight files in every layout that VGG-16 and VGG-19 are published in, read into one form.

Each layout has a module with ``sniff(path) -> bool``, which looks at the content and never at the
suffix, and ``read(path) -> Stored``.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import zipfile
from pathlib import Path
from typing import Protocol, cast

from nst_onnx.errors import ModelError
from nst_onnx.models import kernel_layout
from nst_onnx.models.kernel_layout import Stored
from nst_onnx.models.weights import Weights
from nst_onnx.support import library_errors
from nst_onnx.support.library_errors import system_reason

SUFFIXES = (".h5", ".keras", ".mat", ".pth", ".pt", ".safetensors", ".npz")
_LAYOUTS = ("keras_gist", "keras_h5", "keras_archive", "matconvnet", "torch_pickle", "safetensors", "npz")
_AGAIN = "get the file again"
_KNOWN = "Keras .h5 and .keras, MatConvNet .mat, torchvision .pth and .safetensors, and .npz can be read"


class _Reader(Protocol):
    def sniff(self, path: Path) -> bool: ...
    def read(self, path: Path) -> Stored: ...


def read_weights(path: str | os.PathLike[str]) -> Weights:
    """Read a weight file of any known layout into canonical form, whatever its suffix.

    Which way round its kernels are is detected (see `fingerprint`). Raises ModelError for a file that
    is missing, unknown, damaged, not VGG (the message says what it lacks) or holds NaN, and where the
    library that reads its layout is not installed. Warns with ModelWarning where orientation and
    preprocessing could not be verified.
    """
    path = Path(path)
    layout = _sniff(path)
    if layout is None:
        raise _not_weights(path)
    try:
        stored = _reader(layout).read(path)
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
        raise ModelError(f"{path.name} is damaged: {library_errors.of(error)}", _AGAIN) from error
    return kernel_layout.canonical(
        stored, where=path.name, name=path.name.split(".")[0], source=path.name, sha256=sha256(path)
    )


def is_weights(path: Path) -> bool:
    """Return whether a file is one for `read_weights`: by its content, or at least by its suffix."""
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
            raise ModelError(f"{path.name} is empty", _AGAIN)
        return next((layout for layout in _LAYOUTS if _reader(layout).sniff(path)), None)
    except FileNotFoundError as error:
        raise ModelError(f"{path} does not exist", "check the path") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {system_reason(error)}") from error
    except ModelError:
        raise
    except Exception as error:  # as in read_weights
        raise ModelError(f"{path.name} is damaged: {library_errors.of(error)}", _AGAIN) from error


def _not_weights(path: Path) -> ModelError:
    """Say what came in place of weights: the usual mishaps of downloads."""
    with path.open("rb") as file:
        start = file.read(64)
    if start.startswith(b"PK\x03\x04") and not zipfile.is_zipfile(path):  # its end holds the list of contents
        return ModelError(f"{path.name} is damaged: its end is missing", _AGAIN)
    return ModelError(f"{path.name} {_what_else(start.lstrip().lower())}", _KNOWN)


def _what_else(start: bytes) -> str:
    """Name what begins like this, in lower case."""
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page, not a weight file"
    if start.startswith(b"version https://git-lfs"):
        return "is only a pointer of Git LFS to a weight file"
    return "is no weight file that nst-onnx knows"


def _reader(layout: str) -> _Reader:
    return cast(_Reader, importlib.import_module(f"{__name__}.{layout}"))
