"""What goes wrong is told in one message, and leaves the picture, GIMP and the computer as they were."""

import subprocess

import pytest

EXPECTED = {
    "no style": "no style picture is chosen",
    "style is no picture": "scenarios.py",
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
        assert status == "execution-error", case
        assert EXPECTED[case] in message.lower(), (case, message)
        assert "traceback" not in message.lower()
        assert "bug" not in message.lower(), (case, message)
    assert told["count"] == 1
    assert told.raw("after") == told.raw("before")


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
