"""Connects to a Ray cluster, or starts a local one, and keeps Ray's own output off the terminal."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nst_onnx.errors import ClusterError
from nst_onnx.runtime import telemetry
from nst_onnx.support import standard_error
from nst_onnx.support.library_errors import system_reason

if TYPE_CHECKING:
    from nst_onnx.jobs.ray.interface import Ray

_TIMEOUT = 5.0  # seconds for another machine to answer; Ray itself waits for many minutes
_INSTALL = 'install it with pip install "nst-onnx[cluster]"'


@contextmanager
def connect(address: str = "") -> Iterator[Ray]:
    """Yield the module ``ray``, connected to the cluster at `address` until the block ends.

    `address`: "host:port" of a cluster that this machine is part of, "ray://host:port" of any other, "auto"
    for one that runs on this machine. Empty: RAY_ADDRESS, else a cluster that runs on this machine, else
    a new local one, which ends with the block. An existing connection is used, and remains open.
    Raises ClusterError if there is no cluster, or Ray is not installed.
    """
    ray = _import_ray()
    if ray.is_initialized():
        yield ray
        return
    _check_reachable(address or os.environ.get("RAY_ADDRESS", ""))
    own = {} if address else {"include_dashboard": False}
    with redirect_stdout(_FilteredStdout(sys.stdout)):
        with standard_error.captured() as captured:
            try:
                with _in_our_own_folder():
                    ray.init(address or None, log_to_driver=False, logging_level=logging.CRITICAL, **own)
            except Exception as error:  # Ray's own, its client's and the system's
                raise _connection_error(address, error, captured()) from error
        try:
            yield ray
        finally:
            ray.shutdown()


@contextmanager
def _in_our_own_folder() -> Iterator[None]:
    """Work in the folder that this package is imported from.

    Ray puts the working folder first on its workers' import path: a `queue.py` beside pictures would
    be executed.
    """
    here = Path.cwd()
    os.chdir(Path(__file__).resolve().parents[3])  # the folder that has the package
    try:
        yield
    finally:
        os.chdir(here)


def _import_ray() -> Any:
    """Import Ray with telemetry disabled. Raises ClusterError if it is not installed."""
    telemetry.disable()
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # the default to come; else it warns
    try:
        import ray
    except ImportError as error:
        raise ClusterError(f"Ray cannot be imported ({error})", _INSTALL) from error
    return ray


def _check_reachable(address: str) -> None:
    """Raise ClusterError if nothing listens at a host and port."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ClusterError(f"{address!r} is no address of a cluster", "as in ray://host:10001") from None
    if not host or port is None:
        return
    try:
        socket.create_connection((host, port), _TIMEOUT).close()
    except OSError as error:
        reason = system_reason(error)
        raise ClusterError(
            f"no cluster answers{_named(address)} ({reason})", "is it started with ray start --head?"
        ) from error


def _connection_error(address: str, error: Exception, stderr: str) -> ClusterError:
    """Return the error for a failed connection. `stderr`: Ray's output meanwhile."""
    reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    if "auth" in f"{reason} {stderr}".lower():
        return ClusterError(
            f"the cluster{_named(address)} asks for its token",
            "set RAY_AUTH_TOKEN, as Ray's documentation says",
        )
    return ClusterError(
        f"cannot join the cluster{_named(address)}: {reason}",
        "it needs the same versions of Ray and Python, and RAY_AUTH_TOKEN if it asks for one",
    )


def _named(address: str) -> str:
    return f" at {address}" if address else ""


class _FilteredStdout:
    """Standard output without what Ray's threads write, for instance guesses at why a worker died."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if threading.current_thread().name.startswith("ray_"):
            return len(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
