"""The forecast of a painting's time survives the end of the engine that was asked."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.editor import wait_until

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import Engine, EngineError
from nst_client.choices import EngineRequest
from nst_client.forecast import Forecast

WORKER = """
    import json, sys, tempfile
    from pathlib import Path
    hello = {
        "event": "hello", "protocol": 1, "version": "0", 
        "folder": tempfile.mkdtemp(prefix="nst-onnx-worker-"),
        "devices": [], "models": [], "qualities": {}, "options": {}, "formats": [], "style_files": {},
    }
    print(json.dumps(hello), flush=True)
    mark = Path(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["request"] in ("forecast", "models") and not mark.exists():
            mark.touch()
            sys.exit(3)
        answer = {"id": asked.get("id"), "event": "forecast", "seconds": 7.0}
        print(json.dumps(answer), flush=True)
"""
REQUEST: EngineRequest = {"styles": [], "options": {}, "quality": "good", "model": "auto", "device": "auto"}


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A worker that ends when it is asked for the first time, and answers later ones."""
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER))
    return [sys.executable, str(script), str(tmp_path / "was asked")]


def test_the_end_of_the_engine_answers_the_forecast_and_the_next_one_is_asked(command: list[str]) -> None:
    with Engine(command) as engine:
        forecast = Forecast(engine.forecast)
        forecast.want(10, 10, REQUEST)
        wait_until(lambda: forecast.update(False) or not forecast.pending)
        assert forecast.seconds is None
        with pytest.raises(EngineError, match="ended unexpectedly"):
            engine.ready()
        engine.start()
        forecast.want(10, 10, REQUEST)
        wait_until(lambda: forecast.update(False))
        assert forecast.seconds == 7.0


def test_closing_the_engine_answers_too(command: list[str]) -> None:
    with Engine(command) as engine:
        answer = engine.forecast(10, 10, REQUEST)
        engine.close()
        assert answer.get(timeout=0)["event"] == "error"


def test_models_are_refused_in_one_sentence(command: list[str]) -> None:
    with Engine(command) as engine, pytest.raises(EngineError, match="ended unexpectedly"):
        engine.models()
