"""Neural Style as a person uses it: menu, dialog, growing painting, new layer, on a screen in memory."""

import time
from pathlib import Path

import numpy as np
import pytest

from .conftest import SECOND, STYLE
from .desk import NEURAL_STYLE
from .person import (
    CANCEL,
    CANCEL_OF_GIMP,
    CANCEL_OF_SETTINGS,
    HELP,
    MORE,
    PAINT,
    SETTINGS,
    again,
    ended,
    last_time,
    no_workers,
    painting_window,
    previews_differ,
    stop_and_keep,
    undo,
    workers_of,
)

pytestmark = pytest.mark.slow


def test_from_the_menu_to_a_new_layer_and_back_in_one_step(desk):
    before = desk.inside.ask("stack")
    settings = desk.open_settings()
    time.sleep(2)
    desk.choose_style(settings, STYLE)
    assert desk.shows("1 layer")
    window = painting_window(desk, settings)
    assert previews_differ(desk, window)
    stop_and_keep(desk, window)
    assert desk.inside.ask("stack")["layers"][1] == before["layers"][0]
    undo(desk)
    desk.becomes("1 layer")
    assert desk.inside.ask("stack") == before
    assert not desk.shows(r"^\*")  # nothing is left that would need saving


def test_the_dialog_shows_the_layer_in_one_pass_and_follows_the_settings(desk):
    settings = again(desk)
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
    last_time(desk)
    before = desk.inside.ask("stack")
    window = painting_window(desk, again(desk))
    assert len(workers_of(desk)) == 1
    desk.click(*CANCEL, window)
    desk.becomes(NEURAL_STYLE, False, 5)
    assert no_workers(desk)
    assert desk.inside.ask("stack") == before
    assert not desk.shows(r"^\*")


def test_a_model_is_chosen_from_what_the_engine_has(desk):
    settings = again(desk)
    desk.key(MORE)
    desk.key("alt+m", "Down")  # after Automatic comes the one that every installation has
    window = painting_window(desk, settings)
    stop_and_keep(desk, window)
    assert '(model "compact")' in (desk.profile / SETTINGS).read_text()
    undo(desk)
    desk.becomes("1 layer")


def test_help_shows_the_page_that_came_with_the_plug_in(desk):
    settings = again(desk)
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
    last_time(desk)
    desk.attend()
    desk.key("ctrl+f")
    assert not desk.shows(NEURAL_STYLE)
    desk.becomes("2 layers", seconds=240)
    ended(desk)
    undo(desk)
    desk.becomes("1 layer")


def test_the_cancel_of_gimps_own_progress_bar(desk):
    last_time(desk)
    before = desk.inside.ask("stack")
    desk.attend()
    desk.key("ctrl+f")
    time.sleep(4)
    assert len(workers_of(desk)) == 1
    desk.click(*CANCEL_OF_GIMP)
    assert no_workers(desk)
    assert desk.inside.ask("stack") == before
    assert not desk.shows(r"^\*")
    assert desk.inside.ask("paint_here") == {"status": "success"}  # GIMP goes on
    undo(desk)
    desk.becomes("1 layer")


@pytest.mark.parametrize("output", ["new-layer", "replace"])
def test_what_a_script_paints_is_one_step_to_undo(desk, output):
    desk.inside.ask("select_here", bounds=[100, 100, 200, 150])
    before = desk.inside.ask("stack")
    assert desk.inside.ask("paint_here", output=output) == {"status": "success"}
    assert desk.inside.ask("stack")["layers"] != before["layers"]
    undo(desk)
    assert desk.inside.ask("stack") == before
    desk.inside.ask("select_here", bounds=None)


def test_selecting_and_moving_while_it_is_painted(desk):
    """The person goes on working; what was selected at the start is what gets painted."""
    chosen = [100, 100, 200, 150]
    desk.inside.ask("select_here", bounds=chosen)
    window = painting_window(desk, again(desk))
    desk.inside.ask("change_here", change="select elsewhere")
    desk.inside.ask("change_here", change="move")
    meanwhile = desk.inside.ask("stack")
    stop_and_keep(desk, window)
    after = desk.inside.ask("stack")
    assert after["selection"] == meanwhile["selection"]
    assert after["layers"][1] == meanwhile["layers"][0]
    assert after["layers"][0][2] == meanwhile["layers"][0][2]
    assert desk.inside.ask("difference_here") == {"bounds": chosen}
    undo(desk)
    desk.becomes("1 layer")
    assert desk.inside.ask("stack") == meanwhile
    for _ in ("move", "select elsewhere", "select"):
        undo(desk)


def test_a_layer_that_is_removed_while_it_is_painted(desk):
    last_time(desk)
    before = desk.inside.ask("stack")
    painting_window(desk, again(desk))
    desk.inside.ask("change_here", change="remove")
    desk.window("GIMP Message")
    assert not desk.shows(NEURAL_STYLE)
    desk.key("Escape")
    assert no_workers(desk)
    undo(desk)
    assert desk.inside.ask("stack") == before


def test_a_style_that_is_no_picture_can_be_mended(desk):
    settings = again(desk)
    wrong = desk.folder / "note.txt"
    wrong.write_text("not a picture")
    desk.choose_style(settings, wrong)
    desk.click(*PAINT, settings)
    desk.window("Neural Style cannot paint")
    desk.key("Escape")
    desk.becomes("Neural Style cannot paint", False)
    settings = desk.window(NEURAL_STYLE)
    desk.choose_style(settings, SECOND)
    window = painting_window(desk, settings)
    desk.click(*CANCEL, window)
    desk.becomes(NEURAL_STYLE, False)
    assert desk.shows("1 layer")


def test_an_error_is_one_message(desk):
    last_time(desk)
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
