"""One set-up of an engine, from nothing to a plug-in that uses it; a failure leaves everything as it was."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable

from ..failure import Failure
from ..translation import _
from . import computer, engines, python_choice, self_test, uv_program
from .cancelling import Cancelling
from .download import sha256
from .engines import SetUpEngine
from .folders import Folders
from .lock import locked
from .parts import Parts
from .source import Source
from .space import check_space, disk_failure
from .uv_output import Downloads
from .uv_program import Uv

_TEST_SHARE = 0.04
"""The self-test's part of the progress."""

Report = Callable[[float, str], None]
"""Called with the completed fraction, 0..1, and with what is being done."""


@dataclass(frozen=True)
class Choices:
    """What the user chooses: the source of the packages, and whether to install OpenVINO too."""

    source: Source = field(default_factory=Source)
    openvino: bool = False


class Installation:
    """Sets up an engine made of `parts` for the plug-in in the folder `plug_in`. `run` blocks."""

    def __init__(
        self,
        plug_in: Path,
        parts: Parts,
        folders: Folders,
        choices: Choices,
        report: Report,
        cancelling: Cancelling,
    ) -> None:
        self._plug_in, self._parts, self._folders = plug_in, parts, folders
        self._choices, self._report, self._cancelling = choices, report, cancelling
        self._source = replace(choices.source, public=parts.index)
        self._total = float(megabytes(parts, choices.openvino))
        self._before = 0.0

    def run(self) -> None:
        """Set the engine up. Raises Failure, Cancelled."""
        self._report(0.0, _("Preparing…"))
        self._source.check()
        with locked(self._folders.root) as lock:
            try:
                engine = self._existing() or self._install(lock)
                self._cancelling.check()
                engines.use(engine, self._folders, self._plug_in, self._parts.menu)
                engines.remove_unused(self._folders)
            except OSError as error:
                raise disk_failure(error, self._folders.root) from error
        self._report(1.0, _("The engine is set up"))

    def _existing(self) -> SetUpEngine | None:
        """Return an engine of these parts that works; None where it has to be installed. Raises Cancelled."""
        existing = engines.matching(self._folders, self._parts, self._choices.openvino)
        if existing is None:
            return None
        self._report(0.0, _("Testing the engine…"))
        try:
            self_test.check(existing.command, self._parts.version, self._cancelling)
        except Failure:
            return None
        return existing

    def _install(self, lock: int) -> SetUpEngine:
        parts, source = self._parts, self._source
        file = uv_program.wheel(parts, computer.kind())
        self._check_wheel()
        check_space(self._folders.root, self._total)
        program = uv_program.obtain(file, self._folders, source, self._show_uv, self._cancelling)
        uv = Uv(program, self._folders, source, self._cancelling, lock)
        self._before += file.size / 1e6
        downloads = Downloads()
        self._report(self._fraction(0), _("Looking for Python…"))
        python = python_choice.choose(uv, parts.python, downloads)
        self._before += downloads.megabytes
        with self._new_folder() as folder:
            uv.run("venv", "--relocatable", "--no-project", "--python", python, str(folder))
            self._install_packages(uv, folder)
            command = [str(_python_of(folder)), "-m", "nst_onnx.worker"]
            self._report(1 - _TEST_SHARE, _("Testing the engine…"))
            self_test.check(command, parts.version, self._cancelling)
            engine = SetUpEngine(folder, command, parts.version, parts.wheel_sha256, self._choices.openvino)
            engine.write()
        return engine

    def _install_packages(self, uv: Uv, folder: Path) -> None:
        """Install the packages, each verified by its SHA-256, and the wheel from the ZIP."""
        downloads = Downloads()

        def show(line: str) -> None:
            downloads.read(line)
            names = ", ".join(downloads.names)
            text = _("Downloading {names}…").format(names=names) if names else _("Installing the packages…")
            self._report(self._fraction(downloads.megabytes), text)

        install = [
            "pip",
            "install",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--python",
            str(_python_of(folder)),
        ]
        chosen = ["--requirement", str(self._parts.requirements(self._choices.openvino))]
        self._report(self._fraction(0), _("Downloading the packages…"))
        uv.run(*install, "--require-hashes", *self._source.options, *chosen, on_line=show)
        uv.run(*install, "--no-index", str(self._parts.folder / self._parts.wheel))

    @contextlib.contextmanager
    def _new_folder(self) -> Iterator[Path]:
        """Yield the name of a new engine's folder, which is removed again where the block fails."""
        self._folders.engines.mkdir(parents=True, exist_ok=True)
        engines.remove_unfinished(self._folders)
        stem = f"{self._parts.version}-{self._parts.wheel_sha256[:8]}-{time.strftime('%Y%m%d-%H%M%S')}"
        folder = self._folders.engines / f"{stem}-{secrets.token_hex(2)}"
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _check_wheel(self) -> None:
        """Check the wheel in the ZIP. Raises Failure."""
        path = self._parts.folder / self._parts.wheel
        if not path.is_file() or sha256(path) != self._parts.wheel_sha256:
            raise Failure(
                _("{name} is missing in the plug-in, or damaged").format(name=path.name),
                _("install the plug-in again from its ZIP"),
            )

    def _show_uv(self, there: int) -> None:
        done = there / 1e6
        text = _("Downloading uv, the installer… {done} MB").format(done=round(done))
        self._report(self._fraction(done), text)

    def _fraction(self, megabytes: float) -> float:
        return min((self._before + megabytes) / self._total, 1.0) * (1 - _TEST_SHARE)


def megabytes(parts: Parts, openvino: bool) -> int:
    """Return how much a set-up downloads at most, 10⁶ bytes. Raises Failure where there are no packages."""
    kind = computer.kind()
    uv, sizes = uv_program.wheel(parts, kind), parts.megabytes.get(kind, {})
    if "cpu" not in sizes:
        raise uv_program.unsupported(kind)
    own = 0 if python_choice.may_use_systems() else python_choice.MEGABYTES
    return round(uv.size / 1e6) + own + sizes["cpu"] + (sizes.get("openvino", 0) if openvino else 0)


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
