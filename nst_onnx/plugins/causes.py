"""What can be wrong with the plug-in of any editor."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from nst_onnx.finding import Finding
from nst_onnx.plugins import engine
from nst_onnx.plugins.errors import PluginError


def engine_of(folder: Path, again: str) -> Finding:
    """Start the engine that the plug-in in `folder` would, and say how that went."""
    try:
        facts = engine.read(folder)
        said = engine.hello(facts["command"])
    except PluginError as error:
        return Finding("engine", "broken", f"{error}; {error.hint}")
    if said.get("protocol") != facts.get("protocol"):
        text = (
            f"the plug-in speaks protocol {facts.get('protocol')}, the engine {said.get('protocol')}; {again}"
        )
        return Finding("engine", "broken", text)
    if said.get("version") != facts.get("version"):
        text = f"nst-onnx is {said.get('version')}, the plug-in came with {facts.get('version')}; {again}"
        return Finding("engine", "warning", text)
    return Finding("engine", "good", f"nst-onnx {said.get('version')} in {facts['command'][0]}")


def sandbox(editor: str, name: str) -> Finding:
    """Look whether Flatpak lets the editor start the engine, which runs in the computer's own Python."""
    flatpak = shutil.which("flatpak")
    if flatpak is None:
        return Finding("sandbox", "warning", "there is a Flatpak profile, but no flatpak command to ask")
    told = subprocess.run(
        [flatpak, "info", "--show-permissions", name], capture_output=True, text=True, timeout=60
    )
    if re.search(r"^org\.freedesktop\.Flatpak=(talk|own)", told.stdout, re.MULTILINE):
        return Finding("sandbox", "good", f"{editor} may start the engine outside of its sandbox")
    permission = f"flatpak override --user --talk-name=org.freedesktop.Flatpak {name}"
    return Finding(
        "sandbox",
        "broken",
        f"{editor} may not start the engine, which needs the computer's own Python, outside of its sandbox; "
        f"allow it with: {permission}",
    )
