"""The photo's detail in the picture that a finer level starts from: what enlarging cannot give it."""

from __future__ import annotations

from nst_onnx.painting.pyramid import Shape
from nst_onnx.picture import resize
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Array
from nst_onnx.support.memory import Memory


def add_detail(picture: Array, content: Array, coarse: Shape, share: float, memory: Memory) -> Array:
    """Return the enlarged `picture` with a share of the `content`'s detail (both H×W×3), in place.

    The detail is what the content loses at the `coarse` (H, W), from which the picture was enlarged.
    """
    shape = content.shape[0], content.shape[1]
    reduced = resize(content, coarse, out=memory.empty((*coarse, content.shape[2])))
    blurred = resize(reduced, shape, out=memory.empty(content.shape))
    for rows in disk_arrays.strips(shape[0], picture[0].nbytes):
        picture[rows] += share * (content[rows] - blurred[rows])
        disk_arrays.release(picture, content, blurred)
    return picture
