"""A real worker process, spoken to as the protocol says: what it answers."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.editor import Worker, picture

import nst_onnx
from nst_onnx.editors.worker.protocol import PROTOCOL
from nst_onnx.painting import presets
from nst_onnx.painting.options import Options
from nst_onnx.painting.quality import budgets
from nst_onnx.version import __version__

LONG = {"size": 96, "steps": 100_000, "min_change": 0}


def finished(worker: Worker, job: str) -> np.ndarray[Any, Any]:
    event = worker.last_of(job)
    assert event["event"] == "done", event
    return worker.get(event["picture"])


def test_hello_says_what_there_is(running_worker: Worker) -> None:
    hello = running_worker.hello
    assert (hello["event"], hello["protocol"], hello["version"]) == ("hello", PROTOCOL, __version__)
    assert {"name": "compact", "origin": "shipped"} in hello["models"]
    assert "cpu" in hello["devices"]
    assert list(hello["style_files"]) == hello["styles"] != []
    assert all(Path(path).is_file() for path in hello["style_files"].values())
    assert hello["presets"] == list(presets.PRESETS)
    assert hello["qualities"].keys() == {"instant", "fitted", "fast", "good", "best"}


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
def test_only_its_owner_may_enter_the_folder_and_read_what_is_in_it(worker: Worker) -> None:
    assert stat.S_IMODE(worker.folder.stat().st_mode) == 0o700
    event = worker.last_of(worker.stylize())
    path = worker.folder / event["picture"]["file"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()


def test_the_picture_is_the_one_that_the_library_paints(worker: Worker) -> None:
    content, style = picture(20, 24, 1), picture(18, 18, 2)
    options = {"size": 24, "steps": 3, "seed": 5, "strength": 0.7}
    painted = finished(worker, worker.stylize(options=options))
    expected = nst_onnx.stylize(content, style, model="compact", **options)
    np.testing.assert_allclose(painted, expected.array, atol=1e-4)


@pytest.mark.parametrize("kind", ["u8", "u16", "f32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_any_type_and_channels_come_back_as_rgb_and_alpha(worker: Worker, kind: str, channels: int) -> None:
    content = picture(16, 20, 3, channels, kind)
    described = worker.put("any", content)
    painted = finished(worker, worker.stylize(described, options={"size": [20, 16], "steps": 1}))
    assert painted.shape == (16, 20, 4 if channels in (2, 4) else 3)
    assert painted.dtype == np.float32
    values = content / {"u8": 255, "u16": 65535, "f32": 1}[kind]
    # One evaluation is of the content itself, which is what is painted on; but for what nobody can see.
    colours = values[..., :3] if channels > 2 else values[..., :1].repeat(3, axis=2)
    seen = values[..., -1] > 0.01 if channels in (2, 4) else np.full((16, 20), True)
    np.testing.assert_allclose(painted[seen, :3], colours[seen], atol=1e-5)
    if channels in (2, 4):
        np.testing.assert_allclose(painted[..., 3], values[..., -1], atol=1e-5)


def test_floats_beyond_the_range_are_taken_for_the_nearest_colour(worker: Worker) -> None:
    content = picture(16, 16, 3, 3, "f32")
    content[0, 0], content[0, 1], content[0, 2] = 1.5, -0.25, np.nan
    described = worker.put("wide", content)
    painted = finished(worker, worker.stylize(described, options={"size": 16, "steps": 1}))
    np.testing.assert_allclose(painted[0, :3], [[1] * 3, [0] * 3, [0] * 3], atol=1e-5)


def test_styles_may_be_files_anywhere(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "a style – 絵.png"
    Image.fromarray(picture(18, 18, 2)).save(path)
    event = worker.last_of(worker.stylize(style={"path": str(path)}))
    worker.get(event["picture"])
    assert event["settings"]["styles"] == [path.name]
    assert path.exists()


def test_what_nst_onnx_warns_of_is_told_with_the_result(worker: Worker) -> None:
    framed = np.full((60, 60, 3), 255, np.uint8)
    framed[5:55, 5:55] = picture(50, 50, 2) // 2
    event = worker.last_of(worker.stylize(worker.put("framed", framed)))
    worker.get(event["picture"])
    assert event["warnings"] == event["notices"] == []  # of a content there is nothing to say
    event = worker.last_of(worker.stylize(style=worker.put("again", framed)))
    worker.get(event["picture"])
    assert event["warnings"] == []
    (told,) = event["notices"]
    assert "its frame is cropped" in told
    assert "style_frame" not in told  # no editor has such a control


def test_a_forecast_grows_with_the_picture_and_is_not_needed_for_one_pass(worker: Worker) -> None:
    seconds = []
    for width in (300, 600, 1200):
        asked = {"content": {"width": width, "height": width // 2}, "quality": "good"}
        name = worker.send("forecast", options={"strength": 0.7, "style_scale": 0.5 + width / 1000}, **asked)
        seconds.append(worker.until("forecast", "error", id=name)[-1]["seconds"])
    assert 0 < seconds[0] < seconds[1] < seconds[2]
    assert seconds[2] < 40 * seconds[0]
    name = worker.send("forecast", content={"width": 300, "height": 200}, quality="instant")
    assert worker.until("forecast", "error", id=name)[-1]["seconds"] is None


@pytest.mark.parametrize("content", [None, {"width": 0, "height": 5}, {"width": "a", "height": 5}, 7])
def test_a_forecast_of_nothing_is_an_error(worker: Worker, content: object) -> None:
    name = worker.send("forecast", content=content, quality="good")
    assert worker.until("forecast", "error", id=name)[-1]["code"] == "protocol"


def test_several_styles_and_a_picture_to_start_from(worker: Worker) -> None:
    begin = picture(16, 16, 9)
    job = worker.send(
        "stylize",
        content=worker.put("c", picture(16, 16, 1)),
        styles=[worker.put("s1", picture(16, 16, 2)), worker.put("s2", picture(16, 16, 3))],
        options={"size": 16, "steps": 1, "style_weights": [1, 3], "init": worker.put("b", begin)},
    )
    np.testing.assert_allclose(finished(worker, job), begin / 255, atol=1e-5)


def test_a_file_to_start_from(worker: Worker, tmp_path: Path) -> None:
    begin = picture(16, 16, 9)
    Image.fromarray(begin).save(tmp_path / "begin.png")
    job = worker.stylize(options={"size": [16, 16], "steps": 1, "init": str(tmp_path / "begin.png")})
    np.testing.assert_allclose(finished(worker, job), begin / 255, atol=1e-5)


def test_progress_counts_every_scale_to_the_end(worker: Worker) -> None:
    job = worker.stylize(options={"size": 200, "steps": 4})
    events = worker.until("done", id=job)
    worker.get(events[-1]["picture"])
    assert events[0]["event"] == "accepted"
    progress = [event for event in events if event["event"] == "progress"]
    assert progress[-1]["step"] == progress[-1]["steps"]
    assert progress[-1]["scale"] == progress[-1]["scales"] - 1 > 0
    assert all(
        event.keys() >= {"losses", "seconds", "seconds_left"} and event["losses"]["total"] >= 0
        for event in progress
    )
    assert events[-1]["stopped"] is False


def test_previews_come_as_asked_for_and_no_more_than_are_read(worker: Worker) -> None:
    job = worker.stylize(
        options={"size": 48, "steps": 40, "pyramid": False}, preview={"seconds": 0, "longest": 32}
    )
    events = worker.until("done", id=job)
    unread = [event["picture"] for event in events if event["event"] == "preview"]
    assert len(unread) == 2
    previews = [worker.get(picture) for picture in unread]
    worker.get(events[-1]["picture"])
    assert [p.dtype for p in previews] == [np.uint8, np.uint8]
    assert previews[0].shape[2] == 3
    assert max(previews[0].shape[:2]) == 32
    assert (previews[0] != previews[1]).any()


def test_the_first_preview_is_the_picture_in_one_pass(worker: Worker) -> None:
    job = worker.stylize(
        options={"size": 48, "steps": 2}, preview={"seconds": 9, "longest": 32, "type": "f32"}
    )
    events = worker.until("done", id=job)
    kinds = [event["event"] for event in events]
    assert kinds.index("preview") < kinds.index("progress")
    (preview,) = (event["picture"] for event in events if event["event"] == "preview")
    assert max(worker.get(preview).shape[:2]) == 32
    worker.get(events[-1]["picture"])


def test_learned_styles_by_name(worker: Worker) -> None:
    (name, *_) = worker.hello["styles"]
    found = finished(worker, worker.stylize(style={"style": name}, options={"size": 24}))
    assert max(found.shape[:2]) == 24
    refused = worker.until("error", id=worker.stylize(style={"style": "nowhere"}))
    assert "no learned style 'nowhere'" in refused[-1]["message"]


def test_previews_go_on_for_one_who_reads_them(worker: Worker) -> None:
    job = worker.stylize(options=LONG, preview={"seconds": 0, "longest": 96, "type": "f32"})
    for _ in range(4):
        preview = worker.until("preview", id=job)[-1]["picture"]
        assert worker.get(preview).dtype == np.float32
    worker.send("cancel", of=job)
    for event in worker.until("cancelled", id=job):
        if event["event"] == "preview":
            worker.get(event["picture"])


def test_no_previews_unless_wished_for(worker: Worker) -> None:
    events = worker.until("done", id=worker.stylize(options={"size": 24, "steps": 8}, preview=None))
    worker.get(events[-1]["picture"])
    assert not [event for event in events if event["event"] == "preview"]


def test_cancel_is_answered_and_the_next_picture_is_painted(worker: Worker) -> None:
    job = worker.stylize(options=LONG)
    worker.until("progress", id=job)
    worker.send("cancel", of=job, keep=False)
    assert worker.until("cancelled", "done", "error", id=job)[-1]["event"] == "cancelled"
    following = worker.stylize()
    events = worker.until("done", "error", id=following)
    assert not [event for event in events if event["id"] == job]
    worker.get(events[-1]["picture"])


def test_cancel_while_everything_is_still_being_loaded(worker: Worker) -> None:
    job = worker.stylize(options={**LONG, "tv_weight": 0.5})  # terms that no session was made for yet
    worker.send("cancel", of=job)
    events = worker.until("cancelled", "done", "error", id=job)
    assert [event["event"] for event in events] == ["accepted", "cancelled"]
    finished(worker, worker.stylize())  # the files of the first are gone by the time this is done


def test_stop_and_keep_gives_the_best_so_far_at_its_full_size(worker: Worker) -> None:
    job = worker.stylize(options={"size": 200, "steps": 100_000, "min_change": 0})
    worker.until("progress", id=job)
    worker.send("cancel", of=job, keep=True)
    event = worker.last_of(job)
    assert event["stopped"] is True
    assert max(worker.get(event["picture"]).shape) == 200


def test_cancelling_what_is_over_or_never_was_does_nothing(worker: Worker) -> None:
    job = worker.stylize()
    finished(worker, job)
    worker.send("cancel", of=job)
    worker.send("cancel", of="another")
    worker.send("cancel")
    ping = worker.send("ping")
    assert worker.event() == {"id": ping, "event": "pong"}


def test_one_picture_at_a_time(worker: Worker) -> None:
    job = worker.stylize(options=LONG)
    worker.until("progress", id=job)
    refused = worker.send("stylize", content={}, styles=[])
    assert worker.until("error", id=refused)[-1]["code"] == "busy"
    worker.send("cancel", of=job)
    worker.until("cancelled", id=job)


def test_models_are_listed_when_asked_for(worker: Worker) -> None:
    event = worker.until("models", id=worker.send("models"))[-1]
    assert event["models"] == worker.hello["models"]


@pytest.mark.parametrize("quality", budgets("cpu"))
def test_a_quality_stands_for_steps_and_a_size_no_larger_than_the_content(
    worker: Worker, quality: str
) -> None:
    event = worker.last_of(worker.stylize(quality=quality, options={"max_seconds": 0.001}))
    worker.get(event["picture"])
    assert event["settings"]["steps"] == worker.hello["qualities"][quality]["steps"]
    assert (event["settings"]["width"], event["settings"]["height"]) == (24, 20)


def test_the_editor_says_how_much_memory_there_is(worker: Worker) -> None:
    event = worker.last_of(worker.stylize(options={"steps": 2, "size": 12, "max_memory": "1GB"}))
    worker.get(event["picture"])
    assert event["settings"]["max_memory"] == "1GB"
    told = worker.last_of(worker.stylize(options={"max_memory": "1MB"}))
    assert (told["event"], told["code"]) == ("error", "option")
    assert "max_memory must be at least" in told["message"]


def test_options_go_before_quality(worker: Worker) -> None:
    event = worker.last_of(worker.stylize(quality="best", options={"steps": 2, "size": 12}))
    worker.get(event["picture"])
    assert (event["settings"]["steps"], event["settings"]["width"]) == (2, 12)


def test_every_option_is_known_to_the_worker(worker: Worker) -> None:
    defaults = {name: getattr(Options(), name) for name in Options.table()}
    finished(worker, worker.stylize(options={**defaults, "size": 16, "steps": 1}))
