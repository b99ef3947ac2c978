from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from support import weight_files
from support.bad_files import foreign
from support.checkout import ROOT
from support.command import Outcome

from nst_onnx.models import catalogue
from nst_onnx.painting.presets import PRESETS

Nst = Callable[..., Outcome]
FACTS = ("--channel-order", "RGB", "--scale", "1", "--mean", "0.5", "--std", "0.25,0.5,1")


def test_the_shipped_model_is_listed_and_taken(nst: Nst) -> None:
    rows = [line.split("\t") for line in nst("models", "list").out.splitlines()]
    assert [row[:3] for row in rows] == [
        ["*", "compact", "shipped"],
        ["", "vgg19", "to fetch"],
        ["", "vgg16", "to fetch"],
    ]
    assert Path(rows[0][-1]).samefile(ROOT / "model" / "compact.onnx")


def test_added_models_are_listed_shown_and_used(pair: Path, nst: Nst) -> None:
    Path("net.onnx").write_bytes(foreign())
    added = nst("models", "add", "net.onnx", *FACTS, "--name", "mine")
    assert added.err == ""
    assert Path(added.out.strip()).is_file()
    listed = [line.split("\t")[1] for line in nst("models", "list").out.splitlines()]
    assert listed == ["mine", "compact", "vgg19", "vgg16"]
    shown = nst("models", "info", "mine").out
    assert "RGB, 0..1, less 0.5 0.5 0.5, by 0.25 0.5 1" in shown
    assert catalogue.info("mine").sha256 in shown
    line = "stylize content.png style.png -o out.png --size 32 --steps 2 --model mine --json -q"
    assert json.loads(nst(*line.split()).out)["settings"]["model"] == "mine"
    assert nst(*line.split(), "--style-layers", "y", "--content-layers", "y").code == 0


def test_the_model_that_auto_takes_is_marked(pair: Path, nst: Nst) -> None:
    Path("net.onnx").write_bytes(foreign())
    assert nst("models", "add", "net.onnx", *FACTS, "--name", "vgg19").code == 0
    marks = {line.split("\t")[1]: line.split("\t")[0] for line in nst("models", "list").out.splitlines()}
    assert marks == {"vgg19": "*", "compact": "", "vgg16": ""}


def test_what_is_installed_is_not_fetched_again(pair: Path, nst: Nst) -> None:
    Path("net.onnx").write_bytes(foreign())
    path = nst("models", "add", "net.onnx", *FACTS, "--name", "vgg19").out
    outcome = nst("models", "fetch", "vgg19")
    assert (outcome.code, outcome.out) == (0, path)
    assert "vgg19 is already installed, from net.onnx; licence: not known" in outcome.err


def test_adding_again_says_that_it_replaces(pair: Path, nst: Nst) -> None:
    Path("net.onnx").write_bytes(foreign())
    assert nst("models", "add", "net.onnx", *FACTS).err == ""
    assert nst("models", "add", "net.onnx", *FACTS).err == "replaced the net that was installed\n"


def test_removing(pair: Path, nst: Nst) -> None:
    Path("net.onnx").write_bytes(foreign())
    path = Path(nst("models", "add", "net.onnx", *FACTS).out.strip())
    asked = nst("models", "remove", "net")  # nobody is there to answer
    assert asked.code == 1
    assert "--yes" in asked.err
    assert path.exists()
    removed = nst("models", "remove", "net", "--yes")
    assert (removed.code, removed.out) == (0, "")
    assert removed.err.startswith("removed net")
    assert not path.exists()


def test_removing_conversions(pair: Path, nst: Nst) -> None:
    weights = weight_files.write_npz(Path("weights.npz"), weight_files.network("vgg19", published="vgg19"))
    converted = catalogue.locate(weights)
    assert nst("models", "remove", "--conversions", "-y").err.startswith("removed weights-")
    assert not converted.exists()
    assert nst("models", "remove", "--conversions").err == "there are no conversions\n"


def test_the_trained_networks_are_only_praised_to_who_has_none(pair: Path, nst: Nst) -> None:
    line = "stylize content.png style.png -o out.png --size 32 --steps 2".split()
    assert "finer: nst-onnx models fetch vgg19" in nst(*line).err
    assert "finer" not in nst(*line, "--model", "compact").err
    Path("net.onnx").write_bytes(foreign())
    assert nst("models", "add", "net.onnx", *FACTS, "--name", "vgg19").code == 0
    assert "finer" not in nst(*line, "--style-layers", "y", "--content-layers", "y").err
    assert "finer" not in nst("doctor").out


def test_info_without_a_name_is_about_auto(nst: Nst) -> None:
    assert "name            compact" in nst("models", "info").out


def test_verify_tells_good_from_damaged(pair: Path, nst: Nst) -> None:
    Path("net.onnx").write_bytes(foreign())
    path = Path(nst("models", "add", "net.onnx", *FACTS, "--name", "mine").out.strip())
    good = nst("models", "verify")
    assert (good.code, good.err) == (0, "")
    assert good.out.startswith("mine: good")
    assert "compact: good" in good.out
    path.write_bytes(path.read_bytes().replace(b"kernel", b"colonel"))
    bad = nst("models", "verify")
    assert bad.code == 1
    assert bad.err.startswith("error: mine.onnx")
    assert "compact: good" in bad.out
    assert nst("models", "verify", "compact").code == 0


def test_presets_are_listed(nst: Nst) -> None:
    outcome = nst("presets")
    assert outcome.code == 0
    assert [line.split("\t")[0] for line in outcome.out.splitlines()] == list(PRESETS)
