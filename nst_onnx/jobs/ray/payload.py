"""Files on their way to another machine: their contents travel with the task, no disk is shared."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nst_onnx.errors import PictureError
from nst_onnx.support.library_errors import system_reason


class Parcel(NamedTuple):
    """The path of a file as it was given, and its bytes; for a picture that is no file, None and itself."""

    name: str | None
    value: Any

    @classmethod
    def of(cls, source: Any, what: str) -> Parcel:
        """Read a file, whatever it is. Raises PictureError, calling it `what`."""
        if not isinstance(source, str | os.PathLike):
            return cls(None, source)
        try:
            return cls(str(source), Path(source).read_bytes())
        except OSError as error:
            reason = system_reason(error)
            raise PictureError(f"cannot read the {what} {source}: {reason}", "check the path") from error


def unpack(folder: Path, names: Sequence[str | None], values: Sequence[Any]) -> list[Any]:
    """Write the files among parcels to files of the same name below `folder`.

    Returns their paths there; for what is no file, its value.
    """
    found = []
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        if name is not None:
            path = folder / str(number) / Path(name).name
            path.parent.mkdir(parents=True)
            path.write_bytes(value)
            value = str(path)
        found.append(value)
    return found
