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

SHARED = (
    ("images/tubingen.jpg", "images/starry_night.jpg"),
    ("images/tubingen.jpg", "images/picasso.jpg"),
    ("images/golden_gate.jpg", "images/the_scream.jpg"),
    ("images/golden_gate.jpg", "images/monet.jpg"),
    ("images/louvre.jpg", "images/shipwreck.jpg"),
    ("images/louvre.jpg", "paintings/0138.jpg"),  # a wave, woodblock print
    ("images/statue.jpg", "images/starry_night.jpg"),
    ("images/statue.jpg", "paintings/0135.jpg"),  # an abstract composition
    ("paintings/0176.jpg", "paintings/0136.jpg"),  # a man's portrait, and a painted one
    ("paintings/0266.jpg", "paintings/0137.jpg"),  # a skyline, and water lilies
    ("photos/0283.jpg", "paintings/0002.jpg"),  # a cat's face, and a painted portrait
    ("photos/0090.jpg", "images/stone.jpg"),  # a parrot, and a texture
)
"""(photo, painting): files of the shared folder, ``images/`` beside the members of its archive."""


def judged(shared: Path, folder: Path) -> tuple[Pair, ...]:
    """Return the pairs, 24, or 12 where there is no `shared` folder; members of the archive go to `folder`.

    Raises PictureError where a picture is missing in the shared folder.
    """
    if not shared.is_dir():
        return DOZEN
    members = {name for pair in SHARED for name in pair if not name.startswith("images/")}
    _extract(shared / ARCHIVE, members, folder)

    def file(name: str) -> str:
        path = shared / name if name.startswith("images/") else folder / name
        if not path.is_file():
            raise PictureError(f"the judge's picture {name} is missing in {shared}")
        return str(path)

    return (*DOZEN, *(Pair(file(photo), file(painting)) for photo, painting in SHARED))


def seen(path: Path, size: int) -> Array:
    """Return a picture as it is judged: H×W×3 in 0..1, `size` the longest side, in the levels of 8 bits."""
    picture = read(path).rgb
    levels = np.rint(resize(picture, fit(picture.shape[:2], size)) * 255)
    return levels.astype(np.float32) / np.float32(255)


def _extract(archive: Path, members: set[str], folder: Path) -> None:
    """Write the members that `folder` does not have yet."""
    missing = {name for name in members if not (folder / name).is_file()}
    if missing and archive.is_file():
        with tarfile.open(archive) as file:
            wanted = [member for member in file if member.name in missing]
            file.extractall(folder, wanted, filter="data")
