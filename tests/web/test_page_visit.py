"""A visitor of the page in a real browser: offline, private, painted as the package paints; updates."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np
from support.browser import StaticServer, chromium, requested
from support.web_page import PAINTING, PHOTO, Visitor

import nst_onnx
from nst_onnx.picture import read

STEPS = 40  # the draft's, which is "painted to the end" in a third of the time
FIRST_LOAD = 8_000_000  # bytes


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
