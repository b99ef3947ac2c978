"""Sessions of an objective's graphs for a feature extractor on a device, opened on first use and cached."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nst_onnx.models import catalogue
from nst_onnx.models.extractor import Extractor, load
from nst_onnx.objective.graphs import feature_strides, objective_model, statistics_model
from nst_onnx.objective.terms import Terms
from nst_onnx.objective.tile_graphs import forward_floats, tile_gradient_model, tile_statistics_model
from nst_onnx.runtime import Device, Session, choose, open_session
from nst_onnx.support.memory import release_free_memory

if TYPE_CHECKING:
    import onnx

    from nst_onnx.models.metadata import Preprocessing

_LARGE = 1 << 24  # bytes of weights above which they are memory-mapped, and sessions released after use
_CACHED = 2  # sets of terms whose sessions are cached: each session holds the weights twice


class Sessions:
    """The sessions of one set of terms. Each is opened on first use, because it takes memory from then on."""

    def __init__(self, extractor: Extractor, device: Device, threads: int, terms: Terms) -> None:
        self._extractor, self._device, self._threads, self._terms = extractor, device, threads, terms
        self._pruned: dict[Terms, Sessions] = {}

    def of(self, names: Collection[str]) -> Sessions:
        """Return the sessions for these terms only (term pruning); those of the last call are cached."""
        terms = self._terms.of(names)
        if terms == self._terms:
            return self
        if terms not in self._pruned:
            self._pruned = {terms: Sessions(self._extractor, self._device, self._threads, terms)}
        return self._pruned[terms]

    @cached_property
    def statistics(self) -> Session:
        """From a picture to the statistics that the losses compare."""
        return self._open(statistics_model, self._device.without_cuda_graph)

    def release(self, name: Literal["statistics", "objective"]) -> None:
        """Release a session of a large network. It is opened again on its next use."""
        if self._extractor.size > _LARGE:
            self.__dict__.pop(name, None)

    @cached_property
    def objective(self) -> Session:
        """From a picture, targets and coefficients to losses and gradient."""
        return self._objective(None, self._device.without_cuda_graph)

    def objective_at(self, shape: tuple[int, int]) -> Session:
        """The same for pictures H×W. Not cached for a CUDA graph, which is recorded for certain buffers."""
        return self._objective(shape, self._device) if self._device.graph else self.objective

    def _objective(self, shape: tuple[int, int] | None, device: Device) -> Session:
        order, scaled = device.backend.first_to_last, device.float16
        return self._open(partial(objective_model, first_to_last=order, scaled=scaled, sides=shape), device)

    @cached_property
    def floats_per_pixel(self) -> tuple[float, bool]:
        """The size of the features, as `nst_onnx.objective.tile_graphs.forward_floats` returns it."""
        return forward_floats(self._extractor, self._terms)

    @cached_property
    def strides(self) -> dict[str, int]:
        """{source: pixels between neighbouring positions of its features}."""
        return feature_strides(self._extractor, self._terms)

    @cached_property
    def tile_statistics(self) -> Session:
        """From a tile to its contribution to the statistics."""
        return self._open(tile_statistics_model, self._device.for_tiles)

    @cached_property
    def tile_gradient(self) -> Session:
        """From a tile to its content losses and the gradient."""
        return self._open(tile_gradient_model, self._device.for_tiles)

    def _open(self, model: Callable[[Extractor, Terms, bool], onnx.ModelProto], device: Device) -> Session:
        proto = model(self._extractor, self._terms, device.backend.channels_last)
        return open_session(proto, device, self._threads)


class Network:
    """A feature extractor on a device: a cache of its sessions for each set of terms."""

    def __init__(self, extractor: Extractor, device: Device, threads: int = 0) -> None:
        """A large extractor's weights are moved to a temporary file, which all sessions memory-map.

        Raises NstError where that cannot be written.
        """
        if extractor.folder is None and extractor.size > _LARGE:
            extractor = extractor.with_external_data()
        self.extractor, self.device, self.threads = extractor, device, threads
        self._of_styles: Network | None = None
        self.sessions = lru_cache(maxsize=_CACHED)(partial(Sessions, extractor, device, threads))

    @property
    def of_styles(self) -> Network:
        """The network in which style pictures are measured: the same, but for one with periodic borders."""
        return self._of_styles or self

    def measuring_styles_with(self, other: Network) -> Network:
        """Return this network, which measures style pictures with the other one."""
        self._of_styles = other
        return self

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
        release_free_memory()
        return network
