"""The commands' options beside those of a painting: model, device, preprocessing and file format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nst_onnx.cli import completion
from nst_onnx.errors import OptionError
from nst_onnx.painting import option_syntax as syntax
from nst_onnx.painting.option import OptionSet, option
from nst_onnx.painting.option_types import Choice, Number, OptionType, Text, Whole
from nst_onnx.painting.options import MODEL

if TYPE_CHECKING:
    from nst_onnx.models.metadata import Preprocessing
    from nst_onnx.picture.photo_metadata import Kept

FOREIGN, OUTPUT = "Preprocessing of an ONNX model, if its file does not have it", "Output"
PREPROCESSING = ("channel_order", "scale", "mean", "std")


class Triple(OptionType):
    """Three numbers, one for each channel; one number applies to all three."""

    metavar = "A,B,C"
    stored = (list, tuple)

    def parse(self, text: str) -> object:
        """Return the numbers that 103.9,116.8,123.7 means."""
        return syntax.three(text)


class Bits(Whole):
    """8 or 16."""

    metavar = "8|16"

    def check(self, name: str, value: object) -> None:
        """Raise OptionError unless `value` is 8 or 16."""
        if value not in (8, 16):
            raise OptionError(f"a picture is written with 8 or 16 bits, not {value!r}")

    def describe(self) -> str:
        """Return both numbers."""
        return "8, 16"


@dataclass(frozen=True, kw_only=True)
class RunOptions(OptionSet):
    """Model, device, preprocessing and file format of a command. Raises OptionError for an invalid value."""

    model: str = option(
        "auto",
        Text("NAME|FILE", completion.models),
        group=MODEL,
        help="A model's name (see `nst-onnx models list`), an ONNX or weight file",
        fallback="auto: the best there is",
    )
    device: str | None = option(
        None,
        Text("NAME", completion.devices),
        group=MODEL,
        help="Where to compute: cpu, openvino, openvino:bf16, cuda, cuda:1",
        fallback="auto",
    )
    threads: int = option(0, Whole(), group=MODEL, help="CPU threads; 0 for one per core")
    channel_order: str | None = option(
        None,
        Text("RGB|BGR", lambda: ("RGB", "BGR")),
        group=FOREIGN,
        help="Order of its channels",
        fallback="RGB",
    )
    scale: float | None = option(
        None,
        Number(),
        group=FOREIGN,
        metavar="S",
        help="255 if its values are 0..255, 1 if 0..1",
        fallback="255 if a mean is above 1, else 1",
    )
    mean: tuple[float, ...] | None = option(
        None, Triple(), group=FOREIGN, help="What it subtracts, in that order and range", fallback="0,0,0"
    )
    std: tuple[float, ...] | None = option(
        None, Triple(), group=FOREIGN, help="What it then divides by", fallback="1,1,1"
    )
    bits: int | None = option(
        None,
        Bits(),
        group=OUTPUT,
        help="Per channel; the content's own where the format can",
        fallback="16: PNG, TIFF",
    )
    metadata: Kept = option(
        "keep",
        Choice("keep", "place", "none"),
        group=OUTPUT,
        help="What the file keeps of the photo's: keep (author, rights, dates, camera, resolution, XMP), "
        "place (also where it was taken; a TIFF cannot), none",
    )
    jpeg_quality: int = option(95, Whole(1, 100), group=OUTPUT, help="Quality of JPEG and WebP files")

    def preprocessing(self) -> Preprocessing | None:
        """Return the given preprocessing of a model, None where nothing of it is given.

        What is not given: RGB, no mean, no division, and 0..255 where a mean is above 1, else 0..1.
        Raises OptionError.
        """
        from nst_onnx.models.metadata import preprocessing_of

        if all(getattr(self, name) is None for name in PREPROCESSING):
            return None
        try:
            mean = tuple(map(float, self.mean or (0, 0, 0)))
            scale = self.scale if self.scale is not None else 255 if max(mean, default=0) > 1 else 1
            std = tuple(map(float, self.std or (1, 1, 1)))
            return preprocessing_of((self.channel_order or "RGB").upper(), float(scale), mean, std)
        except (TypeError, ValueError) as error:
            raise OptionError(f"the model's preprocessing makes no sense: {error}") from error
