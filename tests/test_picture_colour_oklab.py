from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nst_onnx.picture.colour import oklab

colours = hnp.arrays(np.float32, (4, 3), elements=st.floats(0, 1, width=32))


def decode(rgb: np.ndarray) -> np.ndarray:
    rgb = np.asarray(rgb, float)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize(
    ("xyz", "lab"),
    [
        ((0.950, 1.000, 1.089), (1.000, 0.000, 0.000)),
        ((1.000, 0.000, 0.000), (0.450, 1.236, -0.019)),
        ((0.000, 1.000, 0.000), (0.922, -0.671, 0.263)),
        ((0.000, 0.000, 1.000), (0.153, -1.415, -0.449)),
    ],
)
def test_the_pairs_that_ottosson_published(xyz, lab):
    """His table of XYZ and Oklab, each number rounded to three places; XYZ by IEC 61966-2-1."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    linear = np.linalg.solve(to_xyz, xyz)
    cones = oklab.CONES @ linear
    np.testing.assert_allclose(oklab.OPPONENTS @ np.cbrt(cones), lab, atol=2e-3)


@given(colours)
def test_round_trip(rgb):
    np.testing.assert_allclose(oklab.to_srgb(oklab.from_srgb(rgb)), rgb, atol=2e-4)


@given(st.floats(0, 1, width=32))
def test_gray_has_no_colour_and_lightness_is_the_cube_root_of_its_light(value):
    lab = oklab.from_srgb(np.full((1, 3), value, np.float32))[0]
    np.testing.assert_allclose(lab, [np.cbrt(decode(value)), 0, 0], atol=1e-5)


@given(hnp.arrays(np.float32, (4, 3), elements=st.floats(-2, 3, width=32)))
def test_any_oklab_becomes_a_colour(lab):
    rgb = oklab.to_srgb(lab)
    assert rgb.dtype == np.float32
    assert rgb.min() >= 0
    assert rgb.max() <= 1


@given(st.floats(0.05, 0.95), st.floats(0, 2 * np.pi), st.floats(0, 0.6))
def test_a_colour_outside_srgb_loses_chroma_but_neither_lightness_nor_hue(lightness, hue, chroma):
    axes = np.array([np.cos(hue), np.sin(hue)])
    lab = np.array([[lightness, *(chroma * axes)]], np.float32)
    back = oklab.from_srgb(oklab.to_srgb(lab))[0]
    assert abs(back[0] - lightness) < 0.01
    along, across = back[1:] @ axes, back[1:] @ [-axes[1], axes[0]]
    assert abs(across) < 0.015
    assert along < chroma + 0.01


def test_a_colour_outside_srgb_is_clipped_to_the_gamut():
    """No more chroma is lost than need be: a channel is at 0 or 1."""
    angles = np.linspace(0, 2 * np.pi, 60)
    lab = np.stack([np.full(60, 0.6), 0.5 * np.cos(angles), 0.5 * np.sin(angles)], axis=-1).astype(np.float32)
    light = decode(oklab.to_srgb(lab))
    assert np.minimum(light.min(axis=-1), (1 - light).min(axis=-1)).max() < 1e-3


def test_shapes_are_free():
    rgb = np.random.default_rng(0).random((2, 3, 4, 3), dtype=np.float32)
    assert oklab.to_srgb(oklab.from_srgb(rgb)).shape == rgb.shape
    assert oklab.to_srgb(np.zeros((0, 3), np.float32)).shape == (0, 3)
