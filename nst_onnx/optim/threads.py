"""Threads for an optimiser's products: numpy's own keep to one, and two of ours share the work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_FEWEST = 3 << 16  # numbers of a vector (256×256 pixels) that are worth a second thread


@contextmanager
def one_thread() -> Iterator[None]:
    """Let numpy's products keep to one thread inside.

    OpenBLAS's threads go on looking for work for some hundredths of a second after a product, on cores that
    the network needs next (docs/optimiser.md says what that took). And what one thread computes has the
    same bits on any number of cores.
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


def halves(length: int, size: int) -> list[slice]:
    """Return two slices that make up `length`, or one where vectors of `size` numbers are too short.

    Two on every computer, so that sums over them have the same bits everywhere.
    """
    middle = length // 2 if size >= _FEWEST else 0
    return [slice(0, middle), slice(middle, length)] if middle else [slice(0, length)]


def side_by_side(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Return what `work` makes of each item, by threads that sleep once it is done.

    What is gained is what numpy does without Python's lock: np.dot does, a matrix @ a vector does not.
    """
    return list(_pool().map(work, items)) if len(items) > 1 else [work(item) for item in items]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="nst-onnx-optimiser")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a fork has none of its parent's threads


@cache
def _libraries() -> Any:
    """Return what is loaded of such libraries; to look for them takes some milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
