"""Transfer of input files to workers: file contents are sent with the task, no shared disk is required."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nst_onnx.errors import PictureError
from nst_onnx.support.library_errors import system_reason


class Payload(NamedTuple):
    """An input that is sent to a worker.

    `name`: the path of a file as the user gave it, None for a picture in memory. `value`: the bytes of the
    file, or the picture itself.
    """

    name: str | None
    value: object

    @classmethod
    def of(cls, source: object, what: str) -> Payload:
        """Read a file of any format. Raises PictureError, in which the file is called `what`."""
        if not isinstance(source, str | os.PathLike):
            return cls(None, source)
        try:
            return cls(str(source), Path(source).read_bytes())
        except OSError as error:
            reason = system_reason(error)
            raise PictureError(f"cannot read the {what} {source}: {reason}", "check the path") from error


def names(payloads: Sequence[Payload]) -> list[str | None]:
    """Return the names of payloads."""
    return [payload.name for payload in payloads]


def write_files(folder: Path, names: Sequence[str | None], values: Sequence[object]) -> list[object]:
    """Write received files below `folder`, under their own names.

    Returns their paths there (str), and the values of inputs that are not files.
    """
    received: list[object] = []
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        if name is None:
            received.append(value)
            continue
        assert isinstance(value, bytes)
        path = folder / str(number) / Path(name).name
        path.parent.mkdir(parents=True)
        path.write_bytes(value)
        received.append(str(path))
    return received
