"""How all pictures of a batch are painted: everything that a process needs to know before its first one."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nst_onnx.errors import OptionError
from nst_onnx.painting import presets
from nst_onnx.painting.network_choice import NetworkChoice
from nst_onnx.painting.option_types import Whole
from nst_onnx.painting.options import Options, OptionValues
from nst_onnx.painting.stylizer import Stylizer

if TYPE_CHECKING:
    from nst_onnx.models.metadata import Preprocessing


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """`model`, `device`, `threads` and `preprocessing` as in `Stylizer`; `options`: the fields of `Options`;
    `bits` and `jpeg_quality` of the files. Can be pickled.
    """

    model: str | os.PathLike[str] = "auto"
    device: str | None = None
    threads: int = 0
    preprocessing: Preprocessing | None = None
    options: OptionValues = field(default_factory=OptionValues)
    bits: int | None = None
    jpeg_quality: int = 95

    def __post_init__(self) -> None:
        """Raise OptionError for any value that makes no sense."""
        Options.of(self.options)
        if self.bits not in (None, 8, 16):
            raise OptionError(f"a picture is written with 8 or 16 bits, not {self.bits}")
        Whole(1, 100).check("jpeg_quality", self.jpeg_quality)

    @property
    def preset(self) -> presets.Preset:
        """The preset that the options name."""
        return presets.find(self.options.get("preset", Options.preset))

    def located(self) -> Path:
        """Return the file of the model, the preset's own where it has one. Raises ModelError."""
        return self._choice.located(self.preset)

    def stylizer(self) -> Stylizer:
        """Open the model on the device. Raises NstError."""
        return Stylizer(self._choice.open(self.preset))

    @property
    def _choice(self) -> NetworkChoice:
        return NetworkChoice(self.model, self.device, self.threads, self.preprocessing)
