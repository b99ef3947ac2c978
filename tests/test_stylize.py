"""The whole way from two pictures to a painting, with a small network and with the shipped one."""

import itertools
import weakref
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from support.networks import vgg_network, vgg_weights

import nst_onnx
from nst_onnx.errors import ModelError, OptionError
from nst_onnx.objective.objective import Objective
from nst_onnx.objective.sessions import Network
from nst_onnx.painting import painting
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.stylizer import Stylizer
from nst_onnx.picture import PictureWarning, read, read_settings, resize
from nst_onnx.picture.colour import oklab

QUICK = {
    "size": 40,
    "steps": 6,
    "style_layers": ["conv1_1", "conv2_1", "conv3_1"],
    "content_layers": ["conv3_2"],
}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("network"), vgg_weights(widths=(6, 8, 8)))


@pytest.fixture(scope="module")
def stylizer(network: Network) -> Stylizer:
    return Stylizer(network)


def picture(seed: int = 0, shape: tuple[int, int] = (30, 40)) -> np.ndarray:
    """Blocks of colour, so that there is something to recognise."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((shape[0] // 5 + 1, shape[1] // 5 + 1, 3))
    return coarse.repeat(5, 0).repeat(5, 1)[: shape[0], : shape[1]].astype(np.float32)


CONTENT, STYLE = picture(0), picture(1, (40, 40))


def test_shipped_network_paints(tmp_path: Path) -> None:
    """Out of the box, offline: much nearer to the style than the content is, and still the content."""
    content, style = picture(0, (96, 128)), picture(1, (128, 128))
    result = nst_onnx.stylize(content, style, model="compact", size=128, steps=30)
    objective = nst_onnx.Objective(content, style, model="compact", size=128)
    before, after = objective.losses(objective.content_picture), objective.losses(result.array)
    assert after["style"] < 0.1 * before["style"]
    other = objective.losses(resize(style, objective.shape))
    assert after["content"] < 0.5 * other["content"]
    result.save(tmp_path / "out.png")
    with PIL.Image.open(tmp_path / "out.png") as image:
        assert image.size == (128, 96)


def test_result(stylizer: Stylizer) -> None:
    result = stylizer.stylize(CONTENT, STYLE, **QUICK)
    assert result.array.shape == (30, 40, 3)
    assert result.array.dtype == np.float32
    assert result.array.min() >= 0
    assert result.array.max() <= 1
    assert result.image.size == (40, 30)
    np.testing.assert_allclose(np.asarray(result.image) / 255, result.array, atol=0.5 / 255 + 1e-6)
    assert [h["iteration"] for h in result.history] == list(range(1, 7))
    assert set(result.history[0]) == {"scale", "iteration", "total", "content", "style", "tv", "seconds"}
    assert result.history[-1]["total"] < result.history[0]["total"]


def test_same_inputs_same_bits(network: Network) -> None:
    """Also from a freshly opened session, and for a start from noise."""
    for options in ({}, {"init": "noise", "seed": 3}, {"init": "style", "optimiser": "adam"}):
        one = Stylizer(network).stylize(CONTENT, STYLE, **QUICK, **options)
        two = Stylizer(Network(network.extractor, network.device, 1)).stylize(
            CONTENT, STYLE, **QUICK, **options
        )
        np.testing.assert_array_equal(one.array, two.array)


def test_seeds_differ(stylizer: Stylizer) -> None:
    one, two = (stylizer.stylize(CONTENT, STYLE, **QUICK, init="noise", seed=s) for s in (1, 2))
    assert not np.array_equal(one.array, two.array)


def test_every_kind_of_source_gives_the_same(stylizer: Stylizer, tmp_path: Path) -> None:
    levels = np.rint(CONTENT * 255).astype(np.uint8)
    image = PIL.Image.fromarray(levels)
    image.save(tmp_path / "content.png")
    sources = [levels, levels / 255, image, tmp_path / "content.png", (tmp_path / "content.png").read_bytes()]
    sources.append(levels.astype(np.uint16) * 257)
    results = [stylizer.stylize(source, STYLE, **QUICK).array for source in sources]
    for other in results[1:]:
        np.testing.assert_allclose(other, results[0], atol=2e-3)


def test_steps_can_be_left_early(stylizer: Stylizer) -> None:
    steps = list(itertools.islice(stylizer.steps(CONTENT, STYLE, **QUICK), 3))
    assert [s.iteration for s in steps] == [1, 2, 3]
    assert steps[-1].iterations == 6
    assert steps[-1].seconds >= steps[0].seconds >= 0
    assert steps[0].image.size == (40, 30)
    # Rendered lazily, and still what it was: the first evaluation is of the content itself.
    np.testing.assert_allclose(steps[0].array, resize(CONTENT, (30, 40)), atol=1e-5)
    assert steps[-1].result().history == steps[-1].result().history[:3]


def test_callback_stops(stylizer: Stylizer) -> None:
    seen = []

    def callback(step: nst_onnx.Step) -> bool:
        seen.append(step.iteration)
        return step.iteration < 4

    result = stylizer.stylize(CONTENT, STYLE, callback=callback, **QUICK)
    assert seen == [1, 2, 3, 4]
    assert len(result.history) == 4
    assert result.array.shape == (30, 40, 3)


def test_one_level_at_a_time_is_in_memory(stylizer: Stylizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has evaluated a level is gone before the next level's is made."""
    evaluations: list[weakref.ref] = []

    class Watched(Objective):
        def __init__(self, *pictures: object, **options: object) -> None:
            assert not any(evaluation() for evaluation in evaluations)
            super().__init__(*pictures, **options)
            evaluations.append(weakref.ref(self._evaluation))

    monkeypatch.setattr(painting, "Objective", Watched)
    result = stylizer.stylize(CONTENT, STYLE, **QUICK | {"size": 200})
    assert result.history[-1]["scale"] + 1 == len(evaluations) > 1
    assert not any(evaluation() for evaluation in evaluations)


def test_best_picture_is_kept(stylizer: Stylizer, network: Network) -> None:
    """A learning rate that overshoots: the result is the best seen, not the last."""
    result = stylizer.stylize(CONTENT, STYLE, **QUICK, optimiser="adam", learning_rate=300.0)
    totals = [h["total"] for h in result.history]
    assert totals[-1] > min(totals)
    objective = nst_onnx.Objective(
        CONTENT, STYLE, model=network, **{k: v for k, v in QUICK.items() if k != "steps"}
    )
    assert int(np.argmin(totals)) == 0
    assert result.losses["total"] == totals[0]
    assert objective.losses(result.array)["total"] == pytest.approx(totals[0], rel=1e-4)


def test_pyramid_grows_to_the_final_size(stylizer: Stylizer) -> None:
    content = picture(0, (150, 300))
    shapes = {s.scale: s.shape for s in stylizer.steps(content, STYLE, **QUICK | {"size": 300, "steps": 6})}
    assert list(shapes) == sorted(shapes)
    assert len(shapes) > 1
    assert shapes[max(shapes)] == (150, 300)
    sides = [max(shape) for shape in shapes.values()]
    assert all(a < b <= 1.6 * a for a, b in itertools.pairwise(sides))
    single = {
        s.scale for s in stylizer.steps(content, STYLE, **QUICK | {"size": 300, "steps": 1, "pyramid": False})
    }
    assert single == {0}


@pytest.mark.parametrize("resumed", [False, True])
def test_a_scale_is_done_when_its_picture_stands_still(stylizer: Stylizer, resumed: bool) -> None:
    patient = {**QUICK, "size": 200, "steps": 105, "min_change": 0.0}
    every = stylizer.stylize(CONTENT, STYLE, **patient)
    assert len(every.history) == 105
    hasty, saved = {**patient, "min_change": 255.0}, None
    if resumed:
        for step in stylizer.steps(CONTENT, STYLE, **hasty):
            if step.iteration == 25:
                saved = step.checkpoint()
                break
    result = stylizer.stylize(CONTENT, STYLE, resume=saved, **hasty)
    assert [sum(row["scale"] == scale for row in result.history) for scale in range(2)] == [20, 20]
    assert result.settings["steps"] == 105
    for mine, theirs in zip(result.history[:20], every.history[:20], strict=True):
        assert mine["total"] == theirs["total"]


@pytest.mark.parametrize(
    ("options", "stop"),
    [
        *(({}, stop) for stop in (1, 4, 5)),
        *(({"optimiser": "adam", "averaging": 0.9, "init": "noise"}, stop) for stop in (1, 4, 5)),
        ({"init": STYLE}, 4),
        *(({"size": 200, "steps": 16}, stop) for stop in (1, 4, 6, 7)),  # two levels, of six and ten steps
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else None,
)
def test_a_resumed_run_ends_in_the_same_bits(
    stylizer: Stylizer, tmp_path: Path, options: dict[str, object], stop: int
) -> None:
    chosen = QUICK | options
    whole = stylizer.stylize(CONTENT, STYLE, **chosen)
    for step in stylizer.steps(CONTENT, STYLE, **chosen):
        if step.iteration == stop:
            step.checkpoint().save(tmp_path / "state")
            break
    resumed = stylizer.stylize(CONTENT, STYLE, resume=Checkpoint.load(tmp_path / "state"), **chosen)
    np.testing.assert_array_equal(resumed.array, whole.array)
    without_time = [{k: v for k, v in h.items() if k != "seconds"} for h in resumed.history]
    assert without_time == [{k: v for k, v in h.items() if k != "seconds"} for h in whole.history]


def test_a_checkpoint_of_another_run_is_refused(stylizer: Stylizer) -> None:
    step = next(stylizer.steps(CONTENT, STYLE, **QUICK))
    checkpoint = step.checkpoint()
    seen_through = np.dstack([CONTENT, np.full(CONTENT.shape[:2], 0.5, np.float32)])
    for content, options in ((STYLE, {}), (CONTENT, {"strength": 0.7}), (seen_through, {})):
        with pytest.raises(OptionError, match="belongs to other"):
            stylizer.stylize(content, STYLE, resume=checkpoint, **QUICK, **options)


@pytest.mark.parametrize("garbage", [b"", b"PK\x03\x04 broken", b"not a state"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "state").write_bytes(garbage)
    with pytest.raises(OptionError, match="damaged"):
        Checkpoint.load(tmp_path / "state")


def test_no_time_gives_a_picture_all_the_same(stylizer: Stylizer) -> None:
    result = stylizer.stylize(picture(0, (150, 300)), STYLE, **QUICK | {"size": 300, "max_seconds": 0.0})
    assert result.array.shape == (150, 300, 3)
    assert len(result.history) >= 1


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_steps_are_counted_over_all_levels(stylizer: Stylizer, steps: int) -> None:
    """Where there are fewer than levels, the coarsest levels are left out."""
    result = stylizer.stylize(picture(0, (150, 300)), STYLE, **QUICK | {"size": 300, "steps": steps})
    assert len(result.history) == steps
    assert result.array.shape == (150, 300, 3)


def test_a_callback_may_answer_in_numpy(stylizer: Stylizer) -> None:
    result = stylizer.stylize(CONTENT, STYLE, callback=lambda step: np.bool_(step.iteration < 2), **QUICK)
    assert len(result.history) == 2


def test_options_may_be_numpys(stylizer: Stylizer) -> None:
    chosen = QUICK | {"size": np.int64(40), "strength": np.float32(0.5), "style_weights": np.array([1.0])}
    plain = stylizer.stylize(CONTENT, STYLE, **QUICK)
    np.testing.assert_array_equal(stylizer.stylize(CONTENT, STYLE, **chosen).array, plain.array)


def test_content_weight_keeps_the_content(stylizer: Stylizer) -> None:
    """Strength does what it says: the weaker, the nearer to the content."""
    distances = [
        np.abs(stylizer.stylize(CONTENT, STYLE, **QUICK, strength=s).array - resize(CONTENT, (30, 40))).mean()
        for s in (0.0, 0.5, 1.0)
    ]
    assert distances[0] < distances[1] < distances[2]


def test_the_frame_of_a_painting_is_no_style(stylizer: Stylizer) -> None:
    framed = np.pad(picture(1, (70, 70)), ((6, 6), (6, 6), (0, 0)), constant_values=1)
    with pytest.warns(PictureWarning, match="its frame is cropped from the style, 6 pixels at the left"):
        cropped = stylizer.stylize(CONTENT, framed, **QUICK)
    inside = stylizer.stylize(CONTENT, framed[6:-6, 6:-6], **QUICK)
    np.testing.assert_array_equal(cropped.array, inside.array)
    kept = stylizer.stylize(CONTENT, framed, **QUICK, style_frame="keep")
    assert np.abs(kept.array - inside.array).max() > 0.01


def test_init_picture(stylizer: Stylizer) -> None:
    step = next(stylizer.steps(CONTENT, STYLE, **QUICK, init=STYLE))
    np.testing.assert_allclose(step.array, resize(STYLE, (30, 40)), atol=1e-5)


def test_init_may_be_of_every_kind_of_source(stylizer: Stylizer, tmp_path: Path) -> None:
    image = PIL.Image.fromarray(np.rint(STYLE * 255).astype(np.uint8))
    image.save(tmp_path / "start.png")
    kinds = [np.asarray(image), image, tmp_path / "start.png", (tmp_path / "start.png").read_bytes()]
    results = [stylizer.stylize(CONTENT, STYLE, **QUICK, init=init) for init in kinds]
    for result in results:
        np.testing.assert_array_equal(result.array, results[0].array)
    assert [result.settings["init"] for result in results] == ["array", "image", "start.png", "bytes"]
    results[0].save(tmp_path / "out.png")
    assert (read_settings(tmp_path / "out.png") or {})["init"] == "array"


def test_luminance_keeps_the_contents_colours(stylizer: Stylizer) -> None:
    """A grey content stays grey however colourful the style."""
    grey = CONTENT.mean(axis=2, keepdims=True).repeat(3, axis=2)
    plain, kept = (
        stylizer.stylize(grey, STYLE, **QUICK, strength=1.0, preserve_colour=how).array
        for how in (None, "luminance")
    )
    assert np.ptp(plain, axis=2).mean() > 2 * np.ptp(kept, axis=2).max()
    assert np.ptp(kept, axis=2).max() < 0.01


@pytest.mark.parametrize("how", ["histogram", "covariance"])
def test_recoloured_styles_have_the_contents_mean(network: Network, how: str) -> None:
    options = {k: v for k, v in QUICK.items() if k != "steps"}
    objective = nst_onnx.Objective(CONTENT, STYLE, model=network, preserve_colour=how, **options)
    recoloured = objective.style_pictures[0][0]
    np.testing.assert_allclose(recoloured.mean((0, 1)), CONTENT.mean((0, 1)), atol=0.05)


def test_the_content_starts_in_the_styles_colours(stylizer: Stylizer) -> None:
    options = {**QUICK, "pyramid": False, "init": "recoloured"}
    step = next(stylizer.steps(CONTENT, STYLE, **options))
    np.testing.assert_allclose(step.array.mean((0, 1)), STYLE.mean((0, 1)), atol=0.05)
    lightness = [oklab.from_srgb(picture)[..., 0].ravel() for picture in (step.array, CONTENT)]
    assert np.corrcoef(lightness)[0, 1] > 0.8
    assert step.result().settings["init"] == "recoloured"


def test_transparent_content_does_not_count_in_the_recoloured_start(stylizer: Stylizer) -> None:
    content = np.dstack([CONTENT, np.ones((30, 40), np.float32)])
    content[:, 20:] = (1, 0, 0, 0)
    step = next(stylizer.steps(content, STYLE, **QUICK, pyramid=False, init="recoloured"))
    np.testing.assert_allclose(step.array[:, :18].mean((0, 1)), STYLE.mean((0, 1)), atol=0.06)


def test_colour_transfer_takes_the_styles_chroma(stylizer: Stylizer) -> None:
    grey = STYLE.mean(axis=2, keepdims=True).repeat(3, axis=2)
    result = stylizer.stylize(CONTENT, grey, **QUICK, strength=0.1, colour_transfer=True)
    plain = stylizer.stylize(CONTENT, grey, **QUICK, strength=0.1)
    chroma = [np.linalg.norm(oklab.from_srgb(r.array)[..., 1:], axis=-1).mean() for r in (result, plain)]
    assert chroma[0] < 0.1 * chroma[1]
    assert result.settings["colour_transfer"] is True


def test_colours_of_both_pictures_are_refused(stylizer: Stylizer) -> None:
    with pytest.raises(OptionError, match="preserve_colour keeps"):
        stylizer.stylize(CONTENT, STYLE, **QUICK, colour_transfer=True, preserve_colour="luminance")


def test_alpha_is_kept(stylizer: Stylizer, tmp_path: Path) -> None:
    alpha = np.ones((30, 40, 1), np.float32)
    alpha[:, 20:] = 0
    result = stylizer.stylize(np.concatenate([CONTENT, alpha], 2), STYLE, **QUICK)
    assert result.image.mode == "RGBA"
    result.save(tmp_path / "out.png")
    again = read(tmp_path / "out.png").alpha
    assert again is not None
    np.testing.assert_allclose(again[:, [2, 35]], [[1, 0]] * 30, atol=1e-3)


def test_sixteen_bits_in_sixteen_bits_out(stylizer: Stylizer, tmp_path: Path) -> None:
    deep = np.rint(CONTENT * 65535).astype(np.uint16)
    stylizer.stylize(deep, STYLE, **QUICK).save(tmp_path / "deep.tif")
    stylizer.stylize(CONTENT, STYLE, **QUICK).save(tmp_path / "flat.tif", bits=8)
    assert read(tmp_path / "deep.tif").bits == 16
    assert read(tmp_path / "flat.tif").bits == 8


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_the_file_says_how_it_was_made(stylizer: Stylizer, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    stylizer.stylize(CONTENT, STYLE, **QUICK, strength=0.6, seed=5).save(path)
    settings = read_settings(path)
    assert settings is not None
    assert (settings["strength"], settings["seed"], settings["model"]) == (0.6, 5, "vgg19")
    assert settings["program"] == f"nst-onnx {nst_onnx.__version__}"


def test_exact_size(stylizer: Stylizer) -> None:
    result = stylizer.stylize(CONTENT, STYLE, **QUICK | {"size": (48, 20)})
    assert result.array.shape == (20, 48, 3)


def test_the_loss_must_be_a_number(tmp_path: Path) -> None:
    huge = vgg_weights(widths=(6, 8, 8))
    layers = {name: (kernel * np.float32(1e15), bias) for name, (kernel, bias) in huge.layers.items()}
    network = vgg_network(tmp_path, type(huge)("vgg19", layers, huge.preprocessing))
    with pytest.raises(ModelError, match="not a number"):
        Stylizer(network).stylize(CONTENT, STYLE, **QUICK)
