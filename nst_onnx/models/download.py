"""Resumable HTTP downloads."""

from __future__ import annotations

import errno
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import requests

Progress = Callable[[int, int | None], None]
"""Receives the bytes downloaded, and the total (None where the server does not say)."""

_CHUNK = 1 << 14  # bytes; a broken connection loses the current chunk
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_PAUSE = 0.5  # seconds before reconnecting


class ResumingDownloader:
    """Resuming downloader for pooch: requests only the missing bytes (HTTP Range, RFC 9110 section 14).

    Received bytes are in `partial`, also after the program was killed. It reconnects as long as each
    connection receives something. `requests` takes proxies from the environment. Raises requests'
    exceptions, and OSError where the disk is full.
    """

    def __init__(self, partial: Path, progress: Progress, *, timeout: float = 30.0) -> None:
        self.partial = partial
        self.progress = progress
        self.timeout = timeout
        self.resumed = False  # whether some of the file is from an earlier attempt

    def __call__(self, url: str, output_file: str, pooch: object, check_only: bool = False) -> None:
        """Download `url` to `output_file`, through `partial`."""
        self.resumed = self._size() > 0
        while not self._attempt(url):
            time.sleep(_PAUSE)
        Path(output_file).unlink(missing_ok=True)
        self.partial.replace(output_file)

    def _attempt(self, url: str) -> bool:
        """Return True when the file is complete, False when the connection broke after some progress."""
        received = self._size()
        headers = {"Accept-Encoding": "identity"}  # a range of a compressed body would be useless
        if received:
            headers["Range"] = f"bytes={received}-"
        try:
            with requests.get(url, headers=headers, stream=True, timeout=self.timeout) as response:
                span = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
                if response.status_code == 416 and received:
                    if span and span[2] == str(received):
                        return True
                    self.partial.unlink()  # it is not the beginning of this file
                    return False
                response.raise_for_status()
                if response.status_code != 206 or span is None or span[1] != str(received):
                    received = 0
                self._receive(response, received)
                return True
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError):
            if self._size() > received:
                return False
            raise

    def _receive(self, response: requests.Response, received: int) -> None:
        length = response.headers.get("Content-Length", "")
        total = received + int(length) if length.isdigit() else None
        if total is not None and total - received > (free := shutil.disk_usage(self.partial.parent).free):
            raise OSError(
                errno.ENOSPC, f"{(total - received) >> 20} MB are needed and {free >> 20} MB are free"
            )
        with self.partial.open("ab" if received else "wb") as file:
            self.progress(received, total)
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                received += len(chunk)
                self.progress(received, total)

    def _size(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0
