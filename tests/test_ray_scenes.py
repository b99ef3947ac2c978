"""Films painted by a real cluster of Ray on this machine, with workers that are killed half-way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import clusters
from support.checkout import ROOT
from support.clips import HEIGHT, WIDTH, packets, save, scene, times
from support.clusters import PATIENCE, wait_for
from support.command import Outcome
from support.networks import vgg_network
from support.pictures import smooth_picture

import nst_onnx
from nst_onnx.cli.errors import INTERRUPTED
from nst_onnx.errors import ClusterError, OptionError, PictureError
from nst_onnx.jobs.video import FrameStep, encode, stylize_video
from nst_onnx.jobs.video.decode import Film
from nst_onnx.objective.sessions import Network

pytest.importorskip("ray", reason="needs nst-onnx[cluster]")
pytest.importorskip("av", reason='needs the extra "video"')
pytest.importorskip("cv2", reason='needs the extra "video"')

from nst_onnx.jobs.ray.supervisor import TRIES
from nst_onnx.jobs.video.ray_scenes import ScenePool

Nst = Callable[..., Outcome]
LENGTHS = (3, 2, 4)
FRAMES, CUTS = sum(LENGTHS), (0, 3, 5)
QUICK: dict[str, Any] = {"steps": 12, "frame_steps": 4, "size": (WIDTH, HEIGHT)}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    with clusters.local() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return vgg_network(tmp_path_factory.mktemp("vgg19"))


@pytest.fixture(scope="module")
def style() -> np.ndarray:
    return scene(1, seed=77)[0]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of three scenes. The encoder does not always give the same: so there is one for all tests."""
    frames = [frame for seed, length in enumerate(LENGTHS) for frame in scene(length, seed)]
    return save(tmp_path_factory.mktemp("film") / "film.mkv", frames, sound="aac")


@pytest.fixture
def film(tmp_path: Path, recorded: Path) -> Path:
    return Path(shutil.copy(recorded, tmp_path))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.mp4"


@pytest.fixture(scope="module")
def expected(recorded: Path, network: Network, style: np.ndarray) -> list[bytes]:
    """The frames as they are kept by a run on this machine."""
    out = recorded.with_name("out.mp4")
    with pytest.MonkeyPatch.context() as patch:
        found = kept_by(patch, out)
        stylize_video(recorded, style, out, model=network, **QUICK)
    return found


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, out: Path) -> list[bytes]:
    """The frames that are kept when the film is written."""
    return kept_by(monkeypatch, out)


def kept_by(patch: pytest.MonkeyPatch, out: Path) -> list[bytes]:
    found: list[bytes] = []
    whole = encode.encode

    def watch(film: Film, frames: Iterable[np.ndarray], *more: Any) -> None:
        found[:] = [path.read_bytes() for path in sorted(out.with_name(f"{out.name}.nst-onnx").glob("*.png"))]
        whole(film, frames, *more)

    patch.setattr(encode, "encode", watch)
    return found


def painters(driver: int | None = None, *, at: str = "") -> list[int]:
    return clusters.actors(f"SceneActor{at}", driver)


def stopping_after(count: int) -> Callable[[FrameStep], None]:
    """A callback that ends the run as a Ctrl-C would."""

    def stop(step: FrameStep) -> None:
        if step.frame == count:
            raise KeyboardInterrupt

    return stop


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_the_frames_are_those_of_this_machine(
    ray: Any,
    film: Path,
    out: Path,
    style: np.ndarray,
    network: Network,
    kept: list[bytes],
    expected: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bit for bit, with as many workers as there are scenes."""
    steps: list[FrameStep] = []
    started: list[Any] = []
    start = ScenePool._start_worker
    monkeypatch.setattr(ScenePool, "_start_worker", lambda pool: started.append(start(pool)) or started[-1])

    result = stylize_video(
        film, style, out, model=network, ray="auto", workers=4, callback=steps.append, **QUICK
    )
    assert (result.frames, result.painted, result.scenes) == (FRAMES, FRAMES, CUTS)
    assert kept == expected
    assert times(out) == times(film)
    assert [data for _, data in packets(out)] == [data for _, data in packets(film)]
    assert len(started) == len(LENGTHS)
    assert [step.frame for step in steps] == list(range(FRAMES))
    assert all(step.iteration == step.iterations > 0 and step.losses["total"] > 0 for step in steps)
    assert listing(out.parent) == {"film.mkv", "out.mp4"}
    wait_for(lambda: not painters())


def test_no_frame_is_lost_with_a_worker(
    ray: Any,
    film: Path,
    out: Path,
    style: np.ndarray,
    network: Network,
    kept: list[bytes],
    expected: list[bytes],
) -> None:
    """One of two is killed, as by the system or with its machine, while it paints."""
    killed: list[int] = []

    def meanwhile(step: FrameStep) -> None:
        if step.frame == 1:
            wait_for(lambda: painters(at=".paint"))
            killed.extend(painters(at=".paint")[:1])
            os.kill(killed[0], signal.SIGKILL)

    result = stylize_video(
        film, style, out, model=network, ray="auto", workers=2, callback=meanwhile, **QUICK
    )
    assert killed
    assert result.painted == FRAMES, "what came back before is not painted again"
    assert kept == expected


@pytest.mark.slow
def test_a_frame_that_kills_every_worker_ends_the_run(
    ray: Any, film: Path, out: Path, style: np.ndarray, network: Network
) -> None:
    deaths: set[int] = set()
    ended = threading.Event()

    def kill() -> None:
        while not ended.wait(0.1):
            for painter in set(painters(at=".paint")) - deaths:
                os.kill(painter, signal.SIGKILL)
                deaths.add(painter)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(ClusterError, match="workers died while they painted frame 1:"):
            stylize_video(
                film, style, out, model=network, ray="auto", workers=1, **QUICK | {"steps": 100_000}
            )
    finally:
        ended.set()
        killer.join()
    assert len(deaths) == TRIES
    assert listing(out.parent) == {"film.mkv"}


@pytest.mark.parametrize("first", ["auto", None])
def test_with_and_without_a_cluster_go_on_from_each_other(
    ray: Any,
    film: Path,
    out: Path,
    style: np.ndarray,
    network: Network,
    kept: list[bytes],
    expected: list[bytes],
    first: str | None,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        stylize_video(
            film, style, out, model=network, ray=first, callback=stopping_after(CUTS[1] + 1), **QUICK
        )
    done = len(list(out.with_name("out.mp4.nst-onnx").glob("*.png")))
    assert CUTS[1] < done < FRAMES
    second = None if first else "auto"
    steps: list[FrameStep] = []
    result = stylize_video(film, style, out, model=network, ray=second, callback=steps.append, **QUICK)
    assert result.painted == FRAMES - done
    assert result.scenes == CUTS
    assert len([step for step in steps if step.iteration == 0]) == done
    assert kept == expected


def test_a_hole_is_filled(
    ray: Any,
    film: Path,
    out: Path,
    style: np.ndarray,
    network: Network,
    kept: list[bytes],
    expected: list[bytes],
) -> None:
    """Frames that were damaged meanwhile, in a scene of which later ones are done."""
    with pytest.raises(KeyboardInterrupt):
        stylize_video(film, style, out, model=network, callback=stopping_after(FRAMES - 1), **QUICK)
    damaged = out.with_name("out.mp4.nst-onnx") / "000007.png"
    damaged.write_bytes(damaged.read_bytes()[:200])
    result = stylize_video(film, style, out, model=network, ray="auto", **QUICK)
    assert result.painted == 2
    assert kept == expected


def test_a_picture_to_start_from_travels(
    ray: Any, film: Path, out: Path, style: np.ndarray, network: Network, kept: list[bytes]
) -> None:
    start = out.with_name("start.png")
    smooth_picture(WIDTH, HEIGHT, seed=5).save(start)
    stylize_video(film, style, out, model=network, init=str(start), **QUICK)
    here = list(kept)
    stylize_video(film, style, out, model=network, init=str(start), ray="auto", **QUICK)
    assert kept == here


def test_regions_and_what_is_kept_are_the_same_bits(
    ray: Any, film: Path, out: Path, style: np.ndarray, network: Network, kept: list[bytes]
) -> None:
    left, top = np.zeros((HEIGHT, WIDTH), np.float32), np.zeros((HEIGHT, WIDTH), np.float32)
    left[:, : WIDTH // 2], top[: HEIGHT // 3] = 1, 1
    other = smooth_picture(WIDTH, HEIGHT, seed=6)
    regions = [nst_onnx.Region(left, style), nst_onnx.Region("rest", np.asarray(other))]
    given: dict[str, Any] = {"regions": regions, "keep": top} | QUICK
    films, frames = [], []
    for cluster in (None, "auto"):
        stylize_video(film, (), out, model=network, ray=cluster, **given)
        films.append(out.read_bytes())
        frames.append(list(kept))
    assert frames[0] == frames[1]
    assert films[0] == films[1]


def test_what_cannot_begin_is_told(
    ray: Any,
    film: Path,
    out: Path,
    style: np.ndarray,
    network: Network,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(**more: Any) -> None:
        stylize_video(film, style, out, model=network, **QUICK | {"ray": "auto"} | more)

    with pytest.raises(OptionError, match="at least one worker"):
        run(workers=0)
    with pytest.raises(OptionError, match="of a cluster"):
        run(ray=None, workers=2)
    with pytest.raises(PictureError):  # what only the network can tell is told by a worker
        run(size=(14, 14))
    monkeypatch.setattr("nst_onnx.jobs.ray.supervisor.__version__", "9.9.9")
    with pytest.raises(ClusterError, match=r"not 9\.9\.9"):
        run()
    assert listing(out.parent) == {"film.mkv"}


# ---- the command

LINE = ("video", "film.mkv", "style.png", "-o", "out.mp4", "--device", "cpu", "--steps", "6")


@pytest.fixture
def folder(film: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a film and a style."""
    smooth_picture(60, 60, seed=3).save(film.with_name("style.png"))
    monkeypatch.chdir(film.parent)
    return film.parent


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks at processes in Linux's way")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_command_is_stopped_and_goes_on_without(folder: Path, nst: Nst, number: int) -> None:
    line = (*LINE, "--frame-steps", "20", "--json")
    child = subprocess.Popen(
        [sys.executable, "-m", "nst_onnx", *line, "--ray", "local", "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={k: v for k, v in os.environ.items() if k != "RAY_ADDRESS"} | {"PYTHONPATH": str(ROOT)},
    )
    wait_for(lambda: child.poll() is not None or len(list(folder.glob("*.nst-onnx/*.png"))) > 2)
    child.send_signal(number)
    _, err = child.communicate(timeout=PATIENCE)
    assert "Traceback" not in err
    if number != signal.SIGKILL:
        assert child.returncode == INTERRUPTED
        assert f"of {FRAMES} frames are kept, the same command resumes" in err
    done = len(list(folder.glob("*.nst-onnx/*.png")))
    facts = json.loads(nst(*line).out)
    assert facts["painted"] == FRAMES - done < FRAMES
    assert times(folder / "out.mp4") == times(folder / "film.mkv")


def test_nobody_at_the_address(folder: Path, nst: Nst, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    before = listing(folder)
    for address in ("127.0.0.1:9", "ray://127.0.0.1:9"):
        done = nst(*LINE, "--quiet", "--ray", address)
        assert done.code == 1
        assert done.err.startswith(f"error: no cluster answers at {address}")
        assert done.err.count("\n") == 1
    assert listing(folder) == before


def test_without_ray_it_says_what_to_install(folder: Path, nst: Nst, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    done = nst(*LINE, "--quiet", "--ray")
    assert done.code == 1
    assert 'pip install "nst-onnx[cluster]"' in done.err
    assert done.err.count("\n") == 1
