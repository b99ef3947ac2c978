"""Textures: the style alone, without a photo; seamless ones can be laid side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from nst_onnx.errors import OptionError
from nst_onnx.graph.passes.wrap_padding import wrap_padding
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import presets
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.inputs import final_shape
from nst_onnx.painting.network_choice import Networks
from nst_onnx.painting.options import Options, OptionValues
from nst_onnx.painting.painting import Painting
from nst_onnx.painting.plan import period
from nst_onnx.painting.style_pictures import read_styles
from nst_onnx.painting.texture_options import OF_A_PHOTO
from nst_onnx.picture import Picture, Source
from nst_onnx.picture.periodic_resize import resize_periodic
from nst_onnx.support.arrays import Array
from nst_onnx.support.json_types import JsonObject
from nst_onnx.support.memory import Memory

SIZE = 512
NAME = "texture"


class Texture(Painting):
    """A texture being painted: a `Painting` without a content loss, from noise in the styles' colours.

    With `seamless`, the network takes its padding from the opposite side (`wrap_padding`), so that the loss
    is that of the plane which the picture tiles.
    """

    def __init__(
        self, network: Network, styles: Sequence[Picture], options: Options, *, seamless: bool
    ) -> None:
        """Raise OptionError where a seamless texture's sides are no multiples of the network's stride."""
        self.seamless = seamless
        shape = final_shape((1, 1), options.size or SIZE)
        if seamless:
            network = _periodic(network)
            _check_sides(network, shape)
        bits = max((style.bits for style in styles), default=8)
        content = Picture(np.full((*shape, 3), 0.5, np.float32), None, NAME, bits)
        chosen = replace(
            options,
            size=(shape[1], shape[0]),
            strength=1.0,
            init="style" if options.init is None else options.init,
        )
        super().__init__(network, content, styles, chosen, fine=False)

    def _resized(self, picture: Array, shape: tuple[int, int]) -> Array:
        return resize_periodic(picture, shape) if self.seamless else super()._resized(picture, shape)

    def settings(self) -> JsonObject:
        """Return how the texture is made, fit for JSON."""
        return super().settings() | {"texture": True, "seamless": self.seamless}

    def fingerprint(self) -> str:
        """Return a digest of everything that the result depends on."""
        return f"{super().fingerprint()}-{'seamless' if self.seamless else 'texture'}"


def prepared(
    networks: Networks,
    style: Source | Iterable[Source],
    *,
    seamless: bool,
    options: OptionValues,
    resume: Checkpoint | None = None,
) -> Texture:
    """Return the texture of the style pictures, ready to be painted.

    Raises OptionError for an option of a photo, PictureError, ModelError; GraphError for a network whose
    padding cannot be wrapped around.
    """
    for name in options:
        if name in OF_A_PHOTO:
            raise OptionError(f"a texture has no photo, so {name} makes no sense", "leave it out")
    checked = Options.of(options)
    if checked.size == "full":
        raise OptionError("a texture has no photo whose size could be full", "give the size in pixels")
    styles = read_styles(style, checked, Memory.of(checked.max_memory))
    network = networks.open(presets.find(checked.preset))
    texture = Texture(network, styles, checked, seamless=seamless)
    if resume is not None:
        texture.resume(resume)
    return texture


def _periodic(network: Network) -> Network:
    extractor = network.extractor
    wrapped = replace(extractor, proto=wrap_padding(extractor.proto), periodic=True)
    # A painting is no tile: its sides do not continue at the opposite ones.
    return Network(wrapped, network.device, network.threads).measuring_styles_with(network)


def _check_sides(network: Network, shape: tuple[int, int]) -> None:
    stride = period(network.extractor)
    if any(side % stride for side in shape):
        near = "×".join(str(max(stride, round(side / stride) * stride)) for side in reversed(shape))
        raise OptionError(
            f"the sides of a seamless texture must be multiples of {stride} pixels for this network",
            f"choose {near}",
        )
