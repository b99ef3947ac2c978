"""Colour management: conversion from a file's ICC profile to sRGB, and the profile of written files.

The conversion is LittleCMS's, in higher precision than the samples, with relative colorimetric intent and
black point compensation: colours inside the sRGB gamut are exact, others are clipped to its boundary.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nst_onnx.picture.strips import Rows, by_strips
from nst_onnx.support import disk_arrays
from nst_onnx.support.arrays import Samples

Space = Literal["gray", "rgb", "cmyk", "lab"]

_SIGNATURES: dict[bytes, Space] = {b"GRAY": "gray", b"RGB ": "rgb", b"CMYK": "cmyk", b"Lab ": "lab"}
_HEADER = 128  # bytes of an ICC profile before its tags (ICC.1:2022, 7.2)
_DATE = slice(24, 36)  # its creation date within them


class PictureWarning(UserWarning):
    """A picture is not used whole: a part of its file is invalid, or its frame is cropped."""


class _ProfileError(Exception):
    """Why a profile cannot be used, as the predicate of a sentence about it."""


def to_srgb(
    samples: Rows,
    space: Space,
    profile: bytes | None,
    *,
    label: str,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Convert samples to float32 H×W×3 in 0..1, sRGB-encoded, strip by strip; into `out` if it is given.

    `samples`: H×W gray, H×W×3 rgb or lab (float32, L* 0..100), H×W×4 cmyk; uint8, uint16 or
    float32 in 0..1 (cmyk: unsigned only, its greatest value is full ink). `profile` is the
    ICC profile, or None. Without one gray and RGB are taken as sRGB, and CMYK as plain
    subtractive ink: R = (1-C)(1-K). A profile that is broken or of another colour space is
    skipped with a PictureWarning that begins with `label`.
    """
    rgb = np.empty((*samples.shape[:2], 3), np.float32) if out is None else out
    if space == "lab":  # absolute colour: no profile applies
        _fill(rgb, samples, lambda strip: _transform(strip, _lab_profile(), "lab"))
        return rgb
    if profile is not None:
        try:
            _fill(rgb, samples, lambda strip: _by_profile(strip, space, profile))
            return rgb
        except _ProfileError as error:  # maybe after some strips: all are converted again
            warnings.warn(
                f"{label}: its ICC profile {error}, so its colours may be slightly off",
                PictureWarning,
                stacklevel=2,
            )
    _fill(rgb, samples, lambda strip: _by_convention(strip, space))
    return rgb


def _fill(rgb: NDArray[np.float32], samples: Rows, convert: Callable[[Samples], NDArray[np.float32]]) -> None:
    for strip, values in by_strips(samples):
        rgb[strip] = convert(values)
        disk_arrays.release(rgb)


def _by_profile(samples: Samples, space: Space, profile: bytes) -> NDArray[np.float32]:
    if len(profile) <= _HEADER:
        raise _ProfileError("is broken")
    declared = _SIGNATURES.get(profile[16:20])
    if declared == "rgb" and space == "gray":  # common: a gray JPEG with its camera's RGB profile
        samples, space = np.repeat(samples[..., np.newaxis], 3, axis=2), "rgb"
    if declared != space:
        raise _ProfileError(f"is for {declared or 'other'} pictures and it is {space}")
    try:
        if samples.dtype == np.uint8 and space == "rgb" and _is_srgb(profile):
            return _by_convention(samples, space)
        rgb = _transform(samples, profile, space)
    except RuntimeError as error:  # imagecodecs.CmsError
        raise _ProfileError("is broken") from error
    if not np.isfinite(rgb).all():
        raise _ProfileError("is broken")
    return rgb


def _by_convention(samples: Samples, space: Space) -> NDArray[np.float32]:
    scale = np.float32(1 if samples.dtype.kind == "f" else 1 / np.iinfo(samples.dtype).max)
    values: NDArray[np.float32] = samples.astype(np.float32) * scale
    if space == "gray":
        values = np.repeat(values[..., np.newaxis], 3, axis=2)
    elif space == "cmyk":
        values = (1 - values[..., :3]) * (1 - values[..., 3:])
    return np.clip(values, 0, 1)


def _transform(samples: Samples, profile: bytes, space: Space) -> NDArray[np.float32]:
    from imagecodecs import CMS, cms_transform

    # From 8-bit RGB to 16 bits LittleCMS is twenty times as fast as in floating point, and within
    # a third of an 8-bit level of it. Its fast paths for gray and from 16 bits are too coarse.
    shallow = samples.dtype == np.uint8 and space == "rgb"
    rgb = cms_transform(
        np.ascontiguousarray(samples),
        profile,
        srgb_profile(),
        colorspace=space,
        outcolorspace="rgb",
        outdtype="uint16" if shallow else "float32",
        intent=CMS.INTENT.RELATIVE_COLORIMETRIC,
        flags=CMS.FLAGS.BLACKPOINTCOMPENSATION,
    )
    values: NDArray[np.float32] = rgb.astype(np.float32) / np.float32(65535 if shallow else 1)
    return np.clip(values, 0, 1).reshape(*samples.shape[:2], 3)


@functools.lru_cache(maxsize=8)
def _is_srgb(profile: bytes) -> bool:
    """Whether a profile maps 8-bit colours to themselves: most do, and the conversion can be skipped."""
    steps = np.linspace(0, 255, 18).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    return bool(np.abs(_transform(cube, profile, "rgb") - cube / np.float32(255)).max() < 0.5 / 255)


@functools.cache
def _lab_profile() -> bytes:
    from imagecodecs import cms_profile

    return bytes(cms_profile("lab4"))


@functools.cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB, the same bytes every time (LittleCMS stores the date)."""
    from imagecodecs import cms_profile

    profile = bytearray(cms_profile("srgb"))
    profile[_DATE] = np.array([2026, 1, 1, 0, 0, 0], dtype=">u2").tobytes()
    return bytes(profile)


def rgb_profile(gamma: float, chromaticities: tuple[float, ...] | None) -> bytes:
    """Return an ICC profile of an RGB space with a power-law transfer function.

    `gamma` is the exponent from samples to light (2.2 is usual); `chromaticities` are x and y
    of white, red, green and blue, eight numbers as PNG's cHRM chunk has them (None: sRGB's).
    """
    from imagecodecs import cms_profile

    white_and_primaries = chromaticities or (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
    return bytes(
        cms_profile("rgb", whitepoint=white_and_primaries[:2], primaries=white_and_primaries[2:], gamma=gamma)
    )
