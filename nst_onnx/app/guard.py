"""Access to the server: a token that works once, then a cookie; Host and Origin are checked.

The server listens on 127.0.0.1, where every program of this computer, and every page in a browser on it, can
send requests. Programs of other users have no token: it is in the terminal, and in a file that only its
owner can read. Pages of other sites have no cookie (SameSite=Strict). Those of other ports of this computer
are of the same site, but of another Origin, and browsers say so (Sec-Fetch-Site). A name that an attacker
makes point to 127.0.0.1 (DNS rebinding) is another Host.

What does not hold: browsers send cookies to every port of a host. A server of another user of this computer,
on another port of 127.0.0.1, gets the cookie when the same browser opens a page of it, and can use it until
the program ends. Nor does anything protect from programs of the same user.
"""

from __future__ import annotations

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nst_onnx.app.browser_page import leading_to

LOCKED = "Open the address that nst-onnx app printed: it works once. To open another browser, start it again."
_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_POLICY_VIOLATION = 1008  # close code of a WebSocket


class Guard:
    """Lets in requests of one browser to `port`, and adds security headers to all answers."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._cookie = f"nst_onnx_{port}"  # cookies do not tell ports apart
        self._secret = secrets.token_urlsafe(32)
        self.token: str | None = secrets.token_urlsafe(32)
        """What the first address ends with; None once it has been used."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._answer(scope)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            await refusal(scope, receive, _with_headers(send))

    def _answer(self, scope: Scope) -> Response | None:
        """Return the answer to a request that does not reach the application."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self._hosts:
            return PlainTextResponse("wrong host", 421)
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if origin != f"http://{host}" and (changes or origin is not None):
            return PlainTextResponse("wrong origin", 403)
        if self._is_known(headers):
            own = headers.get("sec-fetch-site", "none") in ("same-origin", "none")
            return None if own else PlainTextResponse("wrong site", 403)
        begins = not changes and scope["path"] == "/"
        if begins and self._redeem(scope):
            # No redirection: after one from a file or another site, the browser would keep the cookie back.
            answer = HTMLResponse(leading_to("/"))
            answer.set_cookie(self._cookie, self._secret, httponly=True, samesite="strict")
            return answer
        return PlainTextResponse(LOCKED, 403)

    def _is_known(self, headers: Headers) -> bool:
        """Whether a request has the cookie."""
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return cookie is not None and _equal(cookie.value, self._secret)

    def _redeem(self, scope: Scope) -> bool:
        """Whether a request has the token, which works no second time."""
        given = parse_qs(scope["query_string"].decode("ascii", "replace")).get("token", [""])[0]
        if self.token is None or not _equal(given, self.token):
            return False
        self.token = None
        return True


def _equal(given: str, secret: str) -> bool:
    """Compare in a time that tells nothing about the secret."""
    return secrets.compare_digest(given.encode("utf-8", "replace"), secret.encode())


def _with_headers(send: Send) -> Send:
    """Return `send` that adds the security headers."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return sending
