"""The page that a browser is started with: it leads to the server's address.

A program's command line can be read by all users of the computer, and the address has the token.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


def leading_to(address: str) -> str:
    """Return the text of a page that leads to an address at once."""
    url = html.escape(address)
    return (
        '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
        f'<meta http-equiv="refresh" content="0;url={url}"><title>nst-onnx</title>'
        f'<a href="{url}">Open the page</a>\n'
    )


@contextmanager
def redirect(address: str) -> Iterator[str]:
    """Write such a page where only this user can read it; return its URL. It is removed at the end."""
    with TemporaryDirectory(prefix="nst-onnx-browser-", ignore_cleanup_errors=True) as folder:
        path = Path(folder).resolve() / "open.html"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(leading_to(address))
        yield path.as_uri()
