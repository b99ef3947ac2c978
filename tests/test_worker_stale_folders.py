"""What workers leave behind that were killed is removed by the next one, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from support.editor import PATIENCE, Worker

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such locks")


def left_behind(place: Path) -> Path:
    """Kill a worker in the middle of its work, together with its parent; return what is left of it."""
    script = textwrap.dedent(
        """
        import os, signal, sys
        sys.path[:0] = sys.argv[1:3]
        from support.editor import Worker
        from test_worker_ending import at_work
        worker = at_work(Worker("--folder", sys.argv[3]))
        worker.put("unread", __import__("numpy").zeros((64, 64, 3), "u1"))
        print(worker.folder, flush=True)
        os.kill(worker.process.pid, signal.SIGKILL)
        worker.process.wait()  # it is not gone at once
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    tests = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", script, tests, tests.parent, place],
        stdout=subprocess.PIPE,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    return Path(done.stdout.decode().strip())


def test_the_next_worker_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    left = left_behind(tmp_path)
    assert (left / "unread").stat().st_size == 64 * 64 * 3
    with Worker("--folder", str(tmp_path)) as worker:
        assert list(tmp_path.iterdir()) == [worker.folder]
        worker.close()
    assert list(tmp_path.iterdir()) == []


def test_workers_leave_each_other_alone(tmp_path: Path) -> None:
    with Worker("--folder", str(tmp_path)) as first, Worker("--folder", str(tmp_path)) as second:
        assert sorted(tmp_path.iterdir()) == sorted([first.folder, second.folder])
        assert second.last_of(second.stylize())["event"] == "done"
        assert first.last_of(first.stylize())["event"] == "done"


def test_also_one_that_was_killed_while_it_was_removing_its_folder(tmp_path: Path) -> None:
    left = left_behind(tmp_path)
    left.rename(f"{left}-ended")
    with Worker("--folder", str(tmp_path)) as worker:
        assert list(tmp_path.iterdir()) == [worker.folder]


def link(left: Path) -> None:
    left.rename(left.with_name("elsewhere"))
    left.symlink_to(left.with_name("elsewhere"))


def rename(left: Path) -> None:
    left.rename(left.with_name("nst-onnx-worker-of-mine"))


def open_to_others(left: Path) -> None:
    left.chmod(0o755)


def give_away(left: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(left, 12345, 12345)


def replace_by_file(left: Path) -> None:
    left.rename(left.with_name("elsewhere"))
    left.write_text("mine")


@pytest.mark.parametrize("change", [link, rename, open_to_others, give_away, replace_by_file])
def test_what_may_be_somebody_elses_stays(tmp_path: Path, change: Callable[[Path], None]) -> None:
    change(left_behind(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    with Worker("--folder", str(tmp_path)) as worker:
        worker.close()
    assert "unread" in [path.name for path in before]
    assert sorted(tmp_path.rglob("*")) == before


def test_many_workers_that_start_at_once_do_not_take_each_others_folders(tmp_path: Path) -> None:
    """Between its making and its locking a folder looks abandoned."""
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from nst_onnx.editors.worker import stale_folders
        for _ in range(200):
            path = stale_folders.make(sys.argv[1])
            stale_folders.remove_stale(Path(sys.argv[1]))
            assert path.is_dir()
            path.rmdir()
        """
    )
    line = [sys.executable, "-c", script, str(tmp_path)]
    processes = [subprocess.Popen(line) for _ in range(4)]
    assert [process.wait(PATIENCE) for process in processes] == [0] * 4
    assert list(tmp_path.iterdir()) == []
