"""Files that are whole or not there at all."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from nst_onnx.errors import ModelError


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a path to write to; what is there afterwards takes the target's place in one step.

    The folder is made. After an error nothing is left behind; where the disk is full or may not be
    written to, the error is a ModelError that says so.
    """
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")  # with the usual rights
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise ModelError(
            f"{target} cannot be written: {error.strerror or error}",
            "make room, or let NST_ONNX_HOME name another folder",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
