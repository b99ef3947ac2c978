"""Checks that apply to the plug-in of every editor: complete files, a working engine, sandbox permission."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from nst_onnx.editors import engine_file, zip_setup
from nst_onnx.editors.profile import Packaging
from nst_onnx.errors import PluginError
from nst_onnx.support.diagnostics import Finding


def check_program(
    name: str,
    program: str,
    version: str | None,
    oldest: tuple[int, int],
    newer: str,
    silent: str = "does not start",
) -> Finding:
    """Check the version of an editor's `program`; None where it prints none, for the reason `silent`.

    `newer`: what to do where it is older than `oldest`.
    """
    if version is None:
        return Finding(name, "warning", f"{program} {silent}")
    if tuple(map(int, version.split(".")[:2])) < oldest:
        return Finding(name, "broken", f"{version} ({program}) is too old; {newer}")
    return Finding(name, "good", f"{version} ({program})")


def check_files(folder: Path, install_line: str) -> Iterator[Finding]:
    """Check that the plug-in in `folder` is complete and that its engine starts in the same version."""
    if not (folder / "nst_client" / "client.py").is_file():
        yield Finding("files", "broken", f"{folder / 'nst_client'} is missing; run: {install_line}")
    setup, remedy = zip_setup.read(folder), zip_setup.remedy(folder, install_line)
    if setup is not None and not (folder / engine_file.NAME).is_file():
        yield Finding("engine", "missing", f"not set up yet; {remedy}")
        return
    try:
        facts = engine_file.read(folder)
        now = engine_file.worker_version(facts["command"])
    except PluginError as error:
        yield Finding("engine", "broken", f"{error}; {error.hint or remedy}")
        return
    then = facts.get("version") if setup is None else setup.version
    if now == then:
        how = ", set up from inside the editor" if facts.get("inside") else ""
        yield Finding("engine", "good", f"nst-onnx {now} in {facts['command'][0]}{how}")
    else:
        text = f"the plug-in is that of nst-onnx {then}, but {now} is installed now; {remedy}"
        yield Finding("engine", "broken", text)


def check_sandbox(title: str, packaging: Packaging, flatpak: str, folder: Path) -> Iterator[Finding]:
    """Check that a sandboxed editor may start the engine in the host's Python.

    `title`: the editor's name; `flatpak`: its identifier at Flathub; `folder`: the plug-in's. An engine that
    was set up from inside lives in the sandbox.
    """
    if zip_setup.read(folder) is not None:
        return
    if packaging == "snap":
        text = f"a Snap may not start programs outside of it; use {title} from another source"
        yield Finding("sandbox", "broken", text)
    if packaging != "flatpak":
        return
    allow = f"flatpak override --user --talk-name=org.freedesktop.Flatpak {flatpak}"
    program = shutil.which("flatpak")
    if program is None:
        text = f"there is no flatpak command to ask what {title} may do; where there is one, run: {allow}"
        yield Finding("sandbox", "warning", text)
        return
    line = [program, "info", "--show-permissions", flatpak]
    shown = subprocess.run(line, capture_output=True, text=True, timeout=60)
    if re.search(r"^org\.freedesktop\.Flatpak=(talk|own)", shown.stdout, re.MULTILINE):
        yield Finding("sandbox", "good", f"{title} may start the engine outside of its sandbox")
    else:
        text = (
            f"{title} may not start the engine, which needs the computer's own Python, outside of its "
            f"sandbox; to allow it, run: {allow}"
        )
        yield Finding("sandbox", "broken", text)
