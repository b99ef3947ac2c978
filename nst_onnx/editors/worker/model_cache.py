"""Cache of loaded models, and of paintings for looks, between the requests of a worker."""

from __future__ import annotations

from collections import OrderedDict

from nst_onnx.editors.worker.style_looks import StyleLooks
from nst_onnx.painting import presets
from nst_onnx.painting.network_choice import NetworkChoice
from nst_onnx.painting.stylizer import Stylizer

_CAPACITY = 2  # enough to compare two models; each holds its weights several times over


class ModelCache:
    """The most recently used stylizers, by model file and device.

    `rates`: seconds of a unit of work, by network and objective, for forecasts. `looks`: the paintings last
    looked at.
    """

    def __init__(self) -> None:
        self.looks = StyleLooks()
        self.rates: dict[tuple[object, ...], float] = {}
        self._kept: OrderedDict[tuple[object, ...], Stylizer] = OrderedDict()

    def stylizer(self, model: str, device: str, preset: str) -> Stylizer:
        """Return the stylizer for a model on a device, loaded if it was not. Raises NstError.

        A model is another one when its file has changed. `preset` may name the model that "auto" means;
        the device "auto" is NST_ONNX_DEVICE, where that is set.
        """
        recipe = presets.find(preset)
        choice = NetworkChoice(model or "auto", None if device == "auto" else device)
        key = choice.key(recipe)
        if key not in self._kept:
            while len(self._kept) >= _CAPACITY:
                self._kept.popitem(last=False)
                self.rates.clear()  # its keys are networks that may be gone
            self._kept[key] = Stylizer(choice.open(recipe))
        self._kept.move_to_end(key)
        return self._kept[key]
