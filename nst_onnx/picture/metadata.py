"""Settings metadata of a picture file: how it was made, as JSON in the file.

The settings are one line of JSON, `{"nst-onnx": VERSION, "settings": {…}}`, ASCII only,
the only portable text of EXIF and TIFF. PNG has it in an iTXt chunk called
`nst-onnx`; JPEG, WebP and TIFF in ImageDescription.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nst_onnx.errors import PictureError
from nst_onnx.picture.limits import strict_pillow
from nst_onnx.picture.photo_metadata import PhotoMetadata
from nst_onnx.picture.xmp import packet
from nst_onnx.support.json_types import JsonObject
from nst_onnx.support.library_errors import system_reason
from nst_onnx.version import __version__

KEYWORD = "nst-onnx"
SOFTWARE = f"nst-onnx {__version__}"
IMAGE_DESCRIPTION = 0x010E
SOFTWARE_TAG = 0x0131


@dataclass(frozen=True)
class FileMetadata:
    """What a file holds beside its pixels: the packed `settings`, and the `photo`'s own metadata."""

    settings: str | None = None
    photo: PhotoMetadata | None = None

    def exif(self, *, with_description: bool = True) -> bytes:
        """Return an EXIF block: the program, the settings (unless they are elsewhere), the photo's tags."""
        from PIL import Image

        directories = Image.Exif()
        directories[SOFTWARE_TAG] = SOFTWARE
        if self.settings is not None and with_description:
            directories[IMAGE_DESCRIPTION] = self.settings
        if self.photo is not None:
            self.photo.add_to(directories)
        return directories.tobytes()

    @property
    def xmp(self) -> bytes | None:
        """The photo's XMP packet."""
        return None if self.photo is None or self.photo.xmp is None else packet(self.photo.xmp)

    @property
    def dpi(self) -> tuple[float, float] | None:
        """The photo's resolution for printing, in pixels per inch."""
        return None if self.photo is None else self.photo.dpi


def pack(settings: Mapping[str, object]) -> str:
    """Return `settings` as the line of JSON for a file; ASCII only.

    numpy scalars and arrays become numbers and lists; anything else that JSON cannot represent,
    such as a Path, its `str`.
    """
    return json.dumps({KEYWORD: __version__, "settings": dict(settings)}, default=_plain)


def unpack(text: str) -> JsonObject | None:
    """Return the settings in a line made by `pack`; None for any other text."""
    try:
        packed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(packed, dict) or KEYWORD not in packed:
        return None
    settings = packed.get("settings")
    return settings if isinstance(settings, dict) else None


def read_settings(path: str | os.PathLike[str]) -> JsonObject | None:
    """Return the settings that `write` stored in the picture at `path`.

    None if there are none, or another program's. Raises PictureError if the file is missing or no
    picture that Pillow can open.
    """
    from PIL import Image

    name = Path(path).name
    try:
        with strict_pillow(), Image.open(path) as image:
            text = image.info.get(KEYWORD) or image.getexif().get(IMAGE_DESCRIPTION)
    except FileNotFoundError as error:
        raise PictureError(f"cannot read the settings in {name}: there is no such file") from error
    except PermissionError as error:
        raise PictureError(f"cannot read the settings in {name}: {system_reason(error)}") from error
    except Exception as error:  # a damaged file makes decoders raise any exception
        raise PictureError(f"cannot read the settings in {name}: it is not a whole picture") from error
    return unpack(text) if isinstance(text, str) else None


def _plain(value: object) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
