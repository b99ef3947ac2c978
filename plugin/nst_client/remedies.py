"""What to do about an engine that does not work, by the way in which it was installed."""

from __future__ import annotations

from dataclasses import dataclass

from .translation import _


@dataclass(frozen=True)
class Remedies:
    """Hints for messages. `install`: how to install the engine again; `examine`: how to find the cause."""

    install: str
    examine: str


def in_a_terminal(line: str) -> Remedies:
    """Return the hints for an engine that the command `line` has installed."""
    return Remedies(f"in a terminal, run: {line} (then restart the editor)", "run `nst-onnx plugin doctor`")


def in_the_editor(menu: str) -> Remedies:
    """Return the hints for an engine that was set up by the entry `menu` of the editor."""
    again = _("set the engine up again: {menu}").format(menu=menu)
    return Remedies(again, again)
