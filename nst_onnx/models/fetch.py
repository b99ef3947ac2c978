"""Downloading published weights into the user's cache."""

from __future__ import annotations

import contextlib
import logging
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from nst_onnx.errors import DownloadError, ModelError, OptionError
from nst_onnx.models import catalogue
from nst_onnx.models.weights import LICENCE
from nst_onnx.support import library_errors
from nst_onnx.support.library_errors import system_reason

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True)
class Source:
    """A published weight file of `size` bytes. `checksum`: as pooch takes it, ``md5:…`` or ``sha256:…``."""

    title: str
    url: str
    checksum: str
    size: int
    licence: str = LICENCE


SOURCES = {
    name: Source(
        title, f"{_KERAS}/{name}/{name}_weights_tf_dim_ordering_tf_kernels_notop.h5", f"md5:{md5}", size
    )
    for name, title, md5, size in (
        ("vgg19", "VGG-19", "253f8cb515780f3b799900260a226db6", 80_134_624),
        ("vgg16", "VGG-16", "6d6bbae143d832006294945121d1f1fc", 58_889_256),
    )
}


def fetch(
    name: str = "vgg19",
    *,
    url: str | None = None,
    checksum: str | None = None,
    force: bool = False,
    progress: bool = True,
) -> Path:
    """Download a published network, convert it, install it under `name` and return its ONNX file.

    An installed model that passes `verify` is returned unless `force` or `url` is given. An interrupted
    download resumes, except with `force`. A file that is no network (the page of a hotel's Wi-Fi) is deleted.
    `url`: another address, of a file in any readable layout, with its `checksum` (``md5:…``, ``sha256:…``);
    for a mirror of the same file name the known checksum is used. `progress` shows a bar and the licence on
    standard error.

    Raises OptionError for an unknown name without `url`, and DownloadError, with instructions for a download
    by hand, where the network, the proxy, the server or the disk fail.
    """
    if name not in SOURCES and url is None:
        raise OptionError(f"there is nothing to fetch named {name!r}", f"known: {', '.join(SOURCES)}")
    known = SOURCES.get(name)
    address = url or SOURCES[name].url
    if url is not None and not url.startswith(("http://", "https://")):
        raise OptionError(f"{url!r} is no http or https address", "for a file use `nst-onnx models add FILE`")
    file_name = _file_name(address)
    if known and checksum is None and file_name == _file_name(known.url):
        checksum = known.checksum
    if url is None and not force and (found := present(name)) is not None:
        return found.path
    title = f"{known.title} ({known.licence})" if known else name
    file = _download(address, file_name, checksum, title, progress=progress, again=force)
    try:
        installed = catalogue.add(file, name=name)
    except ModelError as error:
        if not isinstance(error.__cause__, OSError):  # a full disk says nothing about the file
            file.unlink(missing_ok=True)
        raise ModelError(f"the file at {address} cannot be used: {error}", error.hint) from error
    file.unlink(missing_ok=True)
    return installed


def present(name: str) -> catalogue.Info | None:
    """Return the `Info` of the installed model of that name, None where there is none or it is damaged."""
    path = next((e.path for e in catalogue.installed() if e.name == name and e.origin == "installed"), None)
    if path is None:
        return None
    try:
        return catalogue.verify(path)
    except ModelError:
        return None


def _download(
    url: str, file_name: str, checksum: str | None, title: str, *, progress: bool, again: bool
) -> Path:
    """Return the downloaded file. `again`: without what earlier downloads left."""
    import pooch
    import requests

    from nst_onnx.models.download import ResumingDownloader

    pooch.get_logger().setLevel(logging.WARNING)
    folder = catalogue.home() / "downloads"
    file, partial = folder / file_name, folder / f"{file_name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if again:
            file.unlink(missing_ok=True)
            partial.unlink(missing_ok=True)
        with _bar(title, progress) as report:
            downloader = ResumingDownloader(partial, report)
            try:
                pooch.retrieve(url, checksum, file_name, folder, downloader=downloader)
            except ValueError:
                if not downloader.resumed:
                    raise
                # The partial file was the beginning of another file: start again.
                pooch.retrieve(url, checksum, file_name, folder, downloader=downloader)
        return file
    except requests.exceptions.RequestException as error:
        raise DownloadError(f"{url} could not be downloaded: {_reason(error)}", _by_hand(url)) from error
    except ValueError as error:
        raise DownloadError(
            f"the file at {url} is not the published one: its checksum differs", _by_hand(url)
        ) from error
    except OSError as error:
        raise DownloadError(
            f"{file_name} cannot be written to {folder}: {system_reason(error)}",
            "free some space, or set NST_ONNX_HOME to another folder",
        ) from error


def _by_hand(url: str) -> str:
    return (
        f"download {url} by hand, then run `nst-onnx models add FILE`, "
        f"or put the file into a folder named model where you work"
    )


def _reason(error: Exception) -> str:
    import requests

    response = getattr(error, "response", None)
    if isinstance(error, requests.exceptions.HTTPError) and response is not None:
        return f"the server says {response.status_code} {response.reason}"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy set in the environment refuses the connection"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate cannot be verified"
    if isinstance(error, requests.exceptions.Timeout):
        return "the server does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection breaks off again and again"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "there is no connection to the server"
    return library_errors.of(error)


def _file_name(url: str) -> str:
    return unquote(posixpath.basename(urlsplit(url).path)).replace("/", "_") or "weights"


@contextlib.contextmanager
def _bar(title: str, shown: bool) -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar on standard error; yield the function that updates it."""
    if not shown:
        yield lambda here, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    console.print(title, highlight=False)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=None)
        yield lambda here, total: bar.update(task, completed=here, total=total)
