"""What goes wrong is told in one message, and leaves the picture, Krita and the computer as they were."""

import pytest

EXPECTED = {
    "no picture": "there is no picture",
    "style is gone": "painting.jpg",
    "style is no picture": "nst_driver",
    "no such model": "vgg99",
    "no such device": "abacus",
    "a mask": "mask",
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
    assert [name for name in told["names"] if "Neural" in name] == []


def _as_before(told):
    assert told["names"] == told["names_before"]
    assert told.raw("after") == told.raw("before")


def _goes_on(told):
    assert told["next"] == ""
    assert "Background (Neural Style)" in told["names_next"]


def test_cancel_is_at_once_and_leaves_nothing(krita):
    told = krita("cancelled")
    assert told["message"] == ""
    _as_before(told)
    assert told["files_left"] == []
    _goes_on(told)


def test_stop_and_keep(krita):
    told = krita("kept")
    assert told["message"] == ""
    assert told["names"] == ["Background", "Background (Neural Style)"]
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


@pytest.mark.parametrize("scenario", ["no engine.json", "python gone", "engine does not start"])
def test_the_engine_is_missing(krita, scenario):
    told = krita(scenario)
    assert "nst-onnx plugin" in told["message"]
    assert told["names"] == told["names_before"]
    assert told["next"] == ""


def test_the_menu_brings_the_docker(krita):
    assert krita("menu")["text"].replace("&", "") == "Neural Style…"
