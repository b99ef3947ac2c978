"""The benchmarks run at tiny sizes, write what they say they write, and compare the same objective."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image
from support.checkout import ROOT

torch = pytest.importorskip("torch", reason="PyTorch, which the benchmarks compare with, is not installed")
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not part of this installation", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from benchmarks import __main__ as command  # noqa: E402
from benchmarks import (  # noqa: E402
    descent,
    evaluation,
    large,
    limits,
    memory,
    objectives,
    pairs,
    reference_recipe,
    reference_time,
    report,
    start,
    torch_reference,
    turns,
    waiting,
)
from benchmarks.engines import ENGINES, EXACT  # noqa: E402
from benchmarks.setting import Setting  # noqa: E402
from nst_onnx.objective.sessions import Network  # noqa: E402

PAIR = pairs.PAIRS[0]
SIDE = 48
FP32 = torch_reference.Configuration("fp32", "NCHW")


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    """Everything as small as it can be, on the engine that is installed everywhere."""
    return Setting(
        model="compact",
        tell=lambda line: None,
        sizes=(SIDE,),
        pairs=[PAIR],
        engines=[EXACT],
        levels=(2, 4),
        seconds=0.01,
        kept=tmp_path / "kept",
    )


@pytest.fixture(scope="module")
def network() -> Network:
    return EXACT.open("compact")


@pytest.fixture
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """One round of everything, and plain PyTorch only where a process each would be started."""
    for module, name in ((evaluation, "ROUNDS"), (limits, "ROUNDS"), (start, "IMPORTS"), (start, "COMMANDS")):
        monkeypatch.setattr(module, name, (1, 1))
    monkeypatch.setattr(memory, "configurations", lambda: [FP32])
    monkeypatch.setattr(start, "DEVICES", ("cpu",))
    monkeypatch.setattr(limits, "COPIED", 2**20)


def is_whole(part: report.Part) -> None:
    """A table has cells under every heading, and the same as data."""
    assert part.rows
    assert all(len(row) == len(part.header) for row in part.rows)
    assert part.records
    assert json.loads(json.dumps(asdict(part)))
    assert part.title in part.markdown()


# ---- the same objective


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_pytorchs_objective_is_ours(pooling: str, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objectives, "pooling", lambda extractor: pooling)
    measured = objectives.subjects({EXACT: network}, PAIR, (SIDE, SIDE))
    (ours,) = (subject for subject in measured if subject.ours)
    assert max(ours.differs) < 1e-4
    theirs = [subject.label for subject in measured if not subject.ours]
    assert theirs == [str(configuration) for configuration in torch_reference.configurations()]


def test_another_objective_is_not_measured(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_reference, "STYLE", 101.0)
    with pytest.raises(ArithmeticError, match="onnxruntime fp32 differs"):
        objectives.subjects({EXACT: network}, PAIR, (SIDE, SIDE))


def test_what_is_no_chain_cannot_be_compared(network: Network) -> None:
    proto = onnx.ModelProto.FromString(network.extractor.proto.SerializeToString())
    proto.graph.node[1].op_type = "Tanh"
    with pytest.raises(ValueError, match="Tanh"):
        objectives.chain(replace(network.extractor, proto=proto))


def test_weights_in_a_file_are_the_same(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst_onnx.graph.external_data.LARGE", 0)
    light = objectives.chain(network.extractor.light())
    full = objectives.chain(network.extractor)
    assert light.chain == full.chain
    for layer, arrays in full.weights.items():
        for found, wanted in zip(light.weights[layer], arrays, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_reference_recipe_is_torchs_own_descent(network: Network, setting: Setting) -> None:
    objective = objectives.ours(network, PAIR, (SIDE, SIDE))
    blank = reference_recipe.blank(PAIR, SIDE, network.extractor.facts)
    curve = reference_recipe.compute(objective, blank, 8, lambda curve: None, setting.kept)
    theirs, losses = objectives.reference(objective, FP32), []
    x = torch.from_numpy(reference_recipe.start(objective.shape)).requires_grad_()

    def closure() -> float:
        losses.append(theirs.value_and_grad(x)[0])
        return losses[-1]

    reference_recipe.optimiser(x, 8).step(closure)
    np.testing.assert_allclose(curve.losses, losses, rtol=1e-2)
    assert reference_recipe.load(PAIR, SIDE, network.extractor.facts, setting.kept) == curve
    assert curve.reached(8) == min(curve.losses)
    assert curve.reached(9) is None


def test_losses_of_other_pictures_are_not_taken(network: Network, setting: Setting) -> None:
    blank = reference_recipe.blank(PAIR, SIDE, network.extractor.facts)
    kept = replace(blank, pictures="others", losses=[2.0, 1.0])
    kept.save(setting.kept)
    assert reference_recipe.load(PAIR, SIDE, network.extractor.facts, setting.kept) == blank


# ---- the parts


@pytest.mark.usefixtures("few_rounds")
def test_evaluation(setting: Setting) -> None:
    part = evaluation.run(setting)
    is_whole(part)
    for record in part.records:
        assert len(record["seconds"]) == 1
        if record["subject"] == record["references"]["fp32"]:
            assert record["ratios"]["fp32"].median == 1
    assert {record["subject"] for record in part.records if record["ours"]} == {str(EXACT)}


@pytest.mark.usefixtures("few_rounds")
def test_memory(setting: Setting) -> None:
    part = memory.run(setting)
    is_whole(part)
    theirs, ours = part.records
    assert theirs["ratios"] == {"fp32": 1}
    assert ours["ratios"]["fp32"] == ours["peak"] / theirs["peak"]
    assert ours["peak"] > 2**25


@pytest.mark.usefixtures("few_rounds")
def test_limits(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SIDE", 64)
    part = limits.run(setting)
    is_whole(part)
    assert all(record["of product"] > 0 for record in part.records if "of product" in record)


@pytest.mark.usefixtures("few_rounds")
def test_start(setting: Setting) -> None:
    part = start.run(setting)
    is_whole(part)
    assert any("first step" in record["what"] for record in part.records)


@pytest.mark.usefixtures("few_rounds")
def test_waiting(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PREVIEWS", 1)
    monkeypatch.setattr(waiting, "MOMENTS", (("half way", 0.0, 0.5),))
    monkeypatch.setattr(waiting, "HEADER", waiting.HEADER[:3])
    part = waiting.run(setting)
    is_whole(part)
    assert all(record["half way"] > 0 for record in part.records)


def test_large(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "WHOLE", SIDE)
    part = large.run(setting)
    is_whole(part)
    whole, limited = part.records
    assert (whole["tiled"], limited["tiled"]) == (False, True)
    assert limited["side"] == SIDE
    assert limited["peak"] > 2**25
    for kind in ("seconds", "processor"):
        assert len(limited[kind]) == large.STEPS - 1
        assert whole["ratios"][kind].median == pytest.approx(1, rel=1e-12)
        assert len(limited["whole"][kind]) == 2 * (large.STEPS - 1)


def test_large_pictures_are_really_of_that_size(tmp_path: Path) -> None:
    path = large.enlarged(PAIR, 700, tmp_path)
    with Image.open(path) as image:
        assert image.size == (700, 700)
    assert large.enlarged(PAIR, 700, tmp_path) == path


def test_descent(setting: Setting) -> None:
    part = descent.run(setting)
    assert not part.records
    assert "left out" in part.notes[0]
    part = descent.run(replace(setting, fresh=True))
    is_whole(part)
    assert [record["level"] for record in part.records] == [2, 4]
    for record in part.records:
        assert record["evaluations"] <= record["level"]
        assert record["ratio"] == record["seconds"] / record["reference_seconds"]
    assert descent.run(setting).records


# ---- how it is measured


def test_work_is_what_torch_counts(network: Network) -> None:
    objective = objectives.ours(network, PAIR, (SIDE, SIDE))
    extractor = network.extractor
    theirs = objectives.reference(objective, FP32)
    x = torch.zeros(1, 3, SIDE, SIDE, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        theirs.value_and_grad(x)
    # Autograd takes two products backwards through F Fᵀ, one for each factor.
    kernels = {name: kernel for name, (kernel, _) in objectives.chain(extractor).weights.items()}
    positions = {name: (SIDE >> (int(name[4]) - 1)) ** 2 for name in extractor.facts.style_layers}
    twice = sum(2 * len(kernels[name]) ** 2 * count for name, count in positions.items())
    assert limits.work(extractor, (SIDE, SIDE)).flops == counter.get_total_flops() - twice


def test_turns_rotate_and_keep_to_their_time() -> None:
    order: list[str] = []

    def thing(name: str) -> float:
        order.append(name)
        return 1.0

    things = {name: lambda name=name: thing(name) for name in "ab"}
    found = turns.take_turns(things, seconds=6, rounds=(1, 9), tell=lambda line: None)
    assert found == {"a": [1.0] * 3, "b": [1.0] * 3}
    assert "".join(order) == "ab" + "ab" + "ba" + "ab"


@pytest.mark.parametrize("number", [0, 3, 12.0, 0.00123, 0.5, 9.99, 46.25, 1234.5, 3e-7, 2.5e8])
def test_numbers_are_shown_shortly(number: float) -> None:
    shown = turns.digits(number)
    assert float(shown) == pytest.approx(number, rel=0.05)
    assert len(shown) <= 7


def test_ratios_are_taken_round_by_round() -> None:
    found = turns.ratio([1, 20, 3], [2, 10, 2])
    assert (found.low, found.median, found.high) == (0.5, 1.5, 2)


def test_the_reference_has_time_for_its_optimiser(network: Network) -> None:
    timed = reference_time.ReferenceTime(objectives.ours(network, PAIR, (SIDE, SIDE)))
    timed.turn()
    evaluation = timed.evaluations[0]
    steps = reference_time.optimiser_seconds((SIDE, SIDE))
    assert len(steps) >= reference_recipe.HISTORY
    assert timed.seconds(10) == pytest.approx(10 * evaluation + sum(steps[:10]))
    assert timed.seconds(1000) > 1000 * evaluation + sum(steps)


# ---- what is written


def test_parts_are_kept_while_the_machine_is_the_same(tmp_path: Path) -> None:
    part = report.Part("Memory", "about", ("", "MB"), [("this", "1")], [{"peak": 1}])
    report.write(tmp_path, {"memory": part}, {"cores": "2"}, {"model": "compact"})
    table, data = report.write(tmp_path, {"evaluation": part}, {"cores": "2"}, {"model": "vgg19"})
    assert list(json.loads(data.read_text())["parts"]) == ["evaluation", "memory"]
    assert table.read_text().count("| this | 1 |") == 2
    _, data = report.write(tmp_path, {"start": part}, {"cores": "4"}, {})
    assert list(json.loads(data.read_text())["parts"]) == ["start"]


def test_parts_measured_with_other_software_say_with_which(tmp_path: Path) -> None:
    part = report.Part("Memory", "about", ("", "MB"), [("this", "1")], [{"peak": 1}])
    for number, name in enumerate(("memory", "start", "limits")):
        table, _ = report.write(tmp_path, {name: part}, {"cores": "2", "onnx": f"1.{number}"}, {"model": "m"})
    lines = [line for line in table.read_text().splitlines() if line.startswith("*Measured")]
    assert lines == [
        "*Measured with model m, onnx 1.0.*",
        "*Measured with model m, onnx 1.1.*",
        "*Measured with model m.*",
    ]
    table, _ = report.write(tmp_path, {"limits": part}, {"cores": "2", "onnx": "1.0"}, {"model": "m"})
    assert table.read_text().count("onnx 1.0") == 0
    assert "onnx 1.1" in table.read_text()


@pytest.mark.usefixtures("few_rounds")
def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(limits, "SIDE", 64)
    words = f"limits --model compact --sizes {SIDE} --engines cpu --seconds 0 --output {tmp_path}"
    command.main(words.split())
    assert "GFLOP/s" in capsys.readouterr().out
    assert json.loads((tmp_path / "speed.json").read_text())["parts"].keys() == {"limits"}
    assert "GFLOP/s" in (tmp_path / "speed.md").read_text()


@pytest.mark.parametrize("words", ["nothing", "--engines abacus", "--pairs harbour", "--sizes big"])
def test_what_it_does_not_know(words: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        command.main(words.split())
    assert "invalid" in capsys.readouterr().err


def test_engines_have_names_of_their_own() -> None:
    assert len({str(engine) for engine in ENGINES}) == len(ENGINES)
