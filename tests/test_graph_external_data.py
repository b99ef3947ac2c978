"""Large weights in a temporary file: the same results, and nothing left behind."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.external_data_helper import uses_external_data
from support.networks import network_of, vgg_weights

from nst_onnx.api import Objective
from nst_onnx.errors import NstError
from nst_onnx.graph import external_data
from nst_onnx.models import vgg
from nst_onnx.objective import sessions as networks
from nst_onnx.objective.sessions import Network
from nst_onnx.runtime import Device, model_file

WIDTHS = (8, 48, 48, 48, 48)  # kernels of 83 kB


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """A network that is not large enough for its weights to be moved out."""
    return network_of(vgg.build(vgg_weights(widths=WIDTHS)), tmp_path_factory.mktemp("network"))


@pytest.fixture
def outside(inside: Network, monkeypatch: pytest.MonkeyPatch) -> Network:
    monkeypatch.setattr(networks, "_LARGE", 1 << 16)
    return Network(inside.extractor, inside.device, threads=1)


def kernels(network: Network) -> list[onnx.TensorProto]:
    return [t for t in network.extractor.proto.graph.initializer if len(t.dims) == 4 and t.dims[1] == 48]


def values(network: Network, device: str = "cpu") -> tuple[bytes, bytes]:
    """Losses and gradient, bit for bit."""
    rng = np.random.default_rng(0)
    content, style, at = (rng.random((64, 96, 3), np.float32) for _ in range(3))
    other = Network(network.extractor, Device(device), threads=1)
    objective = Objective(content, style, model=other, preset="neural-style", size=(96, 64))
    losses, gradient = objective.evaluate(at.transpose(2, 0, 1))
    return losses.tobytes(), gradient.tobytes()


@pytest.mark.parametrize("device", ["cpu", "openvino"])
def test_losses_and_gradient_are_the_same(device: str, inside: Network, outside: Network) -> None:
    if device == "openvino":
        pytest.importorskip("openvino", reason="OpenVINO is not installed")
    assert values(outside, device) == values(inside, device)


def test_a_large_network_holds_no_large_weights(
    inside: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "network.onnx"
    onnx.save(inside.extractor.proto, path)
    monkeypatch.setattr(networks, "_LARGE", 1 << 16)
    network = Network.open(path, "cpu")
    assert kernels(network)
    assert not any(t.raw_data for t in kernels(network))
    assert network.extractor.proto.ByteSize() < inside.extractor.proto.ByteSize() / 4
    assert network.extractor.size == pytest.approx(inside.extractor.size, rel=0.01)


def test_a_small_network_stays_as_it_is(inside: Network) -> None:
    assert inside.extractor.folder is None
    assert Network(inside.extractor, inside.device).extractor is inside.extractor


def test_the_extractor_that_was_given_is_left_alone(inside: Network, outside: Network) -> None:
    assert all(t.raw_data for t in kernels(inside))
    assert all(uses_external_data(t) for t in kernels(outside))


def test_networks_share_one_file(outside: Network) -> None:
    assert Network(outside.extractor, Device("cpu")).extractor.folder is outside.extractor.folder


def test_nothing_is_left_when_the_network_goes(
    inside: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(networks, "_LARGE", 1 << 16)
    network = Network(inside.extractor, inside.device, threads=1)
    values(network)
    assert list(tmp_path.iterdir())
    del network
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_when_the_program_ends(inside: Network, tmp_path: Path) -> None:
    path, folder = tmp_path / "network.onnx", tmp_path / "temporary"
    folder.mkdir()
    onnx.save(inside.extractor.proto, path)
    code = (
        "import tempfile; from pathlib import Path; import nst_onnx.objective.sessions as n\n"
        f"tempfile.tempdir, n._LARGE = {str(folder)!r}, 1 << 16\n"
        f"network = n.Network.open({str(path)!r}, 'cpu')\n"
        f"assert list(Path({str(folder)!r}).iterdir())"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert not list(folder.iterdir())


def test_another_process_gets_the_weights_too(inside: Network, outside: Network) -> None:
    sent = pickle.dumps(outside.extractor)
    there = pickle.loads(sent)
    assert there.folder is None
    assert there.proto.SerializeToString(deterministic=True) == inside.extractor.proto.SerializeToString(
        deterministic=True
    )


def test_a_value_is_read_from_its_file(inside: Network, outside: Network) -> None:
    for here, there in zip(kernels(inside), kernels(outside), strict=True):
        np.testing.assert_array_equal(external_data.array(there), numpy_helper.to_array(here))


def test_no_folder_for_temporary_files_is_told(inside: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "_LARGE", 1 << 16)
    monkeypatch.setattr(tempfile, "tempdir", "/no such folder")
    with pytest.raises(NstError, match=r"no such file") as caught:
        Network(inside.extractor, inside.device)
    assert "TMPDIR" in caught.value.hint


def test_where_files_cannot_be_linked_they_are_copied(
    inside: Network, outside: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*names: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    wanted = values(inside)
    monkeypatch.setattr(model_file.os, "link", refused)
    assert values(outside) == wanted
