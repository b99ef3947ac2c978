"""A running `nst-onnx app`, and the requests of its page."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

SERVE = (
    "import sys; from pathlib import Path; from nst_onnx.app import server\n"
    "server.serve(Path(sys.argv[1]), port=0, browser=False, announce=lambda a: print(a, flush=True))"
)


@dataclass
class App:
    """The server's address. `cookie`: the browser's, once the token was redeemed."""

    host: str
    token: str
    process: subprocess.Popen[str]
    cookie: str = ""

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> HTTPResponse:
        """Send a request with exactly these headers; underscores are hyphens."""
        connection = HTTPConnection(self.host, timeout=30)
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        if body is not None:
            headers.setdefault("Content_Length", str(len(body)))
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body)
        return connection.getresponse()

    def redeem(self) -> None:
        """Use the token, as the browser does."""
        answer = self.ask("GET", f"/?token={self.token}")
        assert answer.status == 200, answer.read()
        self.cookie = answer.getheader("Set-Cookie", "").partition(";")[0]

    def send(self, picture: Path) -> str:
        """Send a picture, and return its identifier."""
        headers = {"Cookie": self.cookie, "Origin": self.origin, "X_Name": picture.name}
        answer = self.ask("POST", "/api/pictures", picture.read_bytes(), **headers)
        return str(json.loads(answer.read())["id"])

    def socket(self, **headers: str) -> ClientConnection:
        """Open the socket of events, with the cookie and the page's origin unless others are given."""
        given = {"Cookie": self.cookie, "Origin": self.origin, **headers}
        origin = given.pop("Origin")
        return connect(f"ws://{self.host}/api/events", origin=origin, additional_headers=given)  # type: ignore[arg-type]


def installed_page() -> Path:
    """Return where the installed package has its page, if it has one."""
    script = "from nst_onnx.app.page import PACKAGED; print(PACKAGED)"
    command = [sys.executable, "-c", script]
    elsewhere = tempfile.gettempdir()
    return Path(
        subprocess.run(command, capture_output=True, text=True, check=True, cwd=elsewhere).stdout.strip()
    )


@contextmanager
def running(page: Path | None) -> Iterator[App]:
    """Start the server with a page, and end it as Ctrl-C does; None: the command, with its own page."""
    ours = ["-c", SERVE, str(page)]
    command = [sys.executable, *(["-m", "nst_onnx", "app", "--no-browser"] if page is None else ours)]
    elsewhere = tempfile.gettempdir()  # a checkout in the working folder would go before the installation
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=elsewhere)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip().removeprefix("The page is at ")
        host, _, token = address.removeprefix("http://").partition("/?token=")
        yield App(host, token, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def last(socket: ClientConnection) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the events of a job, and the last of them."""
    events = []
    while True:
        events.append(json.loads(socket.recv(timeout=120)))
        if events[-1]["event"] in ("done", "cancelled", "error"):
            return events, events[-1]
