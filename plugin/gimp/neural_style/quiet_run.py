"""Painting without a window, with GIMP's progress bar, whose Cancel kills this process."""

from __future__ import annotations

from engine import NeuralEngine
from gi.repository import Gimp
from nst_client.failure import Failure
from nst_client.translation import _
from task import Series


def paint_without_window(series: Series) -> None:
    """Paint the whole series. Raises Failure where nothing was made."""
    Gimp.progress_init(_("Neural Style: painting “{name}”").format(name=series.task.name))
    with NeuralEngine() as engine:
        engine.wait()
        for number in range(len(series.tasks)):
            series.number = number
            try:
                _paint(series, engine)
            except Failure as failure:
                series.failed(failure)
    Gimp.progress_end()
    series.ended()


def _paint(series: Series, engine: NeuralEngine) -> None:
    """Paint the task at hand."""
    series.task.check()
    monitor = series.task.begin(engine, None)
    assert monitor is not None, "the engine is ready"
    try:
        while monitor.update():
            series.task.check()
            Gimp.progress_set_text(series.text(monitor.text))
            Gimp.progress_update(series.fraction(monitor.fraction))
            monitor.pause()
    except Failure:
        monitor.cancel()  # or the engine is busy when the next one begins
        raise
    series.deliver(monitor)
