"""TLS certificates for an editor's own Python, whose OpenSSL may look for them in the wrong place."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Flatpak's runtimes
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, Alpine
)


def context() -> ssl.SSLContext:
    """Return a context that verifies servers by Python's own certificates, or else by the system's."""
    chosen = ssl.create_default_context()
    if chosen.cert_store_stats()["x509_ca"] or _has_folder():
        return chosen
    for bundle in _BUNDLES:
        if Path(bundle).is_file():
            with contextlib.suppress(OSError):
                chosen.load_verify_locations(cafile=bundle)
                break
    return chosen


def _has_folder() -> bool:
    """Return whether OpenSSL reads a folder of certificates that has any; it loads them when needed."""
    folder = ssl.get_default_verify_paths().capath
    return folder is not None and any(Path(folder).glob("*.0"))
