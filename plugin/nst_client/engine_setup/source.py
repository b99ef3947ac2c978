"""Where packages come from: a package index or a folder of wheels, directly or through a proxy."""

from __future__ import annotations

import os
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from ..failure import Failure
from ..translation import _
from . import certificates
from .index_password import IndexPassword, without_password

_INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_SCHEMES = ("http://", "https://")


@dataclass(frozen=True)
class Source:
    """`place`: the address of a package index (PEP 503), or a folder of wheels; "" for the user's default.

    `proxy`: the address of a proxy, "" for the one in the system's settings. `public`: the address of the
    index where the user has no default.
    """

    place: str = ""
    proxy: str = ""
    public: str = ""

    def check(self) -> None:
        """Check that the values make sense. Raises Failure."""
        if self.proxy and not self.proxy.startswith(_SCHEMES):
            raise Failure(
                _("{proxy} is no address of a proxy").format(proxy=without_password(self.proxy)),
                _("write it as http://server:port"),
            )
        if self.place and not self.place.startswith(_SCHEMES) and self.folder is None:
            raise Failure(
                _("there is no folder {folder}").format(folder=without_password(self.place)),
                _("choose a folder of wheels, or write the address of a package index"),
            )

    @property
    def folder(self) -> Path | None:
        """The folder of wheels; None for an index."""
        if not self.place or self.place.startswith(_SCHEMES):
            return None
        folder = Path(self.place).expanduser()
        return folder if folder.is_dir() else None

    @property
    def index(self) -> str:
        """The address of the package index, with its name and password, without a slash at its end."""
        configured = next(filter(None, map(os.environ.get, _INDEX_VARIABLES)), None)
        return (self.place or configured or self.public).rstrip("/")

    @property
    def options(self) -> list[str]:
        """The options by which uv installs packages from here."""
        if self.folder is not None:
            return ["--no-index", "--find-links", str(self.folder)]
        return ["--default-index", self.index]

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which uv finds the proxy."""
        proxies = {"https": self.proxy, "http": self.proxy} if self.proxy else urllib.request.getproxies()
        return {
            f"{scheme.upper()}_PROXY": address
            for scheme, address in proxies.items()
            if scheme in ("http", "https", "all", "no") and address
        }

    def opener(self) -> urllib.request.OpenerDirector:
        """Return what opens addresses through the proxy, and sends the index its name and password."""
        proxies = {"https": self.proxy, "http": self.proxy} if self.proxy else None
        return urllib.request.build_opener(
            urllib.request.ProxyHandler(proxies),
            urllib.request.HTTPSHandler(context=certificates.context()),
            IndexPassword(self.index),
        )
