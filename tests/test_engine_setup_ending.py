"""An editor that ends during a set-up: nothing goes on behind its back, or the lock says that it does."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.editor import PATIENCE, wait_until

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client.engine_setup import task
from nst_client.engine_setup.folders import Folders
from nst_client.engine_setup.lock import locked
from nst_client.engine_setup.parts import Parts
from nst_client.engine_setup.session import SetupSession
from nst_client.failure import Failure

EDITOR = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from nst_client.engine_setup import command
from nst_client.engine_setup.cancelling import Cancelling
from nst_client.engine_setup.lock import locked
root = Path(sys.argv[2])
child = "import sys, time; print('running', flush=True); time.sleep(float(sys.argv[1]))"
with locked(root) as lock:
    command.run([sys.executable, "-c", child, sys.argv[3]], os.environ, root, Cancelling(),
                lambda line: print(line, os.getpid(), flush=True), (lock,))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are not inherited")
def test_the_lock_is_held_until_the_program_that_was_started_ends(tmp_path: Path) -> None:
    line = [sys.executable, "-c", EDITOR, str(ROOT / "plugin"), str(tmp_path), "3"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as editor:
        assert editor.stdout is not None
        assert editor.stdout.readline().startswith("running")
        editor.send_signal(signal.SIGKILL)
        editor.wait(PATIENCE)
        with pytest.raises(Failure, match="by another window or editor"), locked(tmp_path, 0.0):
            pass
        wait_until(lambda: _free(tmp_path))


def _free(folder: Path) -> bool:
    try:
        with locked(folder, 0.0):
            return True
    except Failure:
        return False


def test_the_end_of_an_editor_waits_for_the_end_of_its_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def work(running: task.SetupTask) -> None:
        try:
            while True:
                running.cancelling.check()
        finally:
            ended.set()

    monkeypatch.setattr(task, "set_up", lambda *arguments: task.SetupTask(work))
    parts = Parts(tmp_path, "", "0.1.0", "", "", [], "3.13", "", {})
    session = SetupSession(tmp_path, parts, Folders(tmp_path / "data"))
    session.end()  # nothing runs
    session.start("", "", False)
    assert not ended.is_set()
    session.end()
    assert ended.is_set()
