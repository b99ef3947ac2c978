"""`nst-onnx app`: pictures in and out through the worker, and attempts of others to use it."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from support.command import Outcome
from support.pictures import smooth_picture

pytest.importorskip("starlette", reason='needs the extra "app"')
pytest.importorskip("uvicorn", reason='needs the extra "app"')
pytest.importorskip("websockets", reason='needs the extra "app"')

from PIL import Image
from support.app_server import App, last, running
from websockets.exceptions import ConnectionClosed, InvalidStatus

from nst_onnx.app import page, store
from nst_onnx.app.guard import LOCKED
from nst_onnx.errors import NstError
from nst_onnx.painting import presets
from nst_onnx.picture import read_settings

SECRET = "nobody may read this"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server with a page of one file, whose token was redeemed; a secret lies beside the page."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "page").mkdir()
    (folder / "page" / "index.html").write_text("<p>the page")
    (folder / "secret.txt").write_text(SECRET)
    smooth_picture(40, 56, seed=1).save(folder / "photo.png")
    smooth_picture(48, 48, seed=2).save(folder / "painting.png")
    with running(folder / "page") as app:
        app.redeem()
        app.folder = folder  # type: ignore[attr-defined]
        yield app


@pytest.fixture
def request_of(app: App) -> dict[str, Any]:
    """A request to paint the two pictures, which were sent."""
    folder: Path = app.folder  # type: ignore[attr-defined]
    return {
        "request": "paint",
        "job": 7,
        "content": app.send(folder / "photo.png"),
        "styles": [app.send(folder / "painting.png")],
        "options": {"size": 48, "steps": 6, "strength": 0.5, "style_scale": 1, "preserve_colour": None},
    }


# ---- the page's own requests


def test_a_picture_is_painted_with_progress_and_settings(app: App, request_of: dict[str, Any]) -> None:
    with app.socket() as socket:
        assert json.loads(socket.recv())["event"] == "hello"
        socket.send(json.dumps(request_of))
        events, done = last(socket)
    assert done["event"] == "done"
    assert {event["job"] for event in events} == {7}
    progress = [event for event in events if event["event"] == "progress"]
    assert progress[-1]["step"] == progress[-1]["steps"] == 6
    answer = app.ask("GET", f"/{done['url']}", Cookie=app.cookie)
    data = answer.read()
    assert Image.open(BytesIO(data)).size == (48, 34)
    path = Path(app.folder) / "painted.png"  # type: ignore[attr-defined]
    path.write_bytes(data)
    assert read_settings(path)["steps"] == 6


def test_cancelled_and_painted_again(app: App, request_of: dict[str, Any]) -> None:
    with app.socket() as socket:
        socket.recv()
        long = {**request_of, "options": {**request_of["options"], "steps": 5000, "size": 200}}
        socket.send(json.dumps(long))
        while json.loads(socket.recv(timeout=60))["event"] != "progress":
            pass
        socket.send(json.dumps({"request": "cancel"}))
        assert last(socket)[1]["event"] == "cancelled"
        socket.send(json.dumps(long))
        while json.loads(socket.recv(timeout=60))["event"] != "progress":
            pass
        socket.send(json.dumps({"request": "stop"}))
        _, done = last(socket)
        assert (done["event"], done["stopped"]) == ("done", True)
        socket.send(json.dumps(request_of))
        assert last(socket)[1]["event"] == "done"


@pytest.mark.parametrize(("request_name", "expected"), [("stop", "done"), ("cancel", "cancelled")])
def test_ended_before_the_worker_has_the_job(
    app: App, request_of: dict[str, Any], request_name: str, expected: str
) -> None:
    """Both messages arrive together."""
    with app.socket() as socket:
        socket.recv()
        socket.send(json.dumps({**request_of, "options": {**request_of["options"], "steps": 5000}}))
        socket.send(json.dumps({"request": request_name}))
        assert last(socket)[1]["event"] == expected
        socket.send(json.dumps(request_of))
        assert last(socket)[1]["event"] == "done"


def test_a_closed_page_leaves_the_engine_free(app: App, request_of: dict[str, Any]) -> None:
    with app.socket() as socket:
        socket.recv()
        long = {**request_of, "options": {**request_of["options"], "steps": 5000}}
        socket.send(json.dumps(long))
        while json.loads(socket.recv(timeout=60))["event"] != "progress":
            pass
    with app.socket() as socket:
        socket.recv()
        socket.send(json.dumps(request_of))
        assert last(socket)[1]["event"] == "done"


def test_mistakes_come_as_one_sentence(app: App, request_of: dict[str, Any]) -> None:
    with app.socket() as socket:
        socket.recv()
        broken = app.send(Path(__file__))
        socket.send(json.dumps({**request_of, "content": broken}))
        _, error = last(socket)
        assert error["event"] == "error"
        assert "test_app.py" in error["message"]
        assert "/" not in error["message"], "no path of the server's"
        socket.send(json.dumps({**request_of, "options": {"strength": 5}}))
        assert "strength" in last(socket)[1]["message"]


def test_defaults_are_the_package_s(app: App) -> None:
    found = json.loads(app.ask("GET", "/api/defaults", Cookie=app.cookie).read())
    assert found["steps"] == 80
    assert found["strength"] == 0.5
    assert found["recipes"] == {}, "none of their networks is installed"


def test_recipes_are_offered_where_their_network_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    (folder / "vgg16.onnx").write_bytes(b"a network")
    monkeypatch.setenv("NST_ONNX_HOME", str(tmp_path / "home"))
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("page")
    with running(tmp_path / "page") as app:
        app.redeem()
        found = json.loads(app.ask("GET", "/api/defaults", Cookie=app.cookie).read())
    assert found["recipes"] == {"narayanan": presets.find("narayanan").steps}


# ---- attempts of others


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/api/defaults", "/api/pictures/x", "/?token=", "/?token=é"]
)
def test_without_the_cookie_nothing_is_served(app: App, path: str) -> None:
    for cookie in ("", "nst_onnx=x", app.cookie[:-1], f"{app.cookie}x", "=;=;"):
        answer = app.ask("GET", path.replace("é", "%C3%A9"), Cookie=cookie)
        assert answer.status == 403
        assert answer.read().decode() == LOCKED
        assert answer.getheader("Set-Cookie") is None


def test_the_token_works_once(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page")
    with running(tmp_path) as app:
        wrong = app.ask("GET", f"/?token={app.token[:-1]}x")
        assert wrong.status == 403
        app.redeem()
        assert app.ask("GET", f"/?token={app.token}").status == 403
        assert app.ask("GET", "/", Cookie=app.cookie).status == 200


def test_the_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page")
    with running(tmp_path) as app:
        header = app.ask("GET", f"/?token={app.token}").getheader("Set-Cookie", "").lower()
        assert "httponly" in header
        assert "samesite=strict" in header


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "[::1]:{port}"]
)
def test_dns_rebinding_is_refused(app: App, host: str) -> None:
    """A page of evil.example, whose name now points to 127.0.0.1: its requests name it as their host."""
    given = host.format(port=app.host.partition(":")[2])
    headers = {"Host": given, "Cookie": app.cookie, "Origin": f"http://{given}"}
    assert app.ask("GET", "/", **headers).status in (400, 421)
    assert app.ask("POST", "/api/pictures", b"x", **headers).status in (400, 421)


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", "https://{host}"]
)
def test_a_cross_site_post_is_refused(app: App, origin: str | None) -> None:
    headers = {"Cookie": app.cookie}
    if origin is not None:
        headers["Origin"] = origin.format(host=app.host)
    answer = app.ask("POST", "/api/pictures", b"x", **headers)
    assert answer.status == 403
    assert answer.getheader("Access-Control-Allow-Origin") is None


def test_a_preflight_gets_no_permission(app: App) -> None:
    headers = {"Origin": "http://evil.example", "Access_Control_Request_Method": "POST"}
    answer = app.ask("OPTIONS", "/api/pictures", **headers)
    assert answer.status == 403
    assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_port_is_refused(app: App, site: str) -> None:
    """It is of the same site, so its requests have the cookie."""
    assert app.ask("GET", "/api/defaults", Cookie=app.cookie, Sec_Fetch_Site=site).status == 403


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Cookie": "nst_onnx=x"}])
def test_a_socket_of_another_page_is_refused(app: App, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as caught:
        app.socket(**headers)
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/../../secret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%00",
        "/api/pictures/..%2f..%2fsecret.txt",
        "/api/pictures/../../../secret.txt",
    ],
)
def test_no_path_leads_out_of_the_page(app: App, path: str) -> None:
    answer = app.ask("GET", path, Cookie=app.cookie)
    assert answer.status in (400, 404)
    assert SECRET not in answer.read().decode()


@pytest.mark.parametrize(
    "name", ["..%2f..%2fevil.png", "%2fetc%2fpasswd", "..%5c..%5cevil", "%00", "a" * 5000]
)
def test_no_name_of_an_upload_leads_out_of_the_store(app: App, name: str) -> None:
    headers = {"Cookie": app.cookie, "Origin": app.origin, "X_Name": name}
    answer = app.ask("POST", "/api/pictures", b"no picture", **headers)
    assert answer.status == 200
    assert list(json.loads(answer.read())) == ["id"]
    assert not list(Path(app.folder).rglob("evil*"))  # type: ignore[attr-defined]


def test_a_declared_upload_that_is_too_large_is_refused_before_it_is_sent(app: App) -> None:
    headers = {"Cookie": app.cookie, "Origin": app.origin, "Content_Length": str(store.LARGEST + 1)}
    answer = app.ask("POST", "/api/pictures", **headers)
    assert answer.status == 413
    assert "larger than" in json.loads(answer.read())["message"]


def test_an_endless_upload_is_ended_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LARGEST", 1000)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(300)

    kept = store.Store()
    with pytest.raises(store.TooLargeError):
        asyncio.run(kept.receive("endless.png", endless()))
    assert not list(kept.folder.iterdir())
    kept.close()


def test_old_uploads_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 3)

    async def short() -> AsyncIterator[bytes]:
        yield b"x"

    kept = store.Store()
    names = [asyncio.run(kept.receive("a.png", short())) for _ in range(5)]
    assert len(list(kept.folder.iterdir())) == 3
    assert kept.sent(names[-1]).read_bytes() == b"x"
    with pytest.raises(NstError, match="no longer there"):
        kept.sent(names[0])
    kept.close()


@pytest.mark.parametrize("content", ["/etc/passwd", "../photo.png", None, ["x"], {"path": "/etc/passwd"}])
def test_a_path_is_no_picture(app: App, request_of: dict[str, Any], content: object) -> None:
    with app.socket() as socket:
        socket.recv()
        socket.send(json.dumps({**request_of, "content": content}))
        assert last(socket)[1]["message"] == "a picture is no longer there"


def test_other_options_do_not_reach_the_engine(app: App, request_of: dict[str, Any]) -> None:
    """`init`, which names a file, is no choice of the page."""
    request_of["options"]["init"] = "/etc/passwd"
    with app.socket() as socket:
        socket.recv()
        socket.send(json.dumps(request_of))
        assert last(socket)[1]["event"] == "done"


@pytest.mark.parametrize("message", ["no json", "[]", '{"request": "shutdown"}', '{"request": ["paint"]}'])
def test_nonsense_closes_the_socket_and_no_more(app: App, message: str) -> None:
    with app.socket() as socket:
        socket.recv()
        socket.send(message)
        assert json.loads(socket.recv())["event"] == "error"
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=20)
    assert app.ask("GET", "/", Cookie=app.cookie).status == 200


def test_a_huge_message_closes_the_socket(app: App) -> None:
    with app.socket() as socket:
        socket.recv()
        socket.send("x" * (1 << 20))
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=20)
    assert app.ask("GET", "/", Cookie=app.cookie).status == 200


def test_it_listens_on_this_computer_only(app: App) -> None:
    port = int(app.host.partition(":")[2])
    others = {info[4][0] for info in sockets.getaddrinfo(sockets.gethostname(), None, sockets.AF_INET)}
    for address in others - {"127.0.0.1"}:
        with sockets.socket() as probe:
            probe.settimeout(5)
            assert probe.connect_ex((address, port)) != 0


def test_answers_forbid_framing_and_sniffing(app: App) -> None:
    headers = dict(app.ask("GET", "/", Cookie=app.cookie).getheaders())
    assert headers["content-security-policy"] == "frame-ancestors 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


# ---- the command


def test_a_checkout_without_the_page_says_how_to_build_it(
    nst: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PACKAGED", tmp_path / "nowhere")
    monkeypatch.setattr(page, "_CHECKOUT", tmp_path)
    (tmp_path / "package.json").write_text("{}")
    outcome = nst("app", "--no-browser")
    assert outcome.code != 0
    assert "npm ci" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_port_in_use_is_one_line(
    nst: Callable[..., Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "PACKAGED", tmp_path)
    (tmp_path / "index.html").write_text("page")
    with sockets.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outcome = nst("app", "--no-browser", "--port", taken.getsockname()[1])
    assert outcome.code != 0
    assert "cannot be used" in outcome.err
    assert len(outcome.err.splitlines()) == 1
