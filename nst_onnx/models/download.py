"""Downloads that go on where they broke off."""

from __future__ import annotations

import errno
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

Progress = Callable[[int, int | None], None]
"""Told the bytes that are here and the bytes there will be (None where the server does not say)."""

_CHUNK = 1 << 14  # what is lost of a chunk when the connection breaks must come again
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_PAUSE = 0.5  # seconds before a broken connection is made again


class ResumingDownloader:
    """A downloader for pooch that asks only for what is missing (HTTP Range, RFC 9110 section 14).

    What has come is kept in `partial`, also when the program is killed. A connection that breaks is
    made again as long as each brings something. Proxies are taken from the environment, as `requests`
    does. Raises requests' exceptions, and OSError where the disk is full.
    """

    def __init__(self, partial: Path, progress: Progress, *, timeout: float = 30.0) -> None:
        self.partial = partial
        self.progress = progress
        self.timeout = timeout
        self.resumed = False  # whether anything of the file came from an earlier attempt

    def __call__(self, url: str, output_file: str, pooch: Any, check_only: bool = False) -> None:
        """Bring what `url` holds into `output_file`, by way of `partial`."""
        self.resumed = self._here() > 0
        while not self._attempt(url):
            time.sleep(_PAUSE)
        Path(output_file).unlink(missing_ok=True)
        self.partial.replace(output_file)

    def _attempt(self, url: str) -> bool:
        """Return True when the file is whole, False when it broke off but came nearer."""
        here = self._here()
        headers = {"Accept-Encoding": "identity"}  # a range of a compressed body would be useless
        if here:
            headers["Range"] = f"bytes={here}-"
        try:
            with requests.get(url, headers=headers, stream=True, timeout=self.timeout) as response:
                span = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
                if response.status_code == 416 and here:
                    if span and span[2] == str(here):
                        return True
                    self.partial.unlink()  # it is no beginning of this file
                    return False
                response.raise_for_status()
                if response.status_code != 206 or span is None or span[1] != str(here):
                    here = 0
                self._receive(response, here)
                return True
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError):
            if self._here() > here:
                return False
            raise

    def _receive(self, response: requests.Response, here: int) -> None:
        length = response.headers.get("Content-Length", "")
        total = here + int(length) if length.isdigit() else None
        if total is not None and total - here > (free := shutil.disk_usage(self.partial.parent).free):
            raise OSError(errno.ENOSPC, f"{(total - here) >> 20} MB are needed and {free >> 20} MB are free")
        with self.partial.open("ab" if here else "wb") as file:
            self.progress(here, total)
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                here += len(chunk)
                self.progress(here, total)

    def _here(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0
