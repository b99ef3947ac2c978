"""What the engine tells a plug-in is written down on its way, and arrives as before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT

if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
if os.name != "posix":
    pytest.skip("it takes a shell", allow_module_level=True)
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import find

from benchmarks.overheard import overhear, overheard

LINES = ['{"event": "hello", "said": "it\'s"}', '{"event": "forecast", "seconds": 7.5}']


def test_messages_are_copied_on_their_way(tmp_path: Path) -> None:
    """The program has quotes and spaces, and gets the words that the client adds."""
    program = f"import sys; print({LINES[0]!r}); print({LINES[1]!r}); print(sys.argv[1:]); sys.exit(0)"
    engine = {"command": [sys.executable, "-c", program], "version": "1"}
    (tmp_path / "engine.json").write_text(json.dumps(engine))
    copy = tmp_path / "its copy"
    assert overheard(copy, "forecast") == []
    overhear(tmp_path, copy)
    command = [*find(tmp_path).command, "--folder", "a folder"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == [*LINES, "['--folder', 'a folder']"]
    copy.write_text("\n".join(LINES) + '\n{"event": "fore')  # as it is while the engine writes
    assert overheard(copy, "forecast") == [{"event": "forecast", "seconds": 7.5}]
    assert overheard(copy, "preview") == []
