"""The objective's losses and gradient against independent float64 computations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import numpy_helper
from support import independent
from support.networks import network_of, squeezenet, vgg_network, vgg_weights

from nst_onnx import Objective
from nst_onnx.errors import OptionError, PictureError
from nst_onnx.models.metadata import TORCHVISION
from nst_onnx.objective.sessions import Network

TOLERANCE = 1e-5
SIZE = (50, 42)  # width, height: odd after the first pooling, so that rounding counts


@pytest.fixture(scope="module")
def vgg19(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("vgg19"))


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("vgg16"), vgg_weights("vgg16", seed=1))


def pictures(*shapes: tuple[int, int], seed: int = 0) -> list[np.ndarray]:
    """Smooth-ish random pictures in 0.1..0.9."""
    rng = np.random.default_rng(seed)
    made = []
    for h, w in shapes:
        coarse = rng.random((h // 6 + 2, w // 6 + 2, 3)).repeat(6, 0).repeat(6, 1)[:h, :w]
        made.append((0.1 + 0.6 * coarse + 0.2 * rng.random((h, w, 3))).astype(np.float32))
    return made


def hold(objective: Objective, reference: Callable[[np.ndarray], float], seed: int = 3) -> None:
    """Loss and gradient at a random picture: relative errors below the tolerance."""
    (picture,) = pictures(objective.shape, seed=seed)
    loss, gradient = objective.value_and_grad(picture)
    wide = picture.astype(np.float64)
    assert loss == pytest.approx(reference(wide), rel=TOLERANCE)
    assert gradient.shape == picture.shape
    assert gradient.dtype == np.float32
    rng = np.random.default_rng(seed)
    # Along the gradient itself the error is not diluted; along others it must vanish beside its length.
    unit = gradient.astype(np.float64) / np.linalg.norm(gradient)
    others = rng.standard_normal((4, *picture.shape))
    others /= np.sqrt(np.square(others).sum(axis=(1, 2, 3), keepdims=True))
    directions = np.stack([unit, *others])
    expected = independent.slopes(reference, wide, directions, step=1e-6)
    found = np.array([np.vdot(gradient.astype(np.float64), v) for v in directions])
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * np.linalg.norm(gradient))


@pytest.mark.parametrize("pooling", [None, "max", "average"])
@pytest.mark.parametrize("preset", sorted(independent.PUBLISHED))
def test_published_presets(preset: str, pooling: str | None, vgg19: Network, vgg16: Network) -> None:
    network = vgg16 if preset == "narayanan" else vgg19
    name = "vgg16" if preset == "narayanan" else "vgg19"
    published = {"max": ("narayanan", "neural-style")}
    kind = pooling or ("max" if preset in published["max"] else "average")
    weights = vgg_weights(name, seed=int(name == "vgg16"))
    features = independent.vgg(weights.layers, kind, up=preset in ("course", "log0"))
    content, style = pictures((42, 50), (42, 50))
    objective = Objective(content, style, model=network, preset=preset, size=SIZE, pooling=pooling)
    p, a = features(content.astype(np.float64)), features(style.astype(np.float64))
    formula = independent.PUBLISHED[preset]
    hold(objective, lambda x: formula(features(x), p, a, x))


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("size", [SIZE, (33, 64)])
def test_default_preset(pooling: str, size: tuple[int, int], vgg19: Network) -> None:
    """Also with a style of another size, which the scale-free form does not mind."""
    features = independent.vgg(vgg_weights().layers, pooling, margin=16)
    content, style = pictures(size[::-1], (max(size), max(size)))
    content_layers, style_layers = ("conv3_1", "conv4_2"), ("conv1_1", "conv2_1", "conv4_1")
    objective = Objective(
        content,
        style,
        model=vgg19,
        size=size,
        pooling=pooling,
        content_layers=content_layers,
        style_layers=style_layers,
        content_weight=0.3,
        style_weight=0.7,
        tv_weight=0.2,
    )
    p, a = features(content.astype(np.float64)), features(style.astype(np.float64))
    formula = independent.scale_free(content_layers, style_layers, 0.3, 0.7, 0.2)
    hold(objective, lambda x: formula(features(x), p, a, x))


def test_squeezenet_shape(tmp_path: Path) -> None:
    """A network with Concat, strides and overlapping pooling, from an ONNX file without metadata."""
    model = squeezenet()
    network = network_of(model, tmp_path, TORCHVISION)
    tensors = {t.name: t for t in model.graph.initializer}
    convolutions = [n for n in model.graph.node if n.op_type == "Conv"]
    kernels = [
        [numpy_helper.to_array(tensors[n]).astype(np.float64) for n in c.input[1:]] for c in convolutions
    ]

    def relu_conv(x: np.ndarray, index: int, stride: int = 1, pad: int = 0) -> np.ndarray:
        return np.maximum(independent.conv(x, *kernels[index], stride=stride, pad=pad), 0)

    def features(picture: np.ndarray) -> independent.Features:
        seen = np.pad(picture, ((16, 16), (16, 16), (0, 0)), mode="edge")
        x = ((seen - TORCHVISION.mean) / TORCHVISION.std).transpose(2, 0, 1)
        stem = relu_conv(x, 0, stride=2)
        pads = [(0, (n - 3) % 2) for n in stem.shape[1:]]
        padded = np.pad(stem, [(0, 0), *pads], constant_values=-np.inf)
        x = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::2, ::2].max((3, 4))
        found = {"stem": stem}
        for number, name in ((1, "fire2"), (4, "fire3")):
            squeezed = relu_conv(x, number)
            x = np.concatenate([relu_conv(squeezed, number + 1), relu_conv(squeezed, number + 2, pad=1)])
            found[name] = x
        # The default preset's margin of 16 pixels, left out again at strides of 2 and 4.
        return {name: x[:, b:-b, b:-b] for (name, x), b in zip(found.items(), (8, 4, 4), strict=True)}

    content, style = pictures((40, 46), (38, 46))
    objective = Objective(
        content, style, model=network, size=(46, 40), content_layers=["fire2"],
        style_layers=["stem", "fire3"], content_weight=0.5, pooling="max",
    )  # fmt: skip
    p, a = features(content.astype(np.float64)), features(style.astype(np.float64))
    formula = independent.scale_free(("fire2",), ("stem", "fire3"), 0.5, 1.0, 0.0)
    hold(objective, lambda x: formula(features(x), p, a, x))


def torch_loss(content: np.ndarray, style: np.ndarray, picture: np.ndarray) -> tuple[float, np.ndarray]:
    """The paper's loss and its gradient by PyTorch's autograd, in float64."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed here")
    layers = {n: [torch.tensor(w, dtype=torch.float64) for w in kb] for n, kb in vgg_weights().layers.items()}

    def features(picture: "torch.Tensor") -> dict[str, "torch.Tensor"]:
        x = (255 * picture.flip(-1) - torch.tensor(independent.MEAN_BGR)).permute(2, 0, 1)[None]
        found, block = {}, "1"
        for name, (kernel, bias) in layers.items():
            if name[4] != block:
                x, block = torch.nn.functional.avg_pool2d(x, 2), name[4]
            x = torch.relu(torch.nn.functional.conv2d(x, kernel, bias, padding=1))
            found[name] = x[0]
        return found

    x = torch.tensor(picture, dtype=torch.float64, requires_grad=True)
    p, a = (features(torch.tensor(y, dtype=torch.float64)) for y in (content, style))
    loss = paper(features(x), p, a, lambda f: f.flatten(1) @ f.flatten(1).T, lambda d: (d**2).sum())
    loss.backward()
    return loss.item(), x.grad.numpy()


def tensorflow_loss(content: np.ndarray, style: np.ndarray, picture: np.ndarray) -> tuple[float, np.ndarray]:
    """The same by TensorFlow's gradient tape."""
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed here")
    layers = {
        n: (k.transpose(2, 3, 1, 0).astype(np.float64), b.astype(np.float64))
        for n, (k, b) in vgg_weights().layers.items()
    }

    def features(picture: "tf.Tensor") -> dict[str, "tf.Tensor"]:
        x = (255 * picture[..., ::-1] - independent.MEAN_BGR)[None]
        found, block = {}, "1"
        for name, (kernel, bias) in layers.items():
            if name[4] != block:
                x, block = tf.nn.avg_pool2d(x, 2, 2, "VALID"), name[4]
            x = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias)
            found[name] = tf.transpose(x[0], [2, 0, 1])
        return found

    def gram(f: "tf.Tensor") -> "tf.Tensor":
        matrix = tf.reshape(f, [f.shape[0], -1])
        return tf.matmul(matrix, matrix, transpose_b=True)

    x = tf.Variable(picture.astype(np.float64))
    p, a = (features(tf.constant(y.astype(np.float64))) for y in (content, style))
    with tf.GradientTape() as tape:
        loss = paper(features(x), p, a, gram, lambda d: tf.reduce_sum(d**2))
    return float(loss), tape.gradient(loss, x).numpy()


def paper(f: Any, p: Any, a: Any, gram: Callable[[Any], Any], square: Callable[[Any], Any]) -> Any:
    """arXiv:1508.06576 in whichever framework the features are in."""
    loss = 1e-3 * 0.5 * square(f["conv4_2"] - p["conv4_2"])
    for n in independent.STYLE:
        channels, positions = f[n].shape[0], f[n].shape[1] * f[n].shape[2]
        loss = loss + 0.2 * square(gram(f[n]) - gram(a[n])) / (4 * channels**2 * positions**2)
    return loss


@pytest.mark.parametrize("reference", [torch_loss, tensorflow_loss])
def test_against_autograd(
    reference: Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[float, np.ndarray]], vgg19: Network
) -> None:
    """The whole gradient, element by element, against an autograd framework in float64."""
    content, style, picture = pictures((42, 50), (42, 50), (42, 50))
    expected, slope = reference(content, style, picture)
    objective = Objective(content, style, model=vgg19, preset="gatys2015", size=SIZE)
    value, gradient = objective.value_and_grad(picture)
    assert value == pytest.approx(expected, rel=TOLERANCE)
    assert np.linalg.norm(gradient - slope) < TOLERANCE * np.linalg.norm(slope)


def test_losses_add_up(vgg19: Network) -> None:
    content, style, picture = pictures((42, 50), (42, 50), (42, 50))
    objective = Objective(content, style, model=vgg19, preset="neural-style", size=SIZE)
    losses = objective.losses(picture)
    assert losses["total"] == pytest.approx(objective.value_and_grad(picture)[0], rel=1e-6)
    assert losses["total"] == pytest.approx(losses["content"] + losses["style"] + losses["tv"])
    assert losses["style"] == pytest.approx(sum(v for k, v in losses.items() if k.startswith("style/")))


def test_losses_vanish_at_their_targets(vgg19: Network) -> None:
    """The content's own picture has no content loss, a style painted by itself no style loss."""
    content, style = pictures((42, 50), (42, 50))
    objective = Objective(content, style, model=vgg19, size=SIZE)
    other = objective.losses(style)
    assert objective.losses(content)["content"] < 1e-9 * other["content"]
    assert other["style"] < 1e-9 * objective.losses(content)["style"]


def test_styles_are_blended(vgg19: Network) -> None:
    """Two styles with weights 1 and 3: the target is the weighted mean of their Gram matrices."""
    content, one, two, picture = pictures(*[(42, 50)] * 4)
    features = independent.vgg(vgg_weights().layers, "average", margin=16)
    objective = Objective(
        content, [one, two], model=vgg19, size=SIZE, style_weights=[1, 3], style_layers=["conv2_1"],
        style_statistic="gram",
    )  # fmt: skip
    f, a, b = (independent.gram(features(x.astype(np.float64))["conv2_1"]) for x in (picture, one, two))
    target = (a + 3 * b) / 4
    expected = np.sum((f - target) ** 2) / np.sum(target**2)
    assert objective.losses(picture)["style"] == pytest.approx(expected, rel=TOLERANCE)


def test_transparent_areas_have_no_say(vgg19: Network) -> None:
    """What lies far inside a transparent area neither counts nor gets a gradient."""
    content, style, picture = pictures((64, 96), (64, 96), (64, 96))
    alpha = np.ones((64, 96, 1), np.float32)
    alpha[:, 48:] = 0
    layers = {"content_layers": ["conv1_2"], "style_layers": ["conv1_1", "conv2_1"]}
    objective = Objective(
        np.concatenate([content, alpha], axis=2), style, model=vgg19, size=(96, 64), **layers
    )
    loss, gradient = objective.value_and_grad(picture)
    assert np.abs(gradient[:, :40]).max() > 0
    assert np.abs(gradient[:, 60:]).max() == 0
    changed = picture.copy()
    changed[:, 60:] = 0.5
    assert objective.value_and_grad(changed)[0] == pytest.approx(loss, rel=1e-6)


def test_masked_gram_matrices(vgg19: Network) -> None:
    """A position counts as much as it is opaque: g = Σ m f fᵀ / Σ m."""
    content, style, picture = pictures(*[(42, 50)] * 3)
    opacity = np.random.default_rng(5).uniform(0.2, 1, (42, 50, 1)).astype(np.float32)
    objective = Objective(
        np.concatenate([content, opacity], axis=2), style, model=vgg19, size=SIZE,
        style_layers=["conv1_1"], content_weight=0, style_statistic="gram",
    )  # fmt: skip
    features = independent.vgg(vgg_weights().layers, "average", margin=16)
    f, a = (features(x.astype(np.float64))["conv1_1"] for x in (picture, style))
    m = opacity[..., 0].astype(np.float64)
    g = np.einsum("ihw,jhw,hw->ij", f, f, m) / m.sum()
    target = independent.gram(a) / independent.positions(a)
    expected = np.sum((g - target) ** 2) / np.sum(target**2)
    assert objective.losses(picture)["style"] == pytest.approx(expected, rel=TOLERANCE)


@pytest.mark.parametrize("spotted", ["content", "style"])
def test_a_spot_of_a_picture_is_handled(spotted: str, vgg19: Network) -> None:
    """What is seen of a picture may fall between the positions of deep layers."""
    content, style, picture = pictures(*[(42, 50)] * 3)
    opacity = np.zeros((42, 50, 1), np.float32)
    opacity[20, 21] = 1
    given = {"content": content, "style": style}
    given[spotted] = np.concatenate([given[spotted], opacity], axis=2)
    objective = Objective(given["content"], given["style"], model=vgg19, size=SIZE)
    loss, gradient = objective.value_and_grad(picture)
    assert 0 < loss < 100
    assert np.isfinite(gradient).all()


def test_gradients_outlive_the_next_call(vgg19: Network) -> None:
    content, style, one, other = pictures((1, 1), (42, 50), (1, 1), (1, 1))
    objective = Objective(content, style, model=vgg19, preset="gatys2015", size=(1, 1))
    _, gradient = objective.value_and_grad(one)
    kept = gradient.copy()
    objective.value_and_grad(1 - other)
    np.testing.assert_array_equal(gradient, kept)


@pytest.mark.parametrize("strength", [0.2, 0.6, 0.9])
def test_strength_changes_the_content_weight_alone(strength: float, vgg19: Network) -> None:
    content, style, picture = pictures((42, 50), (42, 50), (42, 50))
    published, other = (
        Objective(content, style, model=vgg19, size=SIZE, preset="gatys2015", strength=s).losses(picture)
        for s in (0.5, strength)
    )
    factor = ((1 - strength) / strength) ** 3
    assert other["content"] == pytest.approx(published["content"] * factor, rel=1e-5)
    assert other["style"] == pytest.approx(published["style"], rel=1e-5)


def test_full_strength_is_nothing_but_style(vgg19: Network) -> None:
    content, style = pictures((42, 50), (42, 50))
    objective = Objective(content, style, model=vgg19, size=SIZE, strength=1.0)
    assert not objective.terms.positionwise


def test_terms_without_weight_are_left_out(vgg19: Network) -> None:
    content, style = pictures((42, 50), (42, 50))
    objective = Objective(content, style, model=vgg19, size=SIZE, content_weight=0, style_layers=["conv1_1"])
    assert objective.terms.names == ("moments/conv1_1",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"content_layers": ["conv9_9"]}, "conv9_9"),
        ({"content_weight": 0, "style_weight": 0}, "nothing to optimise"),
        ({"content_weight": 0, "style_weight": 0, "tv_weight": 1}, "nothing to optimise"),
        ({"style_weights": [1, 2]}, "style_weights"),
        ({"size": (256,)}, "size"),
        ({"size": (None, 64)}, "size"),
        ({"sise": 3}, "sise"),
    ],
)
def test_wrong_options(options: dict[str, object], message: str, vgg19: Network) -> None:
    content, style = pictures((42, 50), (42, 50))
    with pytest.raises(OptionError, match=message):
        Objective(content, style, model=vgg19, **options)


def test_wrong_shape(vgg19: Network) -> None:
    content, style = pictures((42, 50), (42, 50))
    with pytest.raises(PictureError, match="shape"):
        Objective(content, style, model=vgg19, size=SIZE).value_and_grad(content[:-1])


def test_levels_of_eight_bits_are_taken_as_such(vgg19: Network) -> None:
    content, style, picture = pictures((42, 50), (42, 50), (42, 50))
    objective = Objective(content, style, model=vgg19, size=SIZE)
    levels = np.rint(picture * 255).astype(np.uint8)
    assert objective.losses(levels)["total"] == pytest.approx(
        objective.losses(levels / 255)["total"], rel=1e-6
    )


@pytest.mark.parametrize("picture", ["file.jpg", np.full((42, 50, 3), np.nan)])
def test_only_numbers_are_judged(picture: object, vgg19: Network) -> None:
    content, style = pictures((42, 50), (42, 50))
    with pytest.raises(PictureError, match="finite numbers"):
        Objective(content, style, model=vgg19, size=SIZE).losses(picture)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 2)])
def test_tiny_and_narrow_pictures_are_handled(shape: tuple[int, int], vgg19: Network) -> None:
    content, style, picture = pictures(shape, (42, 50), shape)
    objective = Objective(content, style, model=vgg19, preset="gatys2015", size=shape[::-1])
    loss, gradient = objective.value_and_grad(picture)
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


def test_too_small_for_the_network_is_said(tmp_path: Path) -> None:
    """A network whose convolutions do not pad has nothing to see in a picture smaller than they are."""
    content, style = pictures((2, 2), (42, 50))
    network = network_of(squeezenet(), tmp_path, TORCHVISION)
    with pytest.raises(PictureError, match="too small"):
        Objective(content, style, model=network, size=(2, 2))
