"""One picture shared by the actors of a real cluster of Ray on this machine, some of which are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import clusters
from support.checkout import ROOT
from support.clusters import PATIENCE, wait_for
from support.command import Outcome
from support.pictures import smooth_picture

import nst_onnx
from nst_onnx.errors import ClusterError, NstError, OptionError, PictureError
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.picture import read

pytest.importorskip("ray", reason="needs nst-onnx[cluster]")

from nst_onnx.jobs.ray import shard_team, supervisor

Nst = Callable[..., Outcome]
OPTIONS: dict[str, Any] = {
    "size": 300,
    "style_scale": 0.3,
    "model": "compact",
    "device": "cpu",
    "pyramid": False,
    "steps": 6,
}
LARGE = 130 * 130  # pixels, from which on a picture is shared here
LINE = "--size 300 --model compact --device cpu --no-pyramid --min-change 0".split()

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
linux = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks at processes in Linux's way")


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    with clusters.local() as cluster:
        yield cluster


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a photo of several tiles, and a style."""
    smooth_picture(300, 120, seed=1).save(tmp_path / "photo.png")
    smooth_picture(80, 90, seed=2).save(tmp_path / "style.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nst_onnx.objective.evaluation._SPREAD", LARGE)
    return tmp_path


def shards(driver: int | None = None) -> list[int]:
    return clusters.actors("ShardActor", driver)


def test_the_picture_is_the_same_whoever_shares_it(ray: Any, folder: Path) -> None:
    """Bit for bit over 1, 2 and 4 actors; and that of one process, but for the order of sums.

    Rounding becomes more in the first steps, while nothing is known of the curvature.
    """
    at_work = []

    def look(step: nst_onnx.Step) -> None:
        at_work.append(len(shards()))

    found = {}
    for count in (1, 2, 4):
        found[count] = nst_onnx.stylize(
            "photo.png", "style.png", ray="auto", workers=count, callback=look, **OPTIONS
        )
        assert set(at_work) == {count}
        at_work.clear()
        wait_for(lambda: not shards())
    for count in (2, 4):
        np.testing.assert_array_equal(found[count].array, found[1].array)
        assert found[count].losses == found[1].losses
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nst_onnx.objective.evaluation.tile_pixels", lambda *_: LARGE)
        alone = nst_onnx.stylize("photo.png", "style.png", **OPTIONS)
    assert np.abs(alone.array - read("photo.png").rgb).max() > 0.05
    assert found[1].losses["total"] == pytest.approx(alone.losses["total"], rel=0.01)
    assert np.abs(found[1].array - alone.array).mean() < 2e-3


def test_averages_and_adam_work_too(ray: Any, folder: Path) -> None:
    """Their vectors are in this process."""
    more = {"optimiser": "adam", "averaging": 0.5, "tv_weight": 0.1}
    first, second = (
        nst_onnx.stylize("photo.png", "style.png", ray="auto", workers=count, **OPTIONS, **more)
        for count in (1, 2)
    )
    np.testing.assert_array_equal(first.array, second.array)


@posix
@linux
def test_a_worker_that_dies_and_the_way_to_go_on(ray: Any, folder: Path, nst: Nst) -> None:
    words = ("stylize", "photo.png", "style.png", "-o", "out.png", "--ray", "auto", "--workers", "2")
    state = folder / "state.npz"

    def kill() -> None:
        wait_for(lambda: steps_saved(state) >= 1)
        os.kill(shards()[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    done = nst(*words, *LINE, "--steps", "40", "--resume", "state.npz", "-q")
    killer.join()
    assert done.code == 1
    assert done.err.startswith("error: a worker of the cluster died")
    assert "give --resume state.npz again to resume" in done.err
    assert done.err.count("\n") == 1
    assert not Path("out.png").exists()
    assert not list(folder.glob("*.tmp*"))
    saved = Checkpoint.load(state)
    assert 1 <= saved.facts["iteration"] < 40
    wait_for(lambda: not shards())
    again = nst(*words, *LINE, "--steps", "40", "--resume", "state.npz", "--json")
    assert again.code == 0, again.err
    assert "resuming from state.npz" in again.err
    result = json.loads(again.out)
    assert (result["iterations"], result["complete"]) == (40, True)
    assert result["history"][: saved.facts["iteration"]] == saved.facts["history"]
    assert read("out.png").shape == (300, 120)


def test_errors_of_a_shard_are_those_of_one_process(
    ray: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where another shard, or a later question, waits for what failed."""
    from support import broken_shards

    monkeypatch.setattr(shard_team, "ShardActor", broken_shards.Failing)
    with pytest.raises(PictureError, match="no paint") as raised:
        nst_onnx.stylize("photo.png", "style.png", ray="auto", workers=2, **OPTIONS)
    assert raised.value.hint == "buy some"


def test_who_cannot_begin(ray: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="at least one worker"), shard_team.workers(count=0):
        pass
    with pytest.raises(ClusterError, match="no GPU"), shard_team.workers(device="cuda"):
        pass
    from support import broken_shards

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_team, "ShardActor", broken_shards.Unable)
        with pytest.raises(ClusterError, match=r"cannot begin: .*onnxruntime"), shard_team.workers(count=2):
            pass
    monkeypatch.setattr(supervisor, "__version__", "9.9.9")
    with pytest.raises(ClusterError, match=r"not 9\.9\.9"), shard_team.workers(count=2):
        pass
    wait_for(lambda: not shards())


def test_a_small_picture_is_painted_here(ray: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nst_onnx.objective.evaluation._SPREAD", 1 << 20)
    options = OPTIONS | {"size": 48}
    there = nst_onnx.stylize("photo.png", "style.png", ray="auto", workers=2, **options)
    np.testing.assert_array_equal(there.array, nst_onnx.stylize("photo.png", "style.png", **options).array)


# ---- the command, as a process of its own


def command(*more: str) -> subprocess.Popen[str]:
    script = (
        f"import sys; import nst_onnx.objective.evaluation as e; e._SPREAD = {LARGE}; "
        "from nst_onnx.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.Popen(
        [
            *(sys.executable, "-c", script, "stylize", "photo.png", "style.png", "-o", "out.png", *LINE),
            *("--ray", "local", "--workers", "2", "--resume", "state.npz", *more),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"} | {"PYTHONPATH": str(ROOT)},
    )


def steps_saved(state: Path) -> int:
    try:
        return int(Checkpoint.load(state).facts["iteration"])
    except NstError:
        return 0


@pytest.mark.slow
@linux
def test_interrupted_and_killed_and_finished(folder: Path) -> None:
    """Ctrl-C, which all processes of the terminal hear; then kill -9; then left alone."""
    state = folder / "state.npz"
    child = command("--steps", "40", "--preview", "preview.png", "--save-every", "1")
    wait_for(lambda: child.poll() is not None or (folder / "out-0002.png").exists())
    os.killpg(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=PATIENCE)
    assert "interrupted; the best so far is in out.png" in err
    assert read("out.png").shape == read("preview.png").shape == (300, 120)
    (folder / "out.png").unlink()
    before = steps_saved(state)
    assert before >= 2

    child = command("--steps", "40")
    wait_for(lambda: child.poll() is not None or steps_saved(state) > before)
    workers = shards(child.pid)
    assert len(workers) == 2
    child.kill()
    child.communicate(timeout=PATIENCE)
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    assert not (folder / "out.png").exists()
    assert steps_saved(state) > before

    child = command("--steps", "40", "--json")
    out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, err
    assert "resuming from state.npz" in err
    assert json.loads(out)["iterations"] == 40
    assert read("out.png").shape == (300, 120)


def test_what_the_command_cannot_do(folder: Path, nst: Nst, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    line = ("stylize", "photo.png", "style.png", "-o", "out.png", *LINE)
    done = nst(*line, "--workers", "2")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "--ray" in done.err
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    done = nst(*line, "--ray", "127.0.0.1:9")
    assert done.err.startswith("error: no cluster answers at 127.0.0.1:9")
    assert (done.code, done.err.count("\n")) == (1, 1)
    monkeypatch.setitem(sys.modules, "ray", None)
    done = nst(*line, "--ray")
    assert 'pip install "nst-onnx[cluster]"' in done.err
    assert (done.code, done.err.count("\n")) == (1, 1)
