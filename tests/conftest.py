"""The isolation of all tests, and fixtures that several test files share."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.checkout import ROOT
from support.command import Outcome
from support.environment import isolate

if TYPE_CHECKING:
    from support.editor import Worker

with suppress(ImportError):  # some environments have only what their tests need
    from hypothesis import settings

    settings.register_profile("any machine", deadline=None)  # tests do not judge how fast it is
    settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    home = tempfile.TemporaryDirectory(prefix="nst-onnx-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    isolate(Path(home.name))
    from nst_onnx.runtime import telemetry  # imports numpy, which must find the isolated environment

    telemetry.disable()  # for the tests that import onnxruntime or Ray themselves


@pytest.fixture(autouse=True)
def _own_models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the models that a test installs from the next test."""
    monkeypatch.setenv("NST_ONNX_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of pictures and weights that lies beside the repository where it is developed."""
    path = ROOT.parent / "shared"
    if not (path / "images").is_dir():
        pytest.skip("needs the pictures and weights of ../shared, which are not part of the repository")
    return path


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, entered, that holds content.png (40×32) and style.png (36×36)."""
    from support.pictures import smooth_picture  # imports numpy, which must find the isolated environment

    smooth_picture(32, 40, seed=1).save(tmp_path / "content.png")
    smooth_picture(36, 36, seed=2).save(tmp_path / "style.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def nst(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run the command in this process: nst("models", "list")."""
    from nst_onnx.cli import main  # as above

    def run(*words: object) -> Outcome:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def running_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """One worker for all tests of a file: what one request does must not spoil the next."""
    from support import editor  # as above

    with editor.Worker(NST_ONNX_HOME=str(tmp_path_factory.mktemp("home")), NST_ONNX_MODEL="") as worker:
        yield worker
        worker.close()


@pytest.fixture
def worker(running_worker: Worker) -> Iterator[Worker]:
    """The worker, which has no files before the test and must have none after it."""
    yield running_worker
    code = running_worker.process.poll()
    assert code is None, f"it ended: {code} {running_worker.log()}"
    running_worker.until("pong", id=running_worker.send("ping"))
    assert list(running_worker.folder.iterdir()) == []
