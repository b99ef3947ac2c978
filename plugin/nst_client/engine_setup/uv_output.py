"""What uv prints: its progress, and its failures as sentences for the user."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..failure import Failure
from ..translation import _
from .network import certificate_failure, offline_hint, proxy_failure
from .space import no_space

_STARTED = re.compile(r"\s*Downloading (\S+) \(([\d.]+)\s*([KMG])iB\)")
_FINISHED = re.compile(r"\s*Downloaded (\S+)")
_UNITS = {"K": 1 / 1024, "M": 1.0, "G": 1024.0}
_MEGABYTE = 1.048576  # 10⁶ bytes in 2²⁰
_SERVER = re.compile(r"https?://([^/\s`)]+)")
_PASSWORD = re.compile(r"(?<=://)[^/\s]*@")
_PROXY_NEEDED = re.compile(r"\b407 Proxy|[Pp]roxy [Aa]uth(?:entication|orization)|status code:? 407\b")
_CERTIFICATE = re.compile(r"invalid peer certificate[^\n]*|UnknownIssuer")


class Downloads:
    """Progress of uv's downloads, from its lines: `megabytes` finished (10⁶ bytes), `names` in progress."""

    def __init__(self) -> None:
        self._sizes: dict[str, float] = {}
        self.names: list[str] = []
        self.megabytes = 0.0

    def read(self, line: str) -> None:
        """Take note of one line."""
        started, finished = _STARTED.match(line), _FINISHED.match(line)
        if started:
            name, size, unit = started.groups()
            self._sizes[name] = float(size) * _UNITS[unit] * _MEGABYTE
            self.names.append(name)
        elif finished and finished.group(1) in self.names:
            self.names.remove(finished.group(1))
            self.megabytes += self._sizes[finished.group(1)]


def failure_of(lines: Sequence[str], folder: Path) -> Failure:
    """Return the failure of a uv that printed `lines`; `folder`: where it writes."""
    lines = [_PASSWORD.sub("", line) for line in lines]
    text = "\n".join(lines)
    if re.search(r"No space left|os error (28|122|112|39)\)|not enough space|[Qq]uota exceeded", text):
        return no_space(folder)
    mismatch = re.search(r"[Hh]ash mismatch for `?([^`\s]+)", text)
    if mismatch:
        return Failure(
            _("the file {name} is not the one that was published (its checksum is wrong)").format(
                name=mismatch.group(1).rstrip("`")
            ),
            _("nothing was installed; try again, and if it happens again, from another network"),
        )
    damaged = re.search(r"Failed to extract archive: (\S+)", text)
    if damaged:
        return Failure(
            _("the file {name} arrived damaged").format(name=damaged.group(1)),
            _("nothing was installed; try again"),
        )
    if _PROXY_NEEDED.search(text):
        return proxy_failure()
    if "os error 225)" in text:
        return Failure(
            _("the virus scanner has blocked a file of the engine"),
            _("allow the folder {folder}, then try again").format(folder=folder),
        )
    certificate = _CERTIFICATE.search(text)
    if certificate:
        return certificate_failure(_server(text), certificate.group())
    if re.search(r"error sending request|dns error|tcp connect|timed out|Failed to fetch|network", text):
        return Failure(_network_reason(text), offline_hint())
    if re.search(r"No solution found|no wheels? with a matching|no compatible|not found in", text):
        return Failure(
            _("a package of the engine is not there for this computer: {reason}").format(reason=_last(lines)),
            _("see that the folder or the index under More has all packages"),
        )
    return Failure(
        _("the packages cannot be installed: {reason}").format(reason=_last(lines)), _("try again")
    )


def _network_reason(text: str) -> str:
    causes = re.findall(r"cause: (.*)", text)
    reason = re.sub(r" \(os error \d+\)$", "", causes[-1]) if causes else ""
    words = _("cannot reach {server}").format(server=_server(text))
    return f"{words}: {reason.lower()}" if reason else words


def _server(text: str) -> str:
    server = _SERVER.search(text)
    return server.group(1) if server else _("the server")


def _last(lines: Sequence[str]) -> str:
    """Return the line that says most: uv's first cause, else its error, else the last line."""
    for pattern in (r"\s*cause: (.*)", r"error: (.*)", r"(\S.*)"):
        found = [match.group(1) for line in lines if (match := re.match(pattern, line))]
        if found:
            return found[-1] if pattern == r"(\S.*)" else found[0]
    return _("uv printed nothing")
