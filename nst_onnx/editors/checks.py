"""What can be wrong with the plug-in of any editor."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from nst_onnx.editors import engine_file
from nst_onnx.editors.errors import PluginError
from nst_onnx.editors.profile import Packaging
from nst_onnx.support.diagnostics import Finding


def files_of(folder: Path, again: str) -> Iterator[Finding]:
    """Look whether the plug-in in `folder` is complete, and start its engine; `again`: how to install it."""
    if not (folder / "nst_client" / "client.py").is_file():
        yield Finding("files", "broken", f"{folder / 'nst_client'} is missing; run: {again}")
    try:
        facts = engine_file.read(folder)
        said = engine_file.hello(facts["command"])
    except PluginError as error:
        yield Finding("engine", "broken", f"{error}; {error.hint or f'run: {again}'}")
        return
    now, then = said.get("version"), facts.get("version")
    if now == then:
        yield Finding("engine", "good", f"nst-onnx {now} in {facts['command'][0]}")
    else:
        text = f"the plug-in is that of nst-onnx {then}, but {now} is installed now; run: {again}"
        yield Finding("engine", "broken", text)


def sandbox(editor: str, packaging: Packaging, flatpak: str) -> Iterator[Finding]:
    """Look whether the editor may start the engine, which runs in the computer's own Python.

    `flatpak`: the editor's name at Flathub.
    """
    if packaging == "snap":
        text = f"a Snap may not start programs outside of it; use {editor} from another source"
        yield Finding("sandbox", "broken", text)
    if packaging != "flatpak":
        return
    allow = f"flatpak override --user --talk-name=org.freedesktop.Flatpak {flatpak}"
    program = shutil.which("flatpak")
    if program is None:
        text = f"there is no flatpak command to ask what {editor} may do; where there is one, run: {allow}"
        yield Finding("sandbox", "warning", text)
        return
    line = [program, "info", "--show-permissions", flatpak]
    told = subprocess.run(line, capture_output=True, text=True, timeout=60)
    if re.search(r"^org\.freedesktop\.Flatpak=(talk|own)", told.stdout, re.MULTILINE):
        yield Finding("sandbox", "good", f"{editor} may start the engine outside of its sandbox")
    else:
        text = (
            f"{editor} may not start the engine, which needs the computer's own Python, outside of its "
            f"sandbox; to allow it, run: {allow}"
        )
        yield Finding("sandbox", "broken", text)
