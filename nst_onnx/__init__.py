"""Neural style transfer with onnxruntime: paint this photo like that painting.

``nst_onnx.stylize("photo.jpg", "painting.jpg").save("out.png")``
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nst_onnx.errors import NstError
from nst_onnx.version import __version__

if TYPE_CHECKING:
    from nst_onnx.api import Objective, learn, stylize, texture
    from nst_onnx.feedforward.learned_style import LearnedStyle
    from nst_onnx.jobs.batch import stylize_batch
    from nst_onnx.jobs.video import stylize_video
    from nst_onnx.painting.region import Region
    from nst_onnx.painting.result import Result
    from nst_onnx.painting.step import Step
    from nst_onnx.painting.stylizer import Stylizer

__all__ = [
    "LearnedStyle",
    "NstError",
    "Objective",
    "Region",
    "Result",
    "Step",
    "Stylizer",
    "__version__",
    "learn",
    "stylize",
    "stylize_batch",
    "stylize_video",
    "texture",
]

_HOMES = {
    "LearnedStyle": "feedforward.learned_style",
    "Objective": "api",
    "Region": "painting.region",
    "Result": "painting.result",
    "Step": "painting.step",
    "Stylizer": "painting.stylizer",
    "learn": "api",
    "stylize": "api",
    "stylize_batch": "jobs.batch",
    "stylize_video": "jobs.video",
    "texture": "api",
}


def __getattr__(name: str) -> object:
    """Import the heavy rooms (numpy, onnx, onnxruntime) only when one of their names is used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nst_onnx' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"nst_onnx.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
