"""What a painting keeps of a photo's metadata: author, rights, dates, camera, resolution, XMP, and its place.

EXIF and XMP have room for anything, so each has a list of what is kept. What describes the photo's pixels
(size, orientation, thumbnails) would be wrong for the painting; serial numbers and makers' notes identify
the camera and so its owner.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Literal

from nst_onnx.picture import xmp

if TYPE_CHECKING:
    from PIL import Image

Kept = Literal["keep", "place", "none"]
"""All but the place where the photo was taken; that, too; or nothing."""

EXIF_IFD, GPS_IFD = 0x8769, 0x8825
ARTIST, COPYRIGHT, DATE = 0x013B, 0x8298, 0x0132

_TAGS = {ARTIST, COPYRIGHT, DATE, 0x010F, 0x0110}  # …, make and model of the camera
_EXIF_TAGS = {
    *(0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9290, 0x9291, 0x9292),  # dates, their offsets and subseconds
    *(0x829A, 0x829D, 0x8827, 0x920A, 0xA405, 0xA433, 0xA434),  # exposure, aperture, ISO, focal lengths, lens
}
_LONGEST = 500  # characters of a text, bytes of a list
_DENSEST = 100_000  # pixels per inch

Values = Mapping[int, object]


@dataclass(frozen=True)
class PhotoMetadata:
    """EXIF's kept values by number: of its first directory (`tags`), its own (`exif`), GPS's (`place`).

    `xmp`: the properties that are kept, as an RDF document; `dpi`: pixels per inch, across and down.
    """

    tags: Values = field(default_factory=dict)
    exif: Values = field(default_factory=dict)
    place: Values = field(default_factory=dict)
    xmp: str | None = None
    dpi: tuple[float, float] | None = None

    @classmethod
    def of(
        cls, *, exif: bytes | IO[bytes] | None = None, xmp: object = None, dpi: object = None
    ) -> PhotoMetadata:
        """Return what is kept of an EXIF block or TIFF file, an XMP packet and a resolution.

        What is damaged is left out.
        """
        from PIL import Image

        directories = Image.Exif()
        try:
            if isinstance(exif, bytes):
                directories.load(exif)
            elif exif is not None:
                directories.load_from_fp(exif)
        except Exception:  # damaged EXIF raises any exception
            directories = Image.Exif()
        return cls._of(directories, xmp, dpi)

    @classmethod
    def of_image(cls, image: Image.Image) -> PhotoMetadata:
        """Return what is kept of a decoded Pillow image's metadata."""
        from PIL import Image

        try:
            directories = image.getexif()
        except Exception:  # damaged EXIF raises any exception
            directories = Image.Exif()
        packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
        return cls._of(directories, packet, image.info.get("dpi"))

    @classmethod
    def _of(cls, directories: Image.Exif, packet: object, dpi: object) -> PhotoMetadata:
        return cls(
            tags=_kept(dict(directories), _TAGS),
            exif=_kept(_directory(directories, EXIF_IFD), _EXIF_TAGS),
            place=_kept(_directory(directories, GPS_IFD), set(range(32))),
            xmp=xmp.kept(packet) if isinstance(packet, str | bytes) else None,
            dpi=_resolution(dpi),
        )

    def without_place(self) -> PhotoMetadata:
        """Return all of it but where the photo was taken."""
        return replace(self, place={}, xmp=None if self.xmp is None else xmp.without_place(self.xmp))

    def chosen(self, kept: Kept) -> PhotoMetadata | None:
        """Return what a file is to have."""
        return {"keep": self.without_place(), "place": self, "none": None}[kept]

    def add_to(self, directories: Image.Exif) -> None:
        """Add the tags to a file's EXIF."""
        for number, value in self.tags.items():
            directories[number] = value
        for directory, values in ((EXIF_IFD, self.exif), (GPS_IFD, self.place)):
            if values:
                directories.get_ifd(directory).update(values)
        if self.dpi:
            directories[0x011A], directories[0x011B], directories[0x0128] = *self.dpi, 2  # in inches


def _directory(directories: Image.Exif, number: int) -> Values:
    try:
        return dict(directories.get_ifd(number))
    except Exception:  # damaged EXIF raises any exception
        return {}


def _kept(values: Values, tags: set[int]) -> dict[int, object]:
    return {number: value for number, value in values.items() if number in tags and _is_sound(value)}


def _is_sound(value: object) -> bool:
    """Whether a value is a text, a number, or some of them, that can be written again."""
    if isinstance(value, str | bytes):
        return 0 < len(value) <= _LONGEST
    if isinstance(value, tuple):
        return len(value) <= 4 and all(_is_sound(one) for one in value)
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever it is: what is no number is refused below
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return False
    return math.isfinite(number)


def _resolution(dpi: object) -> tuple[float, float] | None:
    if not isinstance(dpi, tuple) or len(dpi) != 2 or not _is_sound(dpi):
        return None
    across, down = (round(float(one), 2) for one in dpi)  # PNG stores it per metre
    return (across, down) if min(across, down) > 1 and max(across, down) <= _DENSEST else None
