"""How many processes to paint with, and what of the machine each of them gets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from nst_onnx.errors import OptionError
from nst_onnx.jobs.batch.settings import Recipe
from nst_onnx.runtime import Device, choose, gpus
from nst_onnx.support.memory import MIN_LIMIT, Memory

CORES_EACH = 8  # small pictures leave more of them idle; a rule of thumb, not measured


def recipes(recipe: Recipe, processes: int | None = None) -> list[Recipe]:
    """Return what each of so many processes paints with; None: one for each GPU, or for every 8 cores.

    Several processes share the memory, and on the CPU its cores; on GPUs they go round them. What the recipe
    itself says of threads and GPU stays. Raises OptionError for less than one process, DeviceError.
    """
    if processes is not None and (isinstance(processes, bool) or processes < 1):
        raise OptionError(f"there must be at least one process, not {processes}")
    device = choose(recipe.device, exact=recipe.preset.name != "default")
    if device.kind == "cuda":
        return _with_memory(_on_gpus(recipe, device, gpus.count(), processes))
    return _with_memory(_on_cores(recipe, _cores(), processes))


def _on_gpus(recipe: Recipe, device: Device, count: int, processes: int | None) -> list[Recipe]:
    named = any(part.isdigit() for part in (recipe.device or "").split(":"))
    indices: Sequence[int] = [device.index] if named else range(max(count, 1))
    return [
        replace(recipe, device=str(replace(device, index=indices[number % len(indices)])))
        for number in range(processes or len(indices))
    ]


def _on_cores(recipe: Recipe, cores: int, processes: int | None) -> list[Recipe]:
    count = processes or max(1, cores // CORES_EACH)
    if count > 1 and not recipe.threads:
        recipe = replace(recipe, threads=max(1, cores // count))
    return [recipe] * count


def _with_memory(several: list[Recipe]) -> list[Recipe]:
    if len(several) == 1:
        return several
    share = Memory.of(several[0].options.get("max_memory")).limit // len(several)
    return [
        replace(recipe, options={**recipe.options, "max_memory": max(MIN_LIMIT, share)}) for recipe in several
    ]


def _cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
