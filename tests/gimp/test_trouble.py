"""What goes wrong is told in one message, and leaves the picture, GIMP and the computer as they were."""

import subprocess

import pytest

EXPECTED = {
    "no style": "no style picture is chosen",
    "style is no picture": "refusals.py",
    "style is a folder": "argument 'style'",
    "style is not there": "argument 'style'",
    "second style is not there": "argument 'second-style'",
    "no such model": "vgg99",
    "no such device": "abacus",
    "locked": "locked",
    "a mask": "mask",
    "selection elsewhere": "selection",
}


def test_refusals(gimp):
    told = gimp("refusals")
    assert set(told["answers"]) == set(EXPECTED)
    for case, (status, message) in told["answers"].items():
        by_gimp = case in ("style is a folder", "style is not there", "second style is not there")
        assert status == ("calling-error" if by_gimp else "execution-error"), (case, message)
        assert EXPECTED[case] in message.lower(), (case, message)
        assert "traceback" not in message.lower()
        assert "bug" not in message.lower(), (case, message)
    assert told["count"] == 1
    assert told.raw("after") == told.raw("before")


UNPAINTABLE = {
    "none": "one layer must be selected",
    "one pixel": "layer is too small to paint",
    "narrow": "too narrow for this size",
    "floating": "floating selection",
}


def test_what_cannot_be_painted_at_all(gimp):
    told = gimp("unpaintable")
    assert set(told["answers"]) == set(UNPAINTABLE)
    for case, (status, message) in told["answers"].items():
        assert status == "execution-error", case
        assert UNPAINTABLE[case] in message.lower(), (case, message)
    assert told["floats"]
    assert told["count"] == 4


@pytest.mark.parametrize("output", ["new-layer", "replace", "new-image"])
@pytest.mark.parametrize("selected", [True, False])
def test_changes_meanwhile_do_not_change_the_painting(gimp, output, selected):
    """Selecting something else, or moving the layer, while it is painted; then it lands as was decided."""
    quiet = gimp("meanwhile", change="nothing", output=output, selected=selected)
    wanted = quiet.raw("made")
    for change in ("select elsewhere", "select nothing", "move"):
        told = gimp("meanwhile", change=change, output=output, selected=selected)
        assert told["failure"] is None
        assert told.raw("made") == wanted, change
        assert told["selection_kept"], change
        if output != "new-image":
            assert told["made"]["offsets"] == told["offsets"], change


@pytest.mark.parametrize(
    ("change", "message"),
    [("remove", "removed"), ("close", "closed"), ("crop", "resized"), ("scale layer", "resized")],
)
def test_changes_meanwhile_that_leave_no_place(gimp, change, message):
    told = gimp("meanwhile", change=change, output="new-layer")
    assert message in (told["failure"] or "it was delivered")
    assert told["valid"] == (change != "close")


def test_the_worker_is_killed_half_way(gimp):
    told = gimp("worker_killed")
    assert told["status"] == "execution-error"
    assert "the engine ended unexpectedly" in told["message"].lower()
    assert told["count"] == 1
    assert told.raw("after") == told.raw("before")
    assert len(told["workers"]) == 1
    assert told["workers_left"] == []
    assert told["files_left"] == []
    assert told["next"] == ["success", ""]


def test_cancelled_half_way(gimp):
    told = gimp("cancelled")
    assert told["status"] != "success"
    assert told["count"] == 1
    assert told.raw("after") == told.raw("before")
    assert len(told["workers"]) == 1
    assert told["workers_left"] == []
    assert told["files_left"] == []
    assert told["next"] == ["success", ""]


@pytest.fixture
def broken(profile):
    """The installed plug-in's folder, to be broken; installed anew afterwards."""
    yield profile / "plug-ins" / "neural_style"
    subprocess.run(
        ["nst-onnx", "plugin", "install", "gimp", "--dir", profile], check=True, capture_output=True
    )


@pytest.mark.parametrize("missing", ["engine.json", "python"])
def test_the_engine_is_missing(gimp, broken, missing):
    engine = broken / "engine.json"
    if missing == "python":
        engine.write_text('{"command": ["/gone/bin/python"], "version": "0.1.0", "protocol": 1}')
    else:
        engine.unlink()
    told = gimp("whole_layer")
    assert told["status"] == "execution-error"
    assert "nst-onnx plugin install" in told["message"]
    assert told["count_after"] == 1
