"""Masks laid over one another: their union and their product, without numpy, which editors may lack.

Where no more than one of two masks is soft (1..254), the bits give both: `0 | x` and `255 & x` are x. So each
mask is taken as one number, and only pixels where both are soft are computed one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Callable

_SOFT = bytes([0] + [255] * 254 + [0])
_BOTH_SOFT = re.compile(rb"\xff+")


def union(masks: Sequence[bytes]) -> bytes:
    """Return the largest of one or more masks of one size, pixel by pixel."""
    result = masks[0]
    for mask in masks[1:]:
        result = _together(result, mask, int.__or__, max)
    return result


def product(factors: Sequence[bytes]) -> bytes | None:
    """Return the product of masks of one size, 255 being 1; None for none."""
    if not factors:
        return None
    result = factors[0]
    for factor in factors[1:]:
        result = _together(result, factor, int.__and__, _times)
    return result


def remaining(covered: bytes, mask: bytes) -> bytes:
    """Return the mask of a layer above others that cover `covered`, so that all cover the union with `mask`.

    Layers over one another cover more than the larger mask where both are soft; elsewhere it is `mask`.
    """
    return _together(covered, mask, lambda _covered, own: own, _uncovered)


def empty(mask: bytes) -> bool:
    """Return whether a mask is 0 everywhere."""
    return mask.count(0) == len(mask)


def _together(
    one: bytes, other: bytes, bits: Callable[[int, int], int], soft: Callable[[int, int], int]
) -> bytes:
    found = bytearray(_of_bits(one, other, bits))
    for run in _BOTH_SOFT.finditer(_of_bits(one.translate(_SOFT), other.translate(_SOFT), int.__and__)):
        part = slice(*run.span())
        found[part] = bytes(map(soft, one[part], other[part]))
    return bytes(found)


def _of_bits(one: bytes, other: bytes, bits: Callable[[int, int], int]) -> bytes:
    numbers = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    return bits(*numbers).to_bytes(len(one), "little")


def _uncovered(covered: int, mask: int) -> int:
    return max(mask - covered, 0) * 255 // (255 - covered)


def _times(one: int, other: int) -> int:
    return one * other // 255
