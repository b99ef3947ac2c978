"""A backend registered from outside the package paints: whole, in tiles, in shards, with resume."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from support.command import Outcome

from nst_onnx import Stylizer
from nst_onnx.cli import completion
from nst_onnx.errors import DeviceError
from nst_onnx.objective.graphs import PICTURE
from nst_onnx.objective.shards.team import LocalTeam
from nst_onnx.painting.checkpoint import Checkpoint
from nst_onnx.painting.quality import budgets
from nst_onnx.runtime import (
    BACKENDS,
    Backend,
    BoundSession,
    Device,
    MemoryUse,
    Precision,
    available,
    choose,
    open_session,
    register,
)

Array = npt.NDArray[Any]
Feeds = Mapping[str, Array]

WHOLE = {"size": 100, "steps": 4, "pyramid": False, "min_change": 0}
TILES = WHOLE | {"size": 300, "max_memory": "512MB"}  # more pixels than MIRROR's memory model allows a tile


# ---- the new backend: a session, and a row


class MirrorSession:
    """The CPU's session behind another class; in precision "lowp" it sees pictures with 64 levels."""

    opened: list[MirrorSession]
    runs: int

    def __init__(self, model: onnx.ModelProto, device: Device, threads: int) -> None:
        self._session = open_session(model, Device("cpu"), threads)
        self.inputs, self.outputs, self.device = self._session.inputs, self._session.outputs, device
        self.opened.append(self)

    def run(self, feeds: Feeds, outputs: Iterable[str]) -> dict[str, Array]:
        MirrorSession.runs += 1
        return self._session.run({name: self.rounded(name, array) for name, array in feeds.items()}, outputs)

    def bind(self, feeds: Feeds, outputs: Mapping[str, tuple[int, ...]]) -> BoundMirror:
        return BoundMirror(self, self._session.bind(feeds, outputs))

    def rounded(self, name: str, array: Array) -> Array:
        return (
            np.round(array * 64) / np.float32(64)
            if (name, self.device.precision) == (PICTURE, "lowp")
            else array
        )


class BoundMirror:
    def __init__(self, session: MirrorSession, bound: BoundSession) -> None:
        self._session, self._bound = session, bound
        self.feeds, self.read = bound.feeds, bound.read

    def write(self, name: str, array: Array) -> None:
        self._bound.write(name, self._session.rounded(name, array))

    def run(self) -> None:
        MirrorSession.runs += 1
        self._bound.run()


MIRROR = Backend(
    kind="mirror",
    open=MirrorSession,
    is_available=lambda: True,
    install="hang one up",
    memory=MemoryUse(weights=0, aligned=22, unaligned=22),
    precisions=(Precision("lowp", MemoryUse(weights=0, aligned=3, unaligned=3)),),
)


@pytest.fixture(autouse=True)
def mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    MirrorSession.opened, MirrorSession.runs = [], 0
    monkeypatch.setitem(BACKENDS, "mirror", MIRROR)  # so that it is removed afterwards, whatever a test does
    del BACKENDS["mirror"]
    register(MIRROR)


# ---- painting with it


def picture(seed: int, height: int, width: int) -> Array:
    rng = np.random.default_rng(seed)
    coarse = rng.random((height // 6 + 1, width // 6 + 1, 3)).repeat(6, 0).repeat(6, 1)[:height, :width]
    return (0.1 + 0.6 * coarse + 0.2 * rng.random((height, width, 3))).astype(np.float32)


CONTENT, STYLE = picture(0, 300, 100), picture(1, 90, 100)


def stylizer(device: str, team: LocalTeam | None = None) -> Stylizer:
    return Stylizer("compact", device, threads=1, team=team)


def opened_for_tiles() -> list[str]:
    """The precisions of the sessions that weigh the positions of a tile."""
    return [
        s.device.precision
        for s in MirrorSession.opened
        if any(n.startswith("root_weights/") for n in s.inputs)
    ]


def test_a_picture_as_a_whole() -> None:
    painted = stylizer("mirror").stylize(CONTENT, STYLE, **WHOLE)
    assert MirrorSession.runs > WHOLE["steps"]
    assert not opened_for_tiles()
    np.testing.assert_array_equal(painted.array, stylizer("cpu").stylize(CONTENT, STYLE, **WHOLE).array)
    assert painted.settings["device"] == "mirror"


def test_a_reduced_precision() -> None:
    painted = {name: stylizer(name).stylize(CONTENT, STYLE, **WHOLE) for name in ("mirror", "mirror:lowp")}
    exact, rounded = (result.array for result in painted.values())
    assert painted["mirror:lowp"].settings["device"] == "mirror:lowp"
    assert 0 < np.abs(exact - rounded).mean() < 0.05


def test_tiles_by_the_memory_that_the_backend_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limit that cuts the picture into tiles in float32 holds the whole of it in "lowp"."""
    tiled = stylizer("mirror").stylize(CONTENT, STYLE, **TILES)
    assert set(opened_for_tiles()) == {"fp32"}
    MirrorSession.opened.clear()
    stylizer("mirror:lowp").stylize(CONTENT, STYLE, **TILES)
    assert MirrorSession.opened
    assert not opened_for_tiles()
    monkeypatch.setitem(BACKENDS, "cpu", replace(BACKENDS["cpu"], memory=MIRROR.memory))
    np.testing.assert_array_equal(tiled.array, stylizer("cpu").stylize(CONTENT, STYLE, **TILES).array)


@pytest.mark.parametrize("options", [WHOLE, TILES], ids=["whole", "tiles"])
def test_resuming_from_a_checkpoint(options: dict[str, Any], tmp_path: Path) -> None:
    uninterrupted = stylizer("mirror").stylize(CONTENT, STYLE, **options)
    for step in stylizer("mirror").steps(CONTENT, STYLE, **options):
        if step.iteration == 2:
            step.checkpoint().save(tmp_path / "state")
            break
    MirrorSession.runs = 0
    checkpoint = Checkpoint.load(tmp_path / "state")
    resumed = stylizer("mirror").stylize(CONTENT, STYLE, resume=checkpoint, **options)
    assert MirrorSession.runs > 0
    np.testing.assert_array_equal(resumed.array, uninterrupted.array)


def test_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = stylizer("mirror", LocalTeam(2)).stylize(CONTENT, STYLE, **TILES)
    of_picture_and_style = 2  # sessions
    assert len(opened_for_tiles()) > of_picture_and_style  # for each shard has its own
    monkeypatch.setitem(BACKENDS, "cpu", replace(BACKENDS["cpu"], memory=MIRROR.memory))
    np.testing.assert_array_equal(
        shared.array, stylizer("cpu", LocalTeam(2)).stylize(CONTENT, STYLE, **TILES).array
    )


# ---- its name


def test_its_devices_have_names() -> None:
    assert choose("mirror") == Device("mirror")
    assert str(choose("mirror:lowp")) == "mirror:lowp"
    assert "mirror" in completion.devices()
    assert budgets("mirror") == budgets("cpu")
    for name in ("mirror:1", "mirror:bf16", "mirror:lowp:graph"):
        with pytest.raises(DeviceError, match="there is no device"):
            choose(name)


def test_errors_name_it() -> None:
    with pytest.raises(DeviceError) as caught:
        choose("abacus")
    assert "mirror, " in caught.value.hint or "or mirror" in caught.value.hint
    assert "mirror:lowp" in caught.value.hint


def test_where_it_is_not_available_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "mirror", replace(MIRROR, is_available=lambda: False))
    with pytest.raises(DeviceError, match="mirror cannot be used here") as caught:
        choose("mirror")
    assert caught.value.hint.startswith("choose cpu")
    assert caught.value.hint.endswith(f", or {MIRROR.install}")


def test_doctor_paints_with_it(nst: Callable[..., Outcome]) -> None:
    outcome = nst("doctor")
    assert outcome.code == 0
    assert "ok   picture on mirror" in outcome.out
    assert MirrorSession.runs > 0


def test_auto_takes_it_by_its_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NST_ONNX_DEVICE", raising=False)
    assert choose("auto").kind == next(kind for kind in available()) != "mirror"
    lowp = replace(MIRROR.precisions[0], is_default=lambda: True)
    best = replace(MIRROR, rank=100, exact=False, precisions=(lowp,))
    monkeypatch.setitem(BACKENDS, "mirror", best)
    assert choose("auto") == Device("mirror", precision="lowp")
    assert choose("auto", exact=True).kind != "mirror"
    monkeypatch.setitem(BACKENDS, "mirror", replace(best, exact=True))
    assert choose("auto", exact=True) == Device("mirror")


@pytest.mark.parametrize("kind", ["mirror", "auto", "mir:ror", "Mirror", ""])
def test_names_that_cannot_be_registered(kind: str) -> None:
    with pytest.raises(ValueError, match="cannot be named"):
        register(replace(MIRROR, kind=kind))


def test_without_it_everything_is_as_before(nst: Callable[..., Outcome]) -> None:
    del BACKENDS["mirror"]
    with pytest.raises(DeviceError, match="there is no device 'mirror'") as caught:
        choose("mirror")
    assert "mirror" not in caught.value.hint
    assert "mirror" not in available()
    assert "mirror" not in nst("doctor").out
    with pytest.raises(DeviceError, match="there is no device 'mirror'"):
        str(Device("mirror"))
