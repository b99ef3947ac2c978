"""The name and password in the address of a package index, sent to that server only, and never shown."""

from __future__ import annotations

import base64
import re
import urllib.parse
import urllib.request


class IndexPassword(urllib.request.BaseHandler):
    """Adds the Authorization header (RFC 7617) to requests to the server of `index`, also after redirects."""

    def __init__(self, index: str) -> None:
        parts = urllib.parse.urlsplit(index)
        names, there, _ = parts.netloc.rpartition("@")
        self._server = _server(index)
        self._header = ""
        if there:
            raw = urllib.parse.unquote_to_bytes(names if ":" in names else f"{names}:")
            self._header = f"Basic {base64.b64encode(raw).decode('ascii')}"

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """Add the header where the request goes to the index. Called by urllib."""
        if self._header and _server(request.full_url) == self._server:
            request.add_unredirected_header("Authorization", self._header)
        return request

    https_request = http_request


def without_password(address: str) -> str:
    """Return an address without the name and password of its server; a path as it is."""
    if "://" not in address and re.match(r"[/\\.~]|\w:\\", address):
        return address
    head, separator, rest = address.rpartition("://")
    server, slash, path = rest.partition("/")
    return f"{head}{separator}{server.rpartition('@')[2]}{slash}{path}"


def _server(address: str) -> tuple[str, str | None, int | None]:
    """Return the scheme, the host and the port of an address; no host where it is none."""
    parts = urllib.parse.urlsplit(address)
    try:
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return parts.scheme, None, None
