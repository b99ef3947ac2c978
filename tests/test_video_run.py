"""Whole videos: frames that follow from one another, cuts, going on after a stop, and what is left behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.checkout import ROOT
from support.clips import HEIGHT, STEP, WIDTH, packets, save, scene, times
from support.networks import vgg_network

import nst_onnx
from nst_onnx.errors import NstError, OptionError, PictureError
from nst_onnx.jobs.video import FrameStep, VideoOptions, VideoResult, encode, stylize_video
from nst_onnx.jobs.video.decode import Film, prepare_frame
from nst_onnx.jobs.video.frame_masks import FrameMasks
from nst_onnx.jobs.video.frame_painter import FramePainter
from nst_onnx.jobs.video.frame_store import read_frame, write_frame
from nst_onnx.objective.sessions import Network
from nst_onnx.picture import read

pytest.importorskip("av", reason='needs the extra "video"')
pytest.importorskip("cv2", reason='needs the extra "video"')

EXAMPLES = ROOT / "examples"
QUICK: dict[str, Any] = {"steps": 12, "frame_steps": 4, "size": (WIDTH, HEIGHT)}
UNEVEN = [0, 100, 150, 300, 420, 500, 900]
CUT = 4


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("vgg19"))


@pytest.fixture
def style() -> np.ndarray:
    return scene(1, seed=77)[0]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Four frames of one scene, three of another, at uneven times, with sound."""
    frames = [*scene(CUT, seed=1), *scene(3, seed=2)]
    return save(tmp_path / "film.mkv", frames, times=UNEVEN, sound="aac")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The frames that go to the encoder, before H.264 has its way with them."""
    seen: list[np.ndarray] = []
    whole = encode.encode

    def watch(film: Film, frames: Iterable[np.ndarray], *more: Any) -> None:
        seen.clear()
        whole(film, (seen.append(frame) or frame for frame in frames), *more)

    monkeypatch.setattr(encode, "encode", watch)
    return seen


def stopping_at(frame: int) -> Callable[[FrameStep], None]:
    """A callback that ends the run as a Ctrl-C would, in the midst of a frame."""

    def stop(step: FrameStep) -> None:
        if step.frame == frame and step.iteration == 2:
            raise KeyboardInterrupt

    return stop


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_frames_sound_and_times_are_kept(
    film: Path, style: np.ndarray, network: Network, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    result = stylize_video(film, style, out, model=network, **QUICK)
    assert isinstance(result, VideoResult)
    assert (result.frames, result.painted, result.scenes) == (len(UNEVEN), len(UNEVEN), (0, CUT))
    assert result.shape == (HEIGHT, WIDTH)
    assert times(out) == times(film)
    assert [data for _, data in packets(out)] == [data for _, data in packets(film)]
    assert listing(tmp_path) == {"film.mkv", "out.mp4"}


def test_after_a_cut_a_frame_is_as_if_painted_alone(
    film: Path, style: np.ndarray, network: Network, tmp_path: Path, written: list[np.ndarray]
) -> None:
    """So nothing of the scene before can be smeared into it."""
    stylize_video(film, style, tmp_path / "out.mp4", model=network, **QUICK)
    contents = list(Film.open(film).frames())
    for number, alone in ((0, True), (1, False), (CUT, True), (CUT + 1, False)):
        picture = nst_onnx.stylize(
            contents[number], style, model=network, size=QUICK["size"], steps=QUICK["steps"]
        )
        assert np.array_equal(np.rint(picture.array * 255), written[number]) == alone


def flicker(frames: list[np.ndarray]) -> float:
    """How much frames of a camera that glides differ from one another where they show the same."""
    return float(
        np.mean([np.abs(a[:, STEP:].astype(float) - b[:, :-STEP]).mean() for a, b in pairwise(frames)])
    )


def test_no_colour_transfer_for_each_frame() -> None:
    with pytest.raises(OptionError, match="takes no colour_transfer"):
        VideoOptions(colour_transfer=True)


def test_held_frames_flicker_less(
    film: Path, style: np.ndarray, network: Network, tmp_path: Path, written: list[np.ndarray]
) -> None:
    found = {}
    for weight in (0.0, 1.0, 100.0):
        stylize_video(film, style, tmp_path / "out.mp4", model=network, temporal_weight=weight, **QUICK)
        found[weight] = flicker(written[:CUT])
    alone = [
        nst_onnx.stylize(frame, style, model=network, size=QUICK["size"], steps=QUICK["steps"]).array * 255
        for frame in list(Film.open(film).frames())[:CUT]
    ]
    assert found[100.0] < found[1.0] < found[0.0]
    assert found[1.0] < flicker(alone) / 2


@pytest.mark.parametrize("frame", [2, CUT])
def test_a_stopped_run_goes_on_bit_for_bit(
    film: Path, style: np.ndarray, network: Network, tmp_path: Path, written: list[np.ndarray], frame: int
) -> None:
    stylize_video(film, style, tmp_path / "whole.mp4", model=network, **QUICK)
    expected = list(written)
    out = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        stylize_video(film, style, out, model=network, callback=stopping_at(frame), **QUICK)
    assert not out.exists()
    assert len(list((tmp_path / "out.mp4.nst-onnx").glob("*.png"))) == frame
    steps: list[FrameStep] = []
    result = stylize_video(film, style, out, model=network, callback=steps.append, **QUICK)
    assert result.painted == len(UNEVEN) - frame
    assert result.scenes == (0, CUT)
    assert {step.frame for step in steps if step.iteration == 0} == set(range(frame))
    np.testing.assert_array_equal(written, expected)
    assert listing(tmp_path) == {"film.mkv", "out.mp4", "whole.mp4"}


def test_a_kept_frame_is_the_painted_one(style: np.ndarray, network: Network, tmp_path: Path) -> None:
    """To the last bit of its floats, for the next frame starts from them."""
    options = VideoOptions(steps=3, size=(WIDTH, HEIGHT))
    painter = FramePainter(network, [read(style, what="style picture")], FrameMasks(options))
    painted = painter.paint(prepare_frame(scene(1, seed=1)[0], (HEIGHT, WIDTH)), lambda *_: None)
    write_frame(tmp_path / "frame.png", painted)
    again = read_frame(tmp_path / "frame.png")
    assert again is not None
    assert np.array_equal(again.picture, painted.picture)
    assert (again.starts_scene, again.loss) == (True, painted.loss)


def test_what_a_kill_leaves_half_written_does_not_matter(
    film: Path, style: np.ndarray, network: Network, tmp_path: Path, written: list[np.ndarray]
) -> None:
    out = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        stylize_video(film, style, out, model=network, callback=stopping_at(3), **QUICK)
    folder = tmp_path / "out.mp4.nst-onnx"
    (folder / "unfinished.mp4").write_bytes(b"half a film")
    (folder / ".nst-onnx-0123.tmp").write_bytes(b"half a frame")
    (folder / "000003.png").write_bytes((folder / "000003.png").read_bytes()[:200])
    result = stylize_video(film, style, out, model=network, **QUICK)
    assert result.painted == len(UNEVEN) - 2
    assert listing(tmp_path) == {"film.mkv", "out.mp4"}


def test_frames_of_another_run_are_not_taken(
    film: Path, style: np.ndarray, network: Network, tmp_path: Path
) -> None:
    out = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        stylize_video(film, style, out, model=network, callback=stopping_at(2), **QUICK)
    before = listing(tmp_path)
    others: list[dict[str, Any]] = [
        {"strength": 0.7},
        {"frame_steps": 5},
        {"temporal_weight": 2.0},
        {"seed": 1},
    ]
    for other in others:
        with pytest.raises(OptionError, match="another run"):
            stylize_video(film, style, out, model=network, **QUICK | other)
    with pytest.raises(OptionError, match="another run"):
        stylize_video(film, style[::-1], out, model=network, **QUICK)
    assert listing(tmp_path) == before
    result = stylize_video(film, style, out, model=network, crf=30, **QUICK)  # says nothing of the frames
    assert result.painted < len(UNEVEN)


def test_a_folder_of_somebody_else_is_left_alone(
    film: Path, style: np.ndarray, network: Network, tmp_path: Path
) -> None:
    mine = tmp_path / "out.mp4.nst-onnx" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(OptionError, match="in the way"):
        stylize_video(film, style, tmp_path / "out.mp4", model=network, **QUICK)
    assert mine.read_text() == "mine"


def test_bad_input_leaves_nothing_behind(
    film: Path, style: np.ndarray, network: Network, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film" * 100)
    before = listing(tmp_path)
    bad: list[tuple[type[NstError], Path, str, dict[str, Any]]] = [
        (PictureError, broken, "out.mp4", {}),
        (PictureError, tmp_path / "none.mp4", "out.mp4", {}),
        (OptionError, film, "out.gif", {}),
        (OptionError, film, "film.mkv", {}),
        (OptionError, film, "none/out.mp4", {}),
        (OptionError, film, "out.mp4", {"crf": 52}),
        (OptionError, film, "out.mp4", {"frame_steps": 0}),
        (OptionError, film, "out.mp4", {"temporal_weight": -1}),
        (OptionError, film, "out.mp4", {"size": (33, 20)}),
        (OptionError, film, "out.mp4", {"no_option": 1}),
        (OptionError, film, "out.mp4", {"style_layers": ["conv9_9"]}),
        (PictureError, film, "out.mp4", {"size": (4, 4)}),
    ]
    for error, source, name, options in bad:
        with pytest.raises(error):
            stylize_video(source, style, tmp_path / name, model=network, **QUICK | options)
        assert listing(tmp_path) == before, (name, options)


@pytest.mark.parametrize(("film", "output"), [(7, "out.mp4"), ("film.mp4", None)])
def test_films_are_named_by_paths(film: Any, output: Any, style: np.ndarray, network: Network) -> None:
    with pytest.raises(OptionError, match="by its path"):
        stylize_video(film, style, output, model=network, **QUICK)


def test_the_film_s_own_size_made_even(style: np.ndarray, network: Network, tmp_path: Path) -> None:
    frames = scene(2, seed=3, shape=(HEIGHT + 1, WIDTH + 1))
    film = save(tmp_path / "odd.mkv", frames, codec="ffv1", pixels="bgr0")
    result = stylize_video(film, style, tmp_path / "out.mp4", model=network, steps=2, frame_steps=2)
    assert result.shape == encode.even((HEIGHT + 1, WIDTH + 1))
    assert Film.open(tmp_path / "out.mp4").shape == result.shape
    result = stylize_video(film, style, tmp_path / "out.mp4", model=network, steps=2, frame_steps=2, size=50)
    assert result.shape == (34, 50)


def test_in_the_film_s_own_colours(
    style: np.ndarray, network: Network, tmp_path: Path, written: list[np.ndarray]
) -> None:
    grey = [np.repeat(frame.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8) for frame in scene(3, 4)]
    film = save(tmp_path / "grey.mkv", grey, codec="ffv1", pixels="bgr0")

    def colourful() -> float:
        pictures = np.stack(written).astype(float)
        return float(np.ptp(pictures, axis=-1).mean())

    stylize_video(film, style, tmp_path / "out.mp4", model=network, **QUICK)
    assert colourful() > 3
    stylize_video(film, style, tmp_path / "out.mp4", model=network, preserve_colour="luminance", **QUICK)
    assert colourful() < 1.5
    assert np.abs(np.stack(written) - np.stack(grey).astype(float)).mean() > 3  # painted nonetheless


@pytest.mark.parametrize(("module", "name"), [("av", "PyAV"), ("cv2", "OpenCV")])
def test_without_the_extra(
    film: Path,
    style: np.ndarray,
    network: Network,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    name: str,
) -> None:
    before = listing(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(NstError, match=name) as caught:
        stylize_video(film, style, tmp_path / "out.mp4", model=network, **QUICK)
    assert "nst-onnx[video]" in caught.value.hint
    assert listing(tmp_path) == before


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="examples/ is not part of this installation")
def test_the_motion_of_the_example_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each frame, moved along the motion that it tells, is the next one."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import clip as example

    clip = example.Clip(frames=20, width=WIDTH, height=HEIGHT)
    assert clip.cuts() == {10}
    for number in (1, 7, 15):
        before, after = clip.frame(number - 1).astype(float), clip.frame(number).astype(float)
        steps, seen = clip.motion(number)
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
        column = np.clip(np.rint(x + steps[..., 0]).astype(int), 0, WIDTH - 1)
        row = np.clip(np.rint(y + steps[..., 1]).astype(int), 0, HEIGHT - 1)
        moved = np.abs(before[row, column] - after)[seen].mean()
        assert moved < 0.6 * np.abs(before - after)[seen].mean()
        assert 0.8 < seen.mean() < 1
    assert not clip.motion(10)[1].any()
    assert Image.fromarray(clip.frame(0)).size == (WIDTH, HEIGHT)
