"""Films with regions: masks that follow the optical flow, and masks for each frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.clips import HEIGHT, STEP, WIDTH, save, scene
from support.command import Outcome

import nst_onnx
from nst_onnx import Region
from nst_onnx.errors import NstError, OptionError, PictureError
from nst_onnx.jobs.video import VideoOptions, stylize_video
from nst_onnx.jobs.video.frame_masks import FrameMasks
from nst_onnx.jobs.video.frame_painter import FramePainter
from nst_onnx.jobs.video.frame_store import read_frame
from nst_onnx.jobs.video.moving_regions import MovingRegions
from nst_onnx.jobs.video.optical_flow import backward_flow
from nst_onnx.jobs.video.painted_frame import Frame
from nst_onnx.objective.sessions import Network
from nst_onnx.painting.regions.resolve import Regions
from nst_onnx.picture import Picture, read

pytest.importorskip("av", reason='needs the extra "video"')
pytest.importorskip("cv2", reason='needs the extra "video"')

FRAMES, EDGE = 5, 60
SIZE = (WIDTH, HEIGHT)
QUICK: dict[str, Any] = {"steps": 4, "frame_steps": 2, "size": SIZE}
Nst = Callable[..., Outcome]


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.open("compact", "cpu")


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    return [np.divide(frame, 255, dtype=np.float32) for frame in scene(FRAMES, seed=1)]


def style() -> np.ndarray:
    return scene(1, seed=77)[0]


def left(columns: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, :columns] = 255
    return mask


def edge(mask: np.ndarray) -> float:
    """The column up to which a mask of the left reaches, on the average row away from top and bottom."""
    return float(mask[8:-8].sum(1).mean())


def regions_of(network: Network, frames: list[np.ndarray], options: VideoOptions) -> list[Regions]:
    moving = MovingRegions(network, [Picture(read(style()).rgb, None, "style", 8)], FrameMasks(options))
    found = [moving.begin(Frame(0, frames[0]))]
    for number in range(1, len(frames)):
        flow = backward_flow(frames[number - 1], frames[number])
        found.append(moving.follow(Frame(number, frames[number]), flow))
    assert all(isinstance(one, Regions) for one in found)
    return [one for one in found if isinstance(one, Regions)]


def test_masks_follow_the_motion(network: Network, frames: list[np.ndarray]) -> None:
    options = VideoOptions(regions=[Region(left(EDGE), style())], keep=left(30), **QUICK)
    for number, regions in enumerate(regions_of(network, frames, options)):
        mask = next(one for one in regions.regions if one.name == "ndarray").mask
        assert regions.kept is not None
        assert edge(regions.kept) == pytest.approx(30 - STEP * number, abs=0.7)
        assert edge(mask + regions.kept) == pytest.approx(EDGE - STEP * number, abs=0.7)
        assert np.abs(np.diff(mask[8:-8], axis=1)).max(1).mean() > 0.9  # still a sharp edge
        sums = sum((one.mask for one in regions.regions), regions.kept)
        assert np.abs(sums - 1).max() < 0.3  # interpolation of several masks at one edge
        assert np.abs(sums - 1).mean() < 0.01


def test_regions_that_are_found_are_found_once_a_scene(network: Network, frames: list[np.ndarray]) -> None:
    found = regions_of(network, frames, VideoOptions(regions="colour", **QUICK))
    assert len({tuple(one.name for one in regions.regions) for regions in found}) == 1
    first, last = (regions.regions[0].mask for regions in (found[0], found[-1]))
    shift = STEP * (FRAMES - 1)
    inner = slice(12, -12)
    moved, still = first[inner, 12 + shift : -12], first[inner, 12 : -12 - shift]
    seen = last[inner, 12 : -12 - shift]
    assert np.abs(seen - moved).mean() < 0.3 * np.abs(seen - still).mean()


def test_what_is_kept_is_the_frames_own(network: Network, frames: list[np.ndarray]) -> None:
    options = VideoOptions(keep=left(40), **QUICK)
    painter = FramePainter(network, [read(style())], FrameMasks(options))
    for number, frame in enumerate(frames):
        painted = painter.paint(frame, lambda *_: None).picture
        inside = (slice(8, -8), slice(0, 40 - STEP * number - 3))
        np.testing.assert_array_equal(painted[inside], frame[inside])
        outside = painted[:, 45:] - frame[:, 45:]
        assert np.abs(outside).mean() > 0.02


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A film, a painting, a mask, and two masks for each frame: a folder of pictures, and a film."""
    save(tmp_path / "film.mkv", scene(FRAMES, seed=1))
    Image.fromarray(style()).save(tmp_path / "style.png")
    Image.fromarray(left(EDGE)).save(tmp_path / "left.png")
    masks = [left(EDGE + 6 * number) for number in range(FRAMES)]
    (tmp_path / "masks").mkdir()
    for number, mask in enumerate(masks):
        Image.fromarray(mask).save(tmp_path / "masks" / f"{8 + number}.png")  # 10 comes after 9
    save(tmp_path / "masks.mkv", [np.repeat(mask[..., None], 3, 2) for mask in masks])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("masks", ["masks", "masks.mkv"])
def test_a_mask_for_each_frame(folder: Path, masks: str) -> None:
    options = VideoOptions(regions=[f"{masks}=style.png"], keep=masks, **QUICK)
    found = FrameMasks.of(options, FRAMES)
    for number in (0, 3, 1, 2):  # also out of order
        at = found.at(number)
        assert isinstance(at.keep, Picture)
        assert at.regions is not None
        for mask in (at.keep, at.regions[0].mask):
            assert isinstance(mask, Picture)
            assert edge(mask.rgb[..., 0]) == pytest.approx(EDGE + 6 * number, abs=0.5)


def stored(output: Path) -> list[np.ndarray]:
    folder = output.with_name(f"{output.name}.nst-onnx")
    found = [read_frame(path) for path in sorted(folder.glob("*.png"))]
    return [one.picture for one in found if one is not None]


def test_a_film_with_masks_resumes_bit_for_bit(
    folder: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"regions": ["left.png=style.png"], **QUICK}
    frames: list[bytes] = []

    def paint(stop: int) -> list[bytes]:
        count = 0

        def callback(step: Any) -> None:
            nonlocal count
            if step.frame > stop:
                raise KeyboardInterrupt

        output = folder / f"out{stop}.mkv"
        monkeypatch.setattr("nst_onnx.jobs.video.run.encode.encode", lambda *_, **__: 1 / 0)
        with pytest.raises((ZeroDivisionError, KeyboardInterrupt)):
            stylize_video("film.mkv", (), output, model=network, callback=callback, **options)
        with pytest.raises(ZeroDivisionError):
            stylize_video("film.mkv", (), output, model=network, **options)
        return [one.tobytes() for one in stored(output)]

    frames = paint(2)
    assert len(frames) == FRAMES
    assert frames == paint(100)


def test_what_no_region_covers_stays_the_film(
    folder: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A region that is seen in some frames only: the others are the film's own."""
    Image.fromarray(left(0)).save(folder / "masks" / "8.png")
    Image.fromarray(left(0)).save(folder / "masks" / "10.png")
    monkeypatch.setattr("nst_onnx.jobs.video.run.encode.encode", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        stylize_video("film.mkv", (), "out.mkv", model=network, regions=["masks=style.png"], **QUICK)
    from nst_onnx.jobs.video.decode import Film

    originals = [frame / np.float32(255) for frame in Film.open("film.mkv").frames()]
    painted = stored(folder / "out.mkv")
    same = [bool(np.array_equal(a, b)) for a, b in zip(painted, originals, strict=True)]
    assert same == [True, False, True, False, False]


def test_the_command_takes_regions(folder: Path, nst: Nst) -> None:
    line = ("video", "film.mkv", "-o", "out.mkv", "--size", "96", "--steps", "2", "--frame-steps", "1")
    regions = ("--region", "masks=style.png,strength=0.7", "--region", "rest=style.png")
    assert nst(*line, *regions, "--keep", "left.png", "--model", "compact", "--device", "cpu", "-q").code == 0
    assert len(list(nst_onnx.jobs.video.decode.Film.open("out.mkv").frames())) == FRAMES


def refused(**options: Any) -> str:
    with pytest.raises(NstError) as error:
        stylize_video("film.mkv", "style.png", "out.mkv", model="compact", device="cpu", **QUICK | options)
    assert not Path("out.mkv").exists()
    return str(error.value)


def test_mistakes_have_one_line(folder: Path) -> None:
    (folder / "masks" / "8.png").unlink()
    assert "has 4 pictures, and the film 5 frames" in refused(keep="masks")
    assert "compression changes labels" in refused(labels="masks.mkv", regions=["#ffffff=style.png"])
    assert "regions are not painted with quality instant" in refused(keep="left.png", quality="instant")
    black = folder / "black"
    black.mkdir()
    for number in range(FRAMES):
        Image.fromarray(left(0)).save(black / f"{number}.png")
    assert "black in every frame" in refused(regions=["black=style.png"])
    (black / "0.png").write_bytes(b"no picture")
    with pytest.raises(PictureError, match=r"0\.png"):
        FrameMasks.of(VideoOptions(keep="black"), FRAMES).at(0)
    with pytest.raises(OptionError, match="cluster"):
        stylize_video(
            "film.mkv", "style.png", "out.mkv", keep="masks.mkv", ray="auto", model="compact", device="cpu"
        )
