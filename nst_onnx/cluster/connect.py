"""Joining a cluster of Ray, or starting one on this machine, without Ray's own words on the terminal."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import IO, Any
from urllib.parse import urlsplit

from nst_onnx.errors import ClusterError

_PATIENCE = 5.0  # seconds for another machine to answer; Ray itself waits for many minutes
_INSTALL = 'install it with pip install "nst-onnx[cluster]"'


@contextmanager
def connect(address: str = "") -> Iterator[Any]:
    """Yield the module ``ray``, connected to the cluster at `address` until the block ends.

    `address`: "host:port" of a cluster that this machine is part of, "ray://host:port" of any other, "auto"
    for one that runs on this machine. Empty: what RAY_ADDRESS names, else one that runs on this machine, else
    one started here, of this machine alone, which ends with the block. A connection that there is
    already is used, and stays. Raises ClusterError where there is no cluster, or no Ray.
    """
    ray = _ray()
    if ray.is_initialized():
        yield ray
        return
    _check_answers(address or os.environ.get("RAY_ADDRESS", ""))
    own = {} if address else {"include_dashboard": False}
    with redirect_stdout(_WithoutRay(sys.stdout)):
        try:
            ray.init(address or None, log_to_driver=False, logging_level=logging.CRITICAL, **own)
        except Exception as error:  # Ray's own, its client's and the system's
            raise ClusterError(f"cannot join the cluster{_named(address)}: {_first_line(error)}") from error
        try:
            yield ray
        finally:
            ray.shutdown()


def _ray() -> Any:
    """Import Ray, told not to report its use to its makers."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # the default to come; else it warns
    try:
        import ray
    except ImportError as error:
        raise ClusterError(f"Ray cannot be imported ({error})", _INSTALL) from error
    return ray


def _check_answers(address: str) -> None:
    """Raise ClusterError if nobody listens at a host and port."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ClusterError(f"{address!r} is no address of a cluster", "as in ray://host:10001") from None
    if not host or port is None:
        return
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ClusterError(
            f"no cluster answers{_named(address)} ({reason})", "is it started with ray start --head?"
        ) from error


def _named(address: str) -> str:
    return f" at {address}" if address else ""


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


class _WithoutRay:
    """Standard output less what Ray's threads write to it: guesses at why a worker died, for instance."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if threading.current_thread().name.startswith("ray_"):
            return len(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
