"""Damage to files: bytes overwritten, cut, repeated, moved, or spliced with another file's."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

_WORDS = (
    b"\x00",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\x80\x00\x00\x00",
)
_HEADER = 256  # bytes in which damage is more likely: there is what decides how the rest is read


def mutated(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Return a damaged copy of a file; `others`: files of the same kind to splice with."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 8, 32))):
        if not changed:
            break
        rng.choice(_DAMAGES)(changed, others, rng)
    return bytes(changed)


def _place(data: bytearray, rng: random.Random) -> int:
    return rng.randrange(min(len(data), _HEADER) if rng.random() < 0.5 else len(data))


def _flip(data: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    data[_place(data, rng)] ^= 1 << rng.randrange(8)


def _overwrite(data: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    at, word = _place(data, rng), rng.choice(_WORDS)
    data[at : at + len(word)] = word


def _cut(data: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    del data[_place(data, rng) :]


def _remove(data: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    at = _place(data, rng)
    del data[at : at + rng.choice((1, 4, 64, 1024))]


def _repeat(data: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    at = _place(data, rng)
    data[at:at] = data[at : at + rng.choice((1, 8, 256))] * rng.choice((1, 2, 64))


def _splice(data: bytearray, others: Sequence[bytes], rng: random.Random) -> None:
    other = rng.choice(others)
    at, size = _place(data, rng), rng.choice((4, 64, 4096))
    start = rng.randrange(max(1, len(other)))
    data[at : at + size] = other[start : start + size]


_DAMAGES: tuple[Callable[[bytearray, Sequence[bytes], random.Random], None], ...] = (
    *(_flip, _flip, _overwrite, _overwrite, _cut, _remove, _repeat, _splice),
)
