"""The page's engine under Node: what it is built of, and jobs for it."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from support.checkout import ROOT

Array = npt.NDArray[np.float32]
WEB = ROOT / "web"


def require_node() -> str:
    """Return Node, or skip the test: where it or the page's packages are missing."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js")
    if not (WEB / "node_modules" / "vite").is_dir():
        pytest.skip("needs the page's packages: npm ci in web/")
    return node


def vite(*arguments: str) -> None:
    """Run the page's bundler."""
    command = [require_node(), str(WEB / "node_modules" / "vite" / "bin" / "vite.js"), "build", *arguments]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@functools.cache
def harness() -> Path:
    """Build the engine for Node, once in a test run."""
    folder = Path(
        tempfile.mkdtemp(prefix="harness-", dir=WEB / "node_modules")
    )  # where its imports are found
    vite("--config", "vite.harness.config.ts", "--outDir", str(folder))
    return folder / "harness.js"


class WebEngine:
    """Runs jobs of `web/tests/harness.ts` on the files of `nst-onnx export web` in a folder."""

    def __init__(self, models: Path, folder: Path) -> None:
        self._node, self._models, self._folder = require_node(), models, folder

    def run(self, kind: str, content: Array, styles: list[Array], **job: Any) -> tuple[dict[str, Any], Array]:
        """Return the answer to a job, and the numbers that it saved. Pictures: H×W×3 or, with opacity, ×4."""
        output = self._folder / "output.f32"
        settings = {
            "strength": 0.5,
            "styleScale": 1.0,
            "keepColours": False,
            "keepFrame": True,
            "size": 64,
            "steps": 20,
        }
        description = {
            "kind": kind,
            "content": self._saved("content", content),
            "styles": [self._saved(f"style{i}", style) for i, style in enumerate(styles)],
            "settings": settings | job.pop("settings", {}),
            "output": str(output),
            "level": "usual",
            "threads": 1,
            "repeat": 0,
            **job,
        }
        file = self._folder / "job.json"
        file.write_text(json.dumps(description))
        command = [self._node, str(harness()), str(self._models), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), np.fromfile(output, np.float32)

    def _saved(self, name: str, picture: Array) -> dict[str, Any]:
        file = self._folder / f"{name}.f32"
        np.ascontiguousarray(picture[..., :3].transpose(2, 0, 1), np.float32).tofile(file)
        saved = {"file": str(file), "height": picture.shape[0], "width": picture.shape[1]}
        if picture.shape[2] == 4:
            opacity = self._folder / f"{name}-alpha.f32"
            np.ascontiguousarray(picture[..., 3], np.float32).tofile(opacity)
            saved["alpha"] = str(opacity)
        return saved
