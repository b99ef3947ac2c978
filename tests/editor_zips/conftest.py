"""The ZIPs of the plug-ins in a real GIMP and a real Krita, without pip, venv and network.

.ci/editor-zips builds all that they need and runs them; elsewhere they are skipped.
"""

import os
import shutil
import zipfile
from pathlib import Path

import pytest
from PIL import Image

HERE = Path(__file__).resolve().parent
PLACE = Path("/srv/nst-onnx")
ZIPS, WHEELS, SCREENSHOTS = PLACE / "zips", PLACE / "wheels", PLACE / "screenshots"
NEEDED = ("krita", "xdotool", "Xvfb")
GIMP = next((version for version in ("3.2", "3.0") if shutil.which(f"gimp-{version}")), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [name for name in NEEDED if shutil.which(name) is None] + ([] if GIMP else ["gimp"])
    missing += [str(folder) for folder in (ZIPS, WHEELS) if not folder.is_dir()]
    if missing:
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(
                    pytest.mark.skip(reason=f"no {' and no '.join(missing)}: run .ci/editor-zips")
                )


@pytest.fixture(scope="session")
def wheels() -> Path:
    """The folder of wheels that stands for the package index."""
    return WHEELS


@pytest.fixture(scope="session", autouse=True)
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of somebody who has never installed anything, and no environment of Python on PATH."""
    home = tmp_path_factory.mktemp("home")
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        os.environ.pop(name, None)
    os.environ |= {"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return home


def unpack(editor: str, folder: Path) -> None:
    """Unpack an editor's ZIP as a file manager does, with the permissions that it holds."""
    (path,) = ZIPS.glob(f"nst-onnx-{editor}-*.zip")
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            Path(archive.extract(entry, folder)).chmod(entry.external_attr >> 16)


def screenshot(image: Image.Image, name: str) -> None:
    """Store a picture of the screen, for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    image.save(SCREENSHOTS / f"{name}.png")
