"""What is painted in one go: the selected layers, or those of all open images."""

from __future__ import annotations

from gi.repository import Gimp
from layer_task import LayerTask
from nst_client.failure import Failure
from nst_client.translation import _
from settings import ALL_IMAGES, TARGETS, engine_request
from task import Series


def series_of(image: Gimp.Image, drawables: list[Gimp.Drawable], config: Gimp.ProcedureConfig) -> Series:
    """Return what the settings say is painted. Raises Failure where nothing can be."""
    targets = [(image, drawable) for drawable in drawables]
    if config.get_property(TARGETS) == ALL_IMAGES:
        images = Gimp.get_images()
        targets = [(one, layer) for one in images for layer in one.get_selected_layers()]
    if not targets:
        raise Failure(_("one layer must be selected, not {number}").format(number=0))
    engine_request(config)  # what is wrong with the settings is so for every layer
    tasks, failures = [], []
    for where, drawable in targets:
        try:
            tasks.append(LayerTask(where, [drawable], config))
        except Failure as failure:
            failures.append(failure)
    return Series(tasks, failures)
