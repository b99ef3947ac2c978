"""Painting in a real Krita: the new layer, what is in it, and what is left as it was."""

import numpy as np
import pytest

from .colour_spaces import SPACES

PAINTED = "whirl, strength 0.5 (Background)"
BLENDED = "whirl + embers, strength 0.5 (Background)"


def _new_layer(told, painted=PAINTED):
    assert told["message"] == ""
    assert told["names"] == ["Background", painted, *told["names_before"][1:]]
    assert told["made"]["name"] == painted
    assert told["made"]["type"] == "paintlayer"
    _like_before(told)
    assert told.raw("after") == told.raw("before")


def _replaced(told):
    assert told["message"] == ""
    assert told["names"] == told["names_before"]
    assert told["made"]["name"] == told["before"]["name"]
    _like_before(told)


def _like_before(told):
    for fact in ("bounds", "space", "looks"):
        assert told["made"][fact] == told["before"][fact], fact


def _only_in_the_selection(told):
    """Bit-identical outside of the selection, changed inside, alpha as it was."""
    before, made, mask = told.pixels("before"), told.pixels("made"), told.mask()
    assert (mask == 0).any()
    assert (mask == 255).any()
    assert made[mask == 0].tobytes() == before[mask == 0].tobytes()
    assert made[..., -1].tobytes() == before[..., -1].tobytes()
    visible = (mask == 255) & (before[..., -1] != 0)
    assert (made != before).any(axis=2)[visible].mean() > 0.8


@pytest.mark.parametrize(("scenario", "painted"), [("whole", PAINTED), ("two styles", BLENDED)])
def test_a_new_layer_in_one_undo_step(krita, scenario, painted):
    told = krita(scenario)
    _new_layer(told, painted)
    assert told["active"] == "Background"  # to be painted again
    assert (told.pixels("made") != told.pixels("before")).any(axis=2).mean() > 0.9
    _comes_and_goes(told)


@pytest.mark.parametrize("scenario", ["replaced", "replaced, with properties", "replaced in a group"])
def test_replaced_pixels_in_one_undo_step(krita, scenario):
    told = krita(scenario)
    _replaced(told)
    assert (told.pixels("made") != told.pixels("before")).any(axis=2).mean() > 0.9
    _comes_and_goes(told)


def _comes_and_goes(told):
    assert told["names_undone"] == told["names_before"]
    assert told["undone"] == told["before"]
    assert told.raw("undone") == told.raw("before")
    assert told["names_redone"] == told["names"]
    assert told["redone"] == told["made"]
    assert told.raw("redone") == told.raw("made")
    assert told["documents"] == []  # the unseen ones that Krita converts in


def test_replacing_paints_what_a_new_layer_would_be(krita):
    assert krita("replaced").raw("made") == krita("whole").raw("made")


def test_a_second_style_makes_a_difference(krita):
    assert krita("whole").raw("made") != krita("two styles").raw("made")


@pytest.mark.parametrize("scenario", ["selection", "hole", *SPACES])
def test_a_new_layer_differs_only_where_selected(krita, scenario):
    told = krita(scenario)
    _new_layer(told)
    assert told["before"]["bounds"][:2] != [0, 0]
    _only_in_the_selection(told)


def test_a_large_layer_has_no_seams(krita):
    """It is put in several parts; where these meet, neighbouring rows differ no more than elsewhere."""
    told = krita("large")
    assert told["message"] == ""
    assert told["killed"] == 1  # the engine, which is not needed any more by then
    _only_in_the_selection(told)
    made = told.pixels("made")[:, 100:1500, :3].astype(float)
    steps = np.abs(np.diff(made, axis=0)).mean(axis=(1, 2))[50:-100]
    assert steps.max() < 4 * np.median(steps)


@pytest.mark.parametrize("scenario", ["selection replaced", "hole replaced", "16 bits replaced"])
def test_only_what_is_selected_is_replaced(krita, scenario):
    told = krita(scenario)
    _replaced(told)
    _only_in_the_selection(told)


@pytest.mark.parametrize("scenario", ["new document", "gray new document"])
def test_a_new_document(krita, scenario):
    told = krita(scenario)
    assert told["message"] == ""
    assert told["names"] == told["names_before"]
    assert told.raw("after") == told.raw("before")
    assert told["documents"] == 2  # the photo's, and the new one
    assert told["is_seen"]
    assert (told["made_names"], told["made_name"]) == ([PAINTED], PAINTED)
    width, height = told["size"]
    x, y = (max(0, -told["before"]["bounds"][axis]) for axis in (0, 1))
    assert told["made"]["bounds"] == [0, 0, width, height]
    assert told["made"]["space"] == told["before"]["space"]
    assert told["ppi"][0] == told["ppi"][1]
    before, mask = (part[y : y + height, x : x + width] for part in (told.pixels("before"), told.mask()))
    made = told.pixels("made")
    assert made[mask == 0].tobytes() == before[mask == 0].tobytes()
    assert (made != before).any(axis=2)[mask == 255].mean() > 0.8


def test_what_is_done_to_the_layer_meanwhile_changes_nothing(krita):
    """It was painted over and moved, and something else was selected."""
    told = krita("changed meanwhile")
    assert told["message"] == ""
    assert told["names"] == ["Background", PAINTED, *told["names_before"][1:]]
    assert told["between"]["bounds"] != told["before"]["bounds"]
    assert told.raw("after") == told.raw("between")
    _like_before(told)
    _only_in_the_selection(told)


@pytest.mark.parametrize("what", ["changed", "locked"])
def test_a_layer_that_can_no_longer_be_replaced_is_kept(krita, what):
    told = krita(f"{what} meanwhile, to be replaced")
    assert "the painting is a new layer above it" in told["message"]
    assert told["names"] == ["Background", PAINTED, *told["names_before"][1:]]
    assert told.raw("after") == told.raw("between" if what == "changed" else "before")
    assert told["made"]["bounds"] == told["before"]["bounds"]
    _only_in_the_selection(told)


def test_the_layer_is_replaced_though_another_one_is_chosen_meanwhile(krita):
    told = krita("another layer chosen meanwhile")
    assert told["message"] == ""
    assert told["names"] == [*told["names_before"], "other"]
    assert told["before_is_gone"]
    _only_in_the_selection(told)


def test_a_layer_is_replaced_when_the_person_looks_at_its_picture(krita):
    told = krita("another picture looked at meanwhile")
    assert told["busy"]
    assert told["other"] == ["Background"]
    assert told.raw("waiting") == told.raw("before")
    _replaced(told)
    _only_in_the_selection(told)


@pytest.mark.parametrize("scenario", SPACES)
def test_the_space_is_the_one_asked_for(krita, scenario):
    assert krita(scenario)["before"]["space"][:2] == list(SPACES[scenario][:2])


@pytest.mark.parametrize("scenario", ["selection", "16 bits", "gray", "linear floats"])
def test_feathering_is_gradual(krita, scenario):
    """Where the selection is faint the layer has changed less, to the eye, than where it is full."""
    told = krita(scenario)
    mask = told.mask()
    exponent = 1 / 2.4 if scenario.startswith("linear") else 1.0
    made, before = (
        np.clip(told.pixels(name).astype(float), 0, None) ** exponent for name in ("made", "before")
    )
    change = np.abs(made - before).mean(axis=2)
    assert change[(mask > 0) & (mask < 50)].mean() < 0.5 * change[mask > 230].mean()


@pytest.mark.parametrize("scenario", ["16 bits", "gray, 16 bits", "wide gamut"])
def test_sixteen_bits_are_more_than_eight(krita, scenario):
    told = krita(scenario)
    painted = told.pixels("made")[told.mask() == 255][:, 0]
    assert len(np.unique(painted)) > 256
    assert (painted % 257 != 0).mean() > 0.9  # eight bits, stretched, are multiples of 257


def test_a_group_gets_a_painted_layer_above_it(krita):
    told = krita("group")
    assert told["message"] == ""
    assert told["names"] == ["group", "Background", "whirl, strength 0.5 (group)"]
    assert told["made"]["bounds"] == [0, 0, 96, 72]


def test_regions_have_styles_of_their_own_or_stay_as_they_are(krita):
    told = krita("regions")
    assert [told["offered"][0], told["offered"][-1]] == ["What is selected", "Layer “Background”"]
    assert told["no style"] == [False, "Choose a style for each region first, or keep it as it is"]
    assert told["message"] == ""
    assert told["names"] == ["Background", "whirl + embers, strength 0.9 (Background)", "shape"]
    before, made = told.pixels("before"), told.pixels("made")
    changed = (made != before).any(axis=2)
    assert not changed[:30, 66:].any()
    assert changed[:, :40].mean() > 0.9
    assert changed[31:, 41:].mean() > 0.9
    assert told["names_undone"] == told["names_before"]


def test_what_is_in_no_region_can_stay_as_it_is(krita):
    told = krita("a region alone")
    assert told["message"] == ""
    changed = (told.pixels("made") != told.pixels("before")).any(axis=2)
    assert not changed[:, 40:].any()
    assert changed[:, :40].mean() > 0.9


def test_regions_as_layers_look_as_one_layer_does_and_go_in_one_undo_step(krita):
    told, together = krita("regions as layers"), krita("regions")
    painting = "whirl + embers, strength 0.9 (Background)"
    assert told["message"] == ""
    assert told["type"] == "grouplayer"
    assert told["names"] == [
        "Background",
        painting,
        f"rest: {painting}",
        f"Selection 1: {painting}",
        "Selection 1",
        "what is painted",
        "shape",
    ]
    assert told.raw("looks") == together.raw("looks")
    assert told["names_undone"] == told["names_before"]


def test_a_soft_region_as_a_layer_looks_as_one_layer_does(krita):
    """Each mask is applied once: the region's, and that of what stays as it is, which lies in it."""
    apart, together = (
        np.frombuffer(krita(scenario).raw("looks"), np.uint8).astype(int)
        for scenario in ("a soft region as a layer", "a soft region")
    )
    share = (np.abs(apart - together) > 2).mean()
    assert (
        share < 0.001
    )  # single pixels: enlarging leaves samples above white, which one layer blends as such
