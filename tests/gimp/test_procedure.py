"""The procedure in a real GIMP, through the PDB: what scripts call, and what the dialog ends in."""

import numpy as np
import pytest

from .conftest import HERE

LEARNED = HERE.parents[1] / "nst_onnx" / "styles" / "breakers.nst"


def _succeeded(told):
    assert (told["status"], told["message"]) == ("success", "")


def _same_place(told):
    for name in ("width", "height", "offsets", "type", "precision"):
        assert told["made"][name] == told["before"][name], name


def test_a_whole_layer_becomes_a_new_layer_above_it(gimp):
    told = gimp("whole_layer")
    _succeeded(told)
    _same_place(told)
    assert told["same_image"]
    assert told["count_after"] == told["count"] + 1
    assert (told["made"]["position"], told["after"]["position"]) == (0, 1)
    assert told["made"]["name"] != told["before"]["name"]
    assert told.raw("after") == told.raw("before")
    changed = (told.pixels("made") != told.pixels("before")).any(axis=2)
    assert changed.mean() > 0.9
    corners = changed[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.all()


def test_scaling_does_not_darken_the_edges(gimp):
    """A photo in its own style, made small and scaled up, is about the photo, also at the rim."""
    told = gimp("like_itself")
    _succeeded(told)
    difference = told.pixels("made").astype(float) - told.pixels("before")
    rim = np.concatenate([difference[0], difference[-1], difference[:, 0], difference[:, -1]])
    assert abs(rim.mean()) < 16
    assert abs(difference.mean()) < 8


def test_two_styles_blend(gimp, tmp_path):
    told = gimp("two_styles")
    _succeeded(told)
    assert told["made"]["bytes"] == told["before"]["bytes"]


PIXELS = [
    {},
    {"alpha": True},
    {"precision": "U16_NON_LINEAR"},
    {"precision": "U16_LINEAR", "alpha": True},
    {"precision": "FLOAT_LINEAR"},
    {"precision": "FLOAT_NON_LINEAR", "alpha": True},
    {"precision": "U8_LINEAR"},
    {"precision": "HALF_LINEAR"},
    {"base": "gray"},
    {"base": "gray", "precision": "U16_NON_LINEAR", "alpha": True},
    {"base": "indexed"},
    {"base": "indexed", "alpha": True},
    {"output": "replace", "precision": "U16_NON_LINEAR"},
]


@pytest.mark.parametrize("kind", PIXELS, ids=lambda kind: "-".join(map(str, kind.values())) or "plain")
def test_only_the_selection_changes(gimp, kind):
    """A feathered selection over a layer with offsets: bit-identical outside, painted inside."""
    told = gimp("other_pixels", **kind)
    _succeeded(told)
    replaced = kind.get("output") == "replace"
    assert told["count_after"] == told["count"] + (not replaced)
    _same_place(told)
    if not replaced:
        assert told.raw("after") == told.raw("before")
    before, made = told.pixels("before"), told.pixels("made")
    mask = np.frombuffer(told.raw("mask"), np.float32).reshape(before.shape[:2])
    assert 0 < (mask == 0).mean() < 1
    assert (made[mask == 0] == before[mask == 0]).all()
    inside = (made != before).any(axis=2)[mask > 0.99]
    assert inside.mean() > (0.3 if kind.get("base") == "indexed" else 0.6)
    if kind.get("alpha"):
        assert (made[..., -1] == before[..., -1]).all()
        assert len(np.unique(before[..., -1])) == 2


def test_sixteen_bits_stay_sixteen_bits(gimp):
    """The photo has 8 bits, so more levels than that can come only from the painting."""
    told = gimp("other_pixels", precision="U16_NON_LINEAR")
    mask = np.frombuffer(told.raw("mask"), np.float32).reshape(told.pixels("before").shape[:2])
    painted = told.pixels("made")[mask > 0.99]
    assert len(np.unique(told.pixels("before"))) <= 256
    assert len(np.unique(painted)) > 512


def test_feathering_is_gradual(gimp):
    """Where the selection is faint the layer has changed less than where it is full."""
    told = gimp("other_pixels", precision="FLOAT_NON_LINEAR")
    before, made = told.pixels("before"), told.pixels("made")
    mask = np.frombuffer(told.raw("mask"), np.float32).reshape(before.shape[:2])
    change = np.abs(made - before).mean(axis=2)
    assert change[(mask > 0) & (mask < 0.2)].mean() < 0.5 * change[mask > 0.9].mean()


def test_a_layer_in_a_group_with_a_mask(gimp):
    told = gimp("in_a_group_with_a_mask")
    _succeeded(told)
    _same_place(told)
    assert told["in_group"]
    assert told["position"] == 0
    assert told["opacity"] == pytest.approx(60, abs=0.5)
    assert told.raw("mask_after") == told.raw("mask_before")
    assert told.raw("made") != told.raw("before")


def test_a_second_painting_is_above_the_first(gimp):
    first, second, other, layer = gimp("painted_twice")["positions"]
    assert other < second < first < layer


def test_a_group_gets_a_painted_layer_above_it(gimp):
    told = gimp("a_group")
    _succeeded(told)
    _same_place(told)
    assert told["count_after"] == told["count"] + 1
    status, message = told["replacing"]
    assert status == "execution-error"
    assert "group" in message


def test_a_new_image_keeps_profile_and_colours(gimp):
    """In a wide space, painted in its own style, the photo keeps its colours: the profile was heeded."""
    told = gimp("wide_gamut")
    _succeeded(told)
    assert not told["same_image"]
    assert told["profile_kept"]
    assert told["profile_of_original_kept"]
    assert told["count_after"] == told["count"]
    assert told.raw("after") == told.raw("before")
    assert told["made"]["precision"] == told["before"]["precision"]
    means = [told.pixels(name).reshape(-1, 3).mean(axis=0) / 65535 for name in ("before", "made")]
    assert np.abs(means[0] - means[1]).max() < 0.02


def test_a_new_image_is_painted_where_the_layer_is_selected(gimp):
    told = gimp("other_pixels", output="new-image")
    _succeeded(told)
    before, made = told.pixels("before"), told.pixels("made")
    mask = np.frombuffer(told.raw("mask"), np.float32).reshape(before.shape[:2])
    assert (made[mask == 0] == before[mask == 0]).all()
    assert (made != before).any(axis=2)[mask > 0.99].mean() > 0.6


def test_a_single_pixel_is_painted(gimp):
    told = gimp("one_pixel")
    _succeeded(told)
    changed = (told.pixels("made") != told.pixels("before")).any(axis=2)
    assert np.argwhere(changed).tolist() == [[30, 40]]


def test_a_new_image_of_an_untagged_picture_is_made_without_a_message(gimp, messages):
    told = gimp("untagged_to_a_new_image")
    _succeeded(told)
    assert not told["tagged"]
    assert not told["same_image"]
    assert messages() == ""


@pytest.mark.parametrize(
    "kind",
    ["larger than the image", "beyond the image", "hidden", "text", "alpha locked", "in place locked"],
)
def test_uncommon_layers(gimp, kind):
    told = gimp("odd_layer", kind=kind)
    _succeeded(told)
    assert told["count_after"] == told["count"] + 1
    for name in ("width", "height", "offsets"):
        assert told["made"][name] == told["before"][name], name
    assert told.raw("after") == told.raw("before")
    assert told.raw("made") != told.raw("before")
    assert not told["made_is_text"]
    assert told["text_left"] == (kind == "text")
    assert told["replaced"] == ["success", ""]


@pytest.mark.parametrize("output", ["new-layer", "replace", "new-image"])
def test_filters_that_a_layer_has(gimp, output):
    """What is seen is painted; where pixels are replaced beneath the filters, they are what is painted."""
    told = gimp("filtered", output=output)
    _succeeded(told)
    assert told["filters"] == 1
    assert told["filters_of_made"] == (output == "replace")
    kinds = ("unfiltered", "filtered") if output == "replace" else ("filtered", "unfiltered")
    like, unlike = (told.pixels(name, "filtered").astype(float) for name in kinds)
    made = told.pixels("made")
    outside = np.ones(made.shape[:2], bool)
    outside[20:50, 20:60] = False
    assert (made[outside] == like[outside]).all()
    far, near = (np.abs(made - other)[~outside].mean() for other in (unlike, like))
    assert near < far / 2


@pytest.mark.parametrize("suffix", [".xcf", ".kra"])
def test_a_style_in_a_file_that_only_editors_read(gimp, suffix):
    told = gimp("style_for_editors_only", suffix=suffix)
    for kind in (suffix, ".png"):
        assert (told[kind]["status"], told[kind]["message"]) == ("success", "")
    assert told[suffix]["pixels"] == told[".png"]["pixels"]


def test_a_learned_style_paints_in_one_pass(gimp):
    told = gimp("learned_style", path=str(LEARNED), quality="good", style_scale=2.0, keep_colours="histogram")
    _succeeded(told)
    assert told["made"]["name"].startswith("breakers, strength 0.5 (")
    assert told.raw("made") != told.raw("before")
