"""The fields of a `stylize` request, checked when they are read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nst_onnx.editors.worker import pixels
from nst_onnx.editors.worker.protocol import Message, ProtocolError
from nst_onnx.errors import OptionError
from nst_onnx.feedforward import gallery, learned_style
from nst_onnx.models import catalogue
from nst_onnx.painting.option_types import PictureSource
from nst_onnx.painting.options import Options, OptionValues
from nst_onnx.painting.region import Region, word_of
from nst_onnx.support.arguments import shown

if TYPE_CHECKING:
    from nst_onnx.painting.style_pictures import Style
    from nst_onnx.picture import Picture


@dataclass(frozen=True)
class Preview:
    """Seconds between previews, their longest side in pixels, and the type of their pixels."""

    seconds: float
    longest: int
    type: str


class Request:
    """A request by its fields. Each method raises ProtocolError where the field is not what it must be."""

    def __init__(self, fields: Message, take: Callable[[object, str], Picture]) -> None:
        """`take(described, what)` reads a picture that the client described."""
        self._fields, self._take_picture = fields, take

    def content(self) -> Picture:
        """Return the content picture. Raises PictureError."""
        return self._take_picture(self._fields.get("content"), "content picture")

    def styles(self) -> list[Style]:
        """Return the style pictures and learned styles. Raises PictureError, ModelError."""
        return [self._style(described) for described in self.list_of("styles")]

    def _style(self, described: object) -> Style:
        """Return a style: a picture, ``{"style": NAME}``, or ``{"path": …}`` of a learned style's file."""
        if isinstance(described, dict):
            given = described.get("style", described.get("path"))
            named = "style" in described or str(given).lower().endswith(learned_style.SUFFIX)
            if named:
                found = gallery.find(given)
                if found is None:
                    raise OptionError(f"there is no learned style {shown(given)}", "see nst-onnx styles")
                return found
        return self._take_picture(described, "style picture")

    def list_of(self, name: str) -> list[object]:
        """Return a list. Raises ProtocolError."""
        value = self._fields.get(name)
        if not isinstance(value, list):
            raise ProtocolError(f'"{name}" must be a list')
        return value

    def _object(self, name: str) -> Message:
        value = self._fields.get(name) or {}
        if not isinstance(value, dict):
            raise ProtocolError(f'"{name}" must be an object')
        return value

    def text(self, name: str) -> str:
        """Return a name, "auto" where it is missing. Raises ProtocolError."""
        value = self._fields.get(name) or "auto"
        if not isinstance(value, str):
            raise ProtocolError(f'"{name}" must be a name')
        return value

    def flag(self, name: str) -> bool:
        """Return a field that is true or false, false where it is missing. Raises ProtocolError."""
        value = self._fields.get(name, False)
        if not isinstance(value, bool):
            raise ProtocolError(f'"{name}" must be true or false')
        return value

    def options(self) -> OptionValues:
        """Return the given options, checked against their declarations; pictures among them are read."""
        quality = self._fields.get("quality")
        asked = {**self._object("options"), **({} if quality is None else {"quality": quality})}
        options = {name: value for name, value in asked.items() if value is not None}
        if options.get("regions") and not word_of(options["regions"]):
            options["regions"] = self._regions(options["regions"])
        Options.of(options)
        for name, option in Options.table().items():
            if isinstance(option.type, PictureSource) and options.get(name) not in (None, *option.type.words):
                options[name] = self._source(name, option.type, options[name])
        return cast(OptionValues, options)

    def _regions(self, described: object) -> list[Region]:
        """Return the regions described by objects with the fields of `Region`. Raises NstError."""
        if not isinstance(described, list):
            raise ProtocolError('"regions" must be a list')
        return [self._region(one) for one in described]

    def _region(self, described: object) -> Region:
        fields = {"mask", "styles", "strength", "style_scale", "style_weights", "style_mask"}
        if not isinstance(described, dict) or not {"mask", "styles"} <= described.keys() <= fields:
            raise ProtocolError(f'a region must have "mask" and "styles", and of {sorted(fields)} no others')
        mask, styles, style_mask = (described.get(name) for name in ("mask", "styles", "style_mask"))
        if not isinstance(styles, list) or not styles:
            raise ProtocolError('"styles" of a region must be a list')
        weights = described.get("style_weights")
        if weights is not None and not isinstance(weights, list):
            raise ProtocolError('"style_weights" of a region must be a list')
        return Region(
            mask=self._mask(mask),
            style=[self._take_picture(one, "style picture") for one in styles],
            strength=described.get("strength"),
            style_scale=described.get("style_scale"),
            style_weights=None if weights is None else tuple(weights),
            style_mask=None if style_mask is None else self._take_picture(style_mask, "style mask"),
        )

    def _mask(self, described: object) -> Picture | str:
        """Return a region's mask: a picture, "rest", or the colour of a label."""
        if isinstance(described, str):
            named = Region(described, ())
            if named.is_rest or named.colour is not None:
                return described
            described = {"path": described}  # refused unless it is absolute
        return self._take_picture(described, "mask")

    def _source(self, name: str, type: PictureSource, value: object) -> Picture:
        """Return the picture that an option's value describes. Raises OptionError, PictureError."""
        if isinstance(value, str) and Path(value).is_absolute():
            value = {"path": value}
        if not isinstance(value, dict):
            known = "".join(f"{word}, " for word in type.words)
            raise OptionError(f"{name} must be {known}a picture or an absolute path, not {value!r}")
        return self._take_picture(value, name.replace("_", " "))

    def model(self) -> str:
        """Return "auto", a name or an absolute path; never a file relative to the working folder."""
        model = self.text("model")
        listed = {entry.name: str(entry.path) for entry in catalogue.installed()}
        if model == "auto":
            return model
        if model in listed:
            return listed[model]
        with contextlib.suppress(OSError, RuntimeError):  # no file can have such a name, no "~nobody" a home
            path = Path(model).expanduser()
            is_name = path.name == model and not path.exists()
            if is_name or (path.is_absolute() and not path.is_dir()):
                return str(path)
        raise ProtocolError(f'"model" must be auto, a name, or the absolute path of a file, not {model!r}')

    def preview(self) -> Preview | None:
        """Return the previews asked for; None for none."""
        preview = self._object("preview")
        if not preview:
            return None
        seconds, longest, kind = (
            preview.get("seconds", 0.5),
            preview.get("longest", 512),
            preview.get("type", "u8"),
        )
        with contextlib.suppress(TypeError, OverflowError):
            if seconds >= 0 and longest >= 1 and kind in pixels.TYPES:
                return Preview(float(seconds), int(longest), kind)
        raise ProtocolError('"preview" needs seconds of at least 0, longest of at least 1, and a type')
