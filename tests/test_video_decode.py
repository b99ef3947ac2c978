"""Films in and out: frames, times, sound, shape, colours."""

from __future__ import annotations

import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support.clips import HEIGHT, WIDTH, packets, save, scene, times

from nst_onnx.errors import NstError, OptionError, PictureError
from nst_onnx.jobs.video import encode
from nst_onnx.jobs.video.decode import Film
from nst_onnx.picture import PictureWarning

av = pytest.importorskip("av", reason='needs the extra "video"')

UNEVEN = [0, 40, 80, 400, 1000, 1033]


def copy(source: Path, target: Path) -> Film:
    film = Film.open(source)
    shape = encode.even(film.shape)
    encode.check_fit(film, target)
    encode.encode(film, (frame[: shape[0], : shape[1]] for frame in film.frames()), shape, target, 10)
    return Film.open(target)


@pytest.mark.parametrize("suffix", sorted(encode.CONTAINERS))
def test_uneven_times_and_their_number_stay(tmp_path: Path, suffix: str) -> None:
    source = save(tmp_path / "in.mkv", scene(len(UNEVEN), seed=1), times=UNEVEN)
    found = copy(source, tmp_path / f"out{suffix}")
    assert times(found.path) == [Fraction(t, 1000) for t in UNEVEN]
    assert len(found.times) == len(UNEVEN)


def test_the_pictures_are_the_same(tmp_path: Path) -> None:
    frames = scene(5, seed=2)
    found = copy(save(tmp_path / "in.mp4", frames), tmp_path / "out.mp4")
    shown = np.stack(list(found.frames())).astype(float)
    assert np.abs(shown - np.stack(frames)).mean() < 8  # twice through H.264, colour at half the resolution
    assert found.shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize("suffix", sorted(encode.CONTAINERS))
def test_a_film_is_the_same_file_from_run_to_run(tmp_path: Path, suffix: str) -> None:
    source = save(tmp_path / "in.mkv", scene(12, seed=3), sound="aac")
    first, second = (copy(source, tmp_path / f"{name}{suffix}").path for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_the_same_frames_are_encoded_as_the_same_bits(tmp_path: Path) -> None:
    """288 pixels are not whole groups of macroblocks: libx264 read memory there that it had not written."""
    random, (height, width) = np.random.default_rng(7), (96, 288)
    scenery = random.standard_normal((height + 20, width + 20, 3))
    for _ in range(30):
        scenery = (scenery + sum(np.roll(scenery, by, axis) for by in (1, -1) for axis in (0, 1))) / 5
    scenery = np.interp(scenery, (scenery.min(), scenery.max()), (0, 255))
    moving = np.stack([scenery[k:, k:][:height, :width] for k in range(20)])
    frames = list(np.clip(moving + random.standard_normal(moving.shape) * 4, 0, 255).astype(np.uint8))
    film = Film.open(save(tmp_path / "in.mkv", frames))

    def encoded(number: int) -> list[bytes]:
        used = [random.integers(0, 256, size, dtype=np.uint8) for size in (10_000, 300_000, 2_000_000)]
        del used  # leaves other bytes in the memory that the encoder takes next
        output = tmp_path / f"{number}.mkv"
        encode.encode(film, frames, film.shape, output, 18)
        return [frame.tobytes() for frame in Film.open(output).frames()]

    first = encoded(0)
    assert all(encoded(number) == first for number in range(1, 9))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("codec", ["aac", "flac"])
def test_sound_is_copied_bit_by_bit(tmp_path: Path, codec: str, suffix: str) -> None:
    source = save(tmp_path / "in.mkv", scene(12, seed=3), sound=codec)
    found = copy(source, tmp_path / f"out{suffix}")
    before, after = packets(source), packets(found.path)
    assert len(before) > 5
    assert [data for _, data in after] == [data for _, data in before]
    late = [abs(a - b) for (a, _), (b, _) in zip(after, before, strict=True)]
    assert max(late) <= 44.1  # a millisecond, which Matroska rounds to


@pytest.mark.parametrize("sound", [None, "aac"])
def test_a_film_that_was_cut_off_is_told(tmp_path: Path, sound: str | None) -> None:
    whole = save(tmp_path / "whole.mkv", scene(40, seed=5), sound=sound)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(Film.open(whole).times) == 40
        late = save(tmp_path / "late.mkv", scene(40, seed=5), times=[9000 + 100 * n for n in range(40)])
        assert len(Film.open(late).times) == 40
    part = tmp_path / "part.mkv"
    data = whole.read_bytes()
    part.write_bytes(data[: len(data) // 2])
    with pytest.warns(PictureWarning, match=r"part.* ends after \d\.\d of [34]\.\d s"):
        assert 0 < len(Film.open(part).times) < 30


def test_without_sound(tmp_path: Path) -> None:
    found = copy(save(tmp_path / "in.mp4", scene(3, seed=4)), tmp_path / "out.mp4")
    assert packets(found.path) == []


def test_sound_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    film = Film.open(save(tmp_path / "in.mkv", scene(3, seed=4), sound="wavpack"))
    encode.check_fit(film, tmp_path / "out.mkv")
    with pytest.raises(PictureError, match="cannot write") as caught:
        encode.check_fit(film, tmp_path / "out.mp4")
    assert ".mkv" in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


@pytest.mark.skipif(
    not hasattr(av.video.stream.VideoStream, "set_display_rotation"),
    reason="this PyAV cannot write such films",
)
@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_what_was_filmed_sideways_is_upright(tmp_path: Path, rotation: int) -> None:
    frames = scene(3, seed=5)
    source = save(tmp_path / "in.mp4", frames, rotation=rotation, aspect=Fraction(4, 3))
    film = Film.open(source)
    upright = np.rot90(frames[0], rotation // 90)
    assert film.shape == upright.shape[:2]
    assert np.abs(next(film.frames()).astype(float) - upright).mean() < 8
    assert film.aspect == (Fraction(4, 3) if rotation == 180 else Fraction(3, 4))
    found = copy(source, tmp_path / "out.mp4")
    assert found.turns == 0
    assert found.aspect == film.aspect
    assert np.abs(next(found.frames()).astype(float) - upright).mean() < 8


def test_odd_sides(tmp_path: Path) -> None:
    frames = scene(3, seed=6, shape=(HEIGHT + 1, WIDTH + 1))
    source = save(tmp_path / "in.mkv", frames, codec="ffv1", pixels="bgr0")
    film = Film.open(source)
    assert film.shape == (HEIGHT + 1, WIDTH + 1)
    np.testing.assert_array_equal(np.stack(list(film.frames())), frames)
    for side in encode.even(film.shape):
        assert side % 2 == 0
    assert encode.even((65, 1)) in [(64, 2), (66, 2)]
    assert copy(source, tmp_path / "out.mp4").shape == encode.even(film.shape)


@pytest.mark.parametrize("matrix", [1, 5])  # BT.709, BT.601
def test_colours_stay_and_are_told(tmp_path: Path, matrix: int) -> None:
    saturated = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    saturated[:, : WIDTH // 3] = (200, 30, 30)
    saturated[:, WIDTH // 3 : 2 * WIDTH // 3] = (30, 180, 40)
    saturated[:, 2 * WIDTH // 3 :] = (40, 40, 210)
    told = {"colorspace": matrix, "color_primaries": matrix, "color_trc": 1}
    source = save(tmp_path / "in.mp4", [saturated] * 3, colours=told)
    film = Film.open(source)
    assert film.colours == told
    found = copy(source, tmp_path / "out.mp4")
    assert found.colours == told
    before, after = (next(f.frames()).astype(int) for f in (film, found))
    centres = [WIDTH // 6, WIDTH // 2, 5 * WIDTH // 6]
    assert np.abs(before[20, centres] - saturated[20, centres]).max() <= 4
    assert np.abs(after[20, centres] - saturated[20, centres]).max() <= 6


def test_a_broadcast_that_began_long_ago_begins_at_once(tmp_path: Path) -> None:
    late = [5000 + 100 * n for n in range(5)]
    source = save(tmp_path / "in.ts", scene(5, seed=7), times=late, sound="aac")
    with av.open(str(source)) as file:
        assert file.start_time > 1_000_000
    found = copy(source, tmp_path / "out.mp4")
    first = times(found.path)[0]
    assert 0 <= first < Fraction(1, 5)
    sounding = (packets(found.path)[0][0] or 0) / 44100
    with av.open(str(source)) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        apart = audio.start_time * audio.time_base - video.start_time * video.time_base
    assert sounding - float(first) == pytest.approx(float(apart), abs=0.002)


def test_a_record_with_a_cover_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "in.m4a"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), format="s16", layout="mono")
        frame.sample_rate = 44100
        file.mux(stream.encode(frame))
        file.mux(stream.encode())
    with pytest.raises(PictureError, match="no picture in it"):
        Film.open(path)


@pytest.mark.parametrize("what", ["missing", "folder", "empty", "text", "half"])
def test_what_cannot_be_read(tmp_path: Path, what: str) -> None:
    path = tmp_path / "in.mp4"
    if what == "folder":
        path.mkdir()
    elif what == "empty":
        path.touch()
    elif what == "text":
        path.write_text("not a film " * 500)
    elif what == "half":
        whole = save(tmp_path / "whole.mp4", scene(6, seed=8)).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PictureError, match=r"cannot read the video .*in\.mp4"):
        Film.open(path)


@pytest.mark.parametrize("name", ["out.avi", "out", "out.png", ".", "nowhere/out.mp4"])
def test_where_no_film_can_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match="cannot write"):
        encode.check_place(tmp_path / name)


def test_what_fails_while_writing_is_no_traceback(tmp_path: Path) -> None:
    film = Film.open(save(tmp_path / "in.mp4", scene(3, seed=4)))
    with pytest.raises(NstError, match="cannot write"):
        encode.encode(film, film.frames(), film.shape, tmp_path / "nowhere" / "out.mp4", 10)


def test_a_sound_track_of_an_unknown_codec_is_left_out(tmp_path: Path) -> None:
    """As phones record spatial audio: FFmpeg has neither a decoder nor a name for it."""
    source = save(tmp_path / "in.mp4", scene(4, seed=3), sound="aac")
    data = bytearray(source.read_bytes())
    for what, to in ((b"mp4a", b"apac"), (b"esds", b"free")):
        at = data.rfind(what)
        data[at : at + 4] = to
    source.write_bytes(data)
    with pytest.warns(PictureWarning, match=r"in\.mp4: a sound track that FFmpeg does not know"):
        found = copy(source, tmp_path / "out.mp4")
    assert len(found.times) == 4
    with found.sound() as (tracks, _):
        assert tracks == []
