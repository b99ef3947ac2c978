"""Cache of loaded models between the requests of a worker."""

from __future__ import annotations

from collections import OrderedDict

from nst_onnx.models import catalogue
from nst_onnx.objective.objective import open_network
from nst_onnx.painting import presets
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.runtime import choose

_CAPACITY = 2  # enough to compare two models; each holds its weights several times over


class ModelCache:
    """The most recently used stylizers, by model file and device."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Stylizer] = OrderedDict()

    def stylizer(self, model: str, device: str, preset: str) -> Stylizer:
        """Return the stylizer for a model on a device, loaded if it was not. Raises NstError.

        A model is another one when its file has changed. `preset` may name the model that "auto" means;
        the device "auto" is NST_ONNX_DEVICE, where that is set.
        """
        recipe = presets.find(preset)
        wanted = recipe.model if model == "auto" and recipe.model == "vgg16" else model
        path = catalogue.locate(wanted or "auto")
        chosen = str(choose(None if device == "auto" else device, exact=preset != "default"))
        key = (path, path.stat().st_mtime_ns, chosen)
        if key not in self._kept:
            while len(self._kept) >= _CAPACITY:
                self._kept.popitem(last=False)
            self._kept[key] = Stylizer(open_network(path, chosen, recipe))
        self._kept.move_to_end(key)
        return self._kept[key]
