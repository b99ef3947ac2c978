"""Batches painted by a real cluster of Ray on this machine, with workers that are killed half-way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import clusters
from support.checkout import ROOT
from support.clusters import PATIENCE, wait_for
from support.command import Outcome
from support.pictures import smooth_picture

import nst_onnx
from nst_onnx.errors import ClusterError, ModelError, OptionError, PictureError
from nst_onnx.jobs.batch import Ending, Job, Progress, grid
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.picture import read, read_settings

pytest.importorskip("ray", reason="needs nst-onnx[cluster]")

from nst_onnx.jobs.batch.ray_pool import RayPool
from nst_onnx.jobs.ray.connect import connect
from nst_onnx.jobs.ray.supervisor import TRIES

Nst = Callable[..., Outcome]
OPTIONS: dict[str, Any] = {"size": 32, "steps": 30, "min_change": 0.0, "pyramid": False}


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    with clusters.local() as cluster:
        yield cluster


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with four photos and two styles."""
    for number, name in enumerate(("photos/a", "photos/b", "photos/c", "photos/ü", "styles/x", "styles/y")):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        smooth_picture(40, 48, seed=number).save(path)
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings(**more: Any) -> BatchSettings:
    return BatchSettings(model="compact", device="cpu", threads=1, options=OPTIONS | more)


def endings(pool: RayPool, jobs: list[Job], meanwhile: Callable[[int, Any], None]) -> list[Ending]:
    found = {}
    for number, event in pool.run(jobs):
        meanwhile(number, event)
        if isinstance(event, Ending):
            assert number not in found, "a job ends once"
            found[number] = event
    return [found[number] for number in sorted(found)]


def painters(driver: int | None = None) -> list[int]:
    return clusters.actors("JobActor", driver)


def under_way(event: Any) -> bool:
    return isinstance(event, Progress) and event.iteration > 0


def test_the_pictures_are_those_of_this_machine(ray: Any, folder: Path) -> None:
    """Bit for bit: the same network on the same kind of processor."""
    jobs = grid(["photos"], ["styles"], "out")
    there = list(
        nst_onnx.stylize_batch(
            jobs, model="compact", device="cpu", threads=1, processes=4, ray="auto", **OPTIONS
        )
    )
    assert [outcome.state for outcome in there] == ["painted"] * 8
    (outcome,) = nst_onnx.stylize_batch(
        [Job("photos/ü.png", "styles/y.png", "here.png")],
        model="compact",
        device="cpu",
        threads=1,
        **OPTIONS,
    )
    assert outcome.losses == next(o for o in there if Path(o.job.output).name == "ü-y.png").losses
    assert (read("here.png").rgb == read("out/ü-y.png").rgb).all()
    assert {path.name for path in (folder / "out").iterdir()} == {Path(job.output).name for job in jobs}
    wait_for(lambda: not painters())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_no_picture_is_lost_with_a_worker(ray: Any, folder: Path) -> None:
    """One of four is killed, as by the system or with its machine, while it paints."""
    killed: list[int] = []

    def meanwhile(number: int, event: Any) -> None:
        if not killed and under_way(event):
            killed.extend(painters()[:1])
            os.kill(killed[0], signal.SIGKILL)

    jobs = grid(["photos"], ["styles"], "out")
    found = endings(RayPool(ray, settings(steps=200), 4), jobs, meanwhile)
    assert killed
    assert [ending.state for ending in found] == ["painted"] * len(jobs)
    assert all(Path(job.output).exists() for job in jobs)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_picture_that_kills_every_worker_fails(ray: Any, folder: Path) -> None:
    """The others are painted, by workers that take the places of the dead."""
    deaths = 0

    def meanwhile(number: int, event: Any) -> None:
        nonlocal deaths
        if number == 0 and under_way(event):
            for painter in painters():
                os.kill(painter, signal.SIGKILL)
            deaths += 1

    jobs = grid(["photos/[ab].png"], ["styles/x.png"], "out")
    found = endings(RayPool(ray, settings(steps=500), 1), jobs, meanwhile)
    assert deaths == TRIES
    assert [ending.state for ending in found] == ["failed", "painted"]
    assert "workers died" in str(found[0].error)
    assert [Path(job.output).exists() for job in jobs] == [False, True]


def test_bad_files_are_called_by_their_names_here(ray: Any, folder: Path) -> None:
    (folder / "photos" / "broken.png").write_text("no picture")
    jobs = grid(["photos/broken.png", "photos/gone.png", "photos/a.png"], ["styles/x.png"], "out")
    broken, gone, good = endings(RayPool(ray, settings(), 1), jobs, lambda *_: None)
    assert good.state == "painted"
    for ending, name in ((broken, "photos/broken.png"), (gone, "photos/gone.png")):
        assert isinstance(ending.error, PictureError)
        assert f"cannot read the content picture {name}" in str(ending.error)


def test_arrays_travel_too_and_so_does_a_picture_to_start_from(ray: Any, folder: Path) -> None:
    import numpy as np

    job = Job(np.asarray(smooth_picture(24, 24, seed=7)), ["styles/x.png", "styles/y.png"], "out/blend.tif")
    (ending,) = endings(RayPool(ray, settings(init="photos/b.png"), 1), [job], lambda *_: None)
    assert ending.state == "painted", ending.error
    stored = read_settings("out/blend.tif")
    assert stored is not None
    assert (stored["styles"], stored["init"]) == (["x.png", "y.png"], "b.png")


def test_stopping(ray: Any, folder: Path) -> None:
    pool = RayPool(ray, settings(steps=100_000), 1)
    jobs = grid(["photos"], ["styles"], "out")
    found = endings(pool, jobs, lambda _, event: pool.stop() if under_way(event) else None)
    assert [ending.state for ending in found] == ["interrupted"]
    assert not list((folder / "out").iterdir())


def test_what_cannot_begin_is_told(ray: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = grid(["photos"], ["styles"], "out")
    with pytest.raises(nst_onnx.NstError, match="no such model"):
        RayPool(ray, BatchSettings(model="no such model"), 1)
    with pytest.raises(OptionError, match="at least one worker"):
        RayPool(ray, settings(), 0)
    with pytest.raises(ClusterError, match="no GPU"):
        RayPool(ray, BatchSettings(device="cuda"))
    (folder / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"broken\.onnx"):  # raised in the worker
        list(RayPool(ray, BatchSettings(model="broken.onnx", device="cpu"), 1).run(jobs))
    monkeypatch.setattr("nst_onnx.jobs.ray.supervisor.__version__", "9.9.9")
    with pytest.raises(ClusterError, match=r"not 9\.9\.9"):
        list(RayPool(ray, settings(), 1).run(jobs))


def test_a_connection_that_there_is_is_used_and_stays(ray: Any) -> None:
    with connect("10.255.255.1:1") as same:
        assert same is ray
    assert ray.is_initialized()


# ---- the command, as a process of its own


def command(folder: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "nst_onnx", "batch", "photos", "--styles", "styles/x.png", "-o", "out"),
            *("--size", "48", "--no-pyramid", "--min-change", "0", "--model", "compact", "--device", "cpu"),
            *more,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"} | {"PYTHONPATH": str(ROOT)},
    )


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks at processes in Linux's way")
def test_the_command_with_a_cluster_of_its_own(folder: Path) -> None:
    """A worker is killed meanwhile; nothing of Ray is to be read."""
    child = command(folder, "--ray", "local", "--jobs", "2", "--steps", "200", "--json")
    wait_for(lambda: child.poll() is not None or (list(folder.glob("out/*.png")) and painters(child.pid)))
    os.kill(painters(child.pid)[0], signal.SIGKILL)
    out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, err
    assert json.loads(out)["painted"] == 4
    assert [line for line in err.splitlines() if "out/" not in line] == ["4 pictures: 4 painted"]


def test_nobody_at_the_address(folder: Path, nst: Nst, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    line = ("batch", "photos", "--styles", "styles", "-o", "out", "--ray")
    for address in ("127.0.0.1:9", "ray://127.0.0.1:9"):
        done = nst(*line, address)
        assert done.code == 1
        assert done.err.startswith(f"error: no cluster answers at {address}")
        assert done.err.count("\n") == 1


def test_without_ray_it_says_what_to_install(folder: Path, nst: Nst, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = nst("batch", "photos", "--styles", "styles", "-o", "out", "--ray")
    assert done.code == 1
    assert 'pip install "nst-onnx[cluster]"' in done.err
    assert done.err.count("\n") == 1
