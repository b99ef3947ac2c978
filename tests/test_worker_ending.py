"""A real worker process and all the ways it may come to its end: at once, and leaving no files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from support.editor import COMMAND, PATIENCE, Worker, wait_until

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")


def at_work(worker: Worker) -> Worker:
    """Return a worker in the middle of evaluations that take long."""
    job = worker.stylize(options={"size": 256, "steps": 100_000, "min_change": 0, "pyramid": False})
    worker.until("progress", id=job)
    return worker


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")  # a zombie that nobody has waited for yet is dead enough
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def test_shutdown(tmp_path: Path) -> None:
    with Worker("--folder", str(tmp_path)) as worker:
        assert worker.folder.parent == tmp_path.resolve()
        worker.send("shutdown")
        assert worker.ended() == 0
    assert list(tmp_path.iterdir()) == []


def test_the_input_ends_while_it_is_working(tmp_path: Path) -> None:
    with Worker("--folder", str(tmp_path)) as worker:
        at_work(worker).process.stdin.close()
        assert worker.ended() == 0
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signals(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    with Worker("--folder", str(tmp_path)) as worker:
        at_work(worker).process.send_signal(number)
        assert worker.ended() == 128 + number
        assert "Traceback" not in worker.log()
    assert list(tmp_path.iterdir()) == []


@posix
def test_the_parent_dies_while_another_process_holds_the_pipe_open(tmp_path: Path) -> None:
    """As when the editor is killed while something that it started lives on."""
    reading, writing = os.pipe()
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys\np = subprocess.Popen(sys.argv[1:])\n"
            "print(p.pid, file=sys.stderr, flush=True)\np.wait()",
            *COMMAND,
            "--folder",
            str(tmp_path),
        ],
        stdin=reading,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        pid = int(parent.stderr.readline())
        assert b"hello" in parent.stdout.readline()
        assert len(list(tmp_path.iterdir())) == 1
        parent.kill()
        parent.wait()
        wait_until(lambda: not is_alive(pid))
        assert list(tmp_path.iterdir()) == []
    finally:
        os.close(writing)
        os.close(reading)
        parent.stdout.close()
        parent.stderr.close()


@posix
def test_the_parent_is_killed_while_it_is_working(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        sys.path[:0] = sys.argv[1:3]
        from support.editor import Worker
        from test_worker_ending import at_work
        worker = at_work(Worker("--folder", sys.argv[3]))
        print(worker.process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    tests = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", script, str(tests), str(tests.parent), str(tmp_path)],
        stdout=subprocess.PIPE,
        timeout=PATIENCE,
        check=False,
    )
    pid = int(done.stdout)
    wait_until(lambda: not is_alive(pid))
    assert list(tmp_path.iterdir()) == []


def test_nobody_reads_what_it_says(tmp_path: Path) -> None:
    """A full pipe must not keep it from seeing that its input has ended."""
    process = subprocess.Popen(
        [*COMMAND, "--folder", str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    question = b'{"id": "' + b"x" * 150 + b'", "request": "models"}\n'
    try:
        for _ in range(2000):
            process.stdin.write(question)
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.stdout.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with Worker("--folder", str(tmp_path / "nowhere")) as worker:
        assert (worker.hello["event"], worker.hello["id"]) == ("error", None)
        assert "folder" in worker.hello["message"]
        assert worker.ended() == 1


def test_without_onnxruntime_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('no onnxruntime here')")
    (tmp_path / "folders").mkdir()
    with Worker("--folder", str(tmp_path / "folders"), PYTHONPATH=str(tmp_path)) as worker:
        assert (worker.hello["event"], worker.hello["code"]) == ("error", "device")
        assert "pip install" in worker.hello["hint"]
        assert worker.ended() == 1
    assert list((tmp_path / "folders").iterdir()) == []


def test_an_incomplete_installation_is_told(tmp_path: Path) -> None:
    (tmp_path / "onnx.py").write_text("raise ImportError('no onnx here')")
    with Worker(PYTHONPATH=str(tmp_path)) as worker:
        assert "not installed completely" in worker.hello["message"]
        assert worker.ended() == 1


def test_standard_output_carries_the_protocol_alone() -> None:
    """Neither Python's prints nor those of C nor those of child processes come through."""
    script = textwrap.dedent(
        """
        import ctypes, os, subprocess, sys
        from nst_onnx.editors.worker import channel
        taken = channel.take_over()
        print("from Python", flush=True)
        os.write(1, b"from a descriptor\\n")
        if os.name == "posix":
            libc = ctypes.CDLL(None)
            libc.puts(b"from C")
            libc.fflush(None)
        subprocess.run([sys.executable, "-c", "print('from a child', input())"])
        taken.send({"event": "protocol"})
        taken.flush(10)
        assert list(taken.messages()) == [{"id": "1", "request": "ping"}]
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=b'{"id": "1", "request": "ping"}\n',
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout == b'{"event":"protocol"}\n'
    assert b"from Python" in done.stderr
    assert b"from a descriptor" in done.stderr
    assert b"EOFError" in done.stderr  # the child found no input to take


@posix
def test_a_locale_that_knows_ascii_only(tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    with Worker("--folder", str(tmp_path), **ascii_only) as worker:
        job = worker.stylize(style={"path": "/kein/Gemälde 絵.png"})
        event = worker.last_of(job)
        assert event["code"] == "picture"
        assert "絵" in event["message"]
        worker.send_line('{"id": "é", "request": "ping"}'.encode())
        assert worker.event()["id"] == "é"
        worker.close()


def test_run_by_hand_it_says_what_it_is() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, timeout=PATIENCE, check=True)
    assert b"plug-in" in done.stdout


@posix
def test_files_written_while_the_folder_is_removed_do_not_survive(tmp_path: Path) -> None:
    from nst_onnx.editors.worker.folder import Folder

    folder = Folder(str(tmp_path))
    script = "import sys, itertools\nfor i in itertools.count(): open(f'{sys.argv[1]}/{i}', 'w')"
    writer = subprocess.Popen([sys.executable, "-c", script, str(folder.path)], stderr=subprocess.DEVNULL)
    wait_until((folder.path / "50").exists)
    folder.remove_all()
    assert list(tmp_path.iterdir()) == []
    writer.wait(PATIENCE)
