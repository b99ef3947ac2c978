"""A real GIMP 3 with the plug-in installed in a profile of its own; tests skip where there is none.

.ci/editor-system build ../editors gimp
.ci/editor-system run ../editors sh -c "cd /src/nst-onnx && pytest -n 0 tests/gimp"
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from .desk import Desk
from .inside import Inside

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
PHOTO = EXAMPLES / "content" / "harbour.jpg"
STYLE = EXAMPLES / "styles" / "whirl.jpg"
SECOND = EXAMPLES / "styles" / "embers.jpg"
CONSOLE = next(filter(None, map(shutil.which, ("gimp-console-3.2", "gimp-console-3.0"))), None)
SAMPLE = {"u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "half": np.float16, "float": np.float32}
CHANNELS = {"rgb": 3, "rgba": 4, "gray": 1, "graya": 2, "indexed": 1, "indexeda": 2}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CONSOLE is not None:
        return
    reason = "no GIMP 3 here; make one with .ci/editor-system and run the tests in it"
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@dataclass(frozen=True)
class Told:
    """What a scenario told, and the folder with the pixels that it wrote."""

    facts: dict[str, Any]
    folder: Path

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]

    def pixels(self, name: str, kind: str = "") -> np.ndarray:
        """Return the layer that was written as `name`, H×W×C, in its own sample type."""
        facts = self.facts[kind or name]
        dtype = SAMPLE[facts["precision"].split("-")[0]]
        channels = CHANNELS[facts["type"].removesuffix("-image")]
        raw = np.frombuffer((self.folder / name).read_bytes(), dtype)
        return raw.reshape(facts["height"], facts["width"], channels)

    def raw(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile of GIMP's, with the plug-in installed by the command as a person would."""
    folder = tmp_path_factory.mktemp("GIMP") / "3.0"
    folder.mkdir()
    done = subprocess.run(
        ["nst-onnx", "plugin", "install", "gimp", "--dir", folder],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{CONSOLE} lists plug-in-nst-onnx-neural-style" in done.stdout
    return folder


@pytest.fixture(scope="session")
def console(profile: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """A GIMP without a window that goes through scenarios, one after the other."""
    folder = tmp_path_factory.mktemp("console")
    inside = Inside(folder)
    environment = {
        **os.environ,
        "GIMP3_DIRECTORY": str(profile),
        "OMP_NUM_THREADS": "1",
        "NST_PHOTO": str(PHOTO),
        "NST_STYLE": str(STYLE),
        "NST_SECOND": str(SECOND),
    }
    assert CONSOLE is not None
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [CONSOLE, "-id", *inside.batch], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        ) as process,
    ):
        yield inside
        process.terminate()


@pytest.fixture
def gimp(console: Inside, tmp_path: Path) -> Callable[..., Told]:
    """Have GIMP go through one of scenarios/."""

    def run(scenario: str, **arguments: Any) -> Told:
        return Told(console.ask(scenario, folder=str(tmp_path), **arguments), tmp_path)

    return run


@pytest.fixture
def messages(console: Inside) -> Callable[[], str]:
    """Return what that GIMP has written since the test began; a GIMP with a window shows it in dialogs."""
    console.ask("labels")  # by then GIMP has said what it says when it starts
    log = console.folder / "log"
    start = len(log.read_text())
    return lambda: log.read_text()[start:]


@pytest.fixture(scope="session")
def desk(profile: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A GIMP with the photo open, on a screen in memory, for a person with keys and a mouse."""
    if shutil.which("xdotool") is None or shutil.which("Xvfb") is None:
        pytest.skip("xdotool and Xvfb are needed to use GIMP as a person does")
    folder = tmp_path_factory.mktemp("desk")
    with Image.open(PHOTO) as photo:
        photo.resize((384, 256)).save(folder / "harbour.png")
    os.environ |= {"NST_STYLE": str(STYLE), "NST_PHOTO": str(PHOTO), "XDG_DATA_HOME": str(_browser(folder))}
    with Desk(profile, folder / "harbour.png") as desk:
        yield desk


def _browser(folder: Path) -> Path:
    """Make a web browser that only writes down what it is asked to show; return where its data are."""
    browser = folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" >> {folder}/shown\n')
    browser.chmod(0o755)
    applications = folder / "data" / "applications"
    applications.mkdir(parents=True)
    (applications / "noting.desktop").write_text(
        f"[Desktop Entry]\nType=Application\nName=Noting\nExec={browser} %u\nMimeType=text/html;\n"
    )
    (applications / "mimeapps.list").write_text("[Default Applications]\ntext/html=noting.desktop\n")
    return folder / "data"
