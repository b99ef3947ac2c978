"""The last step of a painting: clipping, luminance or colour transfer if asked for, and what is kept."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from nst_onnx.objective.targets import scaled
from nst_onnx.painting.inputs import Inputs
from nst_onnx.painting.plan import Plan
from nst_onnx.painting.regions.kept import put_back
from nst_onnx.picture import Picture, fit, resize, resize_mask
from nst_onnx.picture.colour import Colours, transfer_chroma, transfer_luminance
from nst_onnx.picture.colour.transfer import LOW
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array


class Finish:
    """Clips pictures of any size, then applies luminance transfer, or colour transfer, as the plan says, and
    puts back what regions keep of the photo.

    Works strip by strip: pictures may be memory-mapped.
    """

    def __init__(self, plan: Plan, inputs: Inputs) -> None:
        self._plan, self._inputs, self._memory = plan, inputs, plan.memory

    def __call__(self, picture: Array) -> Array:
        """Return a picture H×W×3 as it is shown, in a new array."""
        shape, content = (picture.shape[0], picture.shape[1]), self._inputs.content
        shown, colours = self._memory.empty(picture.shape), None
        if self._plan.keep_luminance:
            colours = resize(content.rgb, shape, out=self._memory.empty(picture.shape))
        for rows in disk_arrays.strips(shape[0], picture[0].nbytes):
            part = np.clip(picture[rows], 0, 1)
            shown[rows] = part if colours is None else transfer_luminance(part, colours[rows])
            disk_arrays.release(shown, picture, *([] if colours is None else [colours]))
        if not self._plan.colour_transfer:
            return self._with_the_kept(shown)
        alpha = content.alpha
        if alpha is not None:
            alpha = resize(alpha, shape, out=self._memory.empty(shape))
        out = self._memory.empty(picture.shape)
        return self._with_the_kept(transfer_chroma(shown, self._style_colours, weights=alpha, out=out))

    def _with_the_kept(self, shown: Array) -> Array:
        """Put back what stays the photo's, bit for bit where it is wholly kept."""
        regions = self._inputs.regions
        if regions is None or regions.kept is None:
            return shown
        shape = shown.shape[0], shown.shape[1]
        kept = resize_mask(regions.kept, shape)
        photo = resize(self._inputs.content.rgb, shape, out=self._memory.empty(shown.shape))
        for rows in disk_arrays.strips(shape[0], shown[0].nbytes):
            shown[rows] = put_back(shown[rows], photo[rows], kept[rows])
            disk_arrays.release(shown, photo)
        return shown

    @cached_property
    def _style_colours(self) -> Colours:
        """The colours of the styles' low frequencies, blended."""
        found = [self._colours_of(style) for style in self._inputs.styles]
        return Colours.blended(found, self._inputs.style_weights(self._plan.options))

    def _colours_of(self, style: Picture) -> Colours:
        return Colours.of(*scaled(style, fit(style.shape, min(LOW, max(style.shape))), self._memory))
