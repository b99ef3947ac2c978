"""The built page, and a visitor who uses it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from support import exporter
from support.checkout import ROOT
from support.web_engine import WEB, require_node

PHOTO, PAINTING = (ROOT / "examples" / name for name in ("content/harbour.jpg", "styles/breakers.jpg"))
SECONDS = 400
"""For a painting to end, on a busy machine."""


def built(folder: Path, mode: str = "production") -> Path:
    """Build the page into a folder."""
    node = require_node()
    models = folder / "models"
    models.mkdir()
    if mode == "production":
        for name, content in exporter.module("web.command").web_files().items():
            (models / name).write_bytes(content)
    vite = [node, str(WEB / "node_modules" / "vite" / "bin" / "vite.js"), "build", "--mode", mode]
    done = subprocess.run(
        [*vite, "--outDir", str(folder / "page")],
        cwd=WEB,
        env={**os.environ, "NST_ONNX_WEB_MODELS": str(models)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "page"


class Visitor:
    """Uses the page in a browser as a person would."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def wait(self, script: str, seconds: int = 60) -> None:
        """Wait until an expression of JavaScript is true."""
        WebDriverWait(self.browser, seconds).until(lambda b: b.execute_script(f"return {script}"), script)

    def open(self, address: str) -> None:
        """Open the page, and wait until it can be used."""
        self.browser.get(address)
        self.wait("document.documentElement?.dataset.ready === 'yes'")  # between two pages there is none

    def wait_until_isolated(self) -> None:
        """Wait for the page that the service worker serves: it is loaded anew, and may use threads."""
        self.wait("window.crossOriginIsolated && document.documentElement.dataset.ready === 'yes'")

    def choose(self, photo: Path, *paintings: Path) -> None:
        """Choose a photo and paintings."""
        self.browser.find_element(By.CSS_SELECTOR, "#photo input").send_keys(str(photo))
        if len(paintings) > 1:
            self.click("blend")
        for painting in paintings:
            self.browser.find_element(By.CSS_SELECTOR, "#paintings input").send_keys(str(painting))

    def chosen(self, slot: str) -> list[str]:
        """Return the names of the pictures in a slot."""
        found = self.browser.find_elements(By.CSS_SELECTOR, f"#{slot} .thumbnails img")
        return [str(image.get_attribute("alt")) for image in found]

    def set(self, name: str, value: object) -> None:
        """Set a control."""
        script = "const c = document.getElementById(arguments[0]); c.value = arguments[1];"
        self.browser.execute_script(f"{script} c.dispatchEvent(new Event('input'))", name, str(value))

    def set_steps(self, steps: int) -> None:
        """Set another number of steps than the form offers."""
        self.set_option("quality", steps)

    def set_option(self, name: str, value: int) -> None:
        """Set another value than a list offers."""
        script = "const list = document.getElementById(arguments[0]); list.options[0].value = arguments[1];"
        self.browser.execute_script(f"{script} list.selectedIndex = 0", name, str(value))

    def click(self, name: str) -> None:
        """Click a button."""
        self.browser.find_element(By.ID, name).click()

    def shown(self, name: str) -> bool:
        """Whether an element can be seen."""
        return self.browser.find_element(By.ID, name).is_displayed()

    def text(self, name: str) -> str:
        """Return an element's text."""
        return str(self.browser.find_element(By.ID, name).get_attribute("textContent"))

    def wait_for_the_picture(self) -> None:
        """Wait until the painting has ended. Raises AssertionError with the page's message, if it has one."""
        self.wait("!document.getElementById('paint').disabled", SECONDS)
        assert not self.shown("message"), self.text("message")
        assert self.shown("downloads")

    def download(self, name: str, folder: Path) -> Path:
        """Click a download button; return the file."""
        before = set(folder.glob("*"))
        self.click(name)
        WebDriverWait(self.browser, 30).until(
            lambda _: [p for p in set(folder.glob("*")) - before if p.suffix in (".png", ".jpg")]
        )
        (path,) = [p for p in set(folder.glob("*")) - before if p.suffix in (".png", ".jpg")]
        return path

    def serious_faults(self) -> list[str]:
        """Return what axe-core finds that keeps people from using the page."""
        axe = (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
        # The page's policy forbids foreign scripts; a debugger's are not held to it.
        self.browser.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
        found = self.browser.execute_async_script("axe.run().then(arguments[0])")
        return [f"{one['id']}: {node['html'][:120]}" for one in found["violations"] for node in one["nodes"]]
