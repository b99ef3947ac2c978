"""A feature extractor on a device, with its sessions kept warm."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nst_onnx.models import catalogue
from nst_onnx.models.extractor import Extractor, load
from nst_onnx.objective.graphs import objective_model, statistics_model
from nst_onnx.objective.terms import Terms
from nst_onnx.objective.tile_graphs import forward_floats, tile_gradient_model, tile_statistics_model
from nst_onnx.runtime import AnySession, Device, choose, give_back, open_session

if TYPE_CHECKING:
    import onnx

    from nst_onnx.models.metadata import Preprocessing

_CHANNELS_LAST = ("openvino",)  # kinds of devices whose runtime holds features N×H×W×C inside
_LARGE = 1 << 24  # bytes of weights that are better in a file, and loaded again than kept beside others
_WARM = 2  # how many settings' sessions to keep: each holds the weights twice


class Sessions:
    """The models of an objective, each loaded when first asked for: only then it takes memory."""

    def __init__(self, extractor: Extractor, device: Device, threads: int, terms: Terms) -> None:
        self._extractor, self._device, self._threads, self._terms = extractor, device, threads, terms
        self._fewer: dict[Terms, Sessions] = {}

    def of(self, names: Collection[str]) -> Sessions:
        """Return those for the terms with these names only; the last asked for are kept."""
        terms = self._terms.of(names)
        if terms == self._terms:
            return self
        if terms not in self._fewer:
            self._fewer = {terms: Sessions(self._extractor, self._device, self._threads, terms)}
        return self._fewer[terms]

    @cached_property
    def statistics(self) -> AnySession:
        """From a picture to what each loss compares."""
        return self._open(statistics_model, self._device.unrecorded)

    def let_go(self, name: Literal["statistics", "objective"]) -> None:
        """Let go of a model if it holds much. It is loaded again when asked for."""
        if self._extractor.size > _LARGE:
            self.__dict__.pop(name, None)

    @cached_property
    def objective(self) -> AnySession:
        """From a picture, targets and coefficients to losses and gradient."""
        return self._objective(None, self._device.unrecorded)

    def objective_at(self, shape: tuple[int, int]) -> AnySession:
        """The same for pictures H×W; not kept where launches are recorded: that is for certain buffers."""
        return self._objective(shape, self._device) if self._device.graph else self.objective

    def _objective(self, shape: tuple[int, int] | None, device: Device) -> AnySession:
        order, half = device.kind == "openvino", device.precision == "fp16"
        model = partial(objective_model, first_to_last=order, scaled=half, sides=shape)
        return self._open(model, device)

    @cached_property
    def features(self) -> tuple[float, bool]:
        """What they take for each pixel, as `nst_onnx.objective.tile_graphs.forward_floats` says."""
        return forward_floats(self._extractor, self._terms)

    @cached_property
    def tile_statistics(self) -> AnySession:
        """From a tile to its share of what each loss compares."""
        return self._open(tile_statistics_model, self._device.for_tiles)

    @cached_property
    def tile_gradient(self) -> AnySession:
        """From a tile to its content losses and the gradient."""
        return self._open(tile_gradient_model, self._device.for_tiles)

    def _open(self, model: Callable[[Extractor, Terms, bool], onnx.ModelProto], device: Device) -> AnySession:
        channels_last = device.kind in _CHANNELS_LAST
        return open_session(model(self._extractor, self._terms, channels_last), device, self._threads)


class Network:
    """A feature extractor on a device. Sessions are made on first use and kept."""

    def __init__(self, extractor: Extractor, device: Device, threads: int = 0) -> None:
        """A large extractor's weights are moved to a temporary file, from which all sessions map them.

        Raises NstError where that cannot be written.
        """
        if extractor.folder is None and extractor.size > _LARGE:
            extractor = extractor.light()
        self.extractor, self.device, self.threads = extractor, device, threads
        self.sessions = lru_cache(maxsize=_WARM)(partial(Sessions, extractor, device, threads))

    @classmethod
    def open(
        cls,
        model: str | os.PathLike[str] = "auto",
        device: str | None = None,
        *,
        threads: int = 0,
        preprocessing: Preprocessing | None = None,
        exact: bool = False,
    ) -> Network:
        """Find and load a model. `model`: "auto", the name of an installed model, or a file.

        `device` and `exact` as in `nst_onnx.runtime.choose`.

        Raises ModelError where it cannot be found or used, DeviceError where the device cannot be.
        """
        path, chosen = catalogue.locate(model), choose(device, exact=exact)
        return cls.load(path, chosen, threads=threads, preprocessing=preprocessing)

    @classmethod
    def load(
        cls, path: Path, device: Device, *, threads: int = 0, preprocessing: Preprocessing | None = None
    ) -> Network:
        """Load a model's file. Raises ModelError where it cannot be used."""
        extractor = load(path, preprocessing=preprocessing)
        network = cls(extractor, device, threads)
        del extractor
        give_back()
        return network
