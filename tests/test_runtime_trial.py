"""`auto` takes no device that does not work, and says which; libraries' own lines stay off standard error."""

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

from nst_onnx.cli.commands import doctor
from nst_onnx.errors import DeviceError, ModelError
from nst_onnx.graph import Graph
from nst_onnx.runtime import BACKENDS, Device, choose, devices, open_session, trial
from nst_onnx.runtime.devices import DeviceWarning
from nst_onnx.runtime.onnxruntime_session import providers
from nst_onnx.runtime.openvino import session
from nst_onnx.support import standard_error


class WrongSession:
    """The CPU's session, whose results are off by a little."""

    def __init__(self, model, device, threads):
        self._session = open_session(model, Device("cpu"), threads)
        self.inputs, self.outputs, self.device = self._session.inputs, self._session.outputs, device

    def run(self, feeds, outputs):
        return {name: value * np.float32(1.01) for name, value in self._session.run(feeds, outputs).items()}


def failing(error: Exception):
    def open_nothing(model, device, threads):
        raise error

    return open_nothing


BROKEN = {
    "driver": {"open": failing(DeviceError("onnxruntime could not start it"))},
    "native": {"open": failing(RuntimeError("libtbb.so.12: cannot open shared object file"))},
    "wrong": {"open": WrongSession},
}


@pytest.fixture(autouse=True)
def untried() -> Iterator[None]:
    trial.fault.cache_clear()
    devices._told.clear()
    yield
    trial.fault.cache_clear()
    devices._told.clear()


def best(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """Make a broken backend the one that auto prefers, and the CPU the only other."""
    cpu = BACKENDS["cpu"]
    broken = replace(cpu, kind="broken", required=False, rank=9, is_available=lambda: True, **changes)
    for kind in list(BACKENDS):
        monkeypatch.delitem(BACKENDS, kind)
    monkeypatch.setitem(BACKENDS, "cpu", cpu)
    monkeypatch.setitem(BACKENDS, "broken", broken)


@pytest.mark.parametrize("how", ["driver", "native", "wrong"])
@pytest.mark.parametrize("exact", [False, True])
def test_auto_passes_over_what_does_not_work(how: str, exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    best(monkeypatch, **BROKEN[how])
    with pytest.warns(DeviceWarning, match="auto takes cpu: broken does not work") as told:
        assert choose("auto", exact=exact) == Device("cpu")
    assert len(told) == 1
    assert "\n" not in str(told[0].message)


def test_it_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    best(monkeypatch, **BROKEN["driver"])
    with pytest.warns(DeviceWarning):
        choose()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose() == Device("cpu")


def test_a_device_that_works_is_taken_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    best(monkeypatch)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose() == Device("broken")


def test_what_is_named_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    best(monkeypatch, **BROKEN["driver"])
    device = choose("broken")
    with pytest.raises(DeviceError, match="could not start"):
        open_session(None, device)  # type: ignore[arg-type]  # it fails before it looks at the model


def test_without_any_device_that_works_all_faults_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    best(monkeypatch, **BROKEN["native"])
    monkeypatch.delitem(BACKENDS, "cpu")
    with pytest.raises(DeviceError, match=r"broken: libtbb\.so\.12"):
        choose()


def test_native_lines_with_the_mark_are_dropped_and_others_kept(capfd: pytest.CaptureFixture[str]) -> None:
    with standard_error.without_lines(":library:"):
        os.write(2, b"[W:library: GPU discovery failed]\nsomething else\n")
    assert capfd.readouterr().err == "something else\n"


def test_without_standard_error_onnxruntime_is_imported() -> None:
    code = (
        "import os; os.close(2); from nst_onnx.runtime.devices import onnxruntime; "
        "print(onnxruntime().__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "onnxruntime\n")


@pytest.mark.skipif(sys.platform != "linux", reason="processors are assigned as Linux does")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor")
def test_threads_that_cannot_be_pinned_are_not_reported(tmp_path) -> None:
    """As in a container: the processors that onnxruntime sees are not those that it may use."""
    code = (
        "import os, numpy as np\n"
        "from nst_onnx.runtime import trial, Device\n"
        "from nst_onnx.runtime.devices import onnxruntime\n"
        "onnxruntime()\n"
        "session = onnxruntime().SessionOptions()\n"
        "session.intra_op_num_threads = 2\n"
        "session.add_session_config_entry('session.intra_op_thread_affinities', '64')\n"
        "from nst_onnx.graph import Graph\n"
        "g = Graph(); g.input('x', [1]); y = g.op('Relu', 'x')\n"
        "onnxruntime().InferenceSession(g.model([y]).SerializeToString(), session)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "affinity" not in done.stderr.lower()


UNPROVEN = ("directml", "coreml", "migraphx", "openvino_gpu")


@pytest.mark.parametrize("kind", UNPROVEN)
def test_auto_never_takes_an_unproven_device(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, kind, replace(BACKENDS[kind], is_available=lambda: True))
    assert choose().kind != kind
    assert choose(kind) == Device(kind)
    assert kind in devices.available()


@pytest.mark.parametrize(
    ("kind", "provider"),
    [
        ("directml", "DmlExecutionProvider"),
        ("coreml", "CoreMLExecutionProvider"),
        ("migraphx", "MIGraphXExecutionProvider"),
    ],
)
def test_other_gpus_of_onnxruntime(kind: str, provider: str) -> None:
    assert [name for name, _ in providers(Device(kind))[:-1]] == [provider]
    assert providers(Device(kind))[-1] == "CPUExecutionProvider"


def test_openvinos_gpu_has_no_threads() -> None:
    assert session.settings(session.GPU, "fp32", 4) == {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    assert session.settings(session.CPU, "fp32", 4)["INFERENCE_NUM_THREADS"] == 4


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_a_gpu_of_openvino_is_there_only_where_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for found, there in (["CPU"], False), (["CPU", "GPU.0"], True):
        monkeypatch.setattr(session, "_core", lambda found=found: SimpleNamespace(available_devices=found))
        assert session.has_gpu() is there


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_the_target_is_what_openvino_compiles_for() -> None:
    model = trial_model()
    with pytest.raises(ModelError, match="cannot be loaded"):
        session.OpenVinoSession(model, Device("openvino"), 1, target="GPU.7").run(FEEDS, ["y"])


def trial_model():
    graph = Graph()
    graph.output("y", graph.op("Relu", graph.input("x", [1, 1, 2, 2])))
    return graph.model()


FEEDS = {"x": np.ones((1, 1, 2, 2), np.float32)}


@pytest.mark.parametrize(("rank", "state"), [(None, "warning"), (5, "broken")])
def test_doctor_finds_a_wrong_gradient(rank: int | None, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        BACKENDS, "broken", replace(BACKENDS["cpu"], kind="broken", required=False, rank=rank)
    )
    assert doctor._self_test("broken").state == "good"
    assert "differs from the CPU's by 0 of" in doctor._self_test("broken").text
    monkeypatch.setattr(doctor, "_gradient_error", lambda device: 0.5)
    found = doctor._self_test("broken")
    assert (found.state, found.text) == (state, "its gradient differs from the CPU's by 50%; do not use it")
