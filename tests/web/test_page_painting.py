"""Painting in the page: stopped, cancelled, tried again, several paintings, a sheet of strengths."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from support.browser import StaticServer, chromium
from support.checkout import ROOT
from support.web_page import PAINTING, PHOTO, Visitor

import nst_onnx
from nst_onnx.picture import read


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


def test_a_cut_out_photo_stays_one(server: StaticServer, tmp_path: Path) -> None:
    photo = tmp_path / "cut-out.png"
    with Image.open(PHOTO) as picture:
        opacity = Image.linear_gradient("L").rotate(90).resize(picture.size)
        picture.putalpha(opacity)
        picture.save(photo)
    with chromium(tmp_path) as browser:
        visitor = Visitor(browser)
        visitor.open(server.origin)
        visitor.wait_until_isolated()
        visitor.choose(photo, PAINTING)
        visitor.set_option("size", 128)
        visitor.set_option("quality", 4)
        visitor.click("paint")
        visitor.wait_for_the_picture()
        painted = read(visitor.download("png", tmp_path / "downloads"))
    assert painted.alpha is not None
    expected = nst_onnx.picture.resize(read(photo).alpha, painted.shape)
    assert np.abs(painted.alpha - expected).max() < 0.02
