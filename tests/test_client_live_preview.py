"""The dialogs' live preview: the newest settings in one pass, one job at a time; and what Paint announces."""

from __future__ import annotations

import queue
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.checkout import ROOT
from support.editor import COMMAND, picture, wait_until

sys.path.insert(0, str(ROOT / "plugin"))

from nst_client import Engine, Pixels
from nst_client.announcement import announcement
from nst_client.choices import COLOURS, OWN_COLOURS, EngineRequest
from nst_client.events import Cancelled, Done, Error, Event, Preview
from nst_client.failure import Failure
from nst_client.forecast import Forecast
from nst_client.live_preview import VARIATIONS, LivePreview, in_one_pass, middle

from nst_onnx.painting import one_pass
from nst_onnx.painting.options import Options

CONTENT = Pixels(24, 20, 3, "u8", picture(20, 24, 1, 3, "u8").tobytes())
RED = Pixels(1, 1, 3, "u8", b"\xff\0\0")


def request(**options: Any) -> EngineRequest:
    return {
        "styles": ["/a.png"],
        "options": {"strength": 0.5, **options},
        "quality": "good",
        "model": "auto",
        "device": "auto",
    }


class FakeJob:
    """A job whose events the test gives."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.cancelled = False

    def poll(self) -> list[Event]:
        events, self.events = self.events, []
        return events

    def cancel(self) -> None:
        self.cancelled = True


class FakeEngine:
    def __init__(self) -> None:
        self.jobs: list[FakeJob] = []
        self.requests: list[EngineRequest] = []

    def paint(self, content: Pixels, request: EngineRequest) -> Any:
        self.requests.append(request)
        self.jobs.append(FakeJob())
        return self.jobs[-1]


@pytest.fixture
def fake() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def live(fake: FakeEngine) -> LivePreview:
    return LivePreview(fake.paint)


def test_a_forecast_is_asked_for_once_and_when_there_is_time() -> None:
    asked: list[tuple[int, int]] = []
    answers: queue.Queue[dict[str, Any]] = queue.Queue()

    def ask(width: int, height: int, _request: EngineRequest) -> queue.Queue[dict[str, Any]]:
        asked.append((width, height))
        return answers

    forecast = Forecast(ask)
    forecast.want(30, 20, request())
    assert not forecast.update(busy=True)
    assert asked == []
    assert not forecast.update(busy=False)
    assert not forecast.update(busy=False)
    forecast.want(30, 20, request(strength=0.9))  # takes as long
    answers.put({"seconds": 12.0})
    assert forecast.update(busy=False)
    assert (forecast.seconds, asked) == (12.0, [(30, 20)])
    forecast.want(30, 20, request(size=100))
    assert forecast.seconds is None
    forecast.update(busy=False)
    answers.put({"event": "error"})
    assert not forecast.update(busy=False)
    assert (forecast.seconds, len(asked)) == (None, 2)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "About 1 s."), (61, "About 61 s."), (130, "About 2 min."), (9000, "About 2.5 h.")],
)
def test_the_time_is_announced(seconds: float, text: str) -> None:
    assert announcement("a", 30, 20, 30, seconds).endswith(f"pixels. {text}")


def test_the_middle_of_a_picture() -> None:
    part = middle(Pixels(4, 4, 1, "u8", bytes(range(16))))
    assert (part.width, part.height, part.data) == (2, 2, bytes([5, 6, 9, 10]))
    assert middle(RED).data == RED.data


def test_variations_follow_the_preview_one_by_one(live: LivePreview, fake: FakeEngine) -> None:
    live.show(CONTENT, request())
    live.vary(CONTENT, request())
    seen = []
    for _ in range(4 * len(VARIATIONS)):
        live.update()
        if fake.jobs and not fake.jobs[-1].events:
            fake.jobs[-1].events = [Preview(RED), Done(RED, False, {})]
        picture, varied = live.update(), live.variation()
        seen += [varied[0]] if varied else ["the preview"] if picture else []
    assert seen == ["the preview", *VARIATIONS]
    assert not live.busy
    asked = [
        given["options"][option] for given, (option, _) in zip(fake.requests[1:], VARIATIONS, strict=True)
    ]
    # Half as long, the middle has the strokes of the whole with a style twice as large.
    assert asked == [value * (2 if option == "style_scale" else 1) for option, value in VARIATIONS]


def test_a_new_setting_overtakes_the_variations_and_a_learned_style_has_no_stroke_scale(
    live: LivePreview, fake: FakeEngine
) -> None:
    live.vary(CONTENT, {**request(), "styles": ["/a.nst"]})
    for _ in range(20):
        live.update()
        if fake.jobs:
            fake.jobs[-1].events = [Done(RED, False, {})]
    assert len(fake.requests) == 3
    live.vary(CONTENT, request())
    live.show(CONTENT, request())
    for _ in range(20):
        live.update()
        fake.jobs[-1].events = [Done(RED, False, {})]
    assert len(fake.requests) == 4


def test_a_request_in_one_pass_keeps_all_but_quality_and_size() -> None:
    given = request(size=2000, style_scale=2.0)
    assert in_one_pass(given) == {**request(style_scale=2.0), "quality": "instant"}
    assert given["quality"] == "good"


@pytest.mark.parametrize("colours", [name for name, _ in COLOURS])
def test_every_choice_of_colours_can_be_shown(colours: str) -> None:
    options = {} if colours == OWN_COLOURS else {"preserve_colour": colours}
    shown = in_one_pass(request(**options))["options"]
    one_pass.check(Options.of({**shown, "quality": "instant"}), [])


def test_only_the_newest_settings_are_painted_after_a_job(fake: FakeEngine, live: LivePreview) -> None:
    assert live.update() is None
    live.show(CONTENT, request())
    live.update()
    for strength in (0.6, 0.7, 0.8):
        live.show(CONTENT, request(strength=strength))
        assert live.update() is None
    assert len(fake.jobs) == 1
    fake.jobs[0].events = [Preview(RED), Done(RED, False, {})]
    assert live.update() is RED
    assert live.busy
    live.update()
    assert [asked["options"]["strength"] for asked in fake.requests] == [0.5, 0.8]
    fake.jobs[1].events = [Done(RED, False, {})]
    assert live.update() is None
    assert not live.busy


def test_settings_that_cannot_be_painted_are_told_and_the_next_are_painted(
    fake: FakeEngine, live: LivePreview
) -> None:
    live.show(CONTENT, request())
    live.update()
    fake.jobs[0].events = [Error("picture", "a.png is not a picture")]
    with pytest.raises(Failure, match="is not a picture"):
        live.update()
    assert not live.busy
    live.show(CONTENT, request())
    live.update()
    fake.jobs[1].events = [Cancelled()]
    assert live.update() is None
    assert not live.busy


def test_stop_cancels_and_forgets(fake: FakeEngine, live: LivePreview) -> None:
    live.show(CONTENT, request())
    live.update()
    live.show(CONTENT, request())
    live.stop()
    assert fake.jobs[0].cancelled
    assert not live.busy
    assert live.update() is None
    live.stop()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(COMMAND, folder=str(tmp_path)) as engine:
        yield engine


def test_a_real_engine_paints_previews(engine: Engine, tmp_path: Path) -> None:
    style = tmp_path / "style.png"
    Image.fromarray(picture(18, 18, 2, 3, "u8")).save(style)
    live = LivePreview(lambda content, asked: engine.stylize(content, preview_longest=320, **asked))
    seen: list[Pixels] = []

    def followed() -> bool:
        found = live.update()
        if found is not None:
            seen.append(found)
        return not live.busy

    for scale in (1.0, 3.0):
        live.show(CONTENT, {**request(style_scale=scale), "styles": [str(style)]})
        wait_until(followed)
    assert [(p.width, p.height, p.channels, p.type) for p in seen] == [(24, 20, 3, "u8")] * 2
    assert seen[0].data != seen[1].data


def test_one_pass_takes_seconds() -> None:
    assert announcement("a", 30, 20, 30, one_pass=True).endswith("pixels. Takes seconds.")
    assert announcement("a", 30, 20, 30, 4.0, one_pass=True).endswith("pixels. About 4 s.")


def test_what_paint_announces() -> None:
    assert announcement("Harbour", 2560, 1920, 6000) == "Paints every pixel of “Harbour”: 2560×1920 pixels."
    sketch = announcement("Harbour", 2560, 1920, 384)
    assert "sketch: 384 of 2560 pixels" in sketch
    part = announcement("Harbour", 640, 480, 640, selected=True)
    assert part == "Paints every pixel of the selected part of “Harbour”: 640×480 pixels."
