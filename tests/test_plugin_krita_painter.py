"""Krita's painter where Krita runs its main loop within a call of the plug-in's; no Krita is needed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import MagicMock

import pytest
from support.stand_ins import krita_plug_in

REQUEST: Any = {"styles": ["/a.png"], "options": {"size": 64}, "quality": "fast"}


class Timer:
    """As Qt's."""

    def __init__(self) -> None:
        self.runs, self.begun = False, 0

    def start(self) -> None:
        self.runs, self.begun = True, self.begun + 1

    def stop(self) -> None:
        self.runs = False

    def isActive(self) -> bool:  # noqa: N802 - as Qt's
        return self.runs


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with krita_plug_in():
        found = importlib.import_module("neural_style.painter")
        for name in ("NeuralEngine", "Live", "JobMonitor", "Outcome"):
            monkeypatch.setattr(found, name, MagicMock())
        yield found


@pytest.fixture
def painter(module: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(module.Painter.__mro__[1], "__init__", lambda *_given: None)
    for name in ("finished", "progressed", "engine_ready", "preview_ready", "keepable"):
        monkeypatch.setattr(module.Painter, name, MagicMock())
    made = module.Painter()
    made._timer = Timer()
    return made


def main_loop(painter: Any) -> None:
    if painter._timer.runs:
        painter._on_timer()


def test_an_engine_that_fails_while_a_painting_is_begun_ends_it(module: Any, painter: Any) -> None:
    """Else the next painting would wait for this one's job for ever."""
    failure = importlib.import_module("neural_style.nst_client.failure").Failure
    module.NeuralEngine.return_value.ready.side_effect = failure("the engine could not start")
    painter.prepare()
    module.Outcome.side_effect = lambda *_given: main_loop(painter) or MagicMock()
    painter.paint(REQUEST, "new-layer", {}, None)
    assert painter.busy
    main_loop(painter)
    assert [painter.busy, painter._outcome, painter._timer.runs] == [False, None, False]
    painter.finished.emit.assert_called_once()


def test_a_painting_that_is_cancelled_while_it_is_begun_does_not_begin(module: Any, painter: Any) -> None:
    module.Outcome.side_effect = lambda *_given: painter.cancel()
    painter.paint(REQUEST, "new-layer", {}, None)
    assert [painter.busy, painter._outcome, painter._timer.runs] == [False, None, False]
    painter.finished.emit.assert_called_once_with("")


def test_a_painting_that_is_cancelled_while_its_layer_is_read_does_not_begin(
    module: Any, painter: Any
) -> None:
    module.Outcome.return_value.content.side_effect = lambda _longest: painter.cancel()
    painter.paint(REQUEST, "new-layer", {}, None)
    main_loop(painter)
    module.NeuralEngine.return_value.paint.assert_not_called()
    painter.finished.emit.assert_called_once_with("")


def test_a_layer_is_handed_to_the_engine_once_though_it_is_read_for_long(module: Any, painter: Any) -> None:
    """Else the engine refuses the second job, as the first is not over."""
    module.Outcome.return_value.content.side_effect = lambda _longest: main_loop(painter)
    painter.paint(REQUEST, "new-layer", {}, None)
    main_loop(painter)
    module.NeuralEngine.return_value.paint.assert_called_once()


def finishing(module: Any, painter: Any, meanwhile: Callable[[], None]) -> Any:
    """Paint, with Krita's main loop running in each band of the painting; return its outcome."""

    def write(_painting: object) -> Iterator[float]:
        for done in (0.0, 0.5):
            yield done
            meanwhile()

    outcome = module.Outcome.return_value
    outcome.write.side_effect, outcome.pending_reason.return_value = write, ""
    outcome.place.return_value = ""
    module.JobMonitor.return_value.update.return_value = False
    module.JobMonitor.return_value.warnings = []
    painter.paint(REQUEST, "new-layer", {}, None)
    for _turn in range(6):
        main_loop(painter)
    return outcome


def test_a_painting_is_placed_once_though_each_part_takes_long(module: Any, painter: Any) -> None:
    finishing(module, painter, lambda: main_loop(painter)).place.assert_called_once()
    painter.finished.emit.assert_called_once_with("")


def test_a_painting_that_is_cancelled_while_it_is_written_is_not_placed(module: Any, painter: Any) -> None:
    finishing(module, painter, painter.cancel).place.assert_not_called()
    painter.finished.emit.assert_called_once_with("")


def test_a_slider_that_is_dragged_does_not_put_the_preview_off(painter: Any) -> None:
    for _step in range(3):
        painter.look(None)
    assert painter._timer.begun == 1


def test_paint_pressed_while_a_preview_is_shown_is_not_forgotten(module: Any, painter: Any) -> None:
    painter.prepare()
    painter.live.busy = False
    painter.live.update.side_effect = lambda: painter.paint(REQUEST, "new-layer", {}, None)
    main_loop(painter)
    assert painter.busy
    assert painter._timer.runs
