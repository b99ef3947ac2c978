"""Build hook: puts the built page of `nst-onnx app` into the wheel, where Node.js is there to build it.

Without Node.js, or with NST_ONNX_PAGE=0, the wheel has no page, and `nst-onnx app` says so. Where it cannot
be built now, one that was built before (web/dist-app/) is taken.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SECONDS = 180
_PLACE = "nst_onnx/page"  # in the wheel; `nst_onnx/app/page.py` finds it


class PageHook(BuildHookInterface[Any]):
    """Runs the page's bundler before a wheel is built; not for editable installations."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the page to the files of the wheel."""
        web = Path(self.root) / "web"
        page = web / "dist-app"
        if version == "editable" or os.environ.get("NST_ONNX_PAGE") == "0":
            return
        reason = _build(web)
        if reason:
            there = (page / "index.html").is_file()
            self.app.display_warning(
                f"the page for `nst-onnx app` cannot be built ({reason}); "
                f"{'an older one is taken' if there else 'the wheel has none'}"
            )
            if not there:
                return
        build_data["force_include"][str(page)] = _PLACE


def _build(web: Path) -> str:
    """Build the page; return why it cannot be, "" where it was."""
    npm = shutil.which("npm")
    if npm is None:
        return "Node.js is not installed"
    steps = [[npm, "run", "build:app"]]
    if not _has_packages(web):
        no_scripts = "--ignore-scripts"  # of packages: they would run with the rights of whoever installs
        steps.insert(0, [npm, "ci", no_scripts, "--no-audit", "--no-fund", "--fetch-retries", "0"])
    for step in steps:
        try:
            code, printed = _run(step, web)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{' '.join(step[1:])}: {error}"
        if code:
            return f"{' '.join(step[1:])} failed: {printed.strip()[-300:]}"
    return ""


def _has_packages(web: Path) -> bool:
    """Whether `npm ci` has ended since the list of packages changed: it writes its own list last."""
    written, wanted = web / "node_modules" / ".package-lock.json", web / "package-lock.json"
    try:
        return written.stat().st_mtime >= wanted.stat().st_mtime
    except OSError:
        return False


def _run(step: list[str], folder: Path) -> tuple[int, str]:
    """Return a command's exit code, and what it printed. However this ends, so do its child processes."""
    with subprocess.Popen(
        step,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=_SECONDS)
        except BaseException:
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, errors or output
