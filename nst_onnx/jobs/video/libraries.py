"""Imports PyAV and OpenCV, which the extra "video" installs."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from nst_onnx.errors import NstError


def av() -> ModuleType:
    """Return PyAV, the decoder and encoder. Raises NstError if it is not installed."""
    return _library("av", "PyAV")


def cv2() -> ModuleType:
    """Return OpenCV, which computes optical flow. Raises NstError if it is not installed."""
    return _library("cv2", "OpenCV")


def check() -> None:
    """Raise NstError if one of them is not installed."""
    av()
    cv2()


def _library(module: str, name: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise NstError(
            f"videos need {name}, which is not installed", 'run pip install "nst-onnx[video]"'
        ) from error
