"""Makes the pictures in gimp.md: a person uses Neural Style in a real GIMP, on a screen in memory.

.ci/gimp-system run DIR python docs/draw_gimp.py PHOTO PAINTING
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "gimp"))

from desk import NEURAL_STYLE, Desk  # noqa: E402


def main(photo: Path, painting: Path) -> None:
    """Use GIMP, and photograph the screen four times."""
    with tempfile.TemporaryDirectory() as scratch:
        profile = Path(scratch) / "3.0"
        subprocess.run(["nst-onnx", "plugin", "install", "gimp", "--dir", profile], check=True)
        with Desk(profile, photo) as desk:

            def keep(name: str) -> None:
                time.sleep(1)
                shot = Image.open(desk.shot(Path(scratch) / "shot.png")).convert("RGB")
                shot = shot.resize((1024, 688), Image.Resampling.LANCZOS)
                shot.save(HERE / "pictures" / f"gimp-{name}.jpg", quality=82, optimize=True)

            desk.open_menu()
            desk.move(710, 608)
            keep("menu")
            desk.key("n")
            settings = desk.window(NEURAL_STYLE)
            time.sleep(2)
            desk.choose_style(settings, painting)
            keep("dialog")
            desk.click(-69, -42, settings)
            time.sleep(12)
            keep("preview")
            desk.becomes("2 layers", seconds=300)
            keep("result")


if __name__ == "__main__":
    main(*(Path(word).resolve() for word in sys.argv[1:]))
