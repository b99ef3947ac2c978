"""Requests to a server, and their failures as sentences for the user."""

from __future__ import annotations

import http.client
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import cast

from ..errors import system_reason
from ..failure import Failure
from ..translation import _

SECONDS = 20.0
"""How long a server may be silent."""
PROXY_NEEDED = 407
_TUNNEL = re.compile(rf"Tunnel connection failed: {PROXY_NEEDED}\b")


def offline_hint() -> str:
    """Return what to do where a server cannot be reached."""
    return _(
        "check the connection, and the proxy under More, then try again: what was downloaded is kept. "
        "Without a network, choose a folder of wheels under More (the guide says how to make one)"
    )


def proxy_failure() -> Failure:
    """Return the failure of a proxy that wants to know who asks."""
    return Failure(
        _("the proxy asks for a name and a password"),
        _("write them into its address under More: http://name:password@server:port"),
    )


def certificate_failure(server: str, reason: object) -> Failure:
    """Return the failure of a server whose certificate no known authority has signed, or is not valid."""
    return Failure(
        _("the certificate of {server} cannot be verified ({reason})").format(server=server, reason=reason),
        _("check the computer's date; behind a company's proxy, ask for the address of its package index"),
    )


def open_address(
    opener: urllib.request.OpenerDirector, address: str, headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    """Return the opened answer to a request. Raises Failure."""
    request = urllib.request.Request(address, headers={"User-Agent": "nst-onnx", **headers})
    try:
        return cast(http.client.HTTPResponse, opener.open(request, timeout=SECONDS))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise failure_of(error, address) from error


def failure_of(error: Exception, address: str) -> Failure:
    """Return a failed request as a sentence."""
    server = urllib.parse.urlsplit(address).netloc.rpartition("@")[2]  # without a password
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if _TUNNEL.search(str(reason)) or getattr(error, "code", 0) == PROXY_NEEDED:
        return proxy_failure()
    if isinstance(error, urllib.error.HTTPError):
        text = _("the server {server} answers {code}: {reason}")
        return Failure(text.format(server=server, code=error.code, reason=error.reason), offline_hint())
    if isinstance(reason, ssl.SSLError):
        return certificate_failure(server, reason.reason or reason)
    detail = system_reason(reason) if isinstance(reason, Exception) else str(reason)
    return Failure(_("cannot reach {server}: {reason}").format(server=server, reason=detail), offline_hint())
