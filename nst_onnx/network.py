"""A feature extractor on a device, with its sessions kept warm."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from nst_onnx.losses import style
from nst_onnx.losses.assemble import Terms, objective_model, statistics_model
from nst_onnx.models import catalogue
from nst_onnx.models.extractor import Extractor, load
from nst_onnx.runtime import AnySession, Device, choose, open_session

if TYPE_CHECKING:
    from nst_onnx.models.metadata import Preprocessing

_GRAM = {"openvino": style.gram_by_positions}  # which keeps channels last inside, and so spares copies
_WARM = 2  # how many settings' sessions to keep: each holds the weights twice


class Sessions(NamedTuple):
    """The two models of an objective, loaded."""

    statistics: AnySession
    objective: AnySession


class Network:
    """A feature extractor on a device. Sessions are made on first use and kept."""

    def __init__(self, extractor: Extractor, device: Device, threads: int = 0) -> None:
        self.extractor, self.device = extractor, device

        def make(terms: Terms) -> Sessions:
            gram = _GRAM.get(device.kind, style.gram_by_channels)
            models = statistics_model(extractor, terms, gram), objective_model(extractor, terms, gram)
            return Sessions(*(open_session(model, device, threads) for model in models))

        self.sessions = lru_cache(maxsize=_WARM)(make)

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
        extractor = load(catalogue.locate(model), preprocessing=preprocessing)
        return cls(extractor, choose(device, exact=exact), threads)
