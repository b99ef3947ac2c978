"""Which network, on which device and how precisely: what was asked for, resolved for a preset."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nst_onnx.errors import ModelError
from nst_onnx.feedforward.painter import Painter
from nst_onnx.models import catalogue
from nst_onnx.models.metadata import Preprocessing
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.option_types import Whole
from nst_onnx.painting.presets import Preset
from nst_onnx.runtime import Device, choose
from nst_onnx.support.arguments import shown


@dataclass(frozen=True)
class NetworkChoice:
    """A model and a device as given. `model_for` and `device_for` say what a preset takes.

    `model`: "auto", the name of an installed model, or a file. `device`: a name, None for NST_ONNX_DEVICE or
    "auto". `threads`: of the CPU, 0 for all. `preprocessing`: for models that do not declare their own.
    """

    model: str | os.PathLike[str] = "auto"
    device: str | None = None
    threads: int = 0
    preprocessing: Preprocessing | None = None

    def __post_init__(self) -> None:
        """Raise ModelError or OptionError for what is no name, path, number or preprocessing."""
        if not isinstance(self.model, str | os.PathLike):
            raise ModelError(
                f"a model is named by a text or a path, not by {shown(self.model)}", "save it to a file first"
            )
        if self.preprocessing is not None and not isinstance(self.preprocessing, Preprocessing):
            raise ModelError(f"preprocessing must be a Preprocessing, not {shown(self.preprocessing)}")
        Whole().check("threads", self.threads)

    def model_for(self, preset: Preset) -> str | os.PathLike[str]:
        """Return the model: for "auto", the preset's own network where it is VGG-16."""
        own = self.model == "auto" and preset.model == "vgg16"
        return "vgg16" if own else self.model

    def model_path(self, preset: Preset) -> Path:
        """Return the model's file. Raises ModelError."""
        return catalogue.locate(self.model_for(preset))

    def device_for(self, preset: Preset, *, exact: bool | None = None) -> Device:
        """Return the device. Published recipes are computed in full precision unless its name says otherwise.

        `exact` overrides that. Raises DeviceError.
        """
        return choose(self.device, exact=preset.name != "default" if exact is None else exact)

    def key(self, preset: Preset) -> tuple[object, ...]:
        """Return what identifies the network that `open` loads: the file as it is now, and the device."""
        path = self.model_path(preset)
        return path, path.stat().st_mtime_ns, str(self.device_for(preset)), self.threads

    def open(self, preset: Preset, *, exact: bool | None = None) -> Network:
        """Load the model for a preset. Raises ModelError, DeviceError."""
        path, device = self.model_path(preset), self.device_for(preset, exact=exact)
        return Network.load(path, device, threads=self.threads, preprocessing=self.preprocessing)


class Networks:
    """The networks of one choice, each loaded when a preset first takes it. From then on no file is read.

    So is the feed-forward painter, with the network in whose features it measures paintings.
    """

    def __init__(self, choice: NetworkChoice) -> None:
        self._choice = choice
        self._given: Network | None = None
        self._loaded: dict[tuple[str, Device], Network] = {}
        self._feedforward: tuple[Painter, Network] | None = None

    @classmethod
    def of(cls, network: Network) -> Networks:
        """Return a network already open, for all presets."""
        networks = cls(NetworkChoice())
        networks._given = network
        return networks

    def open(self, preset: Preset) -> Network:
        """Return the network for a preset, loaded if it is not. Raises ModelError, DeviceError."""
        if self._given is not None:
            return self._given
        key = str(self._choice.model_for(preset)), self._choice.device_for(preset)
        if key not in self._loaded:
            self._loaded[key] = self._choice.open(preset)
        return self._loaded[key]

    def feedforward(self, network: Network) -> tuple[Painter, Network]:
        """Return the painter and the network that measures its statistics, on `network`'s GPU or the CPU.

        Raises ModelError where they are missing.
        """
        if self._feedforward is None:
            device = network.device if network.device.backend.gpu else choose("cpu")
            painter = Painter.load(catalogue.painter(), device, threads=network.threads)
            measuring = Network.load(catalogue.locate(painter.facts.network), device, threads=network.threads)
            self._feedforward = painter, measuring
        return self._feedforward
