"""Regions as users give them: masks of every kind, what stays the photo's, and one line for each mistake."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageFilter
from support.command import Outcome
from support.editor import Worker, picture
from support.pictures import smooth_picture

import nst_onnx
from nst_onnx import Region
from nst_onnx.errors import NstError, OptionError, PictureError
from nst_onnx.jobs.batch import grid
from nst_onnx.objective.shards.team import LocalTeam
from nst_onnx.painting.region import parse
from nst_onnx.painting.regions.masks import label_colours, labelled, read_mask
from nst_onnx.picture import read, read_settings
from nst_onnx.support.memory import Memory

Nst = Callable[..., Outcome]
HEIGHT, WIDTH = 48, 64
QUICK: dict[str, Any] = {"size": 64, "steps": 4, "model": "compact", "device": "cpu"}


def left() -> Image.Image:
    """A mask of the left half."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, : WIDTH // 2] = 255
    return Image.fromarray(mask)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photo, two paintings, a mask, its alpha form, and a label map."""
    for name, seed in (("photo", 1), ("one", 2), ("two", 3)):
        smooth_picture(HEIGHT, WIDTH, seed=seed).convert("RGB").save(tmp_path / f"{name}.png")
    left().save(tmp_path / "left.png")
    coloured = Image.new("RGB", (WIDTH, HEIGHT), "#ff0000")
    coloured.putalpha(left())
    coloured.save(tmp_path / "alpha.png")
    labels = Image.new("RGB", (WIDTH, HEIGHT), "#00aa00")
    labels.paste("#3366ff", (0, 0, WIDTH // 2, HEIGHT))
    labels.save(tmp_path / "labels.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def painted(*style: Any, photo: Any = "photo.png", **options: Any) -> np.ndarray:
    return nst_onnx.stylize(photo, *style, **QUICK | options).array


# ---- masks


@pytest.mark.parametrize("mask", ["left.png", "alpha.png", "enlarged.png", "array"])
def test_every_form_of_a_mask_is_the_same_region(folder: Path, mask: Any) -> None:
    expected = painted(regions=[Region("left.png", "one.png"), Region("rest", "two.png")])
    left().resize((4 * WIDTH, 4 * HEIGHT), Image.Resampling.NEAREST).save("enlarged.png")
    given: Any = mask
    if mask == "array":
        given = np.asarray(left())
    found = painted(regions=[Region(given, "one.png"), Region("rest", "two.png")])
    tolerance = 0.05 if mask == "enlarged.png" else 0  # at its edge
    assert np.abs(found - expected).max() <= tolerance


def test_labels_are_regions(folder: Path) -> None:
    by_masks = painted(regions=[Region("left.png", "one.png"), Region("rest", "two.png")])
    regions = [Region("#3366FF", "one.png"), Region("#00aa00", "two.png")]
    np.testing.assert_array_equal(painted(regions=regions, labels="labels.png"), by_masks)
    np.testing.assert_array_equal(
        painted("two.png", regions=["#3366ff=one.png"], labels="labels.png"), by_masks
    )


def test_the_style_is_that_of_the_rest(folder: Path) -> None:
    np.testing.assert_array_equal(
        painted("two.png", regions=["left.png=one.png"]),
        painted(regions=["left.png=one.png", "rest=two.png"]),
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"init": "noise"},
        {"init": "recoloured"},
        {"colour_transfer": True},
        {"style_statistic": {"moments": 1, "neighbours": 1}},
    ],
    ids=str,
)
def test_what_no_region_covers_stays_the_photo(folder: Path, options: dict[str, Any]) -> None:
    photo = read("photo.png").rgb
    found = painted(regions=["left.png=one.png"], **options)
    np.testing.assert_array_equal(found[:, WIDTH // 2 :], photo[:, WIDTH // 2 :])
    assert np.abs(found - photo)[:, : WIDTH // 2].mean() > 0.01


@pytest.mark.parametrize("statistic", ["moments", "neighbours"])
def test_a_strength_of_its_own(folder: Path, statistic: str) -> None:
    photo = read("photo.png").rgb
    changes = []
    for strength in (0.2, 0.8):
        regions = [Region("left.png", "one.png", strength=strength), Region("rest", "two.png")]
        found = painted(regions=regions, style_statistic=statistic, steps=12)
        changes.append(float(np.abs(found - photo)[:, :24].mean()))
    assert changes[0] < changes[1]


def test_several_styles_of_regions_with_everything(folder: Path) -> None:
    """Weights belong to the main styles; colours and stroke widths are those of all regions together."""
    regions = [Region("left.png", ["one.png", "two.png"], style_weights=np.array([3, 1]))]
    both = ["two.png", "one.png"]
    for options in ({"colour_transfer": True}, {"style_scale": "auto"}, {"init": "style"}):
        painted(both, regions=regions, style_weights=[1, 2], **options)


def test_overlaps_share(folder: Path) -> None:
    everything = np.full((HEIGHT, WIDTH), 255, np.uint8)
    regions = [Region(everything, "one.png"), Region(everything, "two.png")]
    result = nst_onnx.stylize("photo.png", regions=regions, **QUICK)
    shares = [region["share"] for region in result.settings["regions"]]
    assert shares == [0.5, 0.5]
    guides = result.settings["guides"]
    assert len(guides) == 2
    assert all(set(of_region.values()) == {"inside"} for of_region in guides.values())


def test_regions_have_strengths_and_scales(folder: Path) -> None:
    photo = np.asarray(Image.open("photo.png"), np.float32) / 255
    changes = []
    for strength in (0.2, 0.8):
        regions = [Region("left.png", "one.png", strength=strength), Region("rest", "one.png")]
        found = painted(regions=regions, steps=12)
        changes.append(float(np.abs(found - photo)[:, :24].mean()))
    assert changes[0] < changes[1]
    scales = [painted(regions=[Region("rest", "one.png", style_scale=scale)]) for scale in (0.5, 1.0)]
    assert np.abs(scales[0] - scales[1]).max() > 0.02


# ---- what stays the photo's


@pytest.mark.parametrize("bits", [8, 16])
def test_what_is_kept_is_bit_identical(folder: Path, bits: int) -> None:
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 2**bits, (HEIGHT, WIDTH, 3)).astype(f"uint{bits}")
    result = nst_onnx.stylize(levels, "one.png", keep="left.png", **QUICK)
    result.save("out.png", bits=bits)
    stored = np.rint(read("out.png").rgb * (2**bits - 1)).astype(levels.dtype)
    kept = np.asarray(left()) == 255
    np.testing.assert_array_equal(stored[kept], levels[kept])
    assert (stored[~kept] != levels[~kept]).mean() > 0.9
    assert result.settings["keep"] == "left.png"


def test_a_strength_map_goes_from_the_photo_to_the_painting(folder: Path) -> None:
    ramp = np.repeat(np.linspace(0, 255, WIDTH)[None], HEIGHT, 0)
    ramp[:, :12] = 0
    levels, photo = ramp.astype(np.uint8), read("photo.png").rgb
    found = painted("one.png", strength_map=levels, steps=20)
    np.testing.assert_array_equal(found[:, :12], photo[:, :12])
    change = np.abs(found - photo).mean((0, 2))
    assert change[-16:].mean() > change[12:28].mean()


def test_only_a_part_of_the_style_counts(folder: Path) -> None:
    halves = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    halves[:, : WIDTH // 2] = np.asarray(Image.open("one.png"))[:, : WIDTH // 2]
    halves[:, WIDTH // 2 :] = 200
    found = painted(halves, style_mask="left.png")
    other = halves.copy()
    other[:, WIDTH // 2 :] = 30
    np.testing.assert_array_equal(found, painted(other, style_mask="left.png"))
    assert np.abs(found - painted(halves)).max() > 0.02
    of_region = painted(regions=[Region("rest", halves, style_mask="left.png")])
    assert np.abs(found - of_region).max() < 0.02


def test_a_soft_mask_keeps_in_part(folder: Path) -> None:
    photo, free = read("photo.png").rgb, painted("one.png")
    for level in (64, 204):
        found = painted("one.png", keep=np.full((HEIGHT, WIDTH), level, np.uint8))
        share = level / 255
        assert np.abs(found - photo).mean() < (1 - share + 0.1) * np.abs(free - photo).mean() + 0.02


@pytest.mark.parametrize("quality", ["instant", "fitted", None])
def test_a_style_mask_in_every_quality(folder: Path, quality: Any) -> None:
    halves = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    halves[:, : WIDTH // 2] = np.asarray(Image.open("one.png"))[:, : WIDTH // 2]
    halves[:, WIDTH // 2 :] = 250
    with_mask, without = (
        painted(halves, quality=quality, **options) for options in ({"style_mask": "left.png"}, {})
    )
    assert np.abs(with_mask - without).max() > 0.02


def test_a_style_mask_belongs_to_the_whole_painting(folder: Path) -> None:
    """With its frame, which is then not cropped."""
    framed = np.full((120, 160, 3), 255, np.uint8)
    framed[10:110, 10:150] = np.asarray(Image.open("one.png").resize((140, 100)))
    mask = np.zeros((120, 160), np.uint8)
    mask[10:60, 10:150] = 255
    inside = framed.copy()
    inside[60:110, 10:150] = 7
    options: dict[str, Any] = {"style_mask": mask, "steps": 3}
    np.testing.assert_array_equal(painted(framed, **options), painted(inside, **options))


# ---- mistakes


def wrong(name: str) -> Any:
    other = np.zeros((HEIGHT, 3 * WIDTH), np.uint8)
    other[:, :9] = 255
    return {
        "other proportions": other,
        "all black": np.zeros((HEIGHT, WIDTH), np.uint8),
        "one pixel": np.full((1, 1), 255, np.uint8),
    }[name]


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("other proportions", {"regions": [Region(wrong("other proportions"), "one.png")]}, "other proportions"),
    ("one pixel", {"regions": [Region(wrong("one pixel"), "one.png")]}, "other proportions"),
    ("all black", {"regions": [Region(wrong("all black"), "one.png")]}, "is black"),
    ("colours", {"regions": ["photo.png=one.png"]}, "has colours"),
    ("no such mask", {"regions": ["none.png=one.png"]}, "none.png"),
    ("no such style", {"regions": ["left.png=none.png"]}, "none.png"),
    ("a label nobody names", {"regions": ["#3366ff=one.png"], "labels": "labels.png"}, "#00aa00.*no region"),
    (
        "a label that is not there",
        {"regions": ["#123456=one.png"], "labels": "labels.png"},
        "no pixel.*#123456",
    ),
    ("a label without a map", {"regions": ["#3366ff=one.png"]}, "no labels"),
    ("a map without regions", {"labels": "labels.png", "style": "one.png"}, "no regions"),
    (
        "the same label twice",
        {"regions": ["#3366ff=one.png", "#3366FF=two.png"], "labels": "labels.png"},
        "same colour",
    ),
    ("rest twice", {"regions": ["rest=one.png", "rest=two.png"]}, "rest is given twice"),
    ("hundred regions", {"regions": ["left.png=one.png"] * 100}, "too many"),
    (
        "nothing left",
        {"regions": ["left.png=one.png"], "keep": np.full((HEIGHT, WIDTH), 255, np.uint8)},
        "nothing is left",
    ),
    ("a strength out of range", {"regions": [Region("left.png", "one.png", strength=2)]}, "strength"),
    ("a form that is none", {"regions": ["left.png"]}, "a region cannot be"),
    ("a setting that is none", {"regions": ["left.png=one.png,colour=3"]}, "no setting"),
    ("a number that is none", {"regions": ["left.png=one.png,scale=big"]}, "must be a number"),
    (
        "a mask of the style of other proportions",
        {"regions": [Region("rest", "one.png", style_mask=wrong("other proportions"))]},
        "other proportions",
    ),
    (
        "a black mask of the style",
        {"regions": [Region("rest", "one.png", style_mask=wrong("all black"))]},
        "leaves nothing",
    ),
    (
        "one pass",
        {"regions": ["left.png=one.png"], "quality": "instant"},
        "regions are not painted with quality",
    ),
    (
        "strength beside 1",
        {"regions": [Region("rest", "one.png", strength=0.4)], "strength": 1},
        "strength below 1",
    ),
]


@pytest.mark.parametrize(("options", "message"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_mistakes(folder: Path, options: dict[str, Any], message: str) -> None:
    style = [options["style"]] if "style" in options else []
    options = {name: value for name, value in options.items() if name != "style"}
    with pytest.raises(NstError, match=message) as caught:
        painted(*style, **options)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, OptionError | PictureError)


def test_a_style_and_a_rest(folder: Path) -> None:
    with pytest.raises(OptionError, match="both a style and a region rest"):
        painted("one.png", regions=["rest=two.png"])
    with pytest.raises(OptionError, match="no style picture given"):
        painted()


def test_the_text_of_a_region() -> None:
    found = parse("sky.png=clouds.jpg,strength=0.7,scale=0.5,style-mask=part.png")
    assert (found.mask, found.style, found.style_mask) == ("sky.png", "clouds.jpg", "part.png")
    assert (found.strength, found.style_scale) == (0.7, 0.5)
    assert parse("#3366ff=a.jpg").colour == "#3366ff"
    assert parse("rest=a.jpg").is_rest


def test_labels_are_read_without_mixtures(folder: Path) -> None:
    """Enlarging a label map makes no new colours at its edges."""
    masks, other = labelled("labels.png", ["#3366ff", "#00aa00"], (HEIGHT * 3, WIDTH * 3), Memory.of(None))
    assert other is None
    assert set(np.unique(masks["#3366ff"])) == {0, 1}
    np.testing.assert_array_equal(masks["#3366ff"] + masks["#00aa00"], 1)


def test_a_mask_does_not_overshoot_at_edges(folder: Path) -> None:
    found = read_mask("left.png", (17, 23), Memory.of(None))
    assert 0 <= found.min() <= found.max() <= 1
    assert (found[:, :9] == 1).all()
    assert (found[:, -9:] == 0).all()


# ---- everywhere


def test_the_command_and_its_settings(folder: Path, nst: Nst) -> None:
    line = (
        "stylize",
        "photo.png",
        "-o",
        "out.png",
        "--size",
        "64",
        "--steps",
        "4",
        "-q",
        "--model",
        "compact",
    )
    regions = ("--region", "left.png=one.png,strength=0.7", "--region", "rest=two.png")
    assert nst(*line, *regions, "--keep", "left.png", "--device", "cpu").code == 0
    settings = read_settings("out.png")
    assert settings is not None
    found = settings["regions"]
    assert isinstance(found, list)
    assert [region["name"] for region in found] == ["rest"]  # all of the other one is kept
    assert settings["keep"] == "left.png"
    expected = painted(regions=[Region("left.png", "one.png", strength=0.7), "rest=two.png"], keep="left.png")
    stored = np.asarray(Image.open("out.png"), np.float32) / 255
    assert np.abs(stored - expected).max() < 0.6 / 255


def test_a_configuration(folder: Path, nst: Nst) -> None:
    Path("nst.toml").write_text(
        'regions = ["left.png=one.png", {mask = "rest", style = "two.png", strength = 0.4}]\n'
        'size = 64\nsteps = 4\nmodel = "compact"\ndevice = "cpu"\n'
    )
    assert nst("stylize", "photo.png", "-o", "out.png", "--config", "nst.toml", "-q").code == 0
    expected = painted(regions=["left.png=one.png", Region("rest", "two.png", strength=0.4)])
    assert np.abs(np.asarray(Image.open("out.png"), np.float32) / 255 - expected).max() < 0.6 / 255


def test_masks_are_not_written_over(folder: Path, nst: Nst) -> None:
    before = Path("left.png").read_bytes()
    outcome = nst("stylize", "photo.png", "-o", "left.png", "--region", "left.png=one.png", "-q")
    assert outcome.code != 0
    assert Path("left.png").read_bytes() == before


def test_no_picture_of_a_region_is_written_over(folder: Path, nst: Nst) -> None:
    Path("nst.toml").write_text('regions = [{mask = "left.png", style = ["one.png", "two.png"]}]\n')
    before = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    lines = [
        ("compare", "photo.png", "one.png", "--keep", "left.png", "-o", "left.png"),
        ("stylize", "photo.png", "--config", "nst.toml", "-o", "two.png"),
    ]
    for line in lines:
        assert nst(*line, "-q").code != 0
    assert {path.name: path.read_bytes() for path in folder.glob("*.png")} == before


def test_compare_takes_regions_alone(folder: Path, nst: Nst) -> None:
    line = ("compare", "photo.png", "--region", "left.png=one.png", "--region", "rest=two.png")
    line += ("-o", "sheet.png", "--size", "64", "--steps", "2", "--strength", "0.3,0.6", "-q")
    assert nst(*line).code == 0


def test_compare_takes_regions(folder: Path, nst: Nst) -> None:
    line = ("compare", "photo.png", "two.png", "--region", "left.png=one.png", "--strength", "0.3,0.7")
    assert nst(*line, "-o", "sheet.png", "--size", "64", "--steps", "3", "-q").code == 0
    assert Image.open("sheet.png").width > 2 * WIDTH


def test_a_batch(folder: Path) -> None:
    Path("out").mkdir()
    jobs = grid(["photo.png"], ["two.png"], "out")
    options = {name: QUICK[name] for name in ("size", "steps")}
    (ended,) = list(
        nst_onnx.stylize_batch(
            jobs,
            model="compact",
            device="cpu",
            regions=[Region(io.BytesIO(Path("left.png").read_bytes()), "one.png")],
            **options,
        )
    )
    assert ended.error is None
    (output,) = Path("out").iterdir()
    expected = painted("two.png", regions=["left.png=one.png"])
    assert np.abs(np.asarray(Image.open(output), np.float32) / 255 - expected).max() < 0.6 / 255


def test_resuming(folder: Path) -> None:
    stylizer = nst_onnx.Stylizer("compact", "cpu")
    options: dict[str, Any] = {"size": 64, "steps": 8, "regions": ["left.png=one.png", "rest=two.png"]}
    whole = stylizer.stylize("photo.png", **options)
    steps = stylizer.steps("photo.png", **options)
    for _ in range(3):
        step = next(steps)
    checkpoint = step.checkpoint()
    resumed = stylizer.stylize("photo.png", resume=checkpoint, **options)
    np.testing.assert_array_equal(resumed.array, whole.array)
    changed = np.asarray(left()).copy()
    changed[:4] = 255
    with pytest.raises(OptionError, match="belongs to other"):
        stylizer.stylize(
            "photo.png",
            resume=checkpoint,
            **options | {"regions": [Region(changed, "one.png"), "rest=two.png"]},
        )


def test_tiles_and_shards(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo, mask = (image.resize((200, 300)) for image in (Image.open("photo.png"), left()))
    style = Image.open("one.png").resize((200, 300))
    options: dict[str, Any] = {
        "regions": [Region(mask, style), Region("rest", "two.png")],
        "size": "full",
        "steps": 2,
        "pyramid": False,
    }
    stylizer = nst_onnx.Stylizer("compact", "cpu")
    whole = stylizer.stylize(photo, **options).array
    monkeypatch.setattr("nst_onnx.objective.evaluation.tile_pixels", lambda *_: 150 * 160)
    tiled = stylizer.stylize(photo, **options).array
    sharded = nst_onnx.Stylizer(stylizer.network, team=LocalTeam(2)).stylize(photo, **options).array
    for found in (tiled, sharded):
        assert np.abs(found - whole).max() < 2e-3


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    with Worker(NST_ONNX_HOME=str(tmp_path), NST_ONNX_MODEL="") as worker:
        yield worker
        worker.close()


def test_the_worker(worker: Worker) -> None:
    mask = np.zeros((16, 16, 1), np.uint8)
    mask[:, :8] = 255
    regions = [
        {"mask": worker.put("m", mask), "styles": [worker.put("s1", picture(16, 16, 2))], "strength": 0.7},
        {"mask": "rest", "styles": [worker.put("s2", picture(16, 16, 3))]},
    ]
    job = worker.send(
        "stylize",
        content=worker.put("c", picture(16, 16, 1)),
        styles=[],
        options={"size": 16, "steps": 1, "regions": regions, "keep": worker.put("k", mask[:, ::-1].copy())},
    )
    event = worker.last_of(job)
    assert event["event"] == "done", json.dumps(event)
    worker.get(event["picture"])
    assert [region["name"] for region in event["settings"]["regions"]] == ["mask"]
    assert not list(worker.folder.glob("m*"))
    refused = worker.last_of(
        worker.send(
            "stylize",
            content=worker.put("c", picture(16, 16, 1)),
            styles=[],
            options={"regions": [{"mask": worker.put("n", mask)}]},
        )
    )
    assert (refused["event"], refused["code"]) == ("error", "protocol")
    assert not list(worker.folder.glob("n*"))


def test_films_are_refused(folder: Path) -> None:
    pytest.importorskip("cv2", reason='needs the extra "video"')
    with pytest.raises(OptionError, match="not painted in films"):
        nst_onnx.stylize_video("film.mp4", "one.png", "out.mp4", regions=["left.png=two.png"])


# ---- without masks


def test_regions_by_colour(folder: Path) -> None:
    """A painting of two colours: dark places are painted dark, bright ones bright."""
    painting = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    painting[:, : WIDTH // 2] = (250, 220, 40)
    painting[:, WIDTH // 2 :] = (20, 20, 120)
    photo = np.repeat(np.asarray(left())[..., None], 3, 2)
    result = nst_onnx.stylize(photo, painting, regions="colour", **QUICK | {"steps": 30, "strength": 0.9})
    assert [region["styles"] for region in result.settings["regions"]] == [["array"], ["array"]]
    assert [region["share"] for region in result.settings["regions"]] == pytest.approx([0.5, 0.5], abs=0.1)
    bright, dark = (result.array[:, part].mean((0, 1)) for part in (slice(0, 24), slice(40, 64)))
    assert bright[0] > 0.6
    assert bright[2] < 0.5
    assert dark.max() < 0.7 * bright.max()


def test_regions_by_content(folder: Path) -> None:
    """Stripes and flat areas, in photo and painting on opposite sides."""
    stripes = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    stripes[:, : WIDTH // 2 : 4] = 255
    stripes[:, 1 : WIDTH // 2 : 4] = 0
    result = nst_onnx.stylize(stripes, stripes[:, ::-1].copy(), regions=["auto"], **QUICK)
    found = result.settings["regions"]
    assert len(found) >= 2
    assert sum(region["share"] for region in found) == pytest.approx(1, abs=1e-3)
    again = nst_onnx.stylize(stripes, stripes[:, ::-1].copy(), regions="auto", **QUICK)
    np.testing.assert_array_equal(result.array, again.array)


def test_labels_to_labels(folder: Path) -> None:
    """Each colour of the photo's labels is painted like that colour of the painting's."""
    painting = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    painting[: HEIGHT // 2], painting[HEIGHT // 2 :] = (250, 220, 40), (20, 20, 120)
    of_painting = Image.new("RGB", (WIDTH, HEIGHT), "#00aa00")
    of_painting.paste("#3366ff", (0, 0, WIDTH, HEIGHT // 2))
    options = {"labels": "labels.png", "style_labels": of_painting, "strength": 1}
    options |= {"init": "style", "steps": 60}
    found = painted(painting, photo="labels.png", **options)
    first, second = (found[:, part].mean((0, 1)) for part in (slice(0, 24), slice(40, 64)))
    assert first[0] > second[0] + 0.2
    assert first[2] < second[2] + 0.2
    with pytest.raises(PictureError, match="no pixel of the colour"):
        painted(painting, **options | {"style_labels": Image.new("RGB", (WIDTH, HEIGHT), "#00aa00")})
    with pytest.raises(OptionError, match="style labels go with labels"):
        painted(painting, style_labels=of_painting)
    with pytest.raises(OptionError, match="one painting"):
        painted([painting, painting], **options)


@pytest.mark.parametrize("word", ["colour", "auto"])
def test_words_need_a_style(folder: Path, word: str, nst: Nst) -> None:
    with pytest.raises(OptionError, match="need a style"):
        painted(regions=word)
    outcome = nst("stylize", "photo.png", "one.png", "--regions", word, "-o", "out.png", *LINE)
    assert outcome.code == 0, outcome.err


LINE = ("--size", "64", "--steps", "2", "-q", "--model", "compact")


def test_the_weights_of_several_paintings_count_in_regions_by_colour(folder: Path) -> None:
    first, second = (
        painted(["one.png", "two.png"], regions="colour", style_weights=weights)
        for weights in ([1, 0.01], [0.01, 1])
    )
    assert np.abs(first - second).mean() > 0.01


def test_a_resumed_run_has_the_same_weights(folder: Path) -> None:
    stylizer = nst_onnx.Stylizer("compact", "cpu")
    options: dict[str, Any] = {"size": 64, "steps": 6}
    regions = [[Region("rest", ["one.png", "two.png"], style_weights=w)] for w in ((1, 9), (9, 1))]
    checkpoint = next(stylizer.steps("photo.png", regions=regions[0], **options)).checkpoint()
    with pytest.raises(OptionError, match="belongs to other"):
        stylizer.stylize("photo.png", regions=regions[1], resume=checkpoint, **options)


def test_mixtures_at_the_edges_of_labels_are_no_labels(folder: Path) -> None:
    labels = Image.open("labels.png").resize((4 * WIDTH, 4 * HEIGHT), Image.Resampling.NEAREST)
    soft = labels.filter(ImageFilter.GaussianBlur(1))
    masks, other = labelled(soft, ["#3366ff", "#00aa00"], (HEIGHT, WIDTH), Memory.of(None))
    assert other is None
    np.testing.assert_array_equal(masks["#3366ff"] + masks["#00aa00"], 1)
    assert masks["#3366ff"].mean() == pytest.approx(0.5, abs=0.02)
    labels.save("labels.jpg", quality=70)
    assert label_colours("labels.jpg", Memory.of(None)) != []
    found = [np.array(ImageColor.getrgb(one)) for one in label_colours("labels.jpg", Memory.of(None))]
    assert len(found) == 2


def test_class_numbers_are_labels(folder: Path) -> None:
    numbers = np.repeat(np.arange(4, dtype=np.uint8)[:, None], 16, 1).repeat(12, 0)
    colours = label_colours(numbers, Memory.of(None))
    assert sorted(colours) == ["#000000", "#010101", "#020202", "#030303"]
    masks, other = labelled(numbers, colours[:3], (48, 16), Memory.of(None))
    assert other == colours[3]
    assert [float(mask.mean()) for mask in masks.values()] == [0.25] * 3


@pytest.mark.parametrize(
    "regions",
    [
        5,
        "x",
        [5],
        [{"mask": "left.png", "styles": [{"path": "/x.png"}]}],
        [{"mask": "rest", "styles": [{"path": "/x.png"}], "style_weights": 5}],
        [{"mask": "rest", "styles": 5}],
        [{"mask": "rest"}],
    ],
    ids=str,
)
def test_the_worker_refuses_what_makes_no_sense(worker: Worker, regions: Any) -> None:
    content = worker.put("c", picture(16, 16, 1))
    event = worker.last_of(worker.send("stylize", content=content, styles=[], options={"regions": regions}))
    assert event["event"] == "error"
    assert event["code"] in ("protocol", "option", "picture")
