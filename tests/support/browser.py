"""A real browser for the page: headless Chromium by Selenium, with a log of all that it requests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

selenium = pytest.importorskip("selenium", reason="needs selenium, which drives a browser")

from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402

DESKTOP, PHONE = (1280, 900), (390, 844)
_QUIET = (
    "--headless=new",
    "--no-sandbox",  # in containers, as root
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class _Quiet(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}
    sent = 0

    def log_message(self, format: str, *args: object) -> None:
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        data = source.read()
        type(self).sent += len(data)
        outputfile.write(data)


class StaticServer:
    """Serves a folder on this machine, as any static host would: without compression, without headers."""

    def __init__(self, folder: Path) -> None:
        self._handler = type("Handler", (_Quiet,), {"sent": 0})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(self._handler, directory=str(folder)))
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def sent(self) -> int:
        """Bytes of all files sent so far."""
        return int(self._handler.sent)

    def stop(self) -> None:
        """Cut the network."""
        self._server.shutdown()
        self._server.server_close()


def programs() -> tuple[str, str]:
    """Return Chromium and its driver, or skip the test."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("needs Chromium and its driver")
    return browser, driver


@contextmanager
def chromium(
    folder: Path, *, size: tuple[int, int] = DESKTOP, arguments: tuple[str, ...] = ()
) -> Iterator[webdriver.Chrome]:
    """Yield a browser with its own profile. `folder` gets downloads/ and net.json, the log of the network."""
    browser, driver = programs()
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (*_QUIET, *arguments, f"--window-size={size[0]},{size[1]}"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={folder / 'profile'}")
    options.add_argument(f"--log-net-log={folder / 'net.json'}")
    options.add_experimental_option("prefs", {"download.default_directory": str(folder / "downloads")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    try:
        opened.set_script_timeout(60)
        width, height = size
        opened.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        yield opened
    finally:
        opened.quit()


def requested(folder: Path) -> set[str]:
    """Return the addresses that pages and their workers requested over the network, until the browser closed.

    Chromium's own requests (for updates and the like) belong to no page: they have no initiator.
    """
    text = (folder / "net.json").read_text()
    try:
        log = json.loads(text)
    except json.JSONDecodeError:  # a browser that was ended leaves the list open
        log = json.loads(text.rstrip().rstrip(",") + "]}")
    found = set()
    for event in log["events"]:
        about = event.get("params", {})
        url, initiator = about.get("url"), about.get("initiator", "not an origin")
        if isinstance(url, str) and url.startswith(("http", "ws")) and initiator != "not an origin":
            found.add(url)
    return found
