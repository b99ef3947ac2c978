"""What is fuzzed: for each kind of file sound samples, and the function that reads one."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MAX_PIXELS = 1_000_000


@dataclass(frozen=True)
class Target:
    """Sound samples of a kind of file, and the function that reads its file."""

    samples: Callable[[], list[bytes]]
    read: Callable[[Path], object]


def _pixels() -> Any:
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(48)[:, None] / 5) * np.cos(np.arange(40) / 7)
    return np.clip(wave[..., None] * 90 + 128 + rng.normal(0, 9, (48, 40, 3)), 0, 255).astype(np.uint8)


def _by_pillow(*forms: tuple[str, dict[str, Any]]) -> Callable[[], list[bytes]]:
    def samples() -> list[bytes]:
        from PIL import Image

        image = Image.fromarray(_pixels())
        exif = image.getexif()
        exif[0x0112], exif[0x013B] = 6, "A. N. Other"
        found = []
        for form, options in forms:
            buffer = io.BytesIO()
            image.save(buffer, form, **({"exif": exif} if form in ("PNG", "JPEG", "WEBP") else {}), **options)
            found.append(buffer.getvalue())
        return found

    return samples


def _deep_png() -> list[bytes]:
    import imagecodecs

    return [bytes(imagecodecs.png_encode(_pixels().astype(np.uint16) * 257))]


def _tiff() -> list[bytes]:
    import tifffile

    found = []
    for samples, options in (
        (_pixels(), {"compression": "zlib"}),
        (_pixels().astype(np.uint16) * 257, {"compression": "zlib", "predictor": True}),
        (_pixels().astype(np.float32) / 255, {}),
    ):
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, samples, photometric="rgb", **options)
        found.append(buffer.getvalue())
    return found


def _jpeg_xl() -> list[bytes]:
    import imagecodecs

    return [bytes(imagecodecs.jpegxl_encode(_pixels(), lossless=lossless)) for lossless in (True, False)]


def _dng() -> list[bytes]:
    import tifffile

    sensor = np.random.default_rng(0).integers(0, 4000, (48, 64)).astype(np.uint16)
    tags = [
        (50706, "B", 4, (1, 4, 0, 0), True),  # version of DNG
        (33421, "H", 2, (2, 2), True),  # size of the colour filters' pattern
        (33422, "B", 4, (0, 1, 1, 2), True),  # the pattern
    ]
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, sensor, photometric=32803, extratags=tags)
    return [buffer.getvalue()]


def _heic() -> list[bytes]:
    from support.heic_files import DEEP, TURNED

    return [TURNED, DEEP]


def _psd() -> list[bytes]:
    from support.photoshop_files import layer_info, psd

    deep = _pixels().astype(np.uint16) * 257
    seen = np.dstack([deep, deep[..., :1]])
    return [
        *(psd(deep, packed=packed, large=large) for packed in (False, True) for large in (False, True)),
        psd(seen, layers=layer_info(-1), packed=True, resources={1005: bytes(16), 1057: b"\0\0\0\1\1"}),
    ]


def _picture(path: Path) -> object:
    from nst_onnx.picture import read

    return read(path.read_bytes(), max_pixels=MAX_PIXELS)


def _weights(write: str, suffix: str) -> Callable[[], list[bytes]]:
    def samples() -> list[bytes]:
        from support import weight_files

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"vgg19{suffix}"
            net = weight_files.network()
            stored = weight_files.torch_state(net) if suffix in (".pth", ".safetensors") else net
            getattr(weight_files, write)(path, stored)
            return [path.read_bytes()]

    return samples


def _read_weights(path: Path) -> object:
    from nst_onnx.models.readers import read_weights

    return read_weights(path)


def _models() -> list[bytes]:
    return [(ROOT / "model" / "compact.onnx").read_bytes()]


def _load_model(path: Path) -> object:
    from nst_onnx.models.extractor import load

    return load(path)


def _states() -> list[bytes]:
    import nst_onnx

    stylizer = nst_onnx.Stylizer("compact", "cpu")
    steps = stylizer.steps(_pixels(), _pixels()[::-1], size=32, steps=2)
    step = next(steps)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        step.checkpoint().save(path)
        return [path.read_bytes()]


def _load_state(path: Path) -> object:
    from nst_onnx.painting.checkpoint import Checkpoint

    return Checkpoint.load(path)


def _styles() -> list[bytes]:
    from nst_onnx.feedforward import gallery

    return [path.read_bytes() for path in list(gallery.files().values())[:2]]


def _load_style(path: Path) -> object:
    from nst_onnx.feedforward.learned_style import LearnedStyle

    return LearnedStyle.load(path)


def _requests() -> list[bytes]:
    size = {"width": 4, "height": 4, "channels": 3, "kind": "u8"}
    messages: list[dict[str, Any]] = [
        {"request": "hello", "id": "0", "version": 1},
        {"request": "stylize", "id": "1", "content": size, "styles": [size], "options": {"strength": 0.5}},
        {"request": "cancel", "id": "1"},
        {"request": "shutdown", "id": "2"},
    ]
    return [b"".join(json.dumps(message).encode() + b"\n" for message in messages)]


def _receive(path: Path) -> object:
    from nst_onnx.editors.worker.protocol import Lines, ProtocolError, decode

    refused = None
    for line in Lines().feed(path.read_bytes()):
        try:
            if isinstance(line, ProtocolError):
                raise line
            decode(line)
        except ProtocolError as error:
            refused = error
    if refused:
        raise refused
    return None


def _configurations() -> list[bytes]:
    return [b'size = [40, 30]\nstrength = 0.5\nstyle_layers = ["conv1_1"]\n[content_layers]\nconv3_1 = 0.5\n']


def _configure(path: Path) -> object:
    from nst_onnx.cli.config import read

    return read(path)


PNG: tuple[tuple[str, dict[str, Any]], ...] = (("PNG", {}), ("PNG", {"dpi": (300, 300)}))
JPEG: tuple[tuple[str, dict[str, Any]], ...] = (("JPEG", {}), ("JPEG", {"progressive": True}))
TARGETS: Mapping[str, Target] = {
    "PNG": Target(_by_pillow(*PNG), _picture),
    "PNG, 16 bits": Target(_deep_png, _picture),
    "JPEG": Target(_by_pillow(*JPEG), _picture),
    "TIFF": Target(_tiff, _picture),
    "WebP": Target(_by_pillow(("WEBP", {})), _picture),
    "AVIF": Target(_by_pillow(("AVIF", {})), _picture),
    "GIF, BMP, PPM, JPEG 2000": Target(
        _by_pillow(("GIF", {}), ("BMP", {}), ("PPM", {}), ("JPEG2000", {})), _picture
    ),
    "PSD, PSB": Target(_psd, _picture),
    "HEIC": Target(_heic, _picture),
    "JPEG XL": Target(_jpeg_xl, _picture),
    "camera raw (DNG)": Target(_dng, _picture),
    "weights: npz": Target(_weights("write_npz", ".npz"), _read_weights),
    "weights: Keras HDF5": Target(_weights("write_keras2", ".h5"), _read_weights),
    "weights: safetensors": Target(_weights("write_safetensors", ".safetensors"), _read_weights),
    "weights: pth": Target(_weights("write_pth", ".pth"), _read_weights),
    "ONNX": Target(_models, _load_model),
    "state of --resume": Target(_states, _load_state),
    "learned style": Target(_styles, _load_style),
    "worker protocol": Target(_requests, _receive),
    "configuration (TOML)": Target(_configurations, _configure),
}
SUFFIXES = {
    "weights: npz": ".npz",
    "weights: Keras HDF5": ".h5",
    "weights: safetensors": ".safetensors",
    "weights: pth": ".pth",
    "ONNX": ".onnx",
    "learned style": ".nst",
}
