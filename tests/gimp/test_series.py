"""Several layers and all open images in one go, and textures, in a real GIMP."""

import numpy as np


def test_each_selected_layer_is_painted_above_its_source(gimp):
    told = gimp("two_layers")
    assert told["status"] == "success"
    names = told["names"]
    assert len(names) == 5, "the dot of one pixel cannot be painted, and does not stop the others"
    assert names[0] == "dot"
    assert names[1].endswith(" (upper)"), "STYLE, strength S (LAYER)"
    assert names[2] == "upper"
    assert names[3].endswith(f" ({names[4]})")


def test_all_open_images(gimp):
    told = gimp("all_images")
    assert (told["status"], told["message"]) == ("success", "")
    assert told["counts"] == [2, 2]


def test_a_seamless_texture_is_a_new_image(gimp):
    told = gimp("texture")
    assert told["message"] == ""
    assert "texture" in told["name"]
    made = told.pixels("made").astype(float)
    assert made.shape[:2] == (48, 64)
    inner = np.abs(np.diff(made, axis=1)).mean()
    assert np.abs(made[:, 0] - made[:, -1]).mean() < 2 * inner, "it continues at the opposite side"
    assert made.std() > 10


def test_a_texture_as_a_layer_and_what_it_cannot_be(gimp):
    told = gimp("texture_layer")
    assert told["message"] == ""
    assert told["same"]
    assert told["count"] == 2
    assert "multiples of" in told["wrong"]
