import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support import weight_files
from support.checkout import ROOT
from support.weight_files import network

from nst_onnx.errors import DownloadError, ModelError, OptionError
from nst_onnx.models import catalogue, download, extractor
from nst_onnx.models.fetch import SOURCES, fetch

NAME = "vgg.npz"


class Server(ThreadingHTTPServer):
    """A real server on this machine, which can be told to misbehave."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.ranges = True  # whether it understands Range
        self.breaks: list[int] = []  # for each request to come, after how many bytes it hangs up
        self.status = 200
        self.requests: list[str | None] = []  # the Range of each request
        self.sent = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/files/{NAME}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server, asked = self.server, self.headers["Range"]
        server.requests.append(asked)
        body, start = server.content, 0
        if server.status != 200:
            self.send_error(server.status)
            return
        if asked and server.ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        body = body[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.breaks:
            body = body[: server.breaks.pop(0)]
            self.close_connection = True
        self.wfile.write(body)
        server.sent += len(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("weights") / NAME
    return weight_files.write_npz(path, network("vgg19", published="vgg19")).read_bytes()


@pytest.fixture
def server(content: bytes) -> Iterator[Server]:
    with Server(content) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NST_ONNX_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def checksum(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def partial(home: Path) -> Path:
    return home / "downloads" / f"{NAME}.part"


def fails(server_url: str, checksum: str | None = None) -> DownloadError:
    """Fetch, which must fail, and say what to do by hand."""
    with pytest.raises(DownloadError) as caught:
        fetch("vgg19", url=server_url, checksum=checksum, progress=False)
    assert "\n" not in str(caught.value)
    return caught.value


def test_fetch_installs(server: Server, home: Path, checksum: str) -> None:
    path = fetch("vgg19", url=server.url, checksum=checksum, progress=False)
    assert path == home / "models" / "vgg19.onnx" == catalogue.locate("vgg19")
    assert extractor.load(path).facts.name == "vgg19"
    assert list((home / "downloads").iterdir()) == []


def test_a_broken_connection_resumes(server: Server, content: bytes, checksum: str) -> None:
    server.breaks = [20_000, 17_000]
    fetch("vgg19", url=server.url, checksum=checksum, progress=False)
    first, second, third = server.requests
    assert first is None
    assert second == f"bytes={download._CHUNK}-"  # whole chunks are kept
    assert third == f"bytes={2 * download._CHUNK}-"


def test_a_later_fetch_resumes_the_partial_file(
    server: Server, content: bytes, checksum: str, home: Path
) -> None:
    server.breaks = [20_000, 0, 0]  # hangs up for good after a while
    error = fails(server.url, checksum)
    assert "breaks off" in str(error)
    assert server.url in error.hint
    assert "nst-onnx models add" in error.hint
    assert partial(home).read_bytes() == content[: download._CHUNK]
    server.breaks, server.requests = [], []
    fetch("vgg19", url=server.url, checksum=checksum, progress=False)
    assert server.requests == [f"bytes={download._CHUNK}-"]


def test_a_complete_partial_file_is_installed(
    server: Server, content: bytes, checksum: str, home: Path
) -> None:
    partial(home).parent.mkdir(parents=True)
    partial(home).write_bytes(content)
    fetch("vgg19", url=server.url, checksum=checksum, progress=False)
    assert server.requests == [f"bytes={len(content)}-"]


@pytest.mark.parametrize("extra", [b"", b"and more"])
def test_a_partial_file_of_another_download_is_discarded(
    extra: bytes, server: Server, content: bytes, checksum: str, home: Path
) -> None:
    partial(home).parent.mkdir(parents=True)
    partial(home).write_bytes(bytes(len(content)) + extra if extra else bytes(700))
    path = fetch("vgg19", url=server.url, checksum=checksum, progress=False)
    assert extractor.load(path).layers
    assert server.requests[-1] is None


def test_a_server_without_ranges_starts_again(server: Server, checksum: str, home: Path) -> None:
    partial(home).parent.mkdir(parents=True)
    partial(home).write_bytes(bytes(700))
    server.ranges = False
    fetch("vgg19", url=server.url, checksum=checksum, progress=False)
    assert server.requests == ["bytes=700-"]


def test_a_wrong_checksum_is_refused(server: Server, home: Path) -> None:
    error = fails(server.url, f"md5:{'0' * 32}")
    assert "checksum differs" in str(error)
    assert len(server.requests) == 1
    assert list((home / "downloads").iterdir()) == []
    assert not (home / "models").exists()


def test_the_published_name_keeps_the_published_checksum(server: Server) -> None:
    mirror = server.url.replace(NAME, SOURCES["vgg19"].url.rsplit("/", 1)[1])
    assert "checksum differs" in str(fails(mirror))


def test_no_network(server: Server) -> None:
    server.server_close()  # the port is closed now
    error = fails(server.url)
    assert "no connection" in str(error)
    assert server.url in error.hint
    assert "nst-onnx models add FILE" in error.hint
    assert "folder named model" in error.hint


@pytest.mark.parametrize(("status", "reason"), [(404, "404 Not Found"), (503, "503 Service Unavailable")])
def test_the_servers_refusal_is_in_the_message(status: int, reason: str, server: Server) -> None:
    server.status = status
    assert f"the server says {reason}" in str(fails(server.url))


def test_a_proxy_of_the_environment_is_used(server: Server, monkeypatch, checksum: str) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("no_proxy", "")
    path = fetch("vgg19", url=f"http://weights.invalid/{NAME}", checksum=checksum, progress=False)
    assert path.is_file()


def test_a_proxy_that_does_not_answer_is_named(server: Server, monkeypatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("no_proxy", "")
    server.server_close()
    assert "proxy" in str(fails(f"http://weights.invalid/{NAME}"))


def test_a_web_page_in_place_of_weights(server: Server, home: Path, content: bytes) -> None:
    server.content = b"<!DOCTYPE html><html>please log in</html>"
    with pytest.raises(ModelError, match="is a web page"):
        fetch("vgg19", url=server.url, progress=False)
    assert not (home / "models").exists()
    assert list((home / "downloads").iterdir()) == []
    server.content = content
    assert fetch("vgg19", url=server.url, progress=False).is_file()


def test_force_downloads_again_from_the_first_byte(server: Server, home: Path) -> None:
    partial(home).parent.mkdir(parents=True)
    partial(home).write_bytes(bytes(700))
    (home / "downloads" / NAME).write_bytes(b"<!DOCTYPE html><html>please log in</html>")
    fetch("vgg19", url=server.url, progress=False, force=True)
    assert server.requests == [None]


def test_a_download_that_cannot_be_installed_is_kept(server: Server, home: Path) -> None:
    """For want of room, say: the file is not at fault."""
    home.mkdir()
    (home / "models").write_text("no folder")
    with pytest.raises(ModelError, match="cannot be written"):
        fetch("vgg19", url=server.url, progress=False)
    assert (home / "downloads" / NAME).is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(server: Server, home: Path) -> None:
    partial(home).parent.mkdir(parents=True)
    partial(home).symlink_to("/dev/full")
    error = fails(server.url)
    assert "no space left on device" in str(error)
    assert "NST_ONNX_HOME" in error.hint


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
def test_a_disk_full_during_a_download_keeps_the_partial_file(
    server: Server, content: bytes, home: Path
) -> None:
    code = (
        "import resource, sys; from nst_onnx.models.fetch import fetch\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "fetch('vgg19', url=sys.argv[1], progress=False)"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, server.url],  # -B: bytecode would be cut short
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert "DownloadError" in done.stderr
    assert "cannot be written" in done.stderr
    assert partial(home).read_bytes() == content[:3000]
    fetch("vgg19", url=server.url, progress=False)  # when there is room again
    assert server.requests[-1] == "bytes=3000-"


def test_more_than_the_disk_holds_is_refused_at_once(server: Server, monkeypatch) -> None:
    monkeypatch.setattr(
        Handler,
        "send_header",
        lambda self, key, value: BaseHTTPRequestHandler.send_header(
            self, key, str(1 << 60) if key == "Content-Length" else value
        ),
    )
    assert "are free" in str(fails(server.url))


def test_an_installed_model_is_not_fetched_again(server: Server, checksum: str, monkeypatch) -> None:
    import dataclasses

    monkeypatch.setitem(
        SOURCES, "vgg19", dataclasses.replace(SOURCES["vgg19"], url=server.url, checksum=checksum)
    )
    path = fetch(progress=False)
    assert fetch(progress=False) == path
    assert len(server.requests) == 1
    assert fetch(progress=False, force=True) == path
    assert len(server.requests) == 2
    path.write_bytes(path.read_bytes()[:-100])  # damaged: fetched again
    assert fetch(progress=False) == path
    assert len(server.requests) == 3
    assert catalogue.verify("vgg19").path == path


def test_the_bar_names_the_licence(server: Server, checksum: str, capsys: pytest.CaptureFixture[str]) -> None:
    fetch("vgg19", url=server.url, checksum=checksum)
    written = capsys.readouterr()
    assert "CC BY 4.0" in written.err
    assert "Simonyan" in written.err
    assert written.out == ""


def test_what_cannot_be_asked_for() -> None:
    with pytest.raises(OptionError, match="nothing to fetch named 'resnet'") as caught:
        fetch("resnet")
    assert "vgg19, vgg16" in caught.value.hint
    with pytest.raises(OptionError, match="no http or https address"):
        fetch("vgg19", url="file:///etc/passwd")


@pytest.mark.parametrize("name", SOURCES)
def test_sources_are_complete(name: str) -> None:
    source = SOURCES[name]
    assert source.url.startswith("https://")
    assert name in source.url
    kind, digest = source.checksum.split(":")
    assert len(bytes.fromhex(digest)) == hashlib.new(kind).digest_size
    assert "CC BY 4.0" in source.licence
