"""A visitor of the page in a real browser: offline, private, painted as the package paints, for everybody."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.browser import DESKTOP, PHONE, StaticServer, chromium, programs, requested
from support.checkout import ROOT
from support.web_page import Visitor, built

import nst_onnx
from nst_onnx.picture import read

PHOTO, PAINTING = (ROOT / "examples" / name for name in ("content/harbour.jpg", "styles/breakers.jpg"))
STEPS = 60  # the draft's, which is "painted to the end" in a third of the time
FIRST_LOAD = 8_000_000  # bytes


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    programs()
    return built(tmp_path_factory.mktemp("page"))


@pytest.fixture
def server(page: Path) -> Iterator[StaticServer]:
    server = StaticServer(page)
    yield server
    server.stop()


def test_a_visitor_paints_offline_and_nothing_leaves_the_page(page: Path, tmp_path: Path) -> None:
    """From a plain static server, that ends after the first load. Judged by the losses of the package."""
    server = StaticServer(page)
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        visitor.open(server.origin)
        visitor.wait_until_isolated()
        visitor.wait("document.documentElement.dataset.offline === 'ready'")
        assert server.sent < FIRST_LOAD
        server.stop()
        visitor.open(server.origin)
        assert "threads" in visitor.text("engine"), "isolated offline, too"
        visitor.choose(PHOTO, PAINTING)
        visitor.set("size", 256)
        visitor.set("quality", STEPS)
        visitor.click("paint")
        visitor.wait("!document.getElementById('after').hidden")
        assert visitor.shown("progress"), "the picture grows, from one pass on"
        visitor.wait_for_the_picture()
        painted = read(visitor.download("png", tmp_path / "downloads")).rgb
        jpeg = read(visitor.download("jpeg", tmp_path / "downloads")).rgb
        browser.get(f"{server.origin}/licences.txt")
        assert "CC BY 4.0" in browser.page_source
    found = requested(tmp_path)
    assert f"{server.origin}/models/weights.bin" in found, "the log has what workers fetch"
    foreign = {url for url in found if not url.startswith(server.origin)}
    assert not foreign
    assert np.abs(jpeg - painted).mean() < 0.05
    _judge(painted)


def test_a_newer_page_waits_until_the_older_one_is_closed(page: Path, tmp_path: Path) -> None:
    """It comes from the server, not from the HTTP cache; and a copy in another folder keeps its own files."""
    host = tmp_path / "host"
    for name in ("one", "two"):
        shutil.copytree(page, host / name)
    for path in host.rglob("*"):
        os.utime(path, (1e9, 1e9))  # so old that browsers take it from their HTTP cache
    server = StaticServer(host)
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        for name in ("one", "two"):
            visitor.open(f"{server.origin}/{name}/")
            visitor.wait_until_isolated()
            visitor.wait("document.documentElement.dataset.offline === 'ready'")
        first = browser.execute_script("return caches.keys()")
        index, worker = host / "two" / "index.html", host / "two" / "sw.js"
        index.write_text(index.read_text("utf-8").replace("<h1>", "<h1>Newer: "), "utf-8")
        worker.write_text(
            re.sub(r"(version\W+)[0-9a-f]{16}", r"\g<1>newer", worker.read_text("utf-8")), "utf-8"
        )
        browser.execute_script("return navigator.serviceWorker.getRegistration().then((r) => r.update())")
        visitor.wait(
            "navigator.serviceWorker.getRegistration().then((r) => r.waiting?.state === 'installed')"
        )
        served = browser.execute_script("return fetch('index.html').then((answer) => answer.text())")
        assert "Newer:" not in served, "the page that runs keeps its files"
        browser.get("about:blank")
        visitor.open(f"{server.origin}/one/")
        visitor.wait("navigator.serviceWorker.getRegistrations().then((all) => all.every((r) => !r.waiting))")
        visitor.open(f"{server.origin}/two/")
        assert browser.find_element("css selector", "h1").text.startswith("Newer:")
        visitor.wait("caches.keys().then((names) => names.length === 2)")
        second = browser.execute_script("return caches.keys()")
    server.stop()
    assert len(first) == 2
    assert [name for name in first if "/one/" in name] == [name for name in second if "/one/" in name]


def _judge(painted: np.ndarray) -> None:
    """Hold a picture's distance to the style, and to the photo, against those of the package's own."""
    options = {"size": 256, "device": "cpu"}
    expected = nst_onnx.stylize(PHOTO, PAINTING, steps=STEPS, **options).array
    assert painted.shape == expected.shape
    objective = nst_onnx.Objective(PHOTO, PAINTING, style_statistic="gram", **options)
    ours, theirs = objective.losses(painted), objective.losses(expected)
    assert ours["style"] <= 1.3 * theirs["style"]
    assert ours["content"] <= 1.3 * theirs["content"]
    photo = objective.losses(objective.content_picture)
    assert ours["style"] < 0.3 * photo["style"], "it must be painted"


def test_stop_keeps_and_cancel_drops_at_once(server: StaticServer, tmp_path: Path) -> None:
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        visitor.open(server.origin)
        visitor.wait_until_isolated()
        visitor.choose(PHOTO, PAINTING)
        visitor.set("size", 256)
        visitor.click("paint")
        visitor.wait("/step [3-9]/.test(document.getElementById('progress-text').textContent)", 120)
        # The engine is in the middle of an evaluation; the page does not wait for it.
        dropped = browser.execute_async_script(
            "document.getElementById('cancel').click();"
            "setTimeout(() => arguments[0](document.getElementById('compare').hidden), 0)"
        )
        assert dropped
        assert not visitor.shown("compare")
        visitor.click("paint")
        visitor.wait("/step [3-9]/.test(document.getElementById('progress-text').textContent)", 120)
        visitor.click("stop")
        visitor.wait_for_the_picture()
        assert "best picture so far" in visitor.text("status")


def test_several_paintings_the_photo_s_colours_and_a_sheet_of_strengths(
    server: StaticServer, tmp_path: Path
) -> None:
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        visitor.open(server.origin)
        visitor.wait_until_isolated()
        visitor.choose(PHOTO, PAINTING, ROOT / "examples" / "styles" / "embers.jpg")
        assert len(browser.find_elements("css selector", "#paintings .thumbnails img")) == 2
        visitor.set("size", 256)
        visitor.set_steps(6)
        visitor.click("keep-colours")
        visitor.click("paint")
        visitor.wait_for_the_picture()
        painted = read(visitor.download("png", tmp_path / "downloads")).rgb
        photo = nst_onnx.picture.resize(read(PHOTO).rgb, painted.shape[:2])
        chroma = (painted - painted.mean(2, keepdims=True)) - (photo - photo.mean(2, keepdims=True))
        assert np.abs(chroma).mean() < 0.05, "the colours are the photo's"
        visitor.click("sheet")
        visitor.wait("document.querySelectorAll('#strengths button').length === 5", 180)
        browser.find_elements("css selector", "#strengths button")[4].click()
        assert visitor.text("strength-value") == "80 %"


def test_pictures_are_pasted_dropped_taken_from_samples_and_removed(
    server: StaticServer, tmp_path: Path
) -> None:
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        visitor.open(server.origin)
        visitor.wait_until_isolated()
        browser.execute_script(
            """
            const carried = (name) => {
                const data = new DataTransfer();
                data.items.add(new File(['x'], name, { type: 'image/png' }));
                return data;
            };
            const paste = (name) => document.dispatchEvent(
                new ClipboardEvent('paste', { clipboardData: carried(name), cancelable: true }));
            paste('pasted photo');
            paste('pasted painting');
            document.getElementById('blend').click();
            document.getElementById('paintings').dispatchEvent(
                new DragEvent('drop', { dataTransfer: carried('dropped'), cancelable: true }));
            for (const summary of document.querySelectorAll('summary')) summary.click();
            """
        )
        assert visitor.chosen("photo") == ["pasted photo"]
        assert visitor.chosen("paintings") == ["pasted painting", "dropped"]
        visitor.wait("document.querySelectorAll('.samples button').length === 10")
        browser.find_element("css selector", "#photo .samples button").click()
        visitor.wait("document.querySelector('#photo .thumbnails img').alt === 'harbour'")
        assert visitor.chosen("photo") == ["harbour"], "a new photo takes the place of the one before"
        browser.find_element("css selector", "#paintings .thumbnails button").click()
        assert visitor.chosen("paintings") == ["dropped"]


def test_mistakes_are_one_sentence(server: StaticServer, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        visitor.open(server.origin)
        visitor.wait_until_isolated()
        visitor.click("paint")
        assert visitor.text("message") == "Choose a photo and a painting first."
        visitor.choose(broken, PAINTING)
        visitor.click("paint")
        visitor.wait(
            "!document.getElementById('paint').disabled && !document.getElementById('message').hidden"
        )
        assert visitor.text("message") == (
            "broken.jpg is no picture that this browser reads: save it as JPEG or PNG."
        )


def test_what_failed_once_is_tried_again(page: Path, tmp_path: Path) -> None:
    """By a new worker, which opens the models anew."""
    host = shutil.copytree(page, tmp_path / "host")
    model, elsewhere = host / "models" / "objective.onnx", tmp_path / "objective.onnx"
    model.rename(elsewhere)
    server = StaticServer(host)
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        visitor.open(server.origin)
        visitor.choose(PHOTO, PAINTING)
        visitor.set("size", 256)
        visitor.set_steps(4)
        visitor.click("paint")
        visitor.wait("!document.getElementById('paint').disabled", 120)
        assert visitor.shown("message")
        elsewhere.rename(model)
        visitor.click("paint")
        visitor.wait_for_the_picture()
    server.stop()


def test_cancelled_while_the_photo_is_read(server: StaticServer, tmp_path: Path) -> None:
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        visitor.open(server.origin)
        visitor.wait_until_isolated()
        visitor.choose(PHOTO, PAINTING)
        visitor.set("size", 256)
        status = browser.execute_async_script(
            """
            const paint = document.getElementById('paint');
            paint.click();
            document.getElementById('cancel').click(); // before any promise of the page is settled
            const ended = () => paint.disabled
                ? setTimeout(ended, 20) : arguments[0](document.getElementById('status').textContent);
            ended();
            """
        )
        assert status == "Cancelled"
        assert not visitor.shown("compare")


def test_a_browser_without_simd_is_told_so(server: StaticServer, tmp_path: Path) -> None:
    with chromium(tmp_path) as browser:
        lacking = {"source": "WebAssembly.validate = () => false"}
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", lacking)
        browser.get(server.origin)
        visitor = Visitor(browser)
        visitor.wait("!document.getElementById('message').hidden")
        assert visitor.text("message").startswith("This browser's WebAssembly has no SIMD:")


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (DESKTOP, True), (PHONE, False)])
def test_everybody_can_use_it(
    server: StaticServer, tmp_path: Path, size: tuple[int, int], dark: bool
) -> None:
    """axe-core has no complaint, before and after a painting; nothing is wider than the screen."""
    with chromium(tmp_path, size=size) as browser:
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        visitor = Visitor(browser)
        visitor.open(server.origin)
        visitor.wait_until_isolated()
        assert visitor.serious_faults() == []
        visitor.choose(PHOTO, PAINTING)
        visitor.set("size", 256)
        visitor.set_steps(4)
        for samples in browser.find_elements("css selector", "summary"):
            samples.click()
        browser.find_element("id", "quality").submit()  # Enter
        visitor.wait_for_the_picture()
        visitor.set("split", 45)
        assert visitor.serious_faults() == []
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert browser.execute_script(f"return {wider}") <= 0


def test_another_page_embeds_it(server: StaticServer, page: Path, tmp_path: Path) -> None:
    """Two pictures in, one out, by postMessage, from another origin."""
    host = tmp_path / "host"
    host.mkdir()
    for path in (PHOTO, PAINTING):
        (host / path.name).write_bytes(path.read_bytes())
    (host / "index.html").write_text("<p>A page of somebody else")
    embedding = StaticServer(host)
    with chromium(tmp_path) as browser:
        browser.get(embedding.origin)
        answer = browser.execute_async_script(
            """
            const [address, photo, painting, done] = arguments;
            const iframe = document.createElement('iframe');
            document.body.append(iframe);
            const frame = iframe.contentWindow;
            const progress = [];
            addEventListener('message', async ({ source, data }) => {
                if (source !== frame) return;
                if (data.type === 'nst-onnx:progress') progress.push(data.step);
                if (data.type === 'nst-onnx:error') done({ message: data.message });
                if (data.type !== 'nst-onnx:done') return;
                const bitmap = await createImageBitmap(data.picture);
                done({ id: data.id, type: data.picture.type, width: bitmap.width, progress });
            });
            const read = async (name) => (await fetch(name)).blob();
            const ask = async () => frame.postMessage({
                type: 'nst-onnx:paint', id: 'a', photo: await read(photo), paintings: [await read(painting)],
                settings: { size: 128, steps: 5 },
            }, '*');
            addEventListener('message', ({ data }) => data.type === 'nst-onnx:ready' && ask());
            iframe.src = address;
            """,
            f"{server.origin}/index.html",
            PHOTO.name,
            PAINTING.name,
        )
    embedding.stop()
    assert answer == {"id": "a", "type": "image/png", "width": 128, "progress": [1, 2, 3, 4, 5]}


def test_wrong_settings_of_an_embedding_page_are_one_sentence(server: StaticServer, tmp_path: Path) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "index.html").write_text("<p>A page of somebody else")
    embedding = StaticServer(host)
    with chromium(tmp_path) as browser:
        browser.get(embedding.origin)
        answers = browser.execute_async_script(
            """
            const [address, done] = arguments;
            const iframe = document.createElement('iframe');
            document.body.append(iframe);
            const wrong = [{ size: '512' }, { size: 512, strength: NaN }, { strenght: 0.5 }];
            const picture = new Blob(['x']);
            const request = { type: 'nst-onnx:paint', photo: picture, paintings: [picture] };
            const answers = [];
            addEventListener('message', ({ data }) => {
                if (data.type === 'nst-onnx:error') answers[data.id] = data.message;
                if (answers.filter(Boolean).length === wrong.length) done(answers);
                if (data.type !== 'nst-onnx:ready') return;
                for (const [id, settings] of wrong.entries()) {
                    iframe.contentWindow.postMessage({ ...request, id, settings }, '*');
                }
            });
            iframe.src = address;
            """,
            f"{server.origin}/index.html",
        )
    embedding.stop()
    assert answers == [
        "The setting size must be a whole number from 64 to 1024.",
        "The setting strength must be a number from 0 to 1.",
        "There is no setting strenght.",
    ]
