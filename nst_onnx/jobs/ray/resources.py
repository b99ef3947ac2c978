"""How many workers to have in a cluster, and what each of them gets."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nst_onnx.errors import ClusterError, OptionError
from nst_onnx.jobs.batch.resources import CORES_EACH
from nst_onnx.support.memory import MIN_LIMIT, Memory

_MOST = 4  # workers that share a processor: more would do nothing but start


@dataclass(frozen=True)
class Share:
    """`workers`: how many; `cpus` and `gpus`: of each."""

    workers: int
    cpus: float
    gpus: int = 0


def share(nodes: Sequence[Mapping[str, Any]], device: str | None, workers: int | None) -> Share:
    """Return the share for `nodes` as ``ray.nodes()`` lists them, for a device as in `Stylizer`.

    Where there are GPUs, and the device may be one, a worker has one each; else up to 8 processors.
    `workers`: how many somebody wants; they share the processors then, also more than one to each.
    Raises ClusterError where there is no processor, or no GPU for the device.
    """
    resources = [node["Resources"] for node in nodes if node["Alive"]]
    cpus = [n["CPU"] for n in resources if n.get("CPU", 0) >= 1]
    gpus = int(sum(n.get("GPU", 0) for n in resources))
    if not cpus:
        raise ClusterError("the cluster has no processor for us", "start it with ray start --num-cpus N")
    wanted = (device or "auto").lower()
    if wanted.startswith("cuda") and not gpus:
        raise ClusterError("the cluster has no GPU", "leave out --device")
    if gpus and wanted.startswith(("cuda", "auto")):
        return Share(min(workers or gpus, gpus), 1, 1)
    if workers is not None and workers > _MOST * sum(cpus):
        raise OptionError(
            f"{workers} workers are too many for the {sum(cpus):g} processors of the cluster",
            "leave it out for as many as suit it",
        )
    if workers is None:
        each = min(CORES_EACH, *cpus)
        return Share(int(sum(n // each for n in cpus)), each)
    each = sum(cpus) / workers
    return Share(workers, min(max(cpus), int(each)) if each >= 1 else each)


def memory(cpus: float) -> int:
    """Return how many bytes a worker may take that has so many of its machine's processors."""
    return max(MIN_LIMIT, round(Memory.of(None).limit * min(1.0, cpus / (os.cpu_count() or 1))))
