"""The worker's protocol: version, error codes, and conversion between lines and messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from nst_onnx.errors import DeviceError, ModelError, NstError, OptionError, PictureError

PROTOCOL = 1
LONGEST_LINE = 1 << 20
"""Maximum length of a line in bytes; pixels go through files."""
LONGEST_TEXT = 500
"""Maximum length in characters of an error's message, its hint, and a warning, which quote the request."""
_LONGEST_ID = 200

_CODES: tuple[tuple[type[Exception], str], ...] = (
    (PictureError, "picture"),
    (OptionError, "option"),
    (DeviceError, "device"),
    (ModelError, "model"),
)

Message = dict[str, Any]


class ProtocolError(NstError):
    """A line that is no message, or an invalid message. `id`: the request's, None where it has none."""

    def __init__(self, message: str, hint: str = "", *, id: str | None = None) -> None:
        super().__init__(message, hint)
        self.id = id


def decode(line: bytes) -> Message:
    """Return the request that a line holds. Raises ProtocolError."""
    try:
        message = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a line is not JSON ({_short(error)})") from error
    if not isinstance(message, dict):
        raise ProtocolError("a line is not a JSON object")
    name = message.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_ID:
        raise ProtocolError('a request needs an "id", a string of at most 200 characters')
    if not isinstance(message.get("request"), str):
        raise ProtocolError('a request needs "request", its kind', id=name)
    return message


def encode(message: Message) -> bytes:
    """Return a message as one line. Only ASCII, so that no locale and no odd file name can hurt it."""
    return json.dumps(message, separators=(",", ":"), default=str).encode("ascii") + b"\n"


def error_event(error: BaseException, id: str | None = None) -> Message:
    """Return the `error` event of an exception; message and hint are cut to `LONGEST_TEXT`."""
    code, message, hint = _described(error)
    return {"id": id, "event": "error", "code": code, "message": cut(message), "hint": cut(hint)}


def _described(error: BaseException) -> tuple[str, str, str]:
    """Return an error's code, message and hint."""
    if isinstance(error, ProtocolError):
        return "protocol", str(error), error.hint
    if isinstance(error, NstError):
        code = next((code for kind, code in _CODES if isinstance(error, kind)), "internal")
        return code, str(error), error.hint
    if isinstance(error, MemoryError):
        return "device", "there is not enough memory", "choose a smaller size"
    what = f"{type(error).__name__}: {_short(error)}" if str(error) else type(error).__name__
    return "internal", f"this is a bug in nst-onnx: {what}", "the log says where"


class Lines:
    """Splits a byte stream into lines; a line that is too long is dropped and reported once."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[bytes | ProtocolError]:
        """Yield the lines that `data` completes."""
        *complete, self._rest = (self._rest + data).split(b"\n")
        for line in complete:
            if self._skipping:
                self._skipping = False
            elif len(line) > self._longest:
                yield self._too_long()
            elif line.strip():
                yield line
        if len(self._rest) > self._longest:
            if not self._skipping:
                yield self._too_long()
            self._rest, self._skipping = b"", True
        elif self._skipping:
            self._rest = b""

    def _too_long(self) -> ProtocolError:
        return ProtocolError(
            f"a line is longer than {self._longest} bytes", "pixels go through files in the worker's folder"
        )


def cut(text: str) -> str:
    """Cut out the middle of a long text, which is what it quotes."""
    if len(text) <= LONGEST_TEXT:
        return text
    half = (LONGEST_TEXT - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
