"""What goes wrong is told in one message, and leaves the picture, Krita and the computer as they were."""

import numpy as np
import pytest

from nst_onnx.version import __version__

EXPECTED = {
    "no picture": "there is no picture",
    "style is gone": "painting.jpg",
    "style is no picture": "nst_driver",
    "no such model": "vgg99",
    "no such device": "abacus",
    "a mask": "mask",
    "a layer with a mask to be replaced": "choose a new layer",
    "a locked layer to be replaced": "choose a new layer",
    "an empty layer": "nothing on this layer",
    "selection elsewhere": "selection",
}


def test_refusals(krita):
    told = krita("refusals")
    assert set(told["answers"]) == set(EXPECTED)
    for case, message in told["answers"].items():
        assert EXPECTED[case] in message.lower(), (case, message)
        assert "traceback" not in message.lower()
        assert "bug" not in message.lower(), (case, message)
    assert [name for name in told["names"] if "strength" in name] == []


def _as_before(told):
    assert told["names"] == told["names_before"]
    assert told.raw("after") == told.raw("before")


def _goes_on(told):
    assert told["next"] == ""
    assert "whirl, strength 0.5 (Background)" in told["names_next"]


def test_cancel_is_at_once_and_leaves_nothing(krita):
    told = krita("cancelled")
    assert told["message"] == ""
    _as_before(told)
    assert told["files_left"] == []
    _goes_on(told)


def test_stop_and_keep(krita):
    told = krita("kept")
    assert told["message"] == ""
    assert told["names"] == ["Background", "whirl, strength 0.5 (Background)"]
    assert told["keep"].startswith("Keep this picture (")
    assert told["keep"].endswith(" of 480 pixels so far)")
    assert told["files_left"] == []
    _goes_on(told)


def test_the_worker_is_killed(krita):
    told = krita("worker killed")
    assert "the engine ended unexpectedly" in told["message"].lower()
    _as_before(told)
    assert told["files_left"] == []
    _goes_on(told)


def test_the_layer_is_deleted_meanwhile(krita):
    told = krita("layer deleted")
    assert "layer was deleted" in told["message"]
    assert told["names"] == ["extra"]
    assert told["next"] == ""


def test_the_picture_is_closed_meanwhile(krita):
    told = krita("picture closed")
    assert "picture was closed" in told["message"]
    assert told["next"] == ""


def test_a_new_document_does_not_need_the_old_one(krita):
    told = krita("picture closed, for a new document")
    assert told["message"] == ""
    assert told["made"]["bounds"] == told["before"]["bounds"]
    assert told.raw("made") != told.raw("before")
    assert told["next"] == ""


@pytest.mark.parametrize(
    "scenario", ["no engine.json", "python gone", "engine does not start", "nst-onnx upgraded"]
)
def test_the_engine_is_missing(krita, scenario):
    told = krita(scenario)
    assert "nst-onnx plugin" in told["message"]
    assert told["names"] == told["names_before"]
    assert told["next"] == ""


def test_an_upgrade_says_what_to_run(krita):
    message = krita("nst-onnx upgraded")["message"]
    assert "0.0.1" in message
    assert __version__ in message
    assert "nst-onnx plugin install krita" in message
    assert "restart" in message


def test_what_the_engine_has_is_offered(krita):
    """All of it: also a device that this plug-in has never heard of."""
    told = krita("offers")
    assert told["devices"] == ["auto", *told["hello"]["devices"]]
    assert told["models"] == ["auto", *told["hello"]["models"]]
    assert told["more"] == ["auto", "cpu", "openvino", "cuda:1"]
    assert told["still"] == "cpu"
    assert told["asked"] == "openvino"


def test_the_menu_brings_the_docker(krita):
    assert krita("menu")["text"].replace("&", "") == "Neural Style…"


def test_the_docker_shows_the_layer_in_one_pass_and_follows_the_controls(krita):
    told = krita("looks")
    assert told["size"][0] / told["size"][1] == pytest.approx(96 / 72, rel=0.02)
    assert told["visible"]
    assert told["follows"]
    assert "note.png" in told["text"]
    assert told["at once"] == told["live"], "the painting begins with the docker's preview"
    assert told["missing"] == [False, "Choose a style for each region first, or keep it as it is"]


def test_six_variations_and_a_spot_to_click_on(krita):
    told = krita("strip")
    assert told["differ"] == 5
    assert told["chosen"] == [0.9, 2.0]
    assert told["spot"] == [320, 240, pytest.approx(1200 / 320)]  # at its own size, with the strokes of all
    assert told["whole"] == 1.0
    assert not told["as without a selection"]  # less of the photo is painted at the same size


def test_styles_from_elsewhere_than_a_picture_file(krita):
    told = krita("styles")
    sizes = told["sizes"]
    xcf = sizes.pop("xcf")
    assert sizes == {"layer": [96, 72], "document": [96, 72], "clipboard": [40, 30], "kra": [96, 72]}
    if xcf != [40, 30]:  # Debian's Krita 6 has no reader: it must not be asked to open such a file
        assert told["version"].startswith("6.")
        assert "a GIMP project" in told["xcf"]
    assert told["message"] == ""
    assert (told["recent"], told["thumbnail"]) == ("of mine", True)
    assert "gone.png" in told["gone"]


def test_paint_again_from_a_layers_settings(krita):
    told = krita("again")
    assert told["message"] == ""
    assert told["offered"] == [False, True]
    assert told["strength"] == 0.75
    before, after = told["regions"]
    assert after == before
    selected = np.zeros((72, 96), int)
    selected[20:60, 10:40] = 255
    assert told["selected"] == selected.flatten().tolist()
    assert told["active"] == "Background"
    assert told["announced"].startswith("Paints ")
    assert "Background" in told["announced"]


def test_more_is_open_where_something_in_it_is_not_at_its_default(krita):
    assert krita("more")["open"] == [False, True]
