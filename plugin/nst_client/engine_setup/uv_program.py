"""The uv program: taken from its wheel in the package index, verified, and run for the set-up."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path
from typing import Callable

from ..environment import environment
from ..failure import Failure
from ..translation import _
from . import command, uv_output
from .cancelling import Cancelling
from .command import CommandError
from .computer import wheel_for
from .download import Progress, download, sha256
from .folders import Folders
from .index_page import address_of
from .index_password import without_password
from .parts import Parts, RemoteFile
from .source import Source
from .space import disk_failure

_NAMES = ("uv", "uv.exe")
_KEPT_SETTINGS = ("INDEX", "HTTP", "SYSTEM_CERTS", "NATIVE_TLS", "PYTHON_INSTALL_MIRROR", "INSECURE_HOST")
"""uv's own settings that are about the way to its servers; all others could move the engine elsewhere."""
_CERTIFICATE_SETTINGS = {"UV_SYSTEM_CERTS", "UV_NATIVE_TLS"}
_FOREIGN = ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV")


def wheel(parts: Parts, kind: str) -> RemoteFile:
    """Return uv's wheel for a kind of computer. Raises Failure where there is none."""
    found = wheel_for(kind, parts.uv)
    if found is None:
        raise unsupported(kind)
    return found


def unsupported(kind: str) -> Failure:
    """Return the failure of a kind of computer for which there are no packages."""
    return Failure(
        _("the engine has no packages for this kind of computer ({kind})").format(kind=kind),
        _("it runs on Linux and Windows with 64 bits, and on Macs with Apple's processors"),
    )


class Uv:
    """The uv program in `folders.tools`, with an environment that leads all it writes to `folders`.

    `lock`: the file descriptor of the lock of `folders`, which uv holds too where the editor ends before it.
    """

    def __init__(
        self, program: Path, folders: Folders, source: Source, cancelling: Cancelling, lock: int
    ) -> None:
        self._program, self._folders, self._cancelling, self._lock = program, folders, cancelling, lock
        self._variables = _variables(folders, source)

    def run(self, *words: str, on_line: Callable[[str], None] = lambda line: None) -> list[str]:
        """Run uv and return its lines. Raises Failure, Cancelled."""
        try:
            return self.attempt(*words, on_line=on_line)
        except CommandError as error:
            raise uv_output.failure_of(error.lines, self._folders.root) from error

    def attempt(self, *words: str, on_line: Callable[[str], None] = lambda line: None) -> list[str]:
        """Run uv and return its lines. Raises CommandError, and Failure where it does not start."""
        line = [str(self._program), *words]
        try:
            return command.run(
                line, self._variables, self._folders.root, self._cancelling, on_line, (self._lock,)
            )
        except OSError as error:
            raise disk_failure(error, self._program) from error


def obtain(
    file: RemoteFile, folders: Folders, source: Source, progress: Progress, cancelling: Cancelling
) -> Path:
    """Return the uv program, downloaded unless it is there. Raises Failure, Cancelled."""
    folder = folders.tools / file.sha256[:16]
    for name in _NAMES:
        if (folder / name).is_file():
            return folder / name
    try:
        packed = _wheel_here(file, source)
        if packed is None:
            opener = source.opener()
            address = address_of(opener, without_password(source.index), "uv", file.name)
            packed = download(opener, address, file, folders.downloads, progress, cancelling)
        program = _unpack(packed, folder)
        if packed.parent == folders.downloads:
            packed.unlink()
    except OSError as error:
        raise disk_failure(error, folders.root) from error
    return program


def _wheel_here(file: RemoteFile, source: Source) -> Path | None:
    """Return uv's wheel in the source's folder; None where the source is an index. Raises Failure."""
    if source.folder is None:
        return None
    path = source.folder / file.name
    if not path.is_file():
        raise Failure(
            _("{folder} does not have the file {name}").format(folder=source.folder, name=file.name),
            _("put it there, as the guide says"),
        )
    if sha256(path) != file.sha256:
        raise Failure(
            _("the file {name} is not the one that was published (its checksum is wrong)").format(name=path),
            _("nothing was installed; get this file again"),
        )
    return path


def _unpack(packed: Path, folder: Path) -> Path:
    """Unpack uv from its verified wheel into `folder`, complete or not at all. Raises Failure, OSError."""
    with zipfile.ZipFile(packed) as archive:
        member = next((name for name in archive.namelist() if name.rpartition("/")[2] in _NAMES), None)
        if member is None:
            raise Failure(_("{name} has no uv in it").format(name=packed.name), _("report this"))
        program = folder / member.rpartition("/")[2]
        part = program.with_name(f"{program.name}.part")
        folder.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as packed_stream, part.open("wb") as stream:
            shutil.copyfileobj(packed_stream, stream)
    part.chmod(part.stat().st_mode | stat.S_IXUSR | (stat.S_IXGRP | stat.S_IXOTH))
    part.replace(program)
    for other in folder.parent.iterdir():
        if other != folder:  # an older uv
            shutil.rmtree(other, ignore_errors=True)
    return program


def _variables(folders: Folders, source: Source) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environment().items()
        if name not in _FOREIGN
        and (not name.startswith("UV_") or any(part in name for part in _KEPT_SETTINGS))
    }
    if not _CERTIFICATE_SETTINGS.intersection(kept):
        kept["UV_SYSTEM_CERTS"] = "1"  # as the client; uv's own certificates lack that of a company's proxy
    return {
        **kept,
        **source.variables,
        "UV_CACHE_DIR": str(folders.cache),
        "UV_PYTHON_INSTALL_DIR": str(folders.pythons),
        "UV_NO_CONFIG": "1",
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
    }
