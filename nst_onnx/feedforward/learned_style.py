"""Learned styles: a painting's statistics and fitted style vector, in a file of tens of kilobytes.

The file is a NumPy archive (.npz without pickled objects) of the suffix ``.nst``: `statistics` float32,
`correction` float16, `thumbnail` (a JPEG file; WebP in older ones) and `facts` (JSON), both as bytes.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from nst_onnx.errors import ModelError
from nst_onnx.feedforward.painter import Painter
from nst_onnx.support import atomic_files
from nst_onnx.support.arguments import path_of
from nst_onnx.support.arrays import Array
from nst_onnx.support.library_errors import system_reason

SUFFIX = ".nst"
STRENGTH = 0.5
"""The strength for which a style is fitted."""
_LARGEST = 256 << 10
"""Bytes of a file, and of what it unpacks to, at most."""
_MEMBERS = ("statistics", "correction", "thumbnail", "facts")
_HINT = "learn the painting again: `nst-onnx learn painting.jpg`"


@dataclass(frozen=True)
class StyleFacts:
    """`painter`: the digest of the painter that the style was fitted for. `source`: the painting's file
    name.
    """

    name: str
    painter: str
    source: str = ""
    licence: str = ""


@dataclass(frozen=True, eq=False)
class LearnedStyle:
    """A style for one pass. `statistics`: the painting's. `correction`: fitted less predicted style vector.

    `thumbnail`: a small picture of the painting or of a result, a JPEG or WebP file; may be empty.
    """

    facts: StyleFacts
    statistics: Array
    correction: Array
    thumbnail: bytes = b""

    @property
    def name(self) -> str:
        """The style's name."""
        return self.facts.name

    def vector(self, painter: Painter, strength: float) -> Array:
        """Return the style vector for a strength in 0..1. Raises ModelError for another painter than its
        own.
        """
        fits = (len(self.statistics), len(self.correction)) == (painter.statistics, painter.size)
        if self.facts.painter != painter.digest or not fits:
            raise ModelError(f"the style {self.name} was learned for another version of the painter", _HINT)
        vector: Array = painter.predict(self.statistics, strength) + self.correction
        return vector

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the style's file, atomically. Raises ModelError."""
        content = io.BytesIO()
        facts = json.dumps(asdict(self.facts), sort_keys=True).encode()
        np.savez_compressed(
            content,
            statistics=self.statistics.astype(np.float32),
            correction=self.correction.astype(np.float16),
            thumbnail=np.frombuffer(self.thumbnail, np.uint8),
            facts=np.frombuffer(facts, np.uint8),
        )
        path = path_of(path, "a learned style", ModelError)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_files.replacing(path) as file:
                file.write(content.getvalue())
        except OSError as error:
            raise ModelError(f"{path} cannot be written: {system_reason(error)}") from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> LearnedStyle:
        """Read a style's file. Raises ModelError where it is missing, damaged or something else."""
        path = path_of(path, "a learned style", ModelError)
        try:
            arrays = _arrays(path)
            facts = StyleFacts(**json.loads(arrays["facts"].tobytes()))
            statistics, correction = (arrays[name].astype(np.float32) for name in _MEMBERS[:2])
            texts = all(isinstance(value, str) for value in asdict(facts).values())
            if not texts or statistics.ndim != 1 or correction.ndim != 1:
                raise ValueError("its parts have the wrong form")
            if not (np.isfinite(statistics).all() and np.isfinite(correction).all()):
                raise ValueError("its numbers are not finite")
        except ModelError:
            raise
        except Exception as error:  # zipfile, zlib, lzma, json and numpy raise many kinds
            raise ModelError(f"{path.name} is not a learned style, or is damaged", _HINT) from error
        return cls(facts, statistics, correction, arrays["thumbnail"].tobytes())


def _arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of a file, whose size is bounded before it is unpacked. Raises ModelError, and
    others.
    """
    if not path.exists():
        raise ModelError(f"{path} does not exist", "check the path")
    if not path.is_file():
        raise ModelError(f"{path} is no file", "give the file of a learned style")
    try:
        content = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {system_reason(error)}") from error
    if not content and path.stat().st_size:
        raise ModelError(f"{path.name} is too large for a learned style", _HINT)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > _LARGEST:
        raise ModelError(f"{path.name} is too large for a learned style", _HINT)
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {name: stored[name] for name in _MEMBERS}
