"""A way into a running GIMP: what a test asks for lies in a folder, and GIMP's Python answers there.

Both sides use this file: `Inside` asks, and `serve`, which GIMP runs as a batch command, answers.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MOMENT = 0.02


class Inside:
    """Asks a GIMP that was started with the words `batch`; its answers come through `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0
        code = f"import sys; sys.path.insert(0, {str(HERE)!r}); import inside; inside.serve({str(folder)!r})"
        self.batch = ["--batch-interpreter=python-fu-eval", "-b", code]

    def ask(self, scenario: str, seconds: float = 300, **arguments: Any) -> dict[str, Any]:
        """Have a scenario (see scenarios/) gone through, and return the facts that it tells."""
        self._count += 1
        question, answer = (self.folder / f"{self._count:04}.{kind}" for kind in ("ask", "answer"))
        _write(question, {"scenario": scenario, "arguments": arguments})
        deadline = time.monotonic() + seconds
        while not answer.exists():
            assert time.monotonic() < deadline, f"GIMP has not answered for {seconds:g} s: {scenario}"
            time.sleep(MOMENT)
        facts: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        assert "crashed" not in facts, facts["crashed"]
        return facts


def serve(folder: str) -> None:
    """Answer as long as this GIMP lives."""
    import scenarios

    gimp = os.getppid()
    while os.getppid() == gimp:
        for question in sorted(Path(folder).glob("*.ask")):
            asked = json.loads(question.read_text(encoding="utf-8"))
            question.unlink()
            try:
                facts = scenarios.go_through(asked["scenario"], asked["arguments"])
            except BaseException:
                facts = {"crashed": traceback.format_exc()}
            _write(question.with_suffix(".answer"), facts)
        time.sleep(MOMENT)


def _write(path: Path, message: dict[str, Any]) -> None:
    """Write a message so that nobody reads half of it."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(message), encoding="utf-8")
    part.rename(path)
