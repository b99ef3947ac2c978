"""Bitmap pictures of an SVG document: their files, linked or embedded."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit
from urllib.request import url2pathname

import inkex
from nst_client.failure import Failure
from nst_client.translation import _

LINKS = (inkex.addNS("href", "xlink"), "href")
ABSOLUTE = inkex.addNS("absref", "sodipodi")


def file_of(picture: inkex.Image, bases: Sequence[Path], folder: Path) -> Path:
    """Return the file of a picture; one that is embedded is written into `folder`.

    `bases`: the folders that a link may be relative to. Raises Failure.
    """
    link = next((picture.get(name) for name in LINKS if picture.get(name)), "")
    if link.startswith("data:"):
        return _embedded(link, folder)
    address = urlsplit(link)
    if address.scheme == "file":
        paths = [Path(url2pathname(address.path))]
    elif len(address.scheme) > 1:  # one letter is a drive of Windows
        raise Failure(
            _("the picture is not on this computer: {link}").format(link=link), _("embed it in the document")
        )
    else:
        paths = [base / unquote(link) for base in bases]
    absolute = picture.get(ABSOLUTE)
    for path in (*paths, *([Path(absolute)] if absolute else [])):
        if link and path.is_file():
            return path
    raise Failure(_("the linked picture is not there: {path}").format(path=unquote(link)))


def mend_link(picture: inkex.Image, copy: Path, document: Path) -> None:
    """Make the link of a picture relative to the folder `document` again, where it is so to that of `copy`.

    It becomes absolute where they are on different drives of Windows. Inkscape 1.4 gives extensions a copy
    with such links, and takes them as they are.
    """
    for name in LINKS:
        link = picture.get(name) or ""
        path = unquote(link)
        if link and not urlsplit(link).scheme and (copy / path).is_file() and not (document / path).is_file():
            picture.set(name, _from(document, copy / path))


def _from(folder: Path, file: Path) -> str:
    try:
        return quote(Path(os.path.relpath(file, folder)).as_posix(), safe="/'")
    except ValueError:  # another drive
        return file.resolve().as_uri()


def link_to(picture: inkex.Image, link: str) -> None:
    """Let a picture show what `link` leads to."""
    for name in (*LINKS, ABSOLUTE):
        picture.attrib.pop(name, None)
    picture.set(LINKS[0], link)


def _embedded(link: str, folder: Path) -> Path:
    head, comma, text = link.partition(",")
    try:
        data = base64.b64decode(unquote(text)) if head.endswith(";base64") else unquote_to_bytes(text)
    except (binascii.Error, ValueError):
        data = b""
    if not (comma and data):
        raise Failure(_("the embedded picture is damaged"))
    path = folder / "picture"
    path.write_bytes(data)
    return path
