"""A limit on the size of files, which stands for a full disk: a write fails halfway."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let this process write no file of more than `size` bytes.

    Python writes no bytecode meanwhile: it would leave it cut short, which breaks the next import.
    """
    resource = pytest.importorskip("resource", reason="the system has no limit on file sizes")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        sys.dont_write_bytecode = bytecode
        signal.signal(signal.SIGXFSZ, handler)
