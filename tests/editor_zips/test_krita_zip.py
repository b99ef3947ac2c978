"""From the ZIP to the first painting in Krita, by its importer and the plug-in's own window."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from support.real_editor import EXAMPLES

from .conftest import HERE, WHEELS, ZIPS

DESKTOP = """[Desktop Entry]
Type=Service
ServiceTypes=Krita/PythonPlugin
X-KDE-Library=krita_driver
X-Python-2-Compatible=false
Name=Driver
"""


def visit(name, home, folder):
    """Start Krita, have the driver do what `name` says, and return what it told."""
    pykrita = home / ".local/share/krita/pykrita"
    shutil.copytree(HERE / "krita_driver", pykrita / "krita_driver", dirs_exist_ok=True)
    (pykrita / "krita_driver.desktop").write_text(DESKTOP)
    settings = home / ".config/kritarc"
    settings.parent.mkdir(parents=True, exist_ok=True)
    if not settings.exists():
        settings.write_text("[python]\nenable_krita_driver=true\n")
    (archive,) = ZIPS.glob("nst-onnx-krita-*.zip")
    environment = {
        **os.environ,
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "NST_VISIT": name,
        "NST_FOLDER": str(folder),
        "NST_ZIP": str(archive),
        "NST_WHEELS": str(WHEELS),
        "NST_PHOTO": str(EXAMPLES / "content" / "harbour.jpg"),
        "NST_STYLE": str(EXAMPLES / "styles" / "whirl.jpg"),
    }
    line = ["dbus-run-session", "xvfb-run", "-a", "-s", "-screen 0 1280x860x24", "krita", "--nosplash"]
    log = folder / "output.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            line, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            process.wait(400)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    answer = folder / "facts.json"
    assert answer.is_file(), log.read_text(errors="replace")[-3000:]
    facts = json.loads(answer.read_text())
    assert "crashed" not in facts, facts["crashed"]
    return facts


@pytest.fixture(scope="module")
def imported(newcomer, tmp_path_factory):
    shutil.rmtree(newcomer / ".local", ignore_errors=True)
    return visit("import", newcomer, tmp_path_factory.mktemp("import"))


@pytest.fixture(scope="module")
def told(imported, newcomer, tmp_path_factory):
    return visit("paint", newcomer, tmp_path_factory.mktemp("paint"))


def test_krita_imports_the_zip_and_offers_to_enable_it(imported, newcomer):
    assert "Neural Style" in imported["question"]
    settings = (newcomer / ".config/kritarc").read_text()
    assert "enable_neural_style=true" in settings
    folder = Path(newcomer / ".local/share/krita/pykrita/neural_style")
    assert (folder / "setup/setup.json").is_file()


def test_the_set_up_is_offered(told):
    assert told["notice"]
    assert told["entries"] == ["Neural Style…", "Engine of Neural Style…"]
    assert "downloaded once, about" in told["explanation"]


def test_no_network_and_cancelling_change_nothing(told):
    assert "Cannot reach" in told["no network"]
    assert "folder of wheels" in told["no network"]
    assert "nothing was changed" in told["cancelled"]
    assert told["after cancelling"] == []


def test_from_the_zip_to_the_first_painting(told):
    assert told["failure"] == ""
    assert not told["notice after"]
    assert told["message"] == ""
    assert len(told["layers"]) == 2


def test_removed_from_the_menu(told):
    assert "is set up in" in told["ready"]
    assert "removed" in told["removed"]
    assert told["left"] == []
