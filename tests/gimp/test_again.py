"""Painting again, and a little different: what is remembered, named and offered, on a screen in memory."""

import re
import time

import numpy as np
import pytest

from .conftest import SECOND, STYLE
from .desk import NEURAL_STYLE
from .person import (
    CANCEL,
    CANCEL_OF_SETTINGS,
    MORE,
    SETTINGS,
    again,
    last_time,
    painting_window,
    stop_and_keep,
    undo,
)

pytestmark = pytest.mark.slow
SMALL_SCREEN = 768 - 60  # pixels of height, less a panel and the window's title
PAINTED = "whirl, strength 0.5 (harbour.png)"


@pytest.fixture(autouse=True)
def _nothing_is_left_open(desk):
    yield
    for _ in range(5):
        if desk.shows(NEURAL_STYLE):
            desk.key("Escape")


def _close(desk, settings):
    """Press Cancel until the dialog, which may still be busy, has closed."""
    for _ in range(10):
        if desk.is_visible(settings):
            desk.click(*CANCEL_OF_SETTINGS, settings)
            time.sleep(1)
    desk.becomes(NEURAL_STYLE, False)


def _more_is_open(desk, settings):
    """Return whether there is anything below More."""
    desk.point(5, 5, settings)
    return np.asarray(desk.picture(settings), np.float32)[300:460, 20:400].std() > 5


def _set(desk, key, number):
    desk.key(key, "ctrl+a")
    desk.type(number)
    desk.key("Tab")


def test_the_painting_window_stays_before_gimps_own_and_gimp_says_that_it_paints(desk):
    last_time(desk)
    quiet = np.asarray(desk.picture(), np.float32)[815:850, 450:900]
    window = painting_window(desk, again(desk))
    desk.click(120, 9)  # GIMP's title
    time.sleep(1)
    shown = np.asarray(desk.picture(), np.float32)
    x, y, width, height = desk.place(window)
    buttons = shown[y + height - 60 : y + height - 20, x + 40 : x + width - 40]
    assert np.abs(shown[815:850, 450:900] - quiet).mean() > 2  # in GIMP's status bar
    desk.click(*CANCEL, window)
    desk.becomes(NEURAL_STYLE, False)
    time.sleep(1)
    beneath = np.asarray(desk.picture(), np.float32)[
        y + height - 60 : y + height - 20, x + 40 : x + width - 40
    ]
    assert np.abs(buttons - beneath).mean() > 2


def test_the_photo_stays_selected_and_the_painting_tells_its_style(desk):
    last_time(desk)
    settings = again(desk)
    desk.choose_style(settings, STYLE)
    stop_and_keep(desk, painting_window(desk, settings))
    assert desk.inside.ask("layers_here") == {"names": [PAINTED, "harbour.png"], "chosen": ["harbour.png"]}
    undo(desk)
    desk.becomes("1 layer")


def test_the_settings_of_a_cancelled_painting_are_kept_and_more_opens_for_them(desk):
    last_time(desk)
    settings = again(desk)
    assert not _more_is_open(desk, settings)
    desk.key(MORE)
    time.sleep(1)
    assert _more_is_open(desk, settings)
    assert desk.place(settings)[3] < SMALL_SCREEN
    _set(desk, "alt+z", "300")
    window = painting_window(desk, settings)
    desk.click(*CANCEL, window)
    desk.becomes(NEURAL_STYLE, False)
    assert "(size 300)" in (desk.profile / SETTINGS).read_text()
    settings = again(desk)
    assert _more_is_open(desk, settings)
    _set(desk, "alt+z", "0")
    desk.click(*CANCEL, painting_window(desk, settings))
    desk.becomes(NEURAL_STYLE, False)
    settings = again(desk)
    assert not _more_is_open(desk, settings)
    _close(desk, settings)


def test_paint_again_from_a_layers_settings(desk):
    """The photo is painted, not the painting, and like the style of then."""
    last_time(desk)
    settings = again(desk)
    desk.choose_style(settings, STYLE)
    stop_and_keep(desk, painting_window(desk, settings))
    settings = again(desk)
    desk.choose_style(settings, SECOND)
    desk.click(*CANCEL, painting_window(desk, settings))
    desk.becomes(NEURAL_STYLE, False)
    desk.inside.ask("choose_here", position=0)
    settings = again(desk)
    desk.key("alt+g")
    stop_and_keep(desk, painting_window(desk, settings), 3)
    told = desk.inside.ask("layers_here")
    assert told == {"names": [PAINTED, f"{PAINTED} #1", "harbour.png"], "chosen": [PAINTED]} or (
        told["names"][-1] == "harbour.png" and all(name.startswith(PAINTED) for name in told["names"][:2])
    )
    for layers in ("2 layers", "1 layer"):
        undo(desk)
        desk.becomes(layers)


def test_a_layer_and_the_clipboard_are_styles(desk):
    last_time(desk)
    desk.inside.ask("insert_here", path=str(SECOND))
    settings = again(desk)
    desk.key("alt+f", "l", "Return")
    time.sleep(2)
    desk.click(*CANCEL, painting_window(desk, settings))
    desk.becomes(NEURAL_STYLE, False)
    assert re.search(r"/nst-onnx/styles/\w+/embers", (desk.profile / SETTINGS).read_text())
    undo(desk)
    desk.becomes("1 layer")
    assert desk.inside.ask("copy_here") == {"copied": True}
    settings = again(desk)
    desk.key("alt+f", "c")
    time.sleep(2)
    desk.click(*CANCEL, painting_window(desk, settings))
    desk.becomes(NEURAL_STYLE, False)
    assert re.search(r"/nst-onnx/styles/\w+/clipboard", (desk.profile / SETTINGS).read_text())


def test_the_dialog_keeps_its_height_when_preview_and_time_appear(desk):
    """Or Paint would move from below the mouse."""
    last_time(desk)
    desk.attend()
    desk.key("shift+ctrl+f")
    settings = desk.window(NEURAL_STYLE)
    time.sleep(0.3)
    opened = desk.place(settings)
    before = np.asarray(desk.picture(settings), np.float32)
    time.sleep(6)
    assert desk.place(settings) == opened
    changed = np.abs(np.asarray(desk.picture(settings), np.float32) - before)[:, -340:]
    assert changed.mean() > 2, "the preview has appeared"
    _close(desk, settings)


def test_a_click_on_the_strip_sets_the_strength(desk):
    last_time(desk)
    settings = again(desk)
    time.sleep(4)
    desk.click(-100, 330, settings)
    time.sleep(1)
    desk.click(*CANCEL, painting_window(desk, settings))
    desk.becomes(NEURAL_STYLE, False)
    assert "(strength 0.9)" in (desk.profile / SETTINGS).read_text()
    settings = again(desk)
    _set(desk, "alt+t", "0.5")
    desk.click(*CANCEL, painting_window(desk, settings))
    desk.becomes(NEURAL_STYLE, False)
    assert "(strength 0.5)" in (desk.profile / SETTINGS).read_text()
