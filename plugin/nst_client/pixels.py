"""Raw pixel arrays, in memory and in the files exchanged with the worker."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .protocol import BYTES_PER_SAMPLE, Message


@dataclass(frozen=True)
class Pixels:
    """A picture: rows from the top, channels last, native byte order, no padding, sRGB-encoded.

    `channels`: 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA (alpha is straight, not premultiplied).
    `type`: "u8", "u16" or "f32" (0..1). `data`: width × height × channels samples. `name`: for messages.
    Raises ValueError where these do not fit together.
    """

    width: int
    height: int
    channels: int
    type: str
    data: bytes = field(repr=False)
    name: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError unless `data` is as long as the rest says."""
        if self.type not in BYTES_PER_SAMPLE:
            raise ValueError(f"type must be one of {', '.join(BYTES_PER_SAMPLE)}, not {self.type!r}")
        expected = self.width * self.height * self.channels * BYTES_PER_SAMPLE[self.type]
        if len(self.data) != expected:
            raise ValueError(f"the picture needs {expected} bytes, not {len(self.data)}")

    def description(self, file: str) -> Message:
        """Return the protocol's description of the picture stored in `file`."""
        return {
            "file": file,
            "width": self.width,
            "height": self.height,
            "channels": self.channels,
            "type": self.type,
            "space": "srgb",
            "name": self.name,
        }

    def write(self, path: Path) -> None:
        """Write the data to a new file with mode 0600. Raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(self.data)


def without_pixels(options: Mapping[str, object]) -> dict[str, object]:
    """Return those of the options that have no pixels in them, at any depth."""
    return {name: value for name, value in options.items() if not _has_pixels(value)}


def _has_pixels(value: object) -> bool:
    if isinstance(value, Mapping):
        value = [*value.values()]
    if isinstance(value, (list, tuple)):
        return any(map(_has_pixels, value))
    return isinstance(value, Pixels)


def read_and_remove(folder: Path, message: Message) -> Pixels:
    """Read a picture that the worker wrote, and remove its file. Raises OSError, ValueError, KeyError."""
    path = folder / Path(message["file"]).name
    data = path.read_bytes()
    path.unlink()
    return Pixels(message["width"], message["height"], message["channels"], message["type"], data)
