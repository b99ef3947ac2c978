"""Stroke widths of drawn patterns, and the style scale that follows from them."""

from __future__ import annotations

import numpy as np
import pytest
from support.networks import vgg_network, vgg_weights

import nst_onnx
from nst_onnx.errors import OptionError
from nst_onnx.painting.options import Options
from nst_onnx.painting.style_scale import PIXELS, SCALES, WIDTH, style_scale
from nst_onnx.picture import Picture
from nst_onnx.picture.stroke_width import FINEST, stroke_width
from nst_onnx.support.arrays import Array


def picture(rgb: Array, alpha: Array | None = None) -> Picture:
    return Picture(rgb, alpha, "painting.png", 8)


def stripes(width: float, shape: tuple[int, int] = (384, 512), angle: float = 0.6) -> Picture:
    """Return stripes of a width in pixels, their edges a pixel soft."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    wave = np.sin(np.pi * (x * np.cos(angle) + y * np.sin(angle)) / width)
    grey = 0.5 + 0.3 * np.clip(wave * width / np.pi, -1, 1)
    return picture(np.repeat(grey[..., None], 3, axis=2).astype(np.float32))


@pytest.mark.parametrize("width", [4, 8, 16])
@pytest.mark.parametrize("angle", [0, 0.6, 1.57])
def test_stripes_have_their_width(width: float, angle: float) -> None:
    assert stroke_width(stripes(width, angle=angle)) * 512 == pytest.approx(width, rel=0.25)


def test_strokes_twice_as_wide_measure_twice_as_wide() -> None:
    widths = [stroke_width(stripes(width)) for width in (4, 8, 16)]
    assert np.divide(widths[1:], widths[:-1]) == pytest.approx([2, 2], rel=0.15)


def test_width_is_relative_to_the_picture() -> None:
    small, large = stroke_width(stripes(8)), stroke_width(stripes(24, (1152, 1536)))
    assert large == pytest.approx(small, rel=0.1)


def test_the_motif_does_not_count() -> None:
    """Large shapes are no strokes, however strong their contrast is."""
    striped = stripes(8).rgb
    shaded = striped * np.linspace(0.3, 1, 512, dtype=np.float32)[:, None]
    assert stroke_width(picture(shaded)) == pytest.approx(stroke_width(stripes(8)), rel=0.15)


def test_transparent_areas_do_not_count() -> None:
    both, alpha = stripes(8).rgb.copy(), np.ones((384, 512), np.float32)
    both[:, 256:], alpha[:, 256:] = stripes(20).rgb[:, 256:], 0
    assert stroke_width(picture(both, alpha)) == pytest.approx(stroke_width(stripes(8)), rel=0.15)


def test_an_even_picture_has_the_smallest_width() -> None:
    assert stroke_width(picture(np.full((64, 64, 3), 0.5, np.float32))) == FINEST


def test_wide_strokes_become_finer_and_fine_ones_wider() -> None:
    scales = [style_scale([stripes(width)], None, 512) for width in (5, 8, 16)]
    assert scales[0] > 1 > scales[2]
    widths = [scale * stroke_width(stripes(width)) for scale, width in zip(scales, (5, 8, 16), strict=True)]
    assert widths == pytest.approx([WIDTH] * 3, rel=0.02)


@pytest.mark.parametrize(("size", "pixels"), [(192, PIXELS[0]), (4096, PIXELS[1])])
def test_strokes_stay_within_what_can_be_painted(size: int, pixels: float) -> None:
    style = stripes(8 if size < 512 else 4)
    assert style_scale([style], None, size) * stroke_width(style) * size == pytest.approx(pixels, rel=0.02)


@pytest.mark.parametrize(("width", "bound"), [(2.1, SCALES[1]), (30, SCALES[0])])
def test_the_scale_has_bounds(width: float, bound: float) -> None:
    assert style_scale([stripes(width)], None, 512) == bound


def test_styles_blend_by_weight() -> None:
    fine, wide = stripes(6), stripes(12)
    alone = [style_scale([style], None, 512) for style in (fine, wide)]
    assert style_scale([fine, wide], [1, 0], 512) == alone[0]
    assert alone[1] < style_scale([fine, wide], None, 512) < alone[0]


def test_auto_paints_with_the_scale_it_comes_to(tmp_path_factory: pytest.TempPathFactory) -> None:
    network = vgg_network(tmp_path_factory.mktemp("network"), vgg_weights(widths=(6, 8, 8)))
    content, style = stripes(12, (48, 64)).rgb, stripes(8).rgb
    loss = {"model": network, "size": 64, "style_layers": ["conv1_1"], "content_layers": ["conv2_1"]}
    auto = nst_onnx.stylize(content, style, steps=3, style_scale="auto", **loss)
    scale = auto.settings["style_scale"]
    assert isinstance(scale, float)
    assert scale != 1
    given = nst_onnx.stylize(content, style, steps=3, style_scale=scale, **loss)
    np.testing.assert_array_equal(auto.array, given.array)
    assert nst_onnx.Objective(content, style, style_scale="auto", **loss).options.style_scale == scale


def test_the_option_takes_numbers_and_auto() -> None:
    option = Options.table()["style_scale"]
    assert [option.load("auto"), option.load("0.5"), option.load(2)] == ["auto", 0.5, 2]
    assert option.parse_list("auto,0.5") == ["auto", 0.5]
    for wrong in ("big", 0, None, True):
        with pytest.raises(OptionError, match="style_scale"):
            option.check(wrong)
