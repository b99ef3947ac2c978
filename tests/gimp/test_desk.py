"""What the desk takes for seen, where windows come and go."""

import os

from . import person
from .desk import Desk

XDOTOOL = """#!/bin/sh
[ -e {folder}/asked ] && {{ echo 77; exit 0; }}
touch {folder}/asked
echo "X Error of failed request:  BadWindow (invalid Window parameter)" >&2
exit 1
"""


def test_a_window_that_closes_during_a_search_hides_no_other(tmp_path):
    """xdotool then ends with an error, and has found nothing."""
    program = tmp_path / "xdotool"
    program.write_text(XDOTOOL.format(folder=tmp_path))
    program.chmod(0o755)
    desk = Desk(tmp_path, tmp_path / "photo.png")
    desk._environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert desk.shows("photo") == "77"


class SlowDesk:
    """A dialog that goes at the press, and a window that comes later than a press is repeated."""

    def __init__(self):
        self.pressed = self.looked = 0

    def is_visible(self, window):
        return window == "dialog" and not self.pressed

    def click(self, *_place):
        self.pressed += 1

    def shows(self, _name):
        self.looked += 1
        return "painting" if self.looked > 120 else ""


def test_paint_is_not_pressed_where_the_dialog_has_gone(monkeypatch):
    """The press would reach GIMP's own window, whose brush paints."""
    monkeypatch.setattr(person.time, "sleep", lambda _seconds: None)
    desk = SlowDesk()
    assert person.painting_window(desk, "dialog") == "painting"
    assert desk.pressed == 1
