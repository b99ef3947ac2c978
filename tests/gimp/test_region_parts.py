"""Regions as layers, soft places, settings with regions, in a real GIMP; and the dialog's parts."""

import numpy as np
import pytest

LEFT, RIGHT = ({"where": "channel", "name": name} for name in ("left", "right"))
KEPT_REST, KEPT_RIGHT = {"where": "rest", "keep": True}, {**RIGHT, "keep": True}
CASES = {
    "a selection": {"regions": [{"where": "selection"}], "selected": [20, 10, 50, 50]},
    "a selection that limits": {"regions": [LEFT, RIGHT], "selected": [20, 10, 50, 50]},
    "opacity": {"regions": [LEFT, RIGHT], "opacity": 50.0},
    "mode": {"regions": [LEFT, RIGHT], "mode": "MULTIPLY"},
    "soft edges": {"regions": [LEFT, RIGHT, KEPT_REST]},
    "something is kept": {"regions": [LEFT, KEPT_RIGHT]},
    "a layer mask": {"regions": [LEFT, RIGHT], "mask": True},
    "a layer mask that does not apply": {"regions": [LEFT, KEPT_RIGHT], "mask": False},
    "transparency": {"regions": [LEFT, RIGHT], "clear": True},
}


def _seen(pixels):
    """Return colours as strong as they are seen, and alpha."""
    colours, alpha = pixels[..., :3].astype(float), pixels[..., 3:].astype(float)
    return np.concatenate([colours * alpha / 255, alpha], 2)


@pytest.mark.parametrize("case", list(CASES))
def test_layers_of_regions_look_as_one_layer_does(gimp, case):
    given = CASES[case]
    told = gimp("as_layers_and_as_one", **given)
    one, apart = (_seen(told.pixels(name)) for name in ("one", "apart"))
    assert one.std() > 10
    assert np.abs(one - apart).max() <= 2
    assert told["group"]
    painted = [region for region in given["regions"] if "keep" not in region]
    rest_kept = KEPT_REST in given["regions"]
    assert len(told["names"]) == len(painted) + (not rest_kept)
    masks = told["masks"][: len(painted)]
    for values in masks:
        assert values[0] == 0, "each region's mask ends"
        assert len(values) > 20, "softly"
    assert told["masks"][len(painted) :] == [None] * (not rest_kept)


def test_a_saved_channel_is_as_soft_as_the_selection(gimp):
    told = gimp("places_of_one_selection")
    assert told["soft"] > 100
    assert told["apart"] <= 1


def test_settings_with_regions(gimp):
    told = gimp("settings_with_regions")
    assert (told["regions"], told["region-layers"], told["strength"]) == ("", False, 0.25)
    assert told["styles"][0].endswith(".png"), "the engine reads no XCF"
    assert told["unused"] == [True, "good"], "the styles of a rest that is kept do not count"
    assert len(told["long"]) == 2
    assert all("style picture is not there" in text for text in told["long"])


def test_a_layer_that_fails_leaves_the_engine_to_the_next(gimp):
    told = gimp("the_first_of_two_fails")
    assert told["failures"] == ["Refused."]
    assert told["made"] == [told["second"]]


@pytest.mark.slow
class TestDialog:
    """The dialog's parts, in the GIMP with a window."""

    def test_a_step_of_a_strength_reads_neither_places_nor_styles_anew(self, desk):
        told = desk.inside.ask("strengths_of_regions")
        assert told == {"masks": 0, "thumbnails": 0, "strength": 0.8, "another_place": 1, "another_style": 1}

    def test_a_spot_of_a_kept_rest_is_the_photo(self, desk):
        told = desk.inside.ask("kept_spots")
        assert told["painted"] == []
        for text in told["texts"]:
            assert "nothing is left" not in text.lower()
        assert told["shown"] == [True, True]

    def test_a_region_that_is_not_in_the_image_is_named(self, desk):
        told = desk.inside.ask("regions_left_out")
        assert told["left"] == ["left"]
        assert "elsewhere" in told["hint"]

    def test_what_nobody_foresaw_ends_no_timer(self, desk):
        told = desk.inside.ask("unforeseen")
        assert told["goes_on"]
        assert "ValueError" in told["text"]
        assert told["raised"] == "ValueError"

    def test_paint_says_what_is_missing(self, desk):
        told = desk.inside.ask("what_is_missing")
        assert [name for name, text in told.items() if not text] == [
            "complete",
            "complete with a region",
            "complete without a style",
        ]
        assert "style picture" in told["nothing"]
        assert "each region" in told["no style of a region"]
        assert "One pass knows no regions" in told["one pass"]
        assert "Nothing is left" in told["all kept"]

    def test_a_selection_is_named_and_outlined_and_values_in_use_are_marked(self, desk):
        told = desk.inside.ask("told_in_the_dialog")
        assert told["hint without a style"] == ""
        assert "Painting" in told["hint"]
        assert "the selected part of" in told["text"]
        assert "40×30" in told["text"]
        assert told["outlines"] == 1
        assert told["strengths"].endswith(": 0.1, 0.5, <b>0.9</b>")
        assert told["one pass"].endswith("Takes seconds.")

    def test_the_painting_window_opens_with_the_preview_of_the_dialog(self, desk):
        told = desk.inside.ask("the_look_goes_on")
        assert told == {"before": False, "colour": [200, 10, 20], "of a spot": False}
