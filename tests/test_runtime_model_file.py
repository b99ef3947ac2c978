"""Models in files of their own, which runtimes read."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from support.full_disk import file_size_limit

from nst_onnx.errors import NstError
from nst_onnx.graph import Graph
from nst_onnx.runtime.model_file import ModelFile


def model() -> onnx.ModelProto:
    g = Graph()
    g.input("x", [1000])
    g.output("y", g.op("MatMul", "x", g.constant(np.eye(1000) * 2)))
    return g.model()


def test_a_model_is_there_while_it_is_held() -> None:
    """Its weights beside it, not in it."""
    file = ModelFile(model())
    assert file.path.stat().st_size < 1 << 16
    session = onnxruntime.InferenceSession(file.path, providers=["CPUExecutionProvider"])
    file.release()
    x = np.arange(1000, dtype=np.float32)
    np.testing.assert_array_equal(session.run(["y"], {"x": x})[0], 2 * x)
    folder = file.path.parent
    del session, file
    assert not folder.exists()


def test_a_full_disk_is_told() -> None:
    """A real failure: the process may not write files of more than 100 kB."""
    large = model()
    with pytest.raises(NstError, match=r"the model cannot be written") as caught, file_size_limit(100_000):
        ModelFile(large)
    assert caught.value.hint == "set TMPDIR to a folder with room for 4 MB"


def test_no_folder_for_temporary_files_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/no such folder")
    with pytest.raises(NstError, match=r"no such file") as caught:
        ModelFile(model())
    assert "TMPDIR" in caught.value.hint
