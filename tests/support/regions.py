"""A folder with a photo, paintings, masks and a label map, and quick paintings of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nst_onnx
from support.pictures import smooth_picture

HEIGHT, WIDTH = 48, 64
QUICK: dict[str, Any] = {"size": 64, "steps": 4, "model": "compact", "device": "cpu"}


def left() -> Image.Image:
    """A mask of the left half."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, : WIDTH // 2] = 255
    return Image.fromarray(mask)


def prepared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a photo, two paintings, a mask, its alpha form, and a label map."""
    for name, seed in (("photo", 1), ("one", 2), ("two", 3)):
        smooth_picture(HEIGHT, WIDTH, seed=seed).convert("RGB").save(folder / f"{name}.png")
    left().save(folder / "left.png")
    coloured = Image.new("RGB", (WIDTH, HEIGHT), "#ff0000")
    coloured.putalpha(left())
    coloured.save(folder / "alpha.png")
    labels = Image.new("RGB", (WIDTH, HEIGHT), "#00aa00")
    labels.paste("#3366ff", (0, 0, WIDTH // 2, HEIGHT))
    labels.save(folder / "labels.png")
    monkeypatch.chdir(folder)
    return folder


def painted(*style: Any, photo: Any = "photo.png", **options: Any) -> np.ndarray:
    return nst_onnx.stylize(photo, *style, **QUICK | options).array
