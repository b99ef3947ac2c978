"""Regions in a real GIMP, through the procedure: where they are, what is kept, and layers of them."""

import numpy as np
import pytest

PLACES = {
    "channel": ({"where": "channel", "name": "left"}, (slice(None), slice(0, 48))),
    "layer": ({"where": "layer", "name": "right"}, (slice(None), slice(66, 96))),
    "mask": ({"where": "mask", "name": "masked"}, (slice(0, 20), slice(None))),
    "selection": ({"where": "selection"}, (slice(20, 50), slice(20, 60))),
}


def _changed(told, name="made"):
    assert (told["status"], told["message"]) == ("success", "")
    return (told.pixels(name)[..., :3] != told.pixels("before")[..., :3]).any(axis=2)


@pytest.mark.parametrize("kind", list(PLACES))
def test_a_region_is_painted_and_the_rest_is_kept_to_the_bit(gimp, kind):
    place, where = PLACES[kind]
    changed = _changed(gimp("region_of", place=place))
    assert changed[where].mean() > 0.8
    changed[where] = False
    assert not changed.any()


def test_the_selection_limits_a_region(gimp):
    place, (_rows, columns) = PLACES["channel"]
    changed = _changed(gimp("region_of", place=place, select_below=True))
    assert changed[36:, columns].mean() > 0.8
    assert not changed[:36].any()
    assert not changed[:, 48:].any()


def test_a_kept_region_is_the_photo_to_the_bit(gimp):
    changed = _changed(gimp("kept_region"))
    assert not changed[:, :48].any()
    assert changed[:, 48:].mean() > 0.8


def test_a_layer_for_each_region(gimp):
    """The rest below the region, the kept part transparent; together they show the whole painting."""
    told = gimp("region_layers")
    assert told["new_layers"] == 1
    assert told["masks"] == [True, True, False], "of the group, of the region, of the rest"
    assert [name.split(":")[0] for name in told["names"]] == ["Channel “left”", "rest"]
    seen = _changed(told, "seen")
    assert not seen[:, 66:].any(), "the kept region shows the photo beneath"
    np.testing.assert_array_equal(told.pixels("seen")[:, :66, :3], told.pixels("made")[:, :66, :3])
    assert seen[:, :66].mean() > 0.8


def test_what_regions_cannot_be(gimp, tmp_path):
    told = gimp("wrong_regions")
    expected = {
        "no such channel": "not in this image: channel “sky”",
        "nothing selected": "not in this image: selection",
        "no style": "no style yet: channel “left”",
        "no JSON": "regions cannot be read",
        "no place": "regions cannot be read",
        "one pass": "one pass knows no regions",
    }
    assert set(told["answers"]) == set(expected)
    for case, (status, message) in told["answers"].items():
        assert status == "execution-error", case
        assert expected[case] in message.lower(), (case, message)
    assert told["count"] == 3
