"""The supervisor of Ray actors, with a stand-in for Ray: no cluster is needed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nst_onnx.errors import ClusterError, OptionError
from nst_onnx.jobs.ray.supervisor import TRIES, Actor, Host, Supervisor, WorkerFailure, original_error
from nst_onnx.version import __version__


class RayError(Exception):
    pass


class RayTaskError(RayError):
    def __init__(self, cause: Exception) -> None:
        super().__init__("ray::Actor.method() (pid=1)\nTraceback …")
        self.cause = cause


class InitError(RayError):
    actor_init_failed = True


class FakeRay:
    """Tasks are finished at once. `answers`: of the handshakes, in order; an exception is raised by `get`."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self, *answers: object, cpus: int = 32) -> None:
        self.answers = list(answers)
        self.killed: list[object] = []
        self.cpus = cpus

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Alive": True, "Resources": {"CPU": self.cpus}}]

    def remote(self, actor: type) -> Any:
        def start(cpus: float) -> object:
            return SimpleNamespace(handshake=SimpleNamespace(remote=lambda: (self.answers.pop(0),)))

        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=start))

    def wait(self, tasks: list[Any], *, timeout: float) -> tuple[list[Any], list[Any]]:
        return tasks[:1], tasks[1:]

    def get(self, task: Any) -> object:
        if isinstance(task, list):
            return [self.get(one) for one in task]
        if isinstance(task[0], Exception):
            raise task[0]
        return task[0]

    def kill(self, actor: object) -> None:
        self.killed.append(actor)


def supervisor(ray: FakeRay, workers: int | None = None, **more: Any) -> Supervisor:
    return Supervisor(ray, Actor, device="cpu", workers=workers, **more)  # type: ignore[arg-type]


HERE = Host("here", __version__, 1 << 30)


def test_no_more_workers_than_allocated() -> None:
    found = supervisor(FakeRay(HERE, HERE), 2)
    while found.can_start:
        found.start()
    assert len(found.workers) == 2
    assert [host.name for host in found.wait_for_handshakes()] == ["here", "here"]
    assert not any(worker.pending for worker in found.workers)


def test_a_result_is_yielded_after_the_handshake() -> None:
    found = supervisor(FakeRay(HERE), 1)
    worker = found.start()
    worker.submit(7, ("a picture",))
    assert list(found.completed()) == []
    assert worker.item == 7
    assert list(found.completed()) == [(worker, 7, "a picture")]
    assert worker.item is None


@pytest.mark.parametrize("wait_for_all", [True, False])
def test_another_version_is_refused(wait_for_all: bool) -> None:
    found = supervisor(FakeRay(Host("there", "0.0.1", 1 << 30)), 1)
    found.start()
    with pytest.raises(ClusterError, match=rf"there has nst-onnx 0\.0\.1, not {__version__}"):
        found.wait_for_handshakes() if wait_for_all else list(found.completed())


def test_failed_starts_end_the_run() -> None:
    ray = FakeRay(*(InitError("died:\nImportError: no onnxruntime") for _ in range(TRIES)))
    found = supervisor(ray, 1, extra="video")
    for count in range(TRIES):
        found.check_any_left()
        assert found.can_start
        found.start()
        ((_, item, lost),) = found.completed()
        assert item is None
        assert isinstance(lost, WorkerFailure)
        assert lost.failures == count + 1
    assert not found.can_start
    assert len(ray.killed) == TRIES
    with pytest.raises(
        ClusterError, match="no worker of the cluster can begin: ImportError: no onnx"
    ) as raised:
        found.check_any_left()
    assert "nst-onnx[cpu,video]" in raised.value.hint


def test_a_finished_item_resets_the_count_of_failed_starts() -> None:
    failures = [InitError("broken") for _ in range(2 * (TRIES - 1))]
    ray = FakeRay(*failures[: TRIES - 1], HERE, *failures[TRIES - 1 :])
    found = supervisor(ray, 1)
    for _ in range(TRIES - 1):
        found.start()
        list(found.completed())
    worker = found.start()
    worker.submit(0, ("done",))
    list(found.completed())
    list(found.completed())
    found.dismiss(worker)
    for _ in range(TRIES - 1):
        assert found.can_start
        found.start()
        list(found.completed())
    assert found.can_start


def test_failures_are_counted_by_item() -> None:
    found = supervisor(FakeRay(*[HERE] * 3), 3)
    for item in (4, 5, 4):
        worker = found.start()
        worker.pending.clear()
        worker.submit(item, (RayTaskError(ValueError("bug")),))
    counts = []
    while found.workers:
        ((_, item, lost),) = found.completed()
        assert isinstance(lost, WorkerFailure)
        assert isinstance(lost.cause, ValueError)
        assert lost.reason == "bug"
        counts.append((item, lost.failures))
    assert counts == [(4, 1), (5, 1), (4, 2)]


def test_errors_of_tasks_are_unwrapped() -> None:
    ray: Any = FakeRay()
    cause, died = ValueError("bug"), RayError("died")
    assert original_error(ray, RayTaskError(RayTaskError(cause))) is cause
    assert original_error(ray, RayTaskError(died)) is died
    assert original_error(ray, died) is died


def test_no_worker_is_refused() -> None:
    with pytest.raises(OptionError, match="at least one worker"):
        supervisor(FakeRay(), 0)
