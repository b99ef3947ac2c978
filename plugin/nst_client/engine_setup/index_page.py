"""The address of a file in a package index: the index's page of a project, as JSON (PEP 691) or HTML."""

from __future__ import annotations

import html.parser
import json
import urllib.parse
import urllib.request

from ..failure import Failure
from ..translation import _
from .network import open_address

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_LARGEST = 64 << 20  # bytes


def address_of(opener: urllib.request.OpenerDirector, index: str, project: str, name: str) -> str:
    """Return the address of the file `name` of a project. Raises Failure."""
    page = f"{index}/{project}/"
    with open_address(opener, page, {"Accept": _ACCEPT}) as answer:
        kind = answer.headers.get_content_type()
        body = answer.read(_LARGEST).decode("utf-8", "replace")
    links = _json_links(body) if kind.endswith("json") else _html_links(body)
    if name not in links:
        raise Failure(
            _("{page} does not have the file {name}").format(page=page, name=name),
            _("leave the field empty to use the public package index"),
        )
    return urllib.parse.urljoin(page, links[name])


def _json_links(body: str) -> dict[str, str]:
    """Return {file name: address} of a page in JSON; nothing where it is none."""
    try:
        return {str(file["filename"]): str(file["url"]) for file in json.loads(body)["files"]}
    except (ValueError, KeyError, TypeError):
        return {}


def _html_links(body: str) -> dict[str, str]:
    """Return {file name: address} of a page in HTML."""
    reader = _Links()
    reader.feed(body)
    return reader.found


class _Links(html.parser.HTMLParser):
    """Collects the links of a page: {last part of the address: address}."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href") if tag == "a" else None
        if address:
            path = urllib.parse.urlsplit(address).path
            self.found[urllib.parse.unquote(path.rpartition("/")[2])] = address
