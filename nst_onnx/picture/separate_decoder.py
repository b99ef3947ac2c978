"""Decoding in a process of its own, for libraries that damaged files can crash."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Literal

import numpy as np

from nst_onnx.errors import PictureError
from nst_onnx.picture import decoder_process
from nst_onnx.picture.limits import check_size
from nst_onnx.support.arrays import Samples
from nst_onnx.support.json_types import JsonObject

_PATIENCE = 300  # seconds
_NO_WINDOW = 0x08000000  # Windows' CREATE_NO_WINDOW
_MISSING = 3


def decoded(
    kind: Literal["heif", "raw"],
    data: bytes,
    max_pixels: int | None,
    *,
    missing: PictureError,
    damaged: PictureError,
) -> tuple[JsonObject, Samples]:
    """Return the facts and the samples of a file, as `decoder_process` prints them.

    Raises `missing` where the decoder is not installed, `damaged` for what it refuses, crashes at, or does
    not decode in five minutes; PictureError for a size that is refused.
    """
    # -P: nothing beside the program, or in the working folder, is imported.
    words = [sys.executable, "-P", str(Path(decoder_process.__file__)), kind, str(max_pixels or 0)]
    flags = _NO_WINDOW if sys.platform == "win32" else 0
    try:
        done = subprocess.run(
            words, input=data, capture_output=True, timeout=_PATIENCE, creationflags=flags, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise damaged from error
    if done.returncode:
        raise missing if done.returncode == _MISSING else damaged
    line, _, samples = done.stdout.partition(b"\n")
    facts: JsonObject = json.loads(line)
    height, width = facts["size"]
    check_size(height, width, max_pixels)
    return facts, np.frombuffer(samples, facts["dtype"]).reshape(facts["shape"])
