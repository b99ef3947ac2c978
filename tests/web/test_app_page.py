"""The page of `nst-onnx app` in a real browser: painted by the package, with live progress."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from support import heic_files
from support.app_server import App, installed_page, running
from support.browser import chromium, programs, requested
from support.checkout import ROOT
from support.web_engine import require_node
from support.web_page import Visitor, built

from nst_onnx.app.browser_page import redirect
from nst_onnx.picture import read, read_settings

PHOTO, PAINTING = (ROOT / "examples" / name for name in ("content/valley.jpg", "styles/embers.jpg"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """A page that is built now; nothing where the installed wheel has one."""
    programs()
    if (installed_page() / "index.html").is_file():
        return None
    page = built(tmp_path_factory.mktemp("page"), mode="app")
    assert not list(page.rglob("*.wasm*")), "the package paints, not the browser"
    return page


@pytest.fixture
def app(page: Path | None) -> Iterator[App]:
    """The command with the wheel's page, else the server with the built one. Each serves one browser only."""
    with running(page) as app:
        yield app


def test_a_wheel_has_the_page() -> None:
    """Where it was built with Node.js, as .ci/run does."""
    if installed_page().is_relative_to(ROOT):
        pytest.skip("needs nst-onnx installed from a wheel, not an editable installation")
    require_node()
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


@pytest.mark.parametrize("name", ["valley.tif", "phone.heic"])
def test_a_photo_that_the_browser_cannot_read_is_painted_all_the_same(
    app: App, tmp_path: Path, name: str
) -> None:
    photo = tmp_path / name
    if photo.suffix == ".heic":
        photo.write_bytes(heic_files.TURNED)
    else:
        with Image.open(PHOTO) as picture:
            picture.save(photo)
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        visitor.open(f"{app.origin}/?token={app.token}")
        visitor.choose(photo, PAINTING)
        visitor.set("size", 256)
        visitor.set_steps(4)
        visitor.click("paint")
        visitor.wait_for_the_picture()
        assert visitor.shown("after")
        assert not visitor.shown("split"), "there is nothing to compare with"
        box = "document.getElementById('after').getBoundingClientRect()"
        assert browser.execute_script(f"return {box}.width > 100 && {box}.height > 50")
        browser.find_element("css selector", "#history button").click()
        visitor.wait("!document.getElementById('after').hidden")
        assert visitor.serious_faults() == []
        assert max(read(visitor.download("jpeg", tmp_path / "downloads")).shape) == 256


@pytest.mark.parametrize("button", ["stop", "cancel"])
def test_an_upload_can_be_ended(app: App, tmp_path: Path, button: str) -> None:
    """There is no picture to keep yet: both end it, and the next painting begins at once."""
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        visitor.open(f"{app.origin}/?token={app.token}")
        visitor.wait("document.getElementById('engine').textContent.includes('on this computer (')")
        visitor.choose(PHOTO, PAINTING)
        visitor.set("size", 256)
        visitor.set_steps(4)
        browser.execute_script(
            """
            window.real = fetch;
            window.ended = 0;
            window.fetch = (what, how) => new Promise((_, reject) => {
                how.signal.addEventListener('abort', () => { window.ended += 1; reject(how.signal.reason); });
            });
            """
        )
        visitor.click("paint")
        visitor.wait("!document.getElementById('stop').hidden")
        visitor.click(button)
        visitor.wait("!document.getElementById('paint').disabled", 5)
        assert visitor.text("status") == "Cancelled"
        assert not visitor.shown("message")
        assert browser.execute_script("return window.ended") == 2, "photo and painting"
        browser.execute_script("window.fetch = window.real")
        visitor.click("paint")
        visitor.wait_for_the_picture()


def test_a_result_that_cannot_be_loaded_is_one_sentence(app: App, tmp_path: Path) -> None:
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        visitor.open(f"{app.origin}/?token={app.token}")
        visitor.choose(PHOTO, PAINTING)
        visitor.set("size", 256)
        visitor.set_steps(4)
        browser.execute_script(
            "const real = fetch;"
            "window.fetch = (what, how) => how ? real(what, how) : Promise.reject(new TypeError('cut'))"
        )
        visitor.click("paint")
        visitor.wait("!document.getElementById('paint').disabled", 120)
        assert visitor.text("message").startswith("The picture is painted, but could not be loaded")
