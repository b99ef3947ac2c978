"""Divides the machine's processors, GPUs and memory among the processes of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nst_onnx.errors import OptionError
from nst_onnx.jobs.batch.settings import BatchSettings
from nst_onnx.runtime import Device
from nst_onnx.support.machine import CORES_PER_PROCESS, usable_cores
from nst_onnx.support.memory import MIN_LIMIT, Memory


def per_process(settings: BatchSettings, processes: int | None = None) -> list[BatchSettings]:
    """Return the settings of each process; None: one process per GPU, or per 8 cores.

    Processes divide the memory and, on the CPU, its cores; GPUs are assigned round-robin. Threads and GPU
    that the settings name are kept. Raises OptionError for less than one process, DeviceError.
    """
    if processes is not None and (isinstance(processes, bool) or processes < 1):
        raise OptionError(f"there must be at least one process, not {processes}")
    device = settings.network_choice.device_for(settings.preset)
    if device.backend.count is not None:
        return _with_memory(_on_gpus(settings, device, device.backend.count(), processes))
    # Chosen here once: each process would try the devices again, and tell again which do not work.
    return _with_memory(_on_cores(replace(settings, device=str(device)), usable_cores(), processes))


def _on_gpus(
    settings: BatchSettings, device: Device, count: int, processes: int | None
) -> list[BatchSettings]:
    named = any(part.isdigit() for part in (settings.device or "").split(":"))
    indices: Sequence[int] = [device.index] if named else range(max(count, 1))
    return [
        replace(settings, device=str(replace(device, index=indices[number % len(indices)])))
        for number in range(processes or len(indices))
    ]


def _on_cores(settings: BatchSettings, cores: int, processes: int | None) -> list[BatchSettings]:
    count = processes or max(1, cores // CORES_PER_PROCESS)
    if count > 1 and not settings.threads:
        settings = replace(settings, threads=max(1, cores // count))
    return [settings] * count


def _with_memory(several: list[BatchSettings]) -> list[BatchSettings]:
    if len(several) == 1:
        return several
    each = max(MIN_LIMIT, Memory.of(several[0].max_memory).limit // len(several))
    return [replace(settings, options={**settings.options, "max_memory": each}) for settings in several]
