"""A texture to be painted: a picture like a style, without a photo."""

from __future__ import annotations

from pathlib import Path

from engine import NeuralEngine
from gi.repository import Gimp
from nst_client import Pixels
from nst_client.choices import AUTO
from nst_client.failure import Failure
from nst_client.progress import JobMonitor
from nst_client.style_shelf import name_of
from nst_client.translation import _
from outcome import NEW_LAYER, undo_group
from pixels import FORMATS
from rectangle import Rectangle
from settings import style_path
from style_pictures import SHELF
from task import Made

KINDS = {
    Gimp.ImageBaseType.RGB: Gimp.ImageType.RGB_IMAGE,
    Gimp.ImageBaseType.GRAY: Gimp.ImageType.GRAY_IMAGE,
    Gimp.ImageBaseType.INDEXED: Gimp.ImageType.INDEXED_IMAGE,
}


class TextureTask:
    """See `task.Task`. `image`: where a new layer goes. Raises Failure where there is no style."""

    def __init__(self, image: Gimp.Image | None, config: Gimp.ProcedureConfig) -> None:
        self._image = image if config.get_property("output") == NEW_LAYER else None
        self._style = style_path(config.get_property("style"))
        if not self._style:
            raise Failure(_("no style picture is chosen"), _("choose a painting to paint like"))
        if image is None and config.get_property("output") == NEW_LAYER:
            raise Failure(_("there is no image for a new layer"), _("choose a new image"))
        self._size = config.get_property("width"), config.get_property("height")
        self._seamless = config.get_property("seamless")
        self._options = {
            "size": [*self._size],
            "style_scale": config.get_property("style-scale"),
            "seed": config.get_property("seed"),
        }
        self._network = {name: config.get_property(name).strip() or AUTO for name in ("model", "device")}
        like = name_of(Path(config.get_property("style").get_path()))
        self.name = (_("{style}, a seamless texture") if self._seamless else _("{style}, a texture")).format(
            style=like
        )
        self.longest = max(self._size)

    def check(self) -> None:
        """Raise Failure where the image was closed."""
        if self._image is not None and not self._image.is_valid():
            raise Failure(_("the image was closed while it was being painted"))

    def picture(self, side: int) -> Pixels | None:
        """Return None: a texture begins with nothing."""
        return None

    def begin(self, engine: NeuralEngine, preview: int | None) -> JobMonitor | None:
        """Start the job; return None while the engine is still starting. Never blocks."""
        if engine.ready() is None:
            return None
        job = engine.texture(
            [self._style], self._options, seamless=self._seamless, preview=preview, **self._network
        )
        return JobMonitor(job)

    def deliver(self, painting: Pixels) -> Made:
        """Make a new image of the texture, or a new layer at the top."""
        SHELF.remember(self._style)
        if self._image is None:
            image = Gimp.Image.new(painting.width, painting.height, Gimp.ImageBaseType.RGB)
            image.undo_disable()
            layer = _inserted(image, self.name, painting)
            image.undo_enable()
            return image, layer
        with undo_group(self._image):
            return self._image, _inserted(self._image, self.name, painting)

    def belongs_to(self, image: Gimp.Image) -> bool:
        """Return whether the texture is a layer of an image."""
        return bool(self._image is not None and self._image == image)


def _inserted(image: Gimp.Image, name: str, painting: Pixels) -> Gimp.Layer:
    """Insert a layer with a painting at the top."""
    sides = painting.width, painting.height
    kind = KINDS[image.get_base_type()]
    layer = Gimp.Layer.new(image, name, *sides, kind, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    buffer = layer.get_buffer()
    buffer.set(Rectangle(0, 0, *sides).gegl, FORMATS[painting.channels], painting.data)
    buffer.flush()
    layer.update(0, 0, *sides)
    return layer
