"""An independent computation of networks and losses: numpy float64, straight from the published formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

MEAN_BGR = np.array([103.939, 116.779, 123.68])  # Keras' and Caffe's
Features = dict[str, np.ndarray]


# ---- networks; feature maps are C×H×W


def conv(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int = 1, pad: int = 1) -> np.ndarray:
    """Cross-correlation with an O×I×k×k kernel, zero padding."""
    k = kernel.shape[-1]
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("ihwyx,oiyx->ohw", windows, kernel, optimize=True) + bias[:, None, None]


def pool(x: np.ndarray, kind: str, up: bool = False) -> np.ndarray:
    """2×2 pooling with stride 2; odd sizes are rounded down, or `up` (averaging what is there)."""
    if up:
        rest = [(0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2)]
        x = np.pad(x, rest, constant_values=np.nan)
    c, h, w = x.shape
    tiles = x[:, : h // 2 * 2, : w // 2 * 2].reshape(c, h // 2, 2, w // 2, 2)
    return (np.nanmax if kind == "max" else np.nanmean)(tiles, axis=(2, 4))


def vgg(
    layers: Mapping[str, tuple[np.ndarray, np.ndarray]],
    kind: str,
    up: bool = False,
    margin: int = 0,
) -> Callable[[np.ndarray], Features]:
    """A VGG of Caffe's kind: from an RGB picture H×W×3 in 0..1 to its features.

    `margin`: how far the picture's outermost pixels are continued for the network to see; a multiple of the
    deepest layer's stride. Features of what lies beyond the picture are left out.
    """

    def features(picture: np.ndarray) -> Features:
        seen = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
        x = (255 * seen[..., ::-1] - MEAN_BGR).transpose(2, 0, 1)
        found, block = {}, "1"
        for name, (kernel, bias) in layers.items():
            if name[4] != block:
                x, block = pool(x, kind, up), name[4]
            x = np.maximum(conv(x, kernel.astype(np.float64), bias.astype(np.float64)), 0)
            border = margin // 2 ** (int(name[4]) - 1)
            found[name] = x[:, border : x.shape[1] - border, border : x.shape[2] - border]
        return found

    return features


# ---- losses, as their sources write them; G = F Fᵀ over positions


def gram(f: np.ndarray) -> np.ndarray:
    matrix = f.reshape(len(f), -1)
    return matrix @ matrix.T


def positions(f: np.ndarray) -> int:
    return f.shape[1] * f.shape[2]


STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def gatys2015(f: Features, p: Features, a: Features, picture: np.ndarray) -> float:
    """arXiv:1508.06576, eq. 1, 4, 5 and 7 with α/β = 1e-3."""
    content = 0.5 * np.sum((f["conv4_2"] - p["conv4_2"]) ** 2)
    style = sum(
        0.2 * np.sum((gram(f[n]) - gram(a[n])) ** 2) / (4 * len(f[n]) ** 2 * positions(f[n]) ** 2)
        for n in STYLE
    )
    return 1e-3 * content + style


def course(f: Features, p: Features, a: Features, picture: np.ndarray) -> float:
    """J = α J_content + β J_style, α = 10, β = 40."""
    c, h, w = f["conv4_2"].shape
    content = np.sum((p["conv4_2"] - f["conv4_2"]) ** 2) / (4 * h * w * c)
    style = 0.0
    for n in STYLE:
        c, h, w = f[n].shape
        style += 0.2 * np.sum((gram(a[n]) - gram(f[n])) ** 2) / (4 * c**2 * (h * w) ** 2)
    return 10 * content + 40 * style


def log0(f: Features, p: Features, a: Features, picture: np.ndarray) -> float:
    """BETA content + ALPHA style = 5 content + 100 style."""
    content = np.sum((f["conv4_2"] - p["conv4_2"]) ** 2) / (4 * len(f["conv4_2"]) * positions(f["conv4_2"]))
    weights = dict(zip(STYLE, (0.5, 1.0, 1.5, 3.0, 4.0), strict=True))
    style = sum(
        w * np.sum((gram(f[n]) - gram(a[n])) ** 2) / (4 * len(f[n]) ** 2 * positions(f[n]) ** 2)
        for n, w in weights.items()
    )
    return 5 * content + 100 * style


def narayanan(f: Features, p: Features, a: Features, picture: np.ndarray) -> float:
    """Content 0.025, style 5 shared by five layers, total variation 1."""
    height, width = picture.shape[:2]
    content = np.sum((f["conv2_2"] - p["conv2_2"]) ** 2)
    layers = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3")
    style = sum(
        5 / 5 * np.sum((gram(a[n]) - gram(f[n])) ** 2) / (4 * 3**2 * (height * width) ** 2) for n in layers
    )
    x = 255 * picture
    down = (x[: height - 1, : width - 1] - x[1:, : width - 1]) ** 2
    right = (x[: height - 1, : width - 1] - x[: height - 1, 1:]) ** 2
    return 0.025 * content + style + 1.0 * np.sum((down + right) ** 1.25)


def neural_style(f: Features, p: Features, a: Features, picture: np.ndarray) -> float:
    """MSELoss on features and on Gram matrices divided by the number of elements; L1 total variation."""
    content = np.mean((f["conv4_2"] - p["conv4_2"]) ** 2)
    style = sum(np.mean((gram(f[n]) / f[n].size - gram(a[n]) / a[n].size) ** 2) for n in STYLE)
    x = 255 * picture
    variation = np.abs(np.diff(x, axis=0)).sum() + np.abs(np.diff(x, axis=1)).sum()
    return 5 * content + 100 * style + 1e-3 * variation


PUBLISHED = {
    "gatys2015": gatys2015,
    "course": course,
    "log0": log0,
    "narayanan": narayanan,
    "neural-style": neural_style,
}


def relative(x: np.ndarray, target: np.ndarray, least: float = 0.0) -> float:
    """Σ (x − t)² / max(Σ t², least)."""
    return ((x - target) ** 2).sum() / max((target**2).sum(), least)


def moments_distance(f: np.ndarray, a: np.ndarray) -> float:
    """Relative errors of Gram matrix per position, means and standard deviations of the channels."""
    g, s = gram(f) / positions(f), gram(a) / positions(a)
    squares = np.diagonal(s)
    own, style = (np.sqrt(x.var((1, 2)) + 1e-4 * squares.mean()) for x in (f, a))
    least = 0.05 * squares.sum()
    return relative(g, s) + relative(f.mean((1, 2)), a.mean((1, 2)), least) + relative(own, style, least)


def scale_free(
    content: tuple[str, ...],
    style: tuple[str, ...],
    content_weight: float,
    style_weight: float,
    tv_weight: float,
) -> Callable[[Features, Features, Features, np.ndarray], float]:
    """Our own: relative errors of features and of moments, layers averaged.

    The error of moments counts M / (8 C), at most 1; that of features (pixels per position) / 16.
    """

    def loss(f: Features, p: Features, a: Features, picture: np.ndarray) -> float:
        area = {n: picture.shape[0] * picture.shape[1] / positions(f[n]) for n in content}
        c = np.mean([area[n] / 16 * np.mean((f[n] - p[n]) ** 2) / np.mean(p[n] ** 2) for n in content])
        terms = []
        for n in style:
            share = min(1, positions(f[n]) / (8 * len(f[n])))
            terms.append(share * moments_distance(f[n], a[n]))
        tv = (np.sum(np.diff(picture, axis=0) ** 2) + np.sum(np.diff(picture, axis=1) ** 2)) / picture.size
        return content_weight * c + style_weight * float(np.mean(terms)) + tv_weight * tv

    return loss


# ---- derivatives


def slopes(
    function: Callable[[np.ndarray], float], x: np.ndarray, directions: np.ndarray, step: float = 1e-5
) -> np.ndarray:
    """Directional derivatives by central differences."""
    return np.array([(function(x + step * v) - function(x - step * v)) / (2 * step) for v in directions])


def complex_slopes(
    function: Callable[[np.ndarray], complex], x: np.ndarray, directions: np.ndarray, step: float = 1e-30
) -> np.ndarray:
    """Directional derivatives by complex steps, exact to rounding: Im f(x + i h v) / h.

    `function` is computed by operations that are analytic, or choose by the real part
    (Squire & Trapp 1998, "Using complex variables to estimate derivatives of real functions").
    """
    return np.array([np.imag(function(x + 1j * step * v)) / step for v in directions])
