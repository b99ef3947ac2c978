"""What the desk takes for seen, where windows come and go."""

import os

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
