"""The page with a graphics processor by WebGPU, Chromium's software adapter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.browser import StaticServer, chromium, requested
from support.web_page import PAINTING, PHOTO, SECONDS, Visitor

from nst_onnx.picture import read

if TYPE_CHECKING:  # skipped where there is no selenium
    from selenium import webdriver

ADAPTER = (
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
    "--use-vulkan=swiftshader",
)
SIZE, STEPS = 96, 3  # a processor that acts as a graphics processor takes its time


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path, arguments=ADAPTER) as browser:
        yield browser


def opened(browser: webdriver.Chrome, server: StaticServer, gpu: str) -> tuple[Visitor, dict[str, Any]]:
    """Open the page, and wait until it knows its graphics processor; return its report."""
    visitor = Visitor(browser)
    visitor.open(f"{server.origin}/?gpu={gpu}")
    visitor.wait_until_isolated()
    visitor.wait("document.documentElement.dataset.device", SECONDS)
    return visitor, json.loads(browser.execute_script("return document.documentElement.dataset.device"))


def painted(visitor: Visitor, folder: Path) -> np.ndarray:
    visitor.choose(PHOTO, PAINTING)
    visitor.set_option("size", SIZE)
    visitor.set_option("quality", STEPS)
    visitor.click("paint")
    visitor.wait_for_the_picture()
    return read(visitor.download("png", folder)).rgb


def test_losses_gradient_and_picture_are_the_processor_s(
    browser: webdriver.Chrome, server: StaticServer, tmp_path: Path
) -> None:
    visitor, report = opened(browser, server, "any")
    if report.get("reason") == "this browser offers none":
        pytest.skip("needs a Chromium with a software adapter for WebGPU")
    assert "reason" not in report
    assert report["differences"]["losses"] < 1e-4
    assert report["differences"]["gradient"] < 1e-4
    assert report["differences"]["descent"] < 1e-3
    assert "graphics processor (" in visitor.text("engine")
    found = painted(visitor, tmp_path / "downloads")
    assert "graphics processor (" in visitor.text("engine"), "it painted to the end"
    stored = "caches.keys().then((names) => caches.open(names[0])).then((cache) => cache.keys())"
    visitor.wait(f"{stored}.then((all) => all.filter(({{ url }}) => url.includes('jspi')).length === 3)")
    visitor, report = opened(browser, server, "none")
    assert report["reason"] == "the address of this page says so"
    expected = painted(visitor, tmp_path / "downloads")
    assert np.abs(found - expected).mean() < 1 / 255


def test_a_software_adapter_alone_is_not_used(
    browser: webdriver.Chrome, server: StaticServer, tmp_path: Path
) -> None:
    visitor, report = opened(browser, server, "hardware")
    assert report["reason"] in ("this browser offers a software one only", "this browser offers none")
    assert f"The graphics processor is not used: {report['reason']}." in visitor.text("engine")
    browser.quit()
    assert not [url for url in requested(tmp_path) if "jspi" in url], "nothing is loaded for it"
