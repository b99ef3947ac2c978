"""Masks of films: a picture, or one for each frame, in a folder or a film of its own."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from nst_onnx.errors import OptionError, PictureError
from nst_onnx.jobs.video.decode import Film, prepare_frame
from nst_onnx.jobs.video.encode import CONTAINERS
from nst_onnx.jobs.video.options import VideoOptions
from nst_onnx.painting.region import Region, parse, word_of
from nst_onnx.picture import Picture, Source, read
from nst_onnx.support.arrays import Array


class Masks(Protocol):
    """A mask for each frame of a film."""

    def at(self, number: int) -> Picture:
        """Return the mask of a frame, counted from 0. Raises PictureError."""

    def digest(self) -> str:
        """Return a digest of all that the masks depend on."""


@dataclass(frozen=True)
class _Folder:
    pictures: tuple[Path, ...]

    @classmethod
    def open(cls, path: Path, frames: int) -> _Folder:
        found = (one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
        pictures = tuple(sorted(found, key=lambda one: _by_numbers(one.name)))
        _check_count(path, len(pictures), frames, "pictures")
        return cls(pictures)

    def at(self, number: int) -> Picture:
        return read(self.pictures[number], what="mask")

    def digest(self) -> str:
        every = hashlib.sha256()
        for path in self.pictures:
            every.update(hashlib.sha256(path.read_bytes()).digest())
        return every.hexdigest()


@dataclass(eq=False)
class _OfFilm:
    film: Film
    next: int = 0
    frames: Iterator[Array] = field(default_factory=lambda: iter(()))

    @classmethod
    def open(cls, path: Path, frames: int) -> _OfFilm:
        film = Film.open(path)
        _check_count(path, len(film.times), frames, "frames")
        return cls(film)

    def at(self, number: int) -> Picture:
        if number != self.next or not number:
            self.frames = (prepare_frame(pixels, self.film.shape) for pixels in self.film.frames(number))
        self.next = number + 1
        grey = next(self.frames).mean(2, keepdims=True)  # compression leaves traces of colour
        return Picture(grey.repeat(3, 2), None, self.film.path.name, 8)

    def digest(self) -> str:
        with self.film.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, eq=False)
class FrameMasks:
    """The options of each frame of a film. `every`: {source: its masks}, of those with one a frame.

    `frames`: how many there are.
    """

    options: VideoOptions
    every: dict[str, Masks] = field(default_factory=dict)
    frames: int = 0

    @classmethod
    def of(cls, options: VideoOptions, frames: int) -> FrameMasks:
        """Open the masks that are folders or films.

        Raises PictureError unless they have a mask for each frame; OptionError for label maps of films.
        """
        sources: list[Source | None] = [options.labels, options.keep, options.strength_map]
        sources += [region.mask for region in _regions(options)]
        every: dict[str, Masks] = {}
        for source in sources:
            if not isinstance(source, str | os.PathLike) or not _has_one_a_frame(Path(source)):
                continue
            path = Path(source)
            if source is options.labels and not path.is_dir():
                raise OptionError(
                    f"{path} is a film, whose compression changes labels", "give a folder of PNG"
                )
            every[str(path)] = (_Folder if path.is_dir() else _OfFilm).open(path, frames)
        return cls(options, every, frames)

    def at(self, number: int) -> VideoOptions:
        """Return the options of a frame, counted from 0. Raises PictureError."""
        if not self.every:
            return self.options
        labels, keep, strength_map = (
            self._source(source, number)
            for source in (self.options.labels, self.options.keep, self.options.strength_map)
        )
        regions = self.options.regions
        if given := _regions(self.options):
            masks = {one: self._source(one.mask, number) or one.mask for one in given}
            seen = [one for one in given if one.mask is masks[one] or not _is_black(masks[one])]
            regions = [replace(one, mask=masks[one]) for one in seen]
        return replace(self.options, labels=labels, keep=keep, strength_map=strength_map, regions=regions)

    def of_a_painted_frame(self) -> VideoOptions:
        """Return the options of the first frame that has a region. Raises PictureError where none has."""
        if not self.every or not _regions(self.options):
            return self.at(0)
        for number in range(self.frames):
            if (found := self.at(number)).regions:
                return found
        raise PictureError("the masks are black in every frame", "white is the region")

    def digest(self) -> str:
        """Return a digest of the masks of all frames."""
        return "".join(masks.digest() for masks in self.every.values())

    def _source(self, source: Source | None, number: int) -> Source | None:
        masks = self.every.get(str(source)) if isinstance(source, str | os.PathLike) else None
        return source if masks is None else masks.at(number)


def _regions(options: VideoOptions) -> list[Region]:
    """Return the regions with masks."""
    if isinstance(options.regions, str) or word_of(options.regions):
        return []
    return [parse(one) if isinstance(one, str) else one for one in options.regions or ()]


def _is_black(mask: Source) -> bool:
    """Return whether a mask that has been read is black everywhere: its region is not in the frame."""
    if not isinstance(mask, Picture):
        return False
    return not (mask.rgb if mask.alpha is None else mask.alpha).any()


def _has_one_a_frame(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in CONTAINERS


def _check_count(path: Path, found: int, frames: int, what: str) -> None:
    if found != frames:
        raise PictureError(
            f"{path} has {found} {what}, and the film {frames} frames",
            "give one mask for each frame, or one picture, which follows the motion",
        )


def _by_numbers(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts 2.png before 10.png."""
    parts = re.findall(r"\d+|\D+", name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
