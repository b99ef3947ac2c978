"""From the ZIP to the first painting in GIMP, by mouse and keys, and back."""

import json
import subprocess
import time
from pathlib import Path

import pytest
from gimp.desk import NEURAL_STYLE, Desk
from gimp.person import painting_window
from PIL import Image
from support.editor import wait_until
from support.real_editor import EXAMPLES

from .conftest import GIMP, screenshot, unpack

SETUP = "Neural Style: engine"


@pytest.fixture(scope="module")
def desk(newcomer, tmp_path_factory):
    profile = newcomer / ".config" / "GIMP" / str(GIMP)
    unpack("gimp", profile / "plug-ins")
    folder = tmp_path_factory.mktemp("desk")
    with Image.open(EXAMPLES / "content" / "harbour.jpg") as photo:
        photo.resize((384, 256)).save(folder / "harbour.png")
    with Desk(profile, folder / "harbour.png") as desk:
        yield desk


def open_setup(desk):
    desk.open_menu()
    desk.key("n")
    window = desk.window(SETUP)
    time.sleep(1)
    return window


def give_source(desk, place):
    """Open More, and write where the packages are."""
    desk.key("alt+m", "alt+p")
    desk.type(str(place))


def test_nothing_to_install_with(newcomer):
    """The system of these tests has no pip, no venv and no network."""
    for line in (["python3", "-m", "pip", "--version"], ["python3", "-m", "venv", "new"]):
        assert subprocess.run(line, cwd=newcomer, capture_output=True).returncode, line
    assert not Path("/proc/net/route").read_text().splitlines()[1:]  # no route to anywhere


def test_no_network_changes_nothing(desk, newcomer):
    open_setup(desk)
    screenshot(desk.picture(), "gimp-1-offer")
    desk.key("alt+s")
    time.sleep(15)
    screenshot(desk.picture(), "gimp-2-no-network")
    desk.key("Escape")
    desk.becomes(SETUP, False)
    assert not desk.shows(NEURAL_STYLE)
    assert not list(newcomer.rglob("engine.json"))


def test_from_the_zip_to_the_first_painting(desk, wheels, newcomer):
    open_setup(desk)
    give_source(desk, wheels)
    screenshot(desk.picture(), "gimp-3-more")
    desk.key("alt+s")
    time.sleep(3)
    screenshot(desk.picture(), "gimp-4-progress")
    settings = desk.window(NEURAL_STYLE, 90)
    desk.becomes(SETUP, False)
    time.sleep(2)
    desk.choose_style(settings, EXAMPLES / "styles" / "whirl.jpg")
    time.sleep(3)
    screenshot(desk.picture(), "gimp-5-dialog")
    painting_window(desk, settings)
    desk.becomes("2 layers", seconds=300)
    time.sleep(2)
    screenshot(desk.picture(), "gimp-6-painted")
    (facts,) = newcomer.rglob("engine.json")
    assert str(newcomer) in json.loads(facts.read_text())["command"][0]


def test_removed_from_the_menu(desk, newcomer):
    desk.attend()
    desk.open_menu()
    time.sleep(1)
    screenshot(desk.picture(), "gimp-7-menu")
    desk.key("e")
    desk.window(SETUP)
    time.sleep(1)
    screenshot(desk.picture(), "gimp-8-ready")
    desk.key("alt+r")
    wait_until(lambda: not list((newcomer / ".local/share/nst-onnx/editors").glob("*/")))
    time.sleep(2)
    screenshot(desk.picture(), "gimp-9-removed")
    desk.key("Escape")
    assert not list(newcomer.rglob("engine.json"))
