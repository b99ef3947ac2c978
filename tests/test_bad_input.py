"""Whatever is wrong with the input: one clear line on standard error, an exit code, and no file changed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from support.bad_files import Files, bomb, compact, flat_model, foreign, nan_tiff, npz, of, picture, with_nan
from support.checkout import ROOT
from support.command import Outcome

from nst_onnx.runtime import available

Nst = Callable[..., Outcome]


class Case(NamedTuple):
    """A bad command line. `files` are made first; `says` must match the line on standard error."""

    name: str
    words: str
    says: str
    files: Callable[[], Files] = dict
    code: int = 1


def stylize(more: str, content: str = "content.png", style: str = "style.png", out: str = "out.png") -> str:
    """Return a good line with something more, or instead."""
    return f"stylize {content} {style} -o {out} --size 32 --steps 2 {more}"


PICTURES = [
    Case("no content", "stylize '' style.png -o out.png", r"content.*name is empty"),
    Case("missing content", stylize("", content="nothing.png"), r"nothing\.png.*no such file"),
    Case("missing style", stylize("", style="nothing.png"), r"nothing\.png.*no such file"),
    Case("missing second style", stylize("", style="style.png nothing.png"), r"nothing\.png.*no such file"),
    Case("empty content", stylize("", content="bad.png"), r"bad\.png.*empty", of(bad_png=b"")),
    Case("empty style", stylize("", style="bad.jpg"), r"bad\.jpg.*empty", of(bad_jpg=b"")),
    Case("truncated png", stylize("", content="bad.png"), r"bad\.png", lambda: {"bad.png": picture()[:-40]}),
    Case("text as a picture", stylize("", content="bad.png"), r"bad\.png", of(bad_png="not a picture\n")),
    Case("svg", stylize("", style="bad.svg"), r"bad\.svg.*SVG", of(bad_svg="<svg width='9' height='9'/>")),
    Case("pdf", stylize("", style="bad.pdf"), r"bad\.pdf.*PDF", of(bad_pdf="%PDF-1.7\n%…\n")),
    Case(
        "decompression bomb", stylize("", content="bad.png"), r"bad\.png.*60000", lambda: {"bad.png": bomb()}
    ),
    Case("NaN in a tiff", stylize("", content="bad.tif"), r"bad\.tif", lambda: {"bad.tif": nan_tiff()}),
    Case("folder as content", stylize("", content="folder"), r"folder", lambda: {"folder/x": b""}),
    Case("missing init", stylize("--init nothing.png"), r"nothing\.png"),
    Case("text as init", stylize("--init bad.png"), r"bad\.png", of(bad_png="not a picture\n")),
    Case("bad picture to compare", "compare content.png no.png -o out.png --size 32 --steps 2", r"no\.png"),
]
OUTPUTS = [
    Case("no output", "stylize content.png style.png", r"'--output'", code=2),
    Case(
        "output is a folder",
        stylize("", out="folder.png"),
        r"folder\.png.*folder",
        lambda: {"folder.png/x": b""},
    ),
    Case("output folder missing", stylize("", out="no/out.png"), r"no folder no"),
    Case("output under a file", stylize("", out="style.png/out.png"), r"style\.png"),
    Case("unknown suffix", stylize("", out="out.xyz"), r"\.xyz.*\.png"),
    Case("no suffix", stylize("", out="out"), r"without a suffix"),
    Case("16 bits as jpeg", stylize("--bits 16", out="out.jpg"), r"16 bits"),
    Case("12 bits", stylize("--bits 12"), r"12", code=2),
    Case("0 bits", stylize("--bits 0"), r"8 or 16 bits, not 0", code=2),
    Case("quality too high", stylize("--jpeg-quality 101", out="out.jpg"), r"quality.*101", code=2),
    Case("quality 0", stylize("--jpeg-quality 0", out="out.jpg"), r"quality.*0", code=2),
    Case("output is the content", stylize("", out="content.png"), r"content\.png is an input"),
    Case("output is a style", stylize("", out="./style.png"), r"style\.png is an input"),
    Case("must not replace", stylize("--no-overwrite", out="style2.png"), r"exists", of(style2_png=b"x")),
    Case("preview unknown", stylize("--preview p.gif"), r"p\.gif"),
    Case("preview is the output", stylize("--preview out.png"), r"out\.png.*twice"),
    Case("plot unknown", stylize("--plot losses.xyz"), r"losses\.xyz.*\.svg"),
    Case("plot folder missing", stylize("--plot no/losses.png"), r"no folder no"),
    Case("plot over an input", stylize("--plot style.png"), r"style\.png is an input"),
    Case(
        "numbered picture over an input",
        stylize("--save-every 1", content="out-0002.png"),
        r"out-0002\.png is an input",
        lambda: {"out-0002.png": picture()},
    ),
    Case("save every 0", stylize("--save-every 0"), r"--save-every.*0", code=2),
    Case("sheet of unknown suffix", "compare content.png style.png -o sheet.xyz", r"\.xyz"),
]
VALUES = [
    Case("no styles", "stylize content.png -o out.png", r"'STYLE", code=2),
    Case("size 0", stylize("--size 0"), r"size.*at least 1", code=2),
    Case("negative size", stylize("--size -5"), r"size.*-5", code=2),
    Case("negative width", stylize("--size -5x20"), r"size.*-5", code=2),
    Case("huge size", stylize("--size 100000"), r"size.*100000", code=2),
    Case("size in words", stylize("--size big"), r"size: 'big'", code=2),
    Case("half a size", stylize("--size 400x"), r"size: '400x'", code=2),
    Case("strength above 1", stylize("--strength 1.5"), r"strength.*1\.5", code=2),
    Case("strength NaN", stylize("--strength nan"), r"strength.*nan", code=2),
    Case("style weight NaN", stylize("--style-weight nan"), r"style_weight.*nan", code=2),
    Case("style weight infinite", stylize("--style-weight inf"), r"style_weight.*inf", code=2),
    Case("content weight negative", stylize("--content-weight -1"), r"content_weight.*-1", code=2),
    Case("tv weight NaN", stylize("--tv-weight nan"), r"tv_weight.*nan", code=2),
    Case("nothing to optimise", stylize("--content-weight 0 --style-weight 0"), r"nothing to optimise"),
    Case("too many style weights", stylize("--style-weights 1,2"), r"style_weights.* 2 .* 1 style"),
    Case(
        "style weights all zero",
        stylize("--style-weights 0,0", style="style.png content.png"),
        r"all zero",
        code=2,
    ),
    Case("style weight NaN of one", stylize("--style-weights nan"), r"style_weights: 'nan'.*finite", code=2),
    Case("style weight negative of one", stylize("--style-weights -1"), r"style_weights.*-1", code=2),
    Case("style weights in words", stylize("--style-weights much"), r"'much'.*not a number", code=2),
    Case("style weights with a hole", stylize("--style-weights 1,,2"), r"'1,,2'", code=2),
    Case("unknown style layer", stylize("--style-layers conv9_9"), r"conv9_9"),
    Case("unknown content layer", stylize("--content-layers relu"), r"relu"),
    Case("layer twice", stylize("--style-layers conv1_1,conv1_1"), r"twice", code=2),
    Case("layer weight in words", stylize("--style-layers conv1_1=much"), r"style_layers: 'much'", code=2),
    Case("layer weights all zero", stylize("--style-layers conv1_1=0"), r"style_layers.*zero", code=2),
    Case("weight of no layer", stylize("--style-layers =1"), r"no layer", code=2),
    Case("unknown preset", stylize("--preset picasso"), r"'picasso'.*neural-style", code=2),
    Case("preset beyond the model", stylize("--preset course --model compact"), r"course.*vgg19"),
    Case("preset for vgg16", stylize("--preset narayanan"), r"vgg16.*fetch"),
    Case("unknown pooling", stylize("--pooling median"), r"pooling.*max.*'median'", code=2),
    Case("unknown colour", stylize("--preserve-colour red"), r"preserve_colour.*'red'", code=2),
    Case("unknown optimiser", stylize("--optimiser sgd"), r"optimiser.*'sgd'", code=2),
    Case("unknown quality", stylize("--quality splendid"), r"quality.*fast.*'splendid'", code=2),
    Case("no steps", stylize("--steps 0"), r"steps.*0", code=2),
    Case("half a step", stylize("--steps 1.5"), r"'--steps'", code=2),
    Case("negative seconds", stylize("--max-seconds -1"), r"max_seconds.*-1", code=2),
    Case("memory in bananas", stylize("--max-memory 12bananas"), r"max_memory.*2GB.*'12bananas'", code=2),
    Case("hardly any memory", stylize("--max-memory 3MB"), r"max_memory.*at least \d+MB.*3MB", code=2),
    Case("learning rate 0", stylize("--learning-rate 0"), r"learning_rate.*0", code=2),
    Case("averaging 1", stylize("--averaging 1"), r"averaging.*1", code=2),
    Case("negative seed", stylize("--seed -1"), r"seed.*-1", code=2),
    Case("style scale 0", stylize("--style-scale 0"), r"style_scale.*0", code=2),
    Case("unknown option", stylize("--sise 3"), r"--sise", code=2),
    Case("unknown command", "stilize content.png style.png", r"stilize", code=2),
    Case(
        "too much to compare",
        f"compare content.png style.png -o out.png --seed {','.join('1' * 200)}",
        r"200",
        code=2,
    ),
    Case(
        "bad value to compare",
        "compare content.png style.png -o out.png --strength 0.5,2",
        r"strength.*2",
        code=2,
    ),
    Case(
        "unknown preset to compare", "compare content.png style.png -o out.png --preset a,b", r"'a'", code=2
    ),
]
MODELS = [
    Case("unknown model", stylize("--model nothing"), r"'nothing'"),
    Case("folder as model", stylize("--model folder"), r"folder", lambda: {"folder/x": b""}),
    Case("vgg19 not there", stylize("--model vgg19"), r"vgg19 is not installed.*fetch"),
    Case("text as model", stylize("--model bad.onnx"), r"bad\.onnx", of(bad_onnx="not a model\n")),
    Case("empty model", stylize("--model bad.onnx"), r"bad\.onnx", of(bad_onnx=b"")),
    Case(
        "truncated model",
        stylize("--model bad.onnx"),
        r"bad\.onnx",
        lambda: {"bad.onnx": compact().SerializeToString()[:99999]},
    ),
    Case("NaN in a model", stylize("--model bad.onnx"), r"bad\.onnx.*NaN", lambda: {"bad.onnx": with_nan()}),
    Case(
        "model without facts",
        stylize("--model f.onnx"),
        r"f\.onnx does not declare.*--channel-order, --scale, --mean and --std",
        lambda: {"f.onnx": foreign()},
    ),
    Case(
        "mean of a model that says its own", stylize("--mean 1"), r"compact\.onnx declares its own.*Leave out"
    ),
    Case("adding a picture", "models add content.png", r"content\.png is not an ONNX model.*\.safetensors"),
    Case(
        "operator without a rule",
        stylize("--model f.onnx --scale 255 --style-layers y --content-layers y"),
        r"Sinh",
        lambda: {"f.onnx": foreign("Sinh")},
    ),
    Case(
        "model of six channels",
        stylize("--model f.onnx --scale 255"),
        r"f\.onnx",
        lambda: {"f.onnx": foreign(channels=6)},
    ),
    Case(
        "model of no picture",
        stylize("--model f.onnx --scale 1"),
        r"f\.onnx",
        lambda: {"f.onnx": flat_model()},
    ),
    Case("std 0", stylize("--model f.onnx --std 0"), r"std", lambda: {"f.onnx": foreign()}, code=2),
    Case("two means", stylize("--mean 1,2"), r"'1,2'", code=2),
    Case("cyan", stylize("--channel-order CMY"), r"channel_order.*CMY", code=2),
    Case("scale NaN", stylize("--scale nan"), r"scale", code=2),
    Case(
        "weights of something else", stylize("--model w.npz"), r"w\.npz", lambda: {"w.npz": npz(a=np.ones(3))}
    ),
    Case("text as weights", stylize("--model w.h5"), r"w\.h5", of(w_h5="not weights\n")),
    Case("unknown device", stylize("--device tpu"), r"'tpu'"),
    Case("negative threads", stylize("--threads -1"), r"threads.*-1", code=2),
    Case("adding nothing", "models add nothing.h5", r"nothing\.h5"),
    Case("adding text", "models add w.mat", r"w\.mat", of(w_mat="not weights\n")),
    Case(
        "adding under a path",
        "models add f.onnx --scale 1 --name a/b",
        r"'a/b'",
        lambda: {"f.onnx": foreign()},
    ),
    Case("fetching nothing", "models fetch alexnet", r"'alexnet'.*vgg19"),
    Case("fetching no address", "models fetch vgg19 --url ftp://x/y", r"ftp://x/y"),
    Case("about nothing", "models info nothing", r"'nothing'"),
    Case("removing the shipped model", "models remove compact --yes", r"compact.*ships with nst-onnx"),
    Case("removing nothing", "models remove", r"--conversions"),
    Case("verifying nothing", "models verify nothing", r"'nothing'"),
    Case("settings of another picture", "settings content.png", r"content\.png"),
    Case("settings of text", "settings t.png", r"t\.png", of(t_png="text")),
]
CONFIGS = [
    Case("missing config", stylize("--config no.toml"), r"no\.toml", code=2),
    Case("no toml", stylize("--config c.toml"), r"c\.toml is not TOML", of(c_toml="strength 0.5\n"), code=2),
    Case("not text", stylize("--config c.toml"), r"c\.toml is not TOML", of(c_toml=b"\xff\xfe\x00"), code=2),
    Case(
        "unknown key",
        stylize("--config c.toml"),
        r"'strenght'.*strength",
        of(c_toml="strenght = 1\n"),
        code=2,
    ),
    Case("a table", stylize("--config c.toml"), r"'picture'", of(c_toml="[picture]\nsize = 3\n"), code=2),
    Case(
        "wrong kind", stylize("--config c.toml"), r"style_layers.*5", of(c_toml="style_layers = 5\n"), code=2
    ),
    Case(
        "switch in words",
        stylize("--config c.toml"),
        r"pyramid.*'yes'",
        of(c_toml='pyramid = "yes"\n'),
        code=2,
    ),
    Case(
        "NaN in a config", stylize("--config c.toml"), r"strength.*nan", of(c_toml="strength = nan\n"), code=2
    ),
    Case(
        "zero weights",
        stylize("--config c.toml"),
        r"style_weights",
        of(c_toml="style_weights = [0]\n"),
        code=2,
    ),
    Case(
        "bad size",
        stylize("--config c.toml").replace("--size 32", ""),
        r"size",
        of(c_toml="size = [1,2,3]\n"),
        code=2,
    ),
]
STATES = [
    Case("text as a state", stylize("--resume s.npz"), r"s\.npz.*not a saved state", of(s_npz="text")),
    Case("empty state", stylize("--resume s.npz"), r"s\.npz.*not a saved state", of(s_npz=b"")),
    Case(
        "arrays of something else",
        stylize("--resume s.npz"),
        r"s\.npz.*not a saved state",
        lambda: {"s.npz": npz(head=np.asarray("{}"), x=np.ones(3))},
    ),
    Case("picture as a state", stylize("--resume style.png"), r"style\.png"),
    Case("folder as a state", stylize("--resume folder"), r"folder", lambda: {"folder/x": b""}),
    Case("state in no folder", stylize("--resume no/s.npz"), r"no folder no"),
]
CASES = PICTURES + OUTPUTS + VALUES + MODELS + CONFIGS + STATES


def contents(folder: Path) -> Files:
    """Return every file below a folder with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def make(files: Files) -> None:
    for name, body in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(body)


def check_one_line(err: str, says: str) -> None:
    assert err.startswith("error: ")
    assert err.endswith((".\n", "?\n"))
    assert err.count("\n") == 1, err
    assert re.search(says, err), err
    assert "Traceback" not in err
    assert "bug" not in err


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
def test_one_line_and_nothing_written(case: Case, pair: Path, nst: Nst) -> None:
    make(case.files())
    before = contents(pair)
    outcome = nst(*shlex.split(case.words))
    assert outcome.code == case.code
    assert outcome.out == ""
    check_one_line(outcome.err, case.says)
    assert contents(pair) == before


@pytest.mark.parametrize("words", [stylize("--style-layers conv9_9"), stylize("", style="no.png")])
def test_what_was_there_stays(words: str, pair: Path, nst: Nst) -> None:
    shutil.copy("style.png", "out.png")
    before = contents(pair)
    assert nst(*words.split()).code == 1
    assert contents(pair) == before


@pytest.mark.skipif("cuda" in available(), reason="there is a GPU here, so asking for one is no error")
def test_gpu_where_there_is_none(pair: Path, nst: Nst) -> None:
    check_one_line(nst(*stylize("--device cuda").split()).err, "cuda.*gpu")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_may_not_be_written(pair: Path, nst: Nst) -> None:
    Path("locked").mkdir(mode=0o500)
    check_one_line(nst(*stylize("", out="locked/out.png").split()).err, "locked")


def test_state_of_another_run(pair: Path, nst: Nst) -> None:
    from nst_onnx.painting.stylizer import Stylizer

    step = next(Stylizer().steps("content.png", "style.png", size=32, steps=3))
    step.checkpoint().save("s.npz")
    before = contents(pair)
    check_one_line(nst(*stylize("--resume s.npz --seed 5").split()).err, "other pictures")
    assert contents(pair) == before


def test_truncated_state(pair: Path, nst: Nst) -> None:
    from nst_onnx.painting.stylizer import Stylizer

    step = next(Stylizer().steps("content.png", "style.png", size=32, steps=3))
    step.checkpoint().save("s.npz")
    Path("s.npz").write_bytes(Path("s.npz").read_bytes()[:-500])
    check_one_line(nst(*stylize("--resume s.npz").split()).err, "s.npz.*damaged")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (stylize("", content="no.png"), 1, "no such file"),
        (stylize("--preset no"), 2, "'no'"),
        (stylize("--steps x"), 2, "--steps"),
    ],
)
def test_as_a_process(words: str, code: int, says: str, pair: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nst_onnx", *words.split()],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == code
    assert done.stdout == ""
    check_one_line(done.stderr, says)
    assert not Path("out.png").exists()
