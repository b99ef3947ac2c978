"""One thread for numpy's matrix products, so that its others do not linger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@contextmanager
def one_thread() -> Iterator[None]:
    """Let numpy's products keep to one thread inside.

    OpenBLAS's threads go on looking for work for some hundredths of a second after a product, on cores that
    the network needs next (docs/optimiser.md says what that took). And what one thread computes has the
    same bits on any number of cores.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> Any:
    """Return what is loaded of such libraries; to look for them takes some milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
