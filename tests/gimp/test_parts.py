"""Regions, a spot of the preview, and what is kept of a painting that is ended early, by keys and mouse."""

import time

import numpy as np
import pytest

from .desk import NEURAL_STYLE
from .person import (
    CANCEL,
    CANCEL_OF_SETTINGS,
    STOP_AND_KEEP,
    again,
    last_time,
    painting_window,
    previews_differ,
    stop_and_keep,
    undo,
)

pytestmark = pytest.mark.slow
CHOSEN = [100, 100, 200, 120]
PREVIEW = (-190, 130)  # of the dialog's upper right corner
STRIP = np.s_[378:428, -115:-40]  # the last one of its pictures


@pytest.fixture(autouse=True)
def _nothing_is_left_open(desk):
    yield
    for _ in range(5):
        if desk.shows(NEURAL_STYLE):
            desk.key("Escape")


def _preview(desk, settings):
    return np.asarray(desk.picture(settings), np.float32)[45:265, -345:-35]


def _whole(desk, settings):
    """Wait for the last picture of the strip, after which nothing more is painted; return the preview."""
    deadline = time.monotonic() + 60
    while np.asarray(desk.picture(settings), np.float32)[STRIP].std() < 10:
        assert time.monotonic() < deadline, "the strip has no pictures"
        time.sleep(0.2)
    return _preview(desk, settings)


def _changes(desk, settings, before):
    """Wait for another preview."""
    deadline = time.monotonic() + 60
    while np.abs(_preview(desk, settings) - before).mean() < 2:
        assert time.monotonic() < deadline, "the preview has not changed"
        time.sleep(0.2)


def _returns(desk, before):
    """Wait for the layers and the selection that were there before."""
    deadline = time.monotonic() + 30
    while (stack := desk.inside.ask("stack")) != before:
        assert time.monotonic() < deadline, f"{stack}, and not {before}"
        time.sleep(0.2)


def test_a_region_by_the_keyboard_and_the_rest_is_kept(desk):
    """The selection like a layer, the rest as it is; then the row is removed, and all is as before."""
    last_time(desk)
    before = desk.inside.ask("stack")
    desk.inside.ask("select_here", bounds=CHOSEN)
    settings = again(desk)
    time.sleep(3)
    painted = _preview(desk, settings)
    desk.key("alt+n", "space")  # opens Regions, and adds one
    _changes(desk, settings, painted)  # the photo with the outline
    desk.key("space", "l", "Return")  # its style: this layer
    desk.key("Tab", "Tab", "Tab", "Tab", "Down")  # strength, remove, add; and the rest stays
    time.sleep(3)
    stop_and_keep(desk, painting_window(desk, settings))
    assert desk.inside.ask("difference_here") == {"bounds": CHOSEN}
    undo(desk)
    desk.becomes("1 layer")
    settings = again(desk)
    time.sleep(3)
    kept = _preview(desk, settings)
    desk.key("alt+n", "alt+n")  # closed and open again: it has opened by itself
    desk.key("shift+Tab", "space")  # remove
    _changes(desk, settings, kept)
    desk.click(*CANCEL, painting_window(desk, settings))
    desk.becomes(NEURAL_STYLE, False)
    undo(desk)  # the selection
    _returns(desk, before)


def test_a_click_on_the_preview_shows_a_spot_and_another_one_the_whole(desk):
    last_time(desk)
    settings = again(desk)
    whole = _whole(desk, settings)
    desk.click(*PREVIEW, settings)
    _changes(desk, settings, whole)
    time.sleep(4)
    spot = _preview(desk, settings)
    desk.click(*PREVIEW, settings)
    _changes(desk, settings, spot)
    deadline = time.monotonic() + 60
    while np.abs(_preview(desk, settings) - whole).mean() > 2:
        assert time.monotonic() < deadline, "the whole has not come back"
        time.sleep(0.2)
    desk.click(*CANCEL_OF_SETTINGS, settings)
    desk.becomes(NEURAL_STYLE, False)


def test_two_layers_in_one_go_and_cancel_leaves_the_finished_one(desk):
    last_time(desk)
    desk.inside.ask("two_layers_here")
    settings = again(desk)
    time.sleep(2)
    window = painting_window(desk, settings)
    assert previews_differ(desk, window)
    desk.click(*STOP_AND_KEEP, window)  # this one, and go on
    desk.becomes("3 layers", seconds=60)
    desk.click(*CANCEL, window)
    desk.becomes(NEURAL_STYLE, False)
    desk.becomes("3 layers")
    for layers in ("2 layers", "1 layer"):
        undo(desk)
        desk.becomes(layers)
