"""Settings of a batch: everything that a process requires before its first job. They can be pickled."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from nst_onnx.errors import OptionError
from nst_onnx.painting import presets
from nst_onnx.painting.network_choice import NetworkChoice
from nst_onnx.painting.option_types import Choice, Whole
from nst_onnx.painting.options import Options, OptionValues
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.picture.photo_metadata import Kept

if TYPE_CHECKING:
    from nst_onnx.models.metadata import Preprocessing


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """Settings that all jobs of a batch share.

    `model`, `device`, `threads` and `preprocessing` as in `Stylizer`; `options`: the fields of `Options`;
    `bits`, `jpeg_quality` and kept `metadata` of the files, as in `Result.save`.
    """

    model: str | os.PathLike[str] = "auto"
    device: str | None = None
    threads: int = 0
    preprocessing: Preprocessing | None = None
    options: OptionValues = field(default_factory=OptionValues)
    bits: int | None = None
    jpeg_quality: int = 95
    metadata: Kept = "keep"

    def __post_init__(self) -> None:
        """Raise OptionError for an invalid value."""
        Options.of(self.options)
        if self.bits not in (None, 8, 16):
            raise OptionError(f"a picture is written with 8 or 16 bits, not {self.bits}")
        Whole(1, 100).check("jpeg_quality", self.jpeg_quality)
        Choice(*get_args(Kept)).check("metadata", self.metadata)

    @property
    def preset(self) -> presets.Preset:
        """The preset that the options name."""
        return presets.find(Options.of(self.options).preset)

    @property
    def max_memory(self) -> int | str | None:
        """The memory limit among the options."""
        return Options.of(self.options).max_memory

    def model_file(self) -> Path:
        """Return the file of the model, the preset's own if it has one. Raises ModelError."""
        return self.network_choice.model_path(self.preset)

    def stylizer(self) -> Stylizer:
        """Open the model on the device. Raises NstError."""
        return Stylizer(self.network_choice.open(self.preset))

    @property
    def network_choice(self) -> NetworkChoice:
        """The model and the device, as named."""
        return NetworkChoice(self.model, self.device, self.threads, self.preprocessing)
