"""Download of a file with a known SHA-256: resumed where it stopped, and put in place when it is right."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.request
from pathlib import Path
from typing import Callable

from ..failure import Failure
from ..translation import _
from .cancelling import Cancelling
from .network import failure_of, open_address
from .parts import RemoteFile
from .space import disk_failure

_CHUNK = 1 << 16  # bytes
_TRIES = 4
_PAUSE = 1.0  # seconds
_PARTIAL = 206

Progress = Callable[[int], None]
"""Called with the number of bytes that are there."""


def download(
    opener: urllib.request.OpenerDirector,
    address: str,
    file: RemoteFile,
    folder: Path,
    progress: Progress,
    cancelling: Cancelling,
) -> Path:
    """Download a file into `folder` and return its path.

    What a failed, cancelled or killed download has left is used again. Raises Failure, Cancelled.
    """
    target, part = folder / file.name, folder / f"{file.name}.part"
    if target.is_file() and sha256(target) == file.sha256:
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in reversed(range(_TRIES)):
            try:
                _fetch(opener, address, file, part, progress, cancelling)
                break
            except Failure:
                if not left:
                    raise
                cancelling.check()
                time.sleep(_PAUSE)
        verify(part, file)
        part.replace(target)
    except OSError as error:
        raise disk_failure(error, folder) from error
    return target


def verify(path: Path, file: RemoteFile) -> None:
    """Check a file's SHA-256; remove one that is wrong. Raises Failure, OSError."""
    found = sha256(path)
    if found != file.sha256:
        path.unlink()
        raise Failure(
            _("the file {name} is not the one that was published (its checksum is {found}…)").format(
                name=file.name, found=found[:8]
            ),
            _("nothing was installed; try again, and if it happens again, from another network"),
        )


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _fetch(
    opener: urllib.request.OpenerDirector,
    address: str,
    file: RemoteFile,
    part: Path,
    progress: Progress,
    cancelling: Cancelling,
) -> None:
    """Append to `part` what is missing. Raises Failure where the server or the network fails, OSError."""
    there = part.stat().st_size if part.is_file() else 0
    if there > file.size:
        part.unlink()
        there = 0
    if there == file.size:
        return
    wanted = {"Range": f"bytes={there}-"} if there else {}
    with open_address(opener, address, wanted) as answer:
        if answer.status != _PARTIAL:  # the server sends the whole file
            there = 0
        with part.open("ab" if there else "wb") as stream:
            progress(there)
            while there < file.size:
                cancelling.check()
                try:
                    chunk = answer.read(min(_CHUNK, file.size - there))
                except (OSError, http.client.HTTPException) as error:
                    raise failure_of(error, address) from error
                if not chunk:
                    raise failure_of(http.client.IncompleteRead(b"", file.size - there), address)
                stream.write(chunk)
                there += len(chunk)
                progress(there)
