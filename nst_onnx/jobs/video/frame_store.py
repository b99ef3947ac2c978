"""The frames that are done, in a folder beside the output, so that a run that was killed goes on."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from nst_onnx.errors import NstError, OptionError, PictureError
from nst_onnx.jobs.video.frame_painter import Painted, in_levels
from nst_onnx.picture import read, read_settings, write
from nst_onnx.support import file_lock
from nst_onnx.support.atomic_files import replacing
from nst_onnx.support.library_errors import system_reason

SUFFIX = ".nst-onnx"
_HEAD = "run.json"
_LOCK = "lock"


class Kept:
    """The folder OUT.nst-onnx: which run it belongs to, and a PNG for each frame.

    Everything in it appears whole or not at all. Numbers count from 0.
    """

    def __init__(self, output: Path) -> None:
        target = output.resolve()
        self.folder = target.with_name(target.name + SUFFIX)
        self.unfinished = self.folder / f"unfinished{target.suffix}"
        """Where the video itself is written before it takes its place."""
        self._lock: BinaryIO | None = None

    def open(self, fingerprint: str) -> None:
        """Go on in the folder of the run with this fingerprint, or begin one.

        Raises OptionError where the folder is another run's, or one is at work in it, NstError where it
        cannot be made.
        """
        head = self.folder / _HEAD
        try:
            self.folder.mkdir(exist_ok=True)
            self._lock = file_lock.acquire(self.folder / _LOCK)
            if self._lock is None:
                raise OptionError(
                    f"another run is painting this film, in {self.folder}",
                    "let it end, or choose another name",
                )
            if head.exists():
                if _fingerprint(head) == fingerprint:
                    return
                raise OptionError(
                    f"{self.folder} holds the frames of another run, with other pictures, options or model",
                    "give the same as then, remove that folder, or choose another name",
                )
            ours = (_LOCK, self.unfinished.name)
            if any(path.name not in ours and path.suffix != ".tmp" for path in self.folder.iterdir()):
                raise OptionError(f"{self.folder} is in the way", "remove it, or choose another name")
            with replacing(head) as file:
                file.write(json.dumps({"fingerprint": fingerprint}).encode())
        except OSError as error:
            raise NstError(f"cannot keep frames in {self.folder}: {system_reason(error)}") from error

    def load(self, number: int) -> Painted | None:
        """Return a frame, None where it is not there, or not whole."""
        return read_frame(self._path(number))

    def save(self, number: int, painted: Painted) -> None:
        """Keep a frame. Raises PictureError."""
        write_frame(self._path(number), painted)

    def data(self, number: int) -> bytes | None:
        """Return a frame as it is kept, None where it is not there, or not whole."""
        return None if self.load(number) is None else self._path(number).read_bytes()

    def put(self, number: int, data: bytes) -> None:
        """Keep a frame that `write_frame` has written elsewhere. Raises NstError."""
        try:
            with replacing(self._path(number)) as file:
                file.write(data)
        except OSError as error:
            raise NstError(f"cannot keep frames in {self.folder}: {system_reason(error)}") from error

    def remove(self) -> None:
        """Remove the folder: it has served its purpose. What says whose it is goes last."""
        with suppress(OSError):
            last = [_LOCK, _HEAD]
            for path in self.folder.iterdir():
                if path.name not in last:
                    path.unlink()
            for name in last:
                (self.folder / name).unlink(missing_ok=True)
            self.folder.rmdir()
        if self._lock:
            self._lock.close()

    def remove_if_empty(self) -> None:
        """Remove the folder where no frame was done."""
        if not any(self.folder.glob("*.png")):
            self.remove()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number + 1:06}.png"


def read_frame(path: Path) -> Painted | None:
    """Return a frame, None where it is not there, or not whole."""
    if not path.exists():
        return None
    try:
        facts: dict[str, Any] = read_settings(path) or {}
        return Painted(in_levels(read(path).rgb), facts["opens"], facts["loss"])
    except (PictureError, KeyError):
        return None


def write_frame(path: Path, painted: Painted) -> None:
    """Write a frame as PNG. Raises PictureError."""
    write(path, painted.picture, settings={"opens": painted.opens, "loss": painted.loss})


def _fingerprint(head: Path) -> str:
    try:
        return str(json.loads(head.read_bytes())["fingerprint"])
    except (ValueError, KeyError, TypeError):
        return ""
