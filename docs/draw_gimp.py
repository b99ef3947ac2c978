"""Makes the pictures in gimp.md: a person uses Neural Style in a real GIMP, on a screen in memory.

.ci/editor-system run DIR python docs/draw_gimp.py PHOTO PAINTING
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from gimp.desk import NEURAL_STYLE, Desk  # noqa: E402

PAINT, CANCEL = (-69, -42), (-162, -42)  # from the dialog's lower right corner

PREVIEWED = 40.0  # seconds until the live preview and its variations are surely there
ASIDE = (100, 800)


def main(photo: Path, painting: Path) -> None:
    """Use GIMP, and photograph the screen five times."""
    with tempfile.TemporaryDirectory() as scratch:
        profile = Path(scratch) / "3.0"
        profile.mkdir()
        subprocess.run(["nst-onnx", "plugin", "install", "gimp", "--dir", profile], check=True)
        with Desk(profile, Path(shutil.copy(photo, scratch))) as desk:
            desk.open_menu()
            desk.point(710, 608)
            keep(desk, "menu")
            desk.key("n")
            settings = desk.window(NEURAL_STYLE)
            time.sleep(2)
            desk.choose_style(settings, painting)
            keep(desk, "dialog", PREVIEWED)
            desk.click(*CANCEL, settings)
            desk.attend()
            width, height = desk.inside.ask("size_here")["size"]
            desk.inside.ask("select_here", bounds=[0, 0, width, height // 3])
            settings = open_with(desk, painting)
            desk.key("alt+n", "space")  # opens Regions, and adds one
            desk.key("space", "l", "Return")  # its style: a layer
            keep(desk, "regions", PREVIEWED)
            desk.click(*CANCEL, settings)
            desk.inside.ask("select_here", bounds=None)
            settings = open_with(desk, painting)
            desk.click(*PAINT, settings)
            growing = []
            while not desk.shows("2 layers"):
                growing.append(desk.picture())
                time.sleep(1)
            save(growing[len(growing) * 2 // 3], "preview")
            keep(desk, "result")


def open_with(desk: Desk, painting: Path) -> str:
    """Open the dialog, choose a style, and return the window."""
    desk.attend()
    settings: str = desk.open_settings()
    time.sleep(2)
    desk.choose_style(settings, painting)
    return settings


def keep(desk: Desk, name: str, seconds: float = 2) -> None:
    """Save what the screen shows when it has come to rest."""
    if seconds > PREVIEWED / 2:
        desk.point(*ASIDE)  # no tooltip
    time.sleep(seconds)
    save(desk.picture(), name)


def save(screen: Image.Image, name: str) -> None:
    """Save a picture of the screen."""
    small = screen.convert("RGB").resize((1024, 688), Image.Resampling.LANCZOS)
    small.save(HERE / "pictures" / f"gimp-{name}.jpg", quality=82, optimize=True)


if __name__ == "__main__":
    main(*(Path(word).resolve() for word in sys.argv[1:]))
