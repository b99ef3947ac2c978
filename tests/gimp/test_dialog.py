"""Neural Style as a person uses it: menu, dialog, growing painting, new layer, on a screen in memory."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import PICTURES
from .desk import NEURAL_STYLE, Desk

pytestmark = pytest.mark.slow
PAINT = (-69, -42)  # of the dialog's lower right corner
STOP_AND_KEEP = (-232, -42)
CANCEL = (-92, -42)


@pytest.fixture(scope="module")
def desk(profile, tmp_path_factory):
    if shutil.which("xdotool") is None or shutil.which("Xvfb") is None:
        pytest.skip("xdotool and Xvfb are needed to use GIMP as a person does")
    photo = tmp_path_factory.mktemp("desk") / "golden_gate.jpg"
    shutil.copyfile(PICTURES / "golden_gate.jpg", photo)
    with Desk(profile, photo) as desk:
        yield desk


def _previews_differ(desk, folder):
    """Return how much the middle of the screen changes while the painting grows."""
    shots = []
    for number in range(2):
        shot = Image.open(desk.shot(folder / f"{number}.png")).convert("RGB")
        shots.append(np.asarray(shot, np.float32)[220:560, 400:880])
        time.sleep(4)
    return np.abs(shots[0] - shots[1]).mean()


def _workers_of(desk):
    """Return the workers whose temporary folder is this desk's."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and b"nst_onnx.worker" in (folder / "cmdline").read_bytes():
                environment = (folder / "environ").read_bytes().split(b"\0")
                if f"GIMP3_DIRECTORY={desk.profile}".encode() in environment:
                    found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_from_the_menu_to_a_new_layer_and_back_in_one_step(desk, tmp_path):
    settings = desk.open_settings()
    time.sleep(2)
    desk.choose_style(settings, PICTURES / "starry_night.jpg")
    assert desk.shows("1 layer")
    desk.click(*PAINT, settings)
    time.sleep(3)
    window = desk.window(NEURAL_STYLE)
    assert window != settings
    assert _previews_differ(desk, tmp_path) > 2
    desk.click(*STOP_AND_KEEP, window)
    desk.becomes(NEURAL_STYLE, False)
    desk.becomes("2 layers")
    desk.attend()
    desk.key("ctrl+z")
    desk.becomes("1 layer")
    assert not desk.shows(r"^\*")  # nothing is left that would need saving


def test_cancel_leaves_everything_as_it_was(desk):
    desk.attend()
    desk.key("shift+ctrl+f")  # once more, with the settings of last time
    settings = desk.window(NEURAL_STYLE)
    time.sleep(2)
    desk.click(*PAINT, settings)
    time.sleep(3)
    window = desk.window(NEURAL_STYLE)
    assert window != settings
    assert len(_workers_of(desk)) == 1
    desk.click(*CANCEL, window)
    seconds = desk.becomes(NEURAL_STYLE, False, 5)
    print(f"cancelled in {seconds:.2f} s")
    time.sleep(3)
    assert desk.shows("1 layer")
    assert not desk.shows(r"^\*")
    assert _workers_of(desk) == []


def test_repeat_paints_with_the_last_values_and_no_dialog(desk):
    desk.attend()
    desk.key("ctrl+f")
    assert not desk.shows(NEURAL_STYLE)
    desk.becomes("2 layers", seconds=240)
    desk.attend()
    desk.key("ctrl+z")
    desk.becomes("1 layer")


def test_an_error_is_one_message(desk):
    engine = desk.profile / "plug-ins" / "neural_style" / "engine.json"
    aside = engine.with_suffix(".aside")
    engine.rename(aside)
    try:
        desk.attend()
        desk.key("shift+ctrl+f")
        desk.window("GIMP Message")
        desk.key("Escape")
    finally:
        aside.rename(engine)
    assert desk.shows("1 layer")
