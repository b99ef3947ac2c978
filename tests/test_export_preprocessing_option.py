from __future__ import annotations

import numpy as np
import pytest
from support import exporter

from nst_onnx.errors import OptionError
from nst_onnx.models.metadata import CAFFE, Preprocessing

option = exporter.module("preprocessing_option")


def test_names() -> None:
    assert option.parse("caffe") == CAFFE
    matrix, offset = option.parse("tf").affine()
    np.testing.assert_allclose(matrix @ [0, 0.5, 1] + offset, [-1, 0, 1])
    matrix, offset = option.parse("bytes").affine()
    np.testing.assert_allclose(matrix @ [0, 0.5, 1] + offset, [0, 127.5, 255])


def test_spelt_out() -> None:
    spelt = option.parse("bgr:255:103.939,116.779,123.68:1,1,1")
    assert spelt == CAFFE
    assert option.parse("RGB:2:0,0.5,1:1,2,3") == Preprocessing("RGB", 2, (0, 0.5, 1), (1, 2, 3))


@pytest.mark.parametrize(
    "text",
    ["", "vgg", "RGB:1", "RGB:1:0,0:1,1,1", "GBR:1:0,0,0:1,1,1", "RGB:x:0,0,0:1,1,1", "RGB:1:0,0,0:0,1,1"],
)
def test_nonsense(text: str) -> None:
    with pytest.raises(OptionError, match="preprocessing") as caught:
        option.parse(text)
    assert "caffe" in caught.value.hint
