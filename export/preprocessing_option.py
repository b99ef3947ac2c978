"""Parser of --preprocessing: a known name, or channel order, scale, mean and standard deviation."""

from __future__ import annotations

from nst_onnx.errors import OptionError
from nst_onnx.models.metadata import CAFFE, TORCHVISION, Preprocessing, preprocessing_of

# Keras Applications call the first three by these names (keras.applications.imagenet_utils).
KNOWN = {
    "caffe": CAFFE,
    "torch": TORCHVISION,
    "tf": Preprocessing("RGB", 1.0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),  # -1..1
    "unit": Preprocessing("RGB", 1.0),  # 0..1
    "bytes": Preprocessing("RGB", 255.0),  # 0..255: networks with a rescaling layer of their own
}


def parse(text: str) -> Preprocessing:
    """Return the preprocessing in `text`.

    A name in KNOWN, or ``ORDER:SCALE:MEAN:STD`` with three numbers each for mean and std, such as
    ``BGR:255:103.9,116.8,123.7:1,1,1``. Raises OptionError.
    """
    if text in KNOWN:
        return KNOWN[text]
    try:
        order, scale, mean, std = text.split(":")
        return preprocessing_of(order.upper(), float(scale), _three(mean), _three(std))
    except ValueError as error:
        raise OptionError(
            f"preprocessing {text!r} makes no sense: {error}",
            f"give one of {', '.join(KNOWN)}, or ORDER:SCALE:MEAN:STD such as RGB:1:0.5,0.5,0.5:1,1,1",
        ) from error


def _three(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))
