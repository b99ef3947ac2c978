"""PyAV and OpenCV, which come with the extra "video"."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from nst_onnx.errors import NstError


def av() -> ModuleType:
    """Return PyAV, which decodes and encodes. Raises NstError where it is missing."""
    return _library("av", "PyAV")


def cv2() -> ModuleType:
    """Return OpenCV, which finds the optical flow. Raises NstError where it is missing."""
    return _library("cv2", "OpenCV")


def check() -> None:
    """Raise NstError where one of them is missing."""
    av()
    cv2()


def _library(module: str, name: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise NstError(
            f"videos need {name}, which is not installed", 'run pip install "nst-onnx[video]"'
        ) from error
