"""The pairs that are judged: a dozen of the examples, and a dozen of pictures that are not committed."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np

from benchmarks.pairs import DOZEN, Pair
from nst_onnx.errors import PictureError
from nst_onnx.picture import fit, read, resize
from nst_onnx.support.arrays import Array

ARCHIVE = Path("compact", "training.tar")
"""Photos and paintings of at most 352 pixels, in the shared folder."""

MEMBERS = {
    "cat": "photos/0283.jpg",
    "parrot": "photos/0090.jpg",
    "man": "paintings/0176.jpg",
    "skyline": "paintings/0266.jpg",
    "wave": "paintings/0138.jpg",  # a woodblock print
    "composition": "paintings/0135.jpg",  # abstract
    "woman_with_hat": "paintings/0136.jpg",
    "water_lilies": "paintings/0137.jpg",
    "woman_with_monkeys": "paintings/0002.jpg",
}
"""The pictures that come from the archive. All others are files of ``images/``, beside it."""

SHARED = (
    ("tubingen", "starry_night"),
    ("tubingen", "picasso"),
    ("golden_gate", "the_scream"),
    ("golden_gate", "monet"),
    ("louvre", "shipwreck"),
    ("louvre", "wave"),
    ("statue", "starry_night"),
    ("statue", "composition"),
    ("man", "woman_with_hat"),
    ("skyline", "water_lilies"),
    ("cat", "woman_with_monkeys"),
    ("parrot", "stone"),
)
"""(photo, painting) of the shared folder."""


def judged(shared: Path, folder: Path) -> tuple[Pair, ...]:
    """Return the pairs, 24, or 12 where there is no `shared` folder. What is archived is written to `folder`.

    Raises PictureError where a picture is missing in the shared folder.
    """
    if not shared.is_dir():
        return DOZEN
    _extract(shared / ARCHIVE, folder)

    def file(name: str) -> str:
        path = (folder if name in MEMBERS else shared / "images") / f"{name}.jpg"
        if not path.is_file():
            raise PictureError(f"the judge's picture {name} is missing in {shared}")
        return str(path)

    return (*DOZEN, *(Pair(file(photo), file(painting)) for photo, painting in SHARED))


def seen(path: Path, size: int) -> Array:
    """Return a picture as it is judged: H×W×3 in 0..1, `size` the longest side, in the levels of 8 bits."""
    picture = read(path).rgb
    levels = np.rint(resize(picture, fit(picture.shape[:2], size)) * 255)
    return levels.astype(np.float32) / np.float32(255)


def _extract(archive: Path, folder: Path) -> None:
    """Write the members that `folder` does not have yet."""
    missing = {member: name for name, member in MEMBERS.items() if not (folder / f"{name}.jpg").is_file()}
    if missing and archive.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as file:
            for member in file:
                content = file.extractfile(member) if member.name in missing else None
                if content is not None:
                    (folder / f"{missing[member.name]}.jpg").write_bytes(content.read())
