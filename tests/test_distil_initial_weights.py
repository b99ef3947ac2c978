from __future__ import annotations

import numpy as np
import pytest
from support import exporter, independent, networks

from nst_onnx.errors import OptionError

initial_weights = exporter.module("distil.initial_weights")
Layers = dict[str, tuple[np.ndarray, np.ndarray]]


def network(widths: tuple[int, ...] = (6, 8), seed: int = 0) -> Layers:
    return networks.vgg_weights(widths=widths, seed=seed).layers


def widths_of(layers: Layers) -> list[int]:
    return [len(bias) for _, bias in layers.values()]


def features(layers: Layers, seed: int = 0) -> dict[str, np.ndarray]:
    return independent.vgg(layers, "average")(np.random.default_rng(seed).random((16, 12, 3)))


def energies(layers: Layers) -> dict[str, np.ndarray]:
    return {name: np.square(found).mean((1, 2)) for name, found in features(layers).items()}


def transferred(known: Layers, *channels: int) -> Layers:
    fresh = initial_weights.he_normal(network(), channels, input_scale=64, seed=1)
    return initial_weights.transferred(known, fresh, energies(known))


def test_a_fraction_of_the_channels() -> None:
    layers = network((20, 30, 40))
    narrow = initial_weights.scaled_channels(layers, 0.5)
    assert narrow == tuple(max(initial_weights.SMALLEST, width // 2) for width in widths_of(layers))
    assert min(initial_weights.scaled_channels(layers, 0.01)) == initial_weights.SMALLEST


def test_untrained_layers_keep_the_size_of_what_goes_through() -> None:
    """He et al. 2015: kernels so large that every ReLU's mean square is that of the input, here 64²."""
    layers = initial_weights.he_normal(network((6, 8, 8)), [300] * 8, input_scale=64, seed=0)
    assert list(layers) == list(network((6, 8, 8)))
    side, inputs, size = 3, 3, 1 / 64
    for kernel, bias in layers.values():
        assert (kernel.shape, kernel.dtype) == ((300, inputs, side, side), np.float32)
        expected = size * np.sqrt(2 / (inputs * side**2))
        # The standard deviation of n numbers is off by 1/√(2n) of it, five times as much at most.
        assert kernel.std() == pytest.approx(expected, rel=5 / np.sqrt(2 * kernel.size))
        assert not bias.any()
        inputs, size = 300, 1


def test_a_seed_gives_the_same_layers_again() -> None:
    one, again, other = (
        initial_weights.he_normal(network(), [5, 6, 7, 8], input_scale=1, seed=seed) for seed in (0, 0, 1)
    )
    for name in one:
        np.testing.assert_array_equal(one[name][0], again[name][0])
        assert (one[name][0] != other[name][0]).all()


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ([5, 6], "4 layers need as many"),
        ([5, 6, 0, 8], "at least, not 0"),
        ([5, 6, 7, -8], "at least, not -8"),
    ],
)
def test_channels_that_do_not_fit(channels: list[int], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        initial_weights.he_normal(network(), channels, input_scale=1, seed=0)


@pytest.mark.parametrize("channels", [(6, 6, 8, 8), (9, 6, 11, 8), (7, 8, 9, 10)])
def test_what_is_known_stays_the_same(channels: tuple[int, ...]) -> None:
    known = network()
    wide = transferred(known, *channels)
    assert widths_of(wide) == list(channels)
    expected, found = features(known, seed=5), features(wide, seed=5)
    for name, feature in expected.items():
        np.testing.assert_allclose(found[name][: len(feature)], feature, rtol=1e-6)
        # New channels begin as an untrained network's: each of them says something.
        assert (found[name][len(feature) :].max((1, 2)) > 0).all()


def test_new_channels_take_the_place_of_dead_ones() -> None:
    known = network()
    dead = {"conv1_1": [0, 4], "conv2_1": [7]}
    for name, channels in dead.items():
        known[name][1][channels] = -1e6
    repaired = transferred(known, *widths_of(known))
    expected, found = features(known, seed=5), features(repaired, seed=5)
    for name, feature in expected.items():
        alive = np.delete(np.arange(len(feature)), dead.get(name, []))
        assert (feature[alive].max((1, 2)) > 0).all()
        np.testing.assert_allclose(found[name][: len(alive)], feature[alive], rtol=1e-6)
        assert (found[name].max((1, 2)) > 0).all()


def test_channels_that_say_the_most_stay() -> None:
    """Where one channel has to go from a layer, it is the one whose absence above shows the least."""
    known = network()
    above = known["conv1_2"][0]
    above[:, 3] *= np.float32(1e-3)  # hardly heard
    known["conv1_1"][0][3] *= 10  # though it is loud
    narrow = transferred(known, 5, 6, 8, 8)
    stay = [0, 1, 2, 4, 5]
    np.testing.assert_array_equal(narrow["conv1_1"][0], known["conv1_1"][0][stay])
    np.testing.assert_array_equal(narrow["conv1_1"][1], known["conv1_1"][1][stay])
    np.testing.assert_array_equal(narrow["conv1_2"][0], above[:, stay])


def test_the_loudest_of_the_last_layer_stay() -> None:
    known = network()
    narrow = transferred(known, 6, 6, 8, 3)
    stay = np.sort(np.argsort(energies(known)["conv2_2"])[-3:])
    np.testing.assert_array_equal(narrow["conv2_2"][0], known["conv2_2"][0][stay])


def test_nothing_given_is_changed() -> None:
    known = network()
    fresh = initial_weights.he_normal(known, [7, 7, 7, 7], input_scale=64, seed=1)
    initial_weights.transferred(known, fresh, energies(known))
    again = initial_weights.he_normal(known, [7, 7, 7, 7], input_scale=64, seed=1)
    for name, (kernel, bias) in network().items():
        np.testing.assert_array_equal(known[name][0], kernel)
        np.testing.assert_array_equal(known[name][1], bias)
        np.testing.assert_array_equal(fresh[name][0], again[name][0])


@pytest.mark.parametrize(("common", "channels"), [(2, (6, 6)), (3, (7, 8, 9))])
def test_layers_up_to_the_first_with_another_name_are_transferred(
    common: int, channels: tuple[int, ...]
) -> None:
    known = network()
    teacher = dict(list(network().items())[:common]) | {"conv3_1": network()["conv2_2"]}
    fresh = initial_weights.he_normal(teacher, [*channels, 12], input_scale=64, seed=1)
    started = initial_weights.transferred(known, fresh, energies(known))
    assert list(started) == list(teacher)
    for name, width in zip(list(known)[:common], widths_of(known), strict=False):
        np.testing.assert_array_equal(started[name][1][:width], known[name][1])
        np.testing.assert_array_equal(started[name][0][:width, : known[name][0].shape[1]], known[name][0])
    np.testing.assert_array_equal(started["conv3_1"][0], fresh["conv3_1"][0])


def test_another_first_layer_cannot_be_transferred() -> None:
    known = {f"other/{name}": pair for name, pair in network().items()}
    fresh = initial_weights.he_normal(network(), [6, 6, 8, 8], input_scale=1, seed=0)
    with pytest.raises(OptionError, match="first layer has another name"):
        initial_weights.transferred(known, fresh, energies(network()))
