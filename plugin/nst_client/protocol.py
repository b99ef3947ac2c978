"""Constants of the worker protocol (docs/worker-protocol.md)."""

from __future__ import annotations

from typing import Any

PROTOCOL = 1
FOLDER_PREFIX = "nst-onnx-worker-"
BYTES_PER_SAMPLE = {"u8": 1, "u16": 2, "f32": 4}
DIED = "died"
"""The code of an error that the client makes itself, where the worker has ended."""

Message = dict[str, Any]
