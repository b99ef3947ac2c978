"""The start and the end of `nst-onnx app`: the browser, the port, and what a killed one leaves."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest

pytest.importorskip("starlette", reason='needs the extra "app"')
pytest.importorskip("uvicorn", reason='needs the extra "app"')
pytest.importorskip("websockets", reason='needs the extra "app"')

from support.app_server import App

from nst_onnx.app import server, store
from nst_onnx.app.browser_page import redirect

POSIX = pytest.mark.skipif(os.name != "posix", reason="of POSIX")

# A browser in the terminal: it returns when its user ends it.
SERVE = """
import sys, time, webbrowser
from pathlib import Path
from nst_onnx.app import server
def browser(url):
    print(url, flush=True)
    while not (Path(sys.argv[1]) / "closed").exists():
        time.sleep(0.05)
webbrowser.open = browser
server.serve(Path(sys.argv[1]), port=0, browser=True, announce=lambda a: print(a, flush=True))
"""


@contextmanager
def started(page: Path) -> Iterator[tuple[str, str, subprocess.Popen[str]]]:
    """Start the server with that browser: the address, what the browser was given, the process."""
    line = [sys.executable, "-c", SERVE, str(page)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=tempfile.gettempdir()) as process:
        assert process.stdout is not None
        address, url = process.stdout.readline().strip(), process.stdout.readline().strip()
        try:
            yield address, url, process
        finally:
            (page / "closed").touch()
            process.send_signal(signal.SIGINT)
            process.wait(30)


@POSIX
def test_the_browser_is_given_a_file_without_the_token_and_does_not_stop_the_server(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page")
    with started(tmp_path) as (address, url, process):
        host, _, token = address.removeprefix("http://").partition("/?token=")
        assert token
        assert token not in url
        path = Path(url2pathname(urlparse(url).path))
        assert token in path.read_text()
        App(host, token, process).redeem()
    assert not path.parent.exists()


@POSIX
def test_only_its_owner_reads_the_redirection() -> None:
    with redirect("http://127.0.0.1:1/?token=x") as url:
        path = Path(url2pathname(urlparse(url).path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.parent.exists()


def test_the_token_s_answer_is_no_redirection(tmp_path: Path) -> None:
    """After a redirection that a file began, a browser keeps the cookie (SameSite=Strict) back."""
    (tmp_path / "index.html").write_text("page")
    with started(tmp_path) as (address, _, process):
        host, _, token = address.removeprefix("http://").partition("/?token=")
        answer = App(host, token, process).ask("GET", f"/?token={token}", Sec_Fetch_Site="cross-site")
        assert answer.status == 200
        assert 'content="0;url=/"' in answer.read().decode()


@POSIX
def test_a_port_can_be_used_again_at_once() -> None:
    """Connections that the server closed first hold its port for a minute."""
    with server._listening(0) as listener:
        address = listener.getsockname()
        listener.listen()
        with socket.create_connection(address) as client:
            accepted, _ = listener.accept()
            accepted.close()
            assert client.recv(1) == b""
    server._listening(address[1]).close()


@POSIX
def test_the_next_start_removes_the_pictures_of_a_killed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    script = (
        "import os; from nst_onnx.app.store import Store; store = Store()\n"
        "store.new_result()[1].write_bytes(b'photo'); print('ready', flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        store.Store().close()
        assert len(list(tmp_path.rglob("painted.png"))) == 1, "its program runs"
        process.kill()
    assert len(list(tmp_path.iterdir())) == 1
    kept = store.Store()
    assert list(tmp_path.iterdir()) == [kept.folder]
    kept.close()
    assert not list(tmp_path.iterdir())
