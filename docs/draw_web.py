"""Makes the pictures in web.md: a visitor paints in a real Chromium, on a desktop's and on a phone's screen.

With Node.js, the packages of web/ (npm ci), Chromium, its driver, and selenium: python docs/draw_web.py
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.browser import DESKTOP, PHONE, StaticServer, chromium  # noqa: E402
from support.web_page import Visitor, built  # noqa: E402

EXAMPLES = HERE.parent / "examples"
PHOTO, PAINTING = EXAMPLES / "content" / "valley.jpg", EXAMPLES / "styles" / "embers.jpg"
SIZE, STEPS = 384, 40


def main() -> None:
    """Paint once on each screen, and photograph it."""
    with tempfile.TemporaryDirectory() as folder:
        server = StaticServer(built(Path(folder)))
        for name, size, split in (("desktop", DESKTOP, 42), ("phone", PHONE, 50)):
            profile = Path(folder) / name
            profile.mkdir()
            with chromium(profile, size=size) as browser:
                visitor = Visitor(browser)
                visitor.open(server.origin)
                visitor.wait_until_isolated()
                visitor.choose(PHOTO, PAINTING)
                visitor.set("size", SIZE)
                visitor.set_steps(STEPS)
                visitor.click("paint")
                visitor.wait_for_the_picture()
                visitor.set("split", split)
                if name == "phone":
                    browser.execute_script("document.getElementById('compare').scrollIntoView()")
                    browser.execute_script("scrollBy(0, -380)")
                screen = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
            screen.save(HERE / "pictures" / f"web-{name}.jpg", quality=84, optimize=True)
        server.stop()


if __name__ == "__main__":
    main()
