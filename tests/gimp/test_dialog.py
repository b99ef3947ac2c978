"""Neural Style as a person uses it: menu, dialog, growing painting, new layer, on a screen in memory."""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import PHOTO, SECOND, STYLE
from .desk import NEURAL_STYLE, Desk

pytestmark = pytest.mark.slow
HELP = (66, -42)  # of the dialog's lower corners
PAINT = (-69, -42)
STOP_AND_KEEP = (-232, -42)
CANCEL = (-92, -42)
CANCEL_OF_SETTINGS = (-162, -42)
CANCEL_OF_GIMP = (998, 832)  # at the right end of GIMP's progress bar
MORE = (30, 245)
SETTINGS = "plug-in-settings/GimpProcedureConfigRun-plug-in-nst-onnx-neural-style.last"


@pytest.fixture(scope="module")
def desk(profile, tmp_path_factory):
    if shutil.which("xdotool") is None or shutil.which("Xvfb") is None:
        pytest.skip("xdotool and Xvfb are needed to use GIMP as a person does")
    folder = tmp_path_factory.mktemp("desk")
    with Image.open(PHOTO) as photo:
        photo.resize((384, 256)).save(folder / "harbour.png")
    os.environ |= {"NST_STYLE": str(STYLE), "NST_PHOTO": str(PHOTO), "XDG_DATA_HOME": str(_browser(folder))}
    with Desk(profile, folder / "harbour.png") as desk:
        yield desk


def _browser(folder):
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


def _painting_window(desk, settings):
    """Press Paint, and return the window in which the painting grows."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        desk.click(*PAINT, settings)
        for _ in range(50):
            time.sleep(0.1)
            window = desk.shows(NEURAL_STYLE)
            if window and window != settings:
                time.sleep(1)
                return window
    raise AssertionError("Paint was pressed, and no other window came up")


def _stop_and_keep(desk, window):
    """Press the button, which waits for the engine, until it is heard."""
    deadline = time.monotonic() + 60
    while desk.shows(NEURAL_STYLE) and time.monotonic() < deadline:
        desk.click(*STOP_AND_KEEP, window)
        time.sleep(1)
    desk.becomes("2 layers")


def _first_painting(desk):
    """Choose a style, paint, keep what is there soon, and take it back: there is a last time from now on."""
    settings = desk.open_settings()
    time.sleep(2)
    desk.choose_style(settings, STYLE)
    _stop_and_keep(desk, _painting_window(desk, settings))
    _undo(desk)
    desk.becomes("1 layer")


def _last_time(desk):
    """Have Neural Style used once, for what GIMP offers only then."""
    if not (desk.profile / SETTINGS).exists():
        _first_painting(desk)


def _again(desk):
    """Open the dialog once more, with the settings of last time."""
    _last_time(desk)
    desk.attend()
    desk.key("shift+ctrl+f")
    settings = desk.window(NEURAL_STYLE)
    time.sleep(2)
    return settings


def _undo(desk):
    desk.attend()
    desk.key("ctrl+z")


def _previews_differ(desk, window):
    """Wait for the middle of the window to change while the painting grows."""
    first = np.asarray(desk.picture(window), np.float32)[100:300, 100:400]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        now = np.asarray(desk.picture(window), np.float32)[100:300, 100:400]
        if np.abs(now - first).mean() > 2:
            return True
    return False


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


def _no_workers(desk):
    deadline = time.monotonic() + 5
    while _workers_of(desk) and time.monotonic() < deadline:
        time.sleep(0.1)
    return _workers_of(desk) == []


def test_from_the_menu_to_a_new_layer_and_back_in_one_step(desk):
    before = desk.inside.ask("stack")
    settings = desk.open_settings()
    time.sleep(2)
    desk.choose_style(settings, STYLE)
    assert desk.shows("1 layer")
    window = _painting_window(desk, settings)
    assert _previews_differ(desk, window)
    _stop_and_keep(desk, window)
    assert desk.inside.ask("stack")["layers"][1] == before["layers"][0]
    _undo(desk)
    desk.becomes("1 layer")
    assert desk.inside.ask("stack") == before
    assert not desk.shows(r"^\*")  # nothing is left that would need saving


def test_the_dialog_shows_the_layer_in_one_pass_and_follows_the_settings(desk):
    settings = _again(desk)
    _shows_another_preview(desk, settings, lambda: desk.choose_style(settings, SECOND))
    _shows_another_preview(desk, settings, lambda: desk.key("alt+k", "ctrl+a", "4", "Return"))
    desk.choose_style(settings, STYLE)
    desk.click(*CANCEL_OF_SETTINGS, settings)
    desk.becomes(NEURAL_STYLE, False)


def _shows_another_preview(desk, settings, change):
    """Make a change in the dialog, and wait for its preview to be another one."""

    def preview():
        return np.asarray(desk.picture(settings), np.float32)[60:200, -300:-40]

    before = preview()
    change()
    deadline = time.monotonic() + 30
    while np.abs(preview() - before).mean() < 2:
        assert time.monotonic() < deadline, "the preview has not changed"
        time.sleep(0.1)
    time.sleep(1)


def test_cancel_leaves_everything_as_it_was(desk):
    _last_time(desk)
    before = desk.inside.ask("stack")
    window = _painting_window(desk, _again(desk))
    assert len(_workers_of(desk)) == 1
    desk.click(*CANCEL, window)
    desk.becomes(NEURAL_STYLE, False, 5)
    assert _no_workers(desk)
    assert desk.inside.ask("stack") == before
    assert not desk.shows(r"^\*")


def test_a_model_is_chosen_from_what_the_engine_has(desk):
    settings = _again(desk)
    desk.click(*MORE, settings)
    time.sleep(1)
    desk.key("alt+m", "Down")  # after Automatic comes the one that every installation has
    window = _painting_window(desk, settings)
    _stop_and_keep(desk, window)
    assert '(model "compact")' in (desk.profile / SETTINGS).read_text()
    _undo(desk)
    desk.becomes("1 layer")


def test_help_shows_the_page_that_came_with_the_plug_in(desk):
    settings = _again(desk)
    desk.click(*HELP, settings)
    shown = desk.folder / "shown"
    deadline = time.monotonic() + 30
    while not shown.exists():
        assert time.monotonic() < deadline, "no page was shown"
        time.sleep(0.1)
    page = Path(shown.read_text().strip().removeprefix("file://"))
    assert page.is_file()
    assert page.is_relative_to(desk.profile)
    assert "<h1>Neural Style</h1>" in page.read_text()
    desk.click(*CANCEL_OF_SETTINGS, settings)
    desk.becomes(NEURAL_STYLE, False)


def test_repeat_paints_with_the_last_values_and_no_dialog(desk):
    _last_time(desk)
    desk.attend()
    desk.key("ctrl+f")
    assert not desk.shows(NEURAL_STYLE)
    desk.becomes("2 layers", seconds=240)
    _undo(desk)
    desk.becomes("1 layer")


def test_the_cancel_of_gimps_own_progress_bar(desk):
    _last_time(desk)
    before = desk.inside.ask("stack")
    desk.attend()
    desk.key("ctrl+f")
    time.sleep(4)
    assert len(_workers_of(desk)) == 1
    desk.click(*CANCEL_OF_GIMP)
    assert _no_workers(desk)
    assert desk.inside.ask("stack") == before
    assert not desk.shows(r"^\*")
    assert desk.inside.ask("paint_here") == {"status": "success"}  # GIMP goes on
    _undo(desk)
    desk.becomes("1 layer")


@pytest.mark.parametrize("output", ["new-layer", "replace"])
def test_what_a_script_paints_is_one_step_to_undo(desk, output):
    desk.inside.ask("select_here", bounds=[100, 100, 200, 150])
    before = desk.inside.ask("stack")
    assert desk.inside.ask("paint_here", output=output) == {"status": "success"}
    assert desk.inside.ask("stack")["layers"] != before["layers"]
    _undo(desk)
    assert desk.inside.ask("stack") == before
    desk.inside.ask("select_here", bounds=None)


def test_selecting_and_moving_while_it_is_painted(desk):
    """The person goes on working; what was selected at the start is what gets painted."""
    chosen = [100, 100, 200, 150]
    desk.inside.ask("select_here", bounds=chosen)
    window = _painting_window(desk, _again(desk))
    desk.inside.ask("change_here", change="select elsewhere")
    desk.inside.ask("change_here", change="move")
    meanwhile = desk.inside.ask("stack")
    _stop_and_keep(desk, window)
    after = desk.inside.ask("stack")
    assert after["selection"] == meanwhile["selection"]
    assert after["layers"][1] == meanwhile["layers"][0]
    assert after["layers"][0][2] == meanwhile["layers"][0][2]
    assert desk.inside.ask("difference_here") == {"bounds": chosen}
    _undo(desk)
    desk.becomes("1 layer")
    assert desk.inside.ask("stack") == meanwhile
    for _ in ("move", "select elsewhere", "select"):
        _undo(desk)


def test_a_layer_that_is_removed_while_it_is_painted(desk):
    _last_time(desk)
    before = desk.inside.ask("stack")
    _painting_window(desk, _again(desk))
    desk.inside.ask("change_here", change="remove")
    desk.window("GIMP Message")
    assert not desk.shows(NEURAL_STYLE)
    desk.key("Escape")
    assert _no_workers(desk)
    _undo(desk)
    assert desk.inside.ask("stack") == before


def test_a_style_that_is_no_picture_can_be_mended(desk):
    settings = _again(desk)
    wrong = desk.folder / "note.txt"
    wrong.write_text("not a picture")
    desk.choose_style(settings, wrong)
    desk.click(*PAINT, settings)
    desk.window("Neural Style cannot paint")
    desk.key("Escape")
    desk.becomes("Neural Style cannot paint", False)
    settings = desk.window(NEURAL_STYLE)
    desk.choose_style(settings, SECOND)
    window = _painting_window(desk, settings)
    desk.click(*CANCEL, window)
    desk.becomes(NEURAL_STYLE, False)
    assert desk.shows("1 layer")


def test_an_error_is_one_message(desk):
    _last_time(desk)
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
