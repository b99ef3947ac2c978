"""A real Inkscape on a virtual screen, with the extension installed by the command; tests skip without one.

.ci/editor-system build ../editors inkscape
.ci/editor-system run ../editors sh -c "cd /src/nst-onnx && pytest -n 0 tests/inkscape"
"""

import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import pytest
from support.real_editor import EXAMPLES, skip_without

HERE = Path(__file__).resolve().parent
SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
EXTENSION = "org.nst-onnx.neural-style"
INKEX = Path("/usr/share/inkscape/extensions")
USUAL = {
    "style": EXAMPLES / "styles" / "whirl.jpg",
    "strength": 0.5,
    "quality": "instant",
    "style_scale": 1.0,
    "second_share": 0.5,
    "size": 0,
    "seed": 0,
    "model": "auto",
    "device": "auto",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if HERE in item.path.parents]
    skip_without(("inkscape", "xvfb-run", "dbus-run-session"), here, ".ci/editor-system")


@dataclass(frozen=True)
class Session:
    """What a run of Inkscape left: the document's pictures in their order, and what it printed."""

    pictures: list[ElementTree.Element]
    output: str


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile in which the extension is installed."""
    folder = tmp_path_factory.mktemp("inkscape")
    line = ["nst-onnx", "plugin", "install", "inkscape", "--dir", str(folder)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def inkscape(profile: Path, tmp_path: Path) -> Callable[..., Session]:
    """Open a document, select `chosen`, and use the extension; the settings are stored as if of last time.

    Inkscape 1.4 knows the actions of extensions only where it has a window.
    """

    def run(document: str, chosen: str, **settings: object) -> Session:
        before, after = tmp_path / "drawing.svg", tmp_path / "after.svg"
        before.write_text(document, "utf-8")
        stored = " ".join(
            f"{EXTENSION}.{name}={quoteattr(str(value))}" for name, value in {**USUAL, **settings}.items()
        )
        no_welcome = '<group id="options"><group id="boot" enabled="0" shown="1"/></group>'
        (profile / "preferences.xml").write_text(
            f'<inkscape version="1"><group id="extensions" {stored}/>{no_welcome}</inkscape>'
        )
        actions = f"select-by-id:{chosen};{EXTENSION}.noprefs;export-filename:{after};export-do"
        line = ["xvfb-run", "-a", "dbus-run-session", "inkscape", "--batch-process", f"--actions={actions}"]
        environment = {**os.environ, "INKSCAPE_PROFILE_DIR": str(profile), "HOME": str(tmp_path)}
        output = tmp_path / "output.txt"
        with output.open("wb") as log:
            process = subprocess.Popen(
                [*line, str(before)], env=environment, stdout=log, stderr=log, start_new_session=True
            )
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:  # a message of the extension's, for one
                os.killpg(process.pid, signal.SIGKILL)
        assert after.is_file(), output.read_text(errors="replace")
        return Session(list(ElementTree.parse(after).iter(f"{SVG}image")), output.read_text(errors="replace"))

    return run


@pytest.fixture
def script(profile: Path, tmp_path: Path) -> Callable[..., str]:
    """Run the extension as Inkscape does, for a document in which `chosen` is selected; return its message.

    Where there is one, it must have returned no document.
    """

    def run(document: str, chosen: str, **settings: object) -> str:
        before = tmp_path / "drawing.svg"
        before.write_text(document, "utf-8")
        values = {**USUAL, **settings}
        line = [f"--id={chosen}", *(f"--{name}={value}" for name, value in values.items()), str(before)]
        extension = profile / "extensions" / "neural_style" / "neural_style.py"
        done = subprocess.run(
            ["python3", str(extension), *line],
            env={**os.environ, "PYTHONPATH": str(INKEX), "DOCUMENT_PATH": str(before)},
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert bool(done.stdout) != bool(done.stderr), done.stderr
        return done.stderr

    return run
