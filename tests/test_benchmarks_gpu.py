"""The benchmark for GPUs, on the CPU: what it would measure can be measured."""

import sys
from dataclasses import asdict, replace

import numpy as np
import pytest
from support.checkout import ROOT

from nst_onnx.runtime import BACKENDS, Device

pytest.importorskip("torch", reason="PyTorch, which counts for the benchmarks, is not installed")
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))


from benchmarks import gpu


@pytest.mark.parametrize("stays", [True, False])
def test_every_device_has_a_row(stays: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "ROUNDS", (1, 1))
    if stays:
        monkeypatch.setitem(BACKENDS, "cpu", replace(BACKENDS["cpu"], vectors_on_device=True))
    part = gpu.run("compact", ["cpu"], lambda line: None, sizes=(40, 48), side=32, steps=3, pixels=48)
    assert [row[0] for row in part.rows] == ["**40 px**", "cpu", "**48 px**", "cpu"]
    assert all(len(row) == len(part.header) for row in part.rows)
    assert [record["descent"] is not None for record in part.records] == [False, True]
    assert all(record["gradient differs"] == 0 for record in part.records)
    assert all(record["of product"] > 0 for record in asdict(part)["records"])


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_products_are_products(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = replace(BACKENDS["cpu"], precisions=BACKENDS["cuda"].precisions)
    monkeypatch.setitem(BACKENDS, "cpu", cpu)
    a, b = gpu.matrices(16).values()
    expected = float((a.astype(float) @ np.linalg.matrix_power(b.astype(float), gpu.PRODUCTS)).sum())
    found = gpu.product(Device("cpu", precision=precision), 16)()
    assert float(np.asarray(found)) == pytest.approx(expected, rel=0.02)


def test_without_a_gpu_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu", "--model", "compact", "--devices", "cuda:7:fp16"])
    monkeypatch.setattr("nst_onnx.runtime.devices._is_here", lambda kind: False)
    with pytest.raises(SystemExit, match="cuda cannot be used here"):
        gpu.main()
