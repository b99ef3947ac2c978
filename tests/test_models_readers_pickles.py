"""Pickles that do more than describe tensors: nothing in them is executed."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support import caffe_files, weight_files
from support.weight_files import network, torch_state

from nst_onnx.errors import ModelError
from nst_onnx.models import readers


class Malicious:
    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("legacy", [False, True])
def test_pickles_cannot_run_anything(legacy: bool, tmp_path: Path) -> None:
    content = pickle.dumps({"features.0.weight": Malicious(tmp_path / "pwned")}, 2)
    path = tmp_path / "evil.pth"
    if legacy:
        headers = [pickle.dumps(h, 2) for h in (0x1950A86A20F9469CFC6C, 1001, {})]
        path.write_bytes(b"".join([*headers, content, pickle.dumps([], 2)]))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
    with pytest.raises(ModelError, match=r"evil.pth: its pickle refers to '(posix|nt)\.mkdir"):
        readers.read_weights(path)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("protocol", [2, 4])
def test_the_pickle_of_an_npy_cannot_run_anything(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "evil.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        file.write(caffe_files.pickled({"conv1_1": Malicious(tmp_path / "pwned")}, protocol))
    with pytest.raises(ModelError, match=r"evil.npy: its pickle refers to '(posix|nt)\.mkdir"):
        readers.read_weights(path)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("strides", [(10**9, 9, 3, 1), (27, 9, 3, -1), (27, 9, 3)])
@pytest.mark.parametrize("legacy", [False, True])
def test_tensors_cannot_reach_beyond_their_storage(strides, legacy: bool, tmp_path: Path) -> None:
    state = torch_state(network("vgg19", published="vgg19", blocks=1))
    path = weight_files.write_pth(tmp_path / "n.pth", state, legacy=legacy, strides=strides)
    with pytest.raises(ModelError, match="damaged: a tensor"):
        readers.read_weights(path)
