"""Allocates the resources of a Ray cluster to workers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from nst_onnx.errors import ClusterError, OptionError
from nst_onnx.jobs.ray.interface import Node
from nst_onnx.runtime import BACKENDS
from nst_onnx.support.machine import CORES_PER_PROCESS
from nst_onnx.support.memory import LEAST, Memory

_MAX_WORKERS_PER_CPU = 4  # more of them spend their time starting


@dataclass(frozen=True)
class Allocation:
    """The resources of a run. `workers`: how many; `cpus` and `gpus`: of each worker."""

    workers: int
    cpus: float
    gpus: int = 0


def allocate(nodes: Sequence[Node], device: str | None, workers: int | None) -> Allocation:
    """Return the allocation on `nodes`, as ``ray.nodes()`` lists them, for a device as in `Stylizer`.

    If there are GPUs and the device may be one, each worker has one GPU, else up to 8 processors.
    `workers`: their number, None to derive it. Given workers divide all processors among them, and may
    get less than one processor each.
    Raises OptionError for less than one worker or too many, ClusterError if there is no processor, or no
    GPU for the device.
    """
    if workers is not None and workers < 1:
        raise OptionError(f"there must be at least one worker, not {workers}")
    resources = [node["Resources"] for node in nodes if node["Alive"]]
    cpus = [n["CPU"] for n in resources if n.get("CPU", 0) >= 1]
    gpus = int(sum(n.get("GPU", 0) for n in resources))
    if not cpus:
        raise ClusterError("the cluster has no processor for us", "start it with ray start --num-cpus N")
    kind = (device or "auto").lower().partition(":")[0]
    on_gpu = kind in BACKENDS and BACKENDS[kind].gpu
    if on_gpu and not gpus:
        raise ClusterError("the cluster has no GPU", "leave out --device")
    if gpus and (on_gpu or kind == "auto"):
        return Allocation(min(workers or gpus, gpus), 1, 1)
    if workers is not None and workers > _MAX_WORKERS_PER_CPU * sum(cpus):
        raise OptionError(
            f"{workers} workers are too many for the {sum(cpus):g} processors of the cluster",
            "leave it out for as many as suit it",
        )
    if workers is None:
        each = min(CORES_PER_PROCESS, *cpus)
        return Allocation(int(sum(n // each for n in cpus)), each)
    each = sum(cpus) / workers
    return Allocation(workers, min(max(cpus), int(each)) if each >= 1 else each)


def memory_limit(cpus: float) -> int:
    """Return the bytes that a worker may use: in proportion to its `cpus` of this machine's processors."""
    return max(LEAST, round(Memory.of(None).limit * min(1.0, cpus / (os.cpu_count() or 1))))
