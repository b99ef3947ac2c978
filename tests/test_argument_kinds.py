"""Every kind of input for every argument of the public functions: it works, or raises an NstError."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import PIL.Image
import pytest

import nst_onnx
from nst_onnx import NstError, Objective, Stylizer, stylize, stylize_batch, stylize_video
from nst_onnx.errors import DeviceError, ModelError, OptionError, PictureError
from nst_onnx.jobs.batch import grid
from nst_onnx.picture import read

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
QUICK: dict[str, Any] = {"size": 24, "steps": 2, "pyramid": False}
HUGE = 10**5000  # Python refuses to print it


def png(pixels: np.ndarray = PIXELS) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def image(mode: str) -> PIL.Image.Image:
    if mode == "I;16":
        return PIL.Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 257)
    return PIL.Image.fromarray(PIXELS).convert(mode)


def read_only() -> np.ndarray:
    pixels = PIXELS.copy()
    pixels.flags.writeable = False
    return pixels


def closed() -> PIL.Image.Image:
    with PIL.Image.open(io.BytesIO(png())) as opened:
        pass
    opened.close()
    return opened


PICTURES: dict[str, Callable[[], Any]] = {
    "text": lambda: "content.png",
    "path": lambda: Path("content.png"),
    "bytes": png,
    "bytearray": lambda: bytearray(png()),
    "memoryview": lambda: memoryview(png()),
    "file": lambda: io.BytesIO(png()),
    "open file": lambda: Path("content.png").open("rb"),  # noqa: SIM115
    **{
        f"image {mode}": lambda mode=mode: image(mode)
        for mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16")
    },
    "uint8": lambda: PIXELS,
    "uint16": lambda: PIXELS.astype(np.uint16) * 257,
    "big-endian": lambda: PIXELS.astype(">u2") * 257,
    "float16": lambda: (PIXELS / 255).astype(np.float16),
    "float32": lambda: (PIXELS / 255).astype(np.float32),
    "float64": lambda: PIXELS / 255,
    "gray": lambda: PIXELS[..., 0],
    "one channel": lambda: PIXELS[..., :1],
    "four channels": lambda: np.dstack([PIXELS, PIXELS[..., :1]]),
    "not contiguous": lambda: PIXELS[::-1, ::2],
    "columns first": lambda: np.asfortranarray(PIXELS),
    "read only": read_only,
    "matrix": lambda: np.asmatrix(PIXELS[..., 0]),
    "Picture": lambda: read(PIXELS),
}
NO_PICTURES: dict[str, Callable[[], Any]] = {
    "number": lambda: 3,
    "numpy's number": lambda: np.float32(0.5),
    "nested lists": lambda: {"pixels": PIXELS.tolist()},
    "class": lambda: PIL.Image,
    "empty text": lambda: "",
    "missing": lambda: "no.png",
    "NUL": lambda: "a\0b.png",
    "folder": lambda: ".",
    "no picture": lambda: b"x",
    "text file": lambda: io.StringIO("x"),
    "closed image": closed,
    "two channels": lambda: PIXELS[..., :2],
    "batch": lambda: PIXELS[None],
    "channels first": lambda: PIXELS.transpose(2, 0, 1),
    "int64": lambda: PIXELS.astype(np.int64),
    "bool": lambda: PIXELS > 3,
    "complex": lambda: PIXELS * 1j,
    "object": lambda: PIXELS.astype(object),
    "no pixels": lambda: PIXELS[:0],
    "NaN": lambda: np.full(PIXELS.shape, np.nan),
    "0..255 as float": lambda: PIXELS.astype(np.float32),
}


@pytest.fixture(scope="module")
def stylizer() -> Stylizer:
    return Stylizer("compact", "cpu", threads=1)


@pytest.fixture(autouse=True)
def _in_folder(pair: Path) -> None:
    """Work in a folder with content.png and style.png."""


@pytest.mark.filterwarnings("ignore::nst_onnx.picture.PictureWarning")
@pytest.mark.parametrize("place", ["content", "style", "init"])
@pytest.mark.parametrize("kind", PICTURES)
def test_pictures(kind: str, place: str, stylizer: Stylizer) -> None:
    given = {"content": PIXELS, "style": PIXELS} | {place: PICTURES[kind]()}
    result = stylizer.stylize(given.pop("content"), given.pop("style"), **given, **QUICK)
    assert max(result.array.shape) == 24
    result.save("out.png")
    assert read("out.png").shape == result.array.shape[:2]


@pytest.mark.parametrize("place", ["content", "style", "init"])
@pytest.mark.parametrize("kind", NO_PICTURES)
def test_no_pictures(kind: str, place: str, stylizer: Stylizer) -> None:
    given = {"content": PIXELS, "style": PIXELS} | {place: NO_PICTURES[kind]()}
    with pytest.raises(PictureError):
        stylizer.stylize(given.pop("content"), given.pop("style"), **given, **QUICK)


def several() -> Iterator[Any]:
    yield PIXELS
    yield "style.png"


@pytest.mark.parametrize(
    "styles",
    [
        lambda: [PIXELS, Path("style.png")],
        lambda: (PIXELS,),
        several,
        lambda: iter([png()]),
        lambda: {"style.png": 1}.keys(),
        lambda: map(Path, ["style.png"]),
    ],
)
def test_styles(styles: Callable[[], Any], stylizer: Stylizer) -> None:
    assert stylizer.stylize(PIXELS, styles(), **QUICK).array.shape == (18, 24, 3)
    Objective(PIXELS, styles(), model=stylizer.network, size=24)


@pytest.mark.parametrize(
    "styles", [[], (), iter(()), [None], [[PIXELS]], {"style.png": 1}, np.stack([PIXELS] * 2)]
)
def test_no_styles(styles: Any, stylizer: Stylizer) -> None:
    with pytest.raises((PictureError, OptionError)):
        stylizer.stylize(PIXELS, styles, **QUICK)


# ---- the other arguments


def test_models(stylizer: Stylizer) -> None:
    path = stylizer.extractor.path
    for model in ("compact", str(path), path, np.str_("compact"), stylizer.network):
        stylize(PIXELS, PIXELS, model=model, device="cpu", **QUICK)
        Objective(PIXELS, PIXELS, model=model, device="cpu", size=24)
    wrong = (
        None,
        3,
        True,
        b"compact",
        "",
        "no",
        ".",
        "a\0b",
        "x" * 3000,
        "~nobody-of-this-name/x.onnx",
        [path],
        {},
    )
    for model in (*wrong, onnx.load(path), stylizer, stylizer.extractor, path.read_bytes()):
        for use in (
            lambda m: stylize(PIXELS, PIXELS, model=m, **QUICK),
            Stylizer,
            lambda m: Objective(PIXELS, PIXELS, model=m),
        ):
            with pytest.raises(ModelError):
                use(model)


@pytest.mark.parametrize("device", [3, True, b"cpu", [], ("cpu",), object(), "tpu", "cpu:0"])
def test_wrong_devices(device: Any) -> None:
    with pytest.raises(DeviceError):
        Stylizer("compact", device)
    with pytest.raises(DeviceError):
        Objective(PIXELS, PIXELS, model="compact", device=device)


@pytest.mark.parametrize(
    "more", [{"threads": t} for t in (None, -1, 1.5, "1", True, [])] + [{"preprocessing": "caffe"}]
)
def test_wrong_arguments_of_a_stylizer(more: dict[str, Any]) -> None:
    with pytest.raises(NstError):
        Stylizer("compact", "cpu", **more)


def test_resume(stylizer: Stylizer) -> None:
    options = QUICK | {"steps": 3}
    whole = stylizer.stylize(PIXELS, PIXELS, **options).array
    checkpoint = next(stylizer.steps(PIXELS, PIXELS, **options)).checkpoint()
    checkpoint.save("run.npz")
    for given in (checkpoint, "run.npz", Path("run.npz")):
        resumed = stylize(PIXELS, PIXELS, model=stylizer.network, resume=given, **options)
        np.testing.assert_array_equal(resumed.array, whole)
        assert len(list(stylizer.steps(PIXELS, PIXELS, resume=given, **options))) == 2
    for wrong in ("no.npz", "content.png", ".", "", "a\0b", b"run.npz", 3, True, {}, io.BytesIO()):
        with pytest.raises(OptionError):
            stylizer.steps(PIXELS, PIXELS, resume=wrong, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [None, True, np.True_, 0, "", [], np.array([1, 2]), object()])
def test_a_callback_s_answer_other_than_false_goes_on(answer: Any, stylizer: Stylizer) -> None:
    assert len(stylizer.stylize(PIXELS, PIXELS, callback=lambda step: answer, **QUICK).history) == 2


@pytest.mark.parametrize("answer", [False, np.False_])
def test_false_stops(answer: Any, stylizer: Stylizer) -> None:
    assert len(stylizer.stylize(PIXELS, PIXELS, callback=lambda step: answer, **QUICK).history) == 1


@pytest.mark.parametrize("callback", [3, "x", True, []])
def test_wrong_callbacks(callback: Any, stylizer: Stylizer) -> None:
    with pytest.raises(OptionError, match="callback"):
        stylizer.stylize(PIXELS, PIXELS, callback=callback, **QUICK)
    with pytest.raises(OptionError, match="callback"):
        stylize_video("film.mp4", PIXELS, "out.mp4", callback=callback)


def test_saving(stylizer: Stylizer) -> None:
    result = stylizer.stylize(PIXELS, PIXELS, **QUICK)
    for path in ("a.png", Path("a.jpg"), np.str_("a.webp")):
        for number in (16, np.int64(16), np.uint8(16)):
            result.save(path, quality=number)
    for bits in (None, 8, 16, np.uint8(16)):
        result.save("a.png", bits=bits)
    for wrong in (None, 3, b"a.png", io.BytesIO(), "", ".", "a\0.png", "a.gif"):
        with pytest.raises(PictureError):
            result.save(wrong)  # type: ignore[arg-type]
    for number in (None, "16", [], True, 1.5, 0, HUGE):
        with pytest.raises(OptionError):
            result.save("a.jpg", quality=number)  # type: ignore[arg-type]
    for number in ("16", [], True, 1.5, 0, HUGE):
        with pytest.raises(OptionError):
            result.save("a.png", bits=number)  # type: ignore[arg-type]


def test_pictures_of_an_objective(stylizer: Stylizer) -> None:
    objective = Objective(PIXELS, PIXELS, model=stylizer.network, size=24)
    small = PIXELS[:18, :24]
    for good in (
        small,
        small.astype(np.uint16),
        small / 255,
        (small / 255).astype(np.float16),
        (small / 255).tolist(),
    ):
        assert objective.value_and_grad(good)[1].dtype == np.float32
    for wrong in (
        None,
        3,
        "content.png",
        PIXELS,
        small[None],
        small > 3,
        small * 1j,
        [[1], [1, 2]],
        {},
        small + 1e300,
    ):
        with pytest.raises(PictureError):
            objective.value_and_grad(wrong)
    with pytest.raises(OptionError, match="held_to"):
        Objective(PIXELS, PIXELS, model=stylizer.network, held_to="x")  # type: ignore[arg-type]


# ---- batches and films


def outcomes(jobs: Any, **more: Any) -> list[Any]:
    return [
        o.state for o in stylize_batch(jobs, model="compact", device="cpu", overwrite=True, **QUICK | more)
    ]


def test_jobs() -> None:
    jobs = [
        (PIXELS, several(), "1.png"),
        [io.BytesIO(png()), (memoryview(png()),), Path("2.png")],
        (closed(), PIXELS, "3.png"),
        (3, PIXELS, "4.png"),
        (PIXELS, [], "5.png"),
    ]
    expected = ["painted", "painted", "failed", "failed", "failed"]
    assert outcomes(iter(jobs), init=io.BytesIO(png())) == expected


def test_jobs_in_other_processes() -> None:
    """What cannot be sent to them fails its own job only."""
    jobs = [
        (lambda: 1, PIXELS, "1.png"),
        (closed(), PIXELS, "2.png"),
        (io.BytesIO(png()), memoryview(png()), "3.png"),
    ]
    assert sorted(outcomes(jobs, processes=1, init=memoryview(png()))) == ["failed", "failed", "painted"]


@pytest.mark.parametrize(
    "jobs",
    [
        None,
        3,
        "x",
        [3],
        [None],
        ["abc"],
        [(PIXELS, PIXELS)],
        [(PIXELS, PIXELS, None)],
        [(PIXELS, PIXELS, b"o.png")],
        [(PIXELS, PIXELS, "a\0.png")],
        (PIXELS, PIXELS, "o.png"),
    ],
)
def test_no_jobs(jobs: Any) -> None:
    with pytest.raises(OptionError) as caught:
        outcomes(jobs)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [None, "8", 8.5, True, [], -1])
@pytest.mark.parametrize("name", ["processes", "jpeg_quality", "threads", "bits"])
def test_wrong_numbers_of_a_batch(name: str, value: Any) -> None:
    if (name, value) == ("bits", None):
        return
    with pytest.raises(NstError):
        outcomes([(PIXELS, PIXELS, "o.png")], **{name: value})


@pytest.mark.parametrize("wrong", [None, 3, b"x", [], object()])
def test_wrong_names(wrong: Any) -> None:
    for call in (
        lambda: grid(wrong, "style.png", "out"),
        lambda: grid("content.png", wrong, "out"),
        lambda: grid("content.png", "style.png", wrong),
        lambda: grid("content.png", "style.png", "out", name=wrong),
        lambda: stylize_video(wrong, PIXELS, "out.mp4"),
        lambda: stylize_video("film.mp4", PIXELS, wrong),
    ):
        with pytest.raises(OptionError):
            call()


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((PIXELS, 5), {}),
        ((PIXELS, "A b"), {}),
        (([PIXELS, PIXELS], "x"), {}),
        ((None, "x"), {}),
        (("nowhere.png", "x"), {}),
        ((PIXELS, "x"), {"photos": ["nowhere.png"]}),
        ((PIXELS, "x"), {"photos": [None]}),
        ((PIXELS, "x"), {"preset": "gatys2015"}),
        ((PIXELS, "x"), {"nonsense": 1}),
        ((PIXELS, "x"), {"model": 5}),
    ],
)
def test_learning_from_anything(arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    with pytest.raises(NstError):
        nst_onnx.learn(*arguments, evaluations=1, **options)


@pytest.mark.parametrize("photos", [PIXELS, [PIXELS], (PIXELS, PIXELS)])
def test_learning_on_one_photo_or_several(photos: Any) -> None:
    learned = nst_onnx.learn(PIXELS, "x", photos=photos, evaluations=1, device="cpu")
    assert stylize(PIXELS, learned, size=24).array.shape == (18, 24, 3)


@pytest.mark.parametrize("style", [None, 5, [], [None], "nowhere.png", object(), {}, "breakers"])
def test_a_texture_of_anything(style: Any) -> None:
    with pytest.raises(NstError):
        nst_onnx.texture(style, size=24, steps=1, device="cpu")


@pytest.mark.parametrize(
    "wrong", [{"model": 5}, {"resume": 5}, {"callback": "x"}, {"seamless": 1}, {"size": 0}]
)
def test_wrong_arguments_of_a_texture(wrong: dict[str, Any]) -> None:
    with pytest.raises(NstError):
        nst_onnx.texture(PIXELS, **{"size": 24, "steps": 1, "device": "cpu", **wrong})


@pytest.mark.parametrize("style", [PIXELS, [PIXELS, PIXELS], (PIXELS,)])
def test_a_texture_of_one_painting_or_several(style: Any) -> None:
    tile = nst_onnx.texture(style, size=np.int64(24), steps=1, device="cpu", seamless=np.True_)
    assert tile.array.shape == (24, 24, 3)


def test_every_public_function_is_tried_here() -> None:
    functions = {name for name in nst_onnx.__all__ if callable(getattr(nst_onnx, name))}
    assert functions - {"LearnedStyle", "NstError", "Region", "Result", "Step"} == {
        "Objective",
        "Stylizer",
        "learn",
        "stylize",
        "stylize_batch",
        "stylize_video",
        "texture",
    }
