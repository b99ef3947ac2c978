"""An error as a message that the user closes."""

from __future__ import annotations

from gi.repository import Gtk
from nst_client.failure import Failure
from nst_client.translation import _


def show_error(failure: Failure) -> None:
    """Show a failure, and return when its message is closed."""
    message = Gtk.MessageDialog(
        message_type=Gtk.MessageType.ERROR, buttons=Gtk.ButtonsType.CLOSE, text=str(failure)
    )
    message.set_title(_("Neural Style cannot paint"))
    message.run()
    message.destroy()
