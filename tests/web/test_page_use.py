"""The page for everybody: pictures in all ways, sentences for mistakes, keyboards, screen readers, phones."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.browser import DESKTOP, PHONE, StaticServer, chromium
from support.web_page import PAINTING, PHOTO, Visitor


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
