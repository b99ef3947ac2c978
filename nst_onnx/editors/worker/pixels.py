"""Pictures of the worker's protocol: files of raw samples, and their descriptions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nst_onnx.editors.worker.folder import Folder
from nst_onnx.editors.worker.protocol import Message, ProtocolError
from nst_onnx.picture import MAX_PIXELS, Picture, read
from nst_onnx.picture.raster import unit

TYPES = {"u8": np.uint8, "u16": np.uint16, "f32": np.float32}


def take(folder: Folder, described: object, what: str) -> Picture:
    """Return the picture that a request describes: PIXELS (their file is removed), or {"path": …}.

    Raises ProtocolError for a description that makes no sense, PictureError for a picture.
    """
    if not isinstance(described, dict):
        raise ProtocolError(f"the {what} must be an object, not {described!r}")
    if "path" in described:
        return _from_path(described["path"], what)
    shape, dtype = _layout(described, what)
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    samples = np.frombuffer(folder.read(described["file"], size), dtype).reshape(shape)
    return picture_of(samples, str(described.get("name") or what))


def picture_of(samples: npt.NDArray[np.generic], name: str) -> Picture:
    """Return samples H×W×C (gray, gray and alpha, RGB or RGBA) as a picture.

    Floats outside 0..1, which editors compute with, are clipped; NaN becomes 0.
    """
    if samples.dtype.kind == "f":
        samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=0.0)
    values = unit(samples)
    channels = values.shape[2]
    colours = values[..., :1].repeat(3, axis=2) if channels < 3 else values[..., :3]
    alpha = values[..., -1] if channels in (2, 4) else None
    if alpha is not None and alpha.min() == 1:
        alpha = None
    return Picture(
        rgb=np.ascontiguousarray(colours),
        alpha=None if alpha is None else np.ascontiguousarray(alpha),
        name=name,
        bits=8 if samples.dtype == np.uint8 else 16,
    )


def hand_over(folder: Folder, kind: str, samples: npt.NDArray[np.generic], *, type: str = "f32") -> Message:
    """Write a picture H×W×C, float32 in 0..1, into a new file and return its description. Raises NstError."""
    if type != "f32":
        scale = np.float32({"u8": 255, "u16": 65535}[type])
        samples = np.rint(np.clip(samples, 0, 1) * scale)
    data: npt.NDArray[Any] = np.ascontiguousarray(samples, TYPES[type])
    height, width, channels = data.shape
    return {
        "file": folder.write(kind, data.data.cast("B")),
        "width": width,
        "height": height,
        "channels": channels,
        "type": type,
        "space": "srgb",
    }


def files_of(request: Message) -> list[str]:
    """Return the names of the pixel files that a request brings, at any depth."""
    found: list[str] = []
    waiting: list[object] = [request.get(name) for name in ("content", "styles", "options")]
    while waiting:
        described = waiting.pop()
        if isinstance(described, list):
            waiting.extend(described)
        elif isinstance(described, dict):
            if isinstance(name := described.get("file"), str):
                found.append(name)
            waiting.extend(described.values())
    return found


def _from_path(path: object, what: str) -> Picture:
    if not isinstance(path, str) or not Path(path).is_absolute():
        raise ProtocolError(f"the {what} needs an absolute path, not {path!r}")
    return read(path, what=what)


def _layout(described: Message, what: str) -> tuple[tuple[int, int, int], npt.DTypeLike]:
    """Return the shape and the type of the samples that are described."""
    if not isinstance(described.get("file"), str):
        raise ProtocolError(f'the {what} needs a "file" or a "path"')
    if described.get("space", "srgb") != "srgb":
        raise ProtocolError(f'the {what} must be in the space "srgb"')
    dtype = TYPES.get(str(described.get("type")))
    if dtype is None:
        raise ProtocolError(f"the {what} needs a type: {', '.join(TYPES)}")
    sides = [described.get(name) for name in ("height", "width", "channels")]
    if not all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in sides):
        raise ProtocolError(f"the {what} needs a width, a height and channels, all whole numbers above 0")
    height, width, channels = (int(side) for side in sides if side is not None)
    if channels > 4:
        raise ProtocolError(f"the {what} has {channels} channels, not 1 to 4")
    if height * width > MAX_PIXELS:
        raise ProtocolError(f"the {what} has {width}×{height} pixels, too many", "scale it down first")
    return (height, width, channels), dtype
