"""The page of `nst-onnx app` in a real browser: painted by the package, with live progress."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.app_server import App, installed_page, running
from support.browser import chromium, programs, requested
from support.checkout import ROOT
from support.web_page import Visitor, built

from nst_onnx.app.browser_page import redirect
from nst_onnx.picture import read, read_settings

PHOTO, PAINTING = (ROOT / "examples" / name for name in ("content/valley.jpg", "styles/embers.jpg"))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The command with the page in the installed wheel, else the server with a page that is built now."""
    programs()
    if (installed_page() / "index.html").is_file():
        with running(None) as app:
            yield app
        return
    page = built(tmp_path_factory.mktemp("page"), mode="app")
    assert not list(page.rglob("*.wasm*")), "the package paints, not the browser"
    with running(page) as app:
        yield app


def test_a_wheel_has_the_page() -> None:
    """Where it was built with Node.js, as .ci/run does."""
    if os.environ.get("NST_ONNX_PAGE") != "1":
        pytest.skip("needs nst-onnx installed from a wheel with the page: NST_ONNX_PAGE=1 says that it is")
    assert (installed_page() / "index.html").is_file()


def test_painted_cancelled_and_painted_again(app: App, tmp_path: Path) -> None:
    """1024 pixels with few steps: the size and the progress are the native engine's, as is the file."""
    photo = Path(shutil.copy(PHOTO, tmp_path / "valley.jpg"))
    with chromium(tmp_path) as browser, redirect(f"{app.origin}/?token={app.token}") as url:
        visitor = Visitor(browser)
        visitor.open(url)
        assert "token" not in browser.current_url
        visitor.wait("document.getElementById('engine').textContent.includes('on this computer (')")
        visitor.choose(photo, PAINTING)
        visitor.set("size", 1024)
        visitor.set_steps(400)
        visitor.click("paint")
        visitor.wait("/step [2-9]/.test(document.getElementById('progress-text').textContent)", 120)
        visitor.wait("!document.getElementById('after').hidden", 60)
        visitor.click("cancel")
        assert not visitor.shown("compare")
        visitor.set_steps(10)
        visitor.click("paint")
        visitor.wait_for_the_picture()
        path = visitor.download("png", tmp_path / "downloads")
        assert max(read(path).shape) == 1024
        assert read_settings(path)["steps"] == 10
        assert path.name == "valley-painted.png"
        visitor.set("size", 256)
        visitor.click("paint")
        visitor.wait_for_the_picture()
        assert len(browser.find_elements("css selector", "#history button")) == 2
        assert visitor.serious_faults() == []
    own = app.origin, app.origin.replace("http", "ws")
    assert not {url for url in requested(tmp_path) if not url.startswith(own)}
