"""Threads for an optimiser's products: numpy's BLAS uses one, and a pool of two shares the work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

T = TypeVar("T")
R = TypeVar("R")

_MIN_PARALLEL = 3 << 16  # numbers of a vector (256×256 pixels): shorter ones are not worth a second thread


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """Limit numpy's BLAS to one thread inside the block.

    After a product OpenBLAS's threads busy-wait for some hundredths of a second, on cores that the network
    needs next (docs/optimiser.md has the measurement). And what one thread computes has the same bits on
    any number of cores.
    """
    with _thread_controller().limit(limits=1, user_api="blas"):
        yield


def split_in_two(length: int, size: int) -> list[slice]:
    """Return two slices that make up `length`, or one where vectors of `size` numbers are too short.

    Two on every computer, so that sums over them have the same bits everywhere.
    """
    middle = length // 2 if size >= _MIN_PARALLEL else 0
    return [slice(0, middle), slice(middle, length)] if middle else [slice(0, length)]


def parallel_map(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Return `work` of each item, in the order of `items`, computed by the thread pool.

    Only code that releases the GIL runs in parallel: np.dot does, a matrix @ a vector does not.
    """
    return list(_pool().map(work, items)) if len(items) > 1 else [work(item) for item in items]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="nst-onnx-optimiser")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked process has none of its parent's threads


@cache
def _thread_controller() -> ThreadpoolController:
    """Return the controller of the BLAS libraries loaded; finding them takes some milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
