"""Store of painted frames in a folder beside the output, from which an interrupted run resumes."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from nst_onnx.errors import NstError, OptionError, PictureError
from nst_onnx.jobs.video.painted_frame import PaintedFrame, quantise
from nst_onnx.picture import read, read_settings, write
from nst_onnx.support import file_lock
from nst_onnx.support.atomic_files import replacing
from nst_onnx.support.library_errors import system_reason

SUFFIX = ".nst-onnx"
_RUN_FILE = "run.json"
_LOCK = "lock"


class FrameStore:
    """The folder OUT.nst-onnx: a file with the fingerprint of its run, and a PNG for each painted frame.

    Files are written atomically. Frames count from 0.
    """

    def __init__(self, output: Path) -> None:
        target = output.resolve()
        self.folder = target.with_name(target.name + SUFFIX)
        self.unfinished = self.folder / f"unfinished{target.suffix}"
        """The file to which the video is written before it replaces the output."""
        self._lock: BinaryIO | None = None

    def open(self, fingerprint: str) -> None:
        """Make the folder and lock it, or resume the run with this fingerprint.

        Raises OptionError if the folder belongs to another run, or a run uses it now, NstError if it cannot
        be made.
        """
        run_file = self.folder / _RUN_FILE
        try:
            self.folder.mkdir(exist_ok=True)
            self._lock = file_lock.acquire(self.folder / _LOCK)
            if self._lock is None:
                raise OptionError(
                    f"another run is painting this film, in {self.folder}",
                    "let it end, or choose another name",
                )
            if run_file.exists():
                if _fingerprint(run_file) == fingerprint:
                    return
                raise OptionError(
                    f"{self.folder} holds the frames of another run, with other pictures, options or model",
                    "give the same as then, remove that folder, or choose another name",
                )
            ours = (_LOCK, self.unfinished.name)
            if any(path.name not in ours and path.suffix != ".tmp" for path in self.folder.iterdir()):
                raise OptionError(f"{self.folder} is in the way", "remove it, or choose another name")
            with replacing(run_file) as file:
                file.write(json.dumps({"fingerprint": fingerprint}).encode())
        except OSError as error:
            raise NstError(f"cannot keep frames in {self.folder}: {system_reason(error)}") from error

    def load(self, number: int) -> PaintedFrame | None:
        """Return a frame, None if it is missing or damaged."""
        return read_frame(self._path(number))

    def save(self, number: int, painted: PaintedFrame) -> None:
        """Write a frame. Raises PictureError."""
        write_frame(self._path(number), painted)

    def load_bytes(self, number: int) -> bytes | None:
        """Return a frame's file, None if it is missing or damaged."""
        return None if self.load(number) is None else self._path(number).read_bytes()

    def save_bytes(self, number: int, data: bytes) -> None:
        """Write a frame's file, which `write_frame` made elsewhere. Raises NstError."""
        try:
            with replacing(self._path(number)) as file:
                file.write(data)
        except OSError as error:
            raise NstError(f"cannot keep frames in {self.folder}: {system_reason(error)}") from error

    def remove(self) -> None:
        """Remove the folder; the file that identifies the run is the last."""
        with suppress(OSError):
            last = [_LOCK, _RUN_FILE]
            for path in self.folder.iterdir():
                if path.name not in last:
                    path.unlink()
            for name in last:
                (self.folder / name).unlink(missing_ok=True)
            self.folder.rmdir()
        if self._lock:
            self._lock.close()

    def remove_if_empty(self) -> None:
        """Remove the folder if it has no frame."""
        if not any(self.folder.glob("*.png")):
            self.remove()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number + 1:06}.png"


def read_frame(path: Path) -> PaintedFrame | None:
    """Return a frame, None if it is missing or damaged."""
    if not path.exists():
        return None
    try:
        settings = read_settings(path) or {}
        return PaintedFrame(quantise(read(path).rgb), settings["opens"], settings["loss"])
    except (PictureError, KeyError):
        return None


def write_frame(path: Path, painted: PaintedFrame) -> None:
    """Write a frame as PNG. Raises PictureError."""
    write(path, painted.picture, settings={"opens": painted.starts_scene, "loss": painted.loss})


def _fingerprint(run_file: Path) -> str:
    try:
        return str(json.loads(run_file.read_bytes())["fingerprint"])
    except (ValueError, KeyError, TypeError):
        return ""
