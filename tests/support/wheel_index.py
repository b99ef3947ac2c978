"""Wheels made on the spot, and a package index of them on this computer, with real ones' faults."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import zipfile
from collections.abc import Mapping, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, bytes],
    *,
    requires: Sequence[str] = (),
    extras: Sequence[str] = (),
    tag: str = "py3-none-any",
    data: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a wheel into `folder`; `data`: programs for the environment's folder of programs."""
    stem = f"{name.replace('-', '_')}-{version}"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    metadata += [f"Provides-Extra: {extra}" for extra in extras]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    contents = dict(files) | {f"{stem}.data/scripts/{n}": code for n, code in (data or {}).items()}
    contents[f"{stem}.dist-info/METADATA"] = ("\n".join(metadata) + "\n").encode()
    contents[f"{stem}.dist-info/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    )
    lines = []
    for path, code in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(code).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(code)}")
    record = f"{stem}.dist-info/RECORD"
    contents[record] = ("\n".join([*lines, f"{record},,"]) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, code in contents.items():
            archive.writestr(path, code)
    return wheel


class Index:
    """A package index (PEP 691) over HTTP of the wheels in `folder`. A context.

    Faults, by file name: `damaged` files have their last byte changed, `replaced` ones are others; of `cut`
    ones the connection ends after half of what is left, each time; `refused` is the status that every
    request gets, 0 for none. `password`: "name:password" that every request must have, "" for none.
    `ranges`: whether parts of files can be asked for. `asked`: the requests, "path" or "path range".
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: set[str] = set()
        self.cut: set[str] = set()
        self.replaced: dict[str, Path] = {}
        self.refused = 0
        self.password = ""
        self.ranges = True
        self.html = False
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/simple"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, index: Index, *arguments: object) -> None:
        self._index = index
        super().__init__(*arguments)  # type: ignore[arg-type]

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        index, wanted = self._index, self.headers.get("Range", "")
        index.asked.append(f"{self.path} {wanted}".strip())
        if index.refused:
            self.send_error(index.refused)
            return
        expected = base64.b64encode(index.password.encode()).decode()
        if index.password and self.headers.get("Authorization") != f"Basic {expected}":
            self.send_error(401)
            return
        first, _, rest = self.path.strip("/").partition("/")
        if first == "simple":
            self._page(rest.strip("/"))
        else:
            self._file(index.folder / rest, wanted)

    do_HEAD = do_GET  # noqa: N815 - as the base class calls it

    def _page(self, project: str) -> None:
        files = [
            {
                "filename": path.name,
                "url": f"/files/{path.name}",
                "size": path.stat().st_size,
                "hashes": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
            }
            for path in sorted(self._index.folder.glob("*.whl"))
            if path.name.partition("-")[0].replace("_", "-") == project
        ]
        if not files:
            self.send_error(404)
        elif self._index.html:
            links = "".join(f'<a href="{file["url"]}">{file["filename"]}</a>' for file in files)
            self._answer(200, links.encode(), "text/html")
        else:
            page = {"meta": {"api-version": "1.1"}, "name": project, "versions": [], "files": files}
            self._answer(200, json.dumps(page).encode(), "application/vnd.pypi.simple.v1+json")

    def _file(self, path: Path, wanted: str) -> None:
        body, status = self._index.replaced.get(path.name, path).read_bytes(), 200
        if path.name in self._index.damaged:
            body = body[:-1] + bytes([body[-1] ^ 1])
        total, first = len(body), 0
        if wanted and self._index.ranges:
            begin, _, end = wanted.removeprefix("bytes=").partition("-")
            first = int(begin) if begin else total - int(end)
            last = int(end) if begin and end else total - 1
            status, body = 206, body[first : last + 1]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{first + len(body) - 1}/{total}")
        self.end_headers()
        if self.command == "HEAD":
            return
        if path.name in self._index.cut:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(body)

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
