"""Painting in a real Krita: the new layer, what is in it, and what is left as it was."""

import numpy as np
import pytest

from .colour_spaces import SPACES

PAINTED = "Background (Neural Style)"


def _new_layer(told):
    assert told["message"] == ""
    assert told["names"] == ["Background", PAINTED, *told["names_before"][1:]]
    assert told["made"]["name"] == PAINTED
    assert told["made"]["type"] == "paintlayer"
    assert told["made"]["bounds"] == told["before"]["bounds"]
    assert told["made"]["space"] == told["before"]["space"]
    assert told.raw("after") == told.raw("before")


@pytest.mark.parametrize("scenario", ["whole", "two styles"])
def test_a_new_layer_in_one_undo_step(krita, scenario):
    told = krita(scenario)
    _new_layer(told)
    assert (told.pixels("made") != told.pixels("before")).any(axis=2).mean() > 0.9
    assert told["names_undone"] == told["names_before"]
    assert told["names_redone"] == told["names"]
    assert told.raw("redone") == told.raw("made")
    assert told["documents"] == []  # the unseen ones that Krita converts in


def test_a_second_style_makes_a_difference(krita):
    assert krita("whole").raw("made") != krita("two styles").raw("made")


@pytest.mark.parametrize("scenario", ["selection", "hole", *SPACES])
def test_only_what_is_selected(krita, scenario):
    """Bit-identical outside of the selection, changed inside, alpha as it was."""
    told = krita(scenario)
    _new_layer(told)
    assert told["before"]["bounds"][:2] != [0, 0]
    before, made, mask = told.pixels("before"), told.pixels("made"), told.mask()
    assert (mask == 0).any()
    assert (mask == 255).any()
    assert made[mask == 0].tobytes() == before[mask == 0].tobytes()
    assert made[..., -1].tobytes() == before[..., -1].tobytes()
    visible = (mask == 255) & (before[..., -1] != 0)
    assert (made != before).any(axis=2)[visible].mean() > 0.8


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
    assert told["names"] == ["group", "group (Neural Style)"]
    assert told["made"]["bounds"] == [0, 0, 96, 72]
