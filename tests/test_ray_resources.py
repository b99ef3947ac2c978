"""The allocation of a cluster's resources to workers."""

from __future__ import annotations

from typing import Any

import pytest

from nst_onnx.errors import ClusterError, OptionError
from nst_onnx.jobs.ray.resources import Allocation, allocate


def nodes(*resources: dict[str, float]) -> list[dict[str, Any]]:
    return [{"Alive": True, "Resources": found} for found in resources]


@pytest.mark.parametrize(
    ("resources", "device", "workers", "expected"),
    [
        ([{"CPU": 2}], None, None, Allocation(1, 2)),
        ([{"CPU": 16}, {"CPU": 32}], "cpu", None, Allocation(6, 8)),
        ([{"CPU": 16}, {"CPU": 4}], None, None, Allocation(5, 4)),
        ([{"CPU": 16}, {"CPU": 16}], None, 4, Allocation(4, 8)),
        ([{"CPU": 2}], None, 4, Allocation(4, 0.5)),
        ([{"CPU": 16, "GPU": 2}, {"CPU": 16}], None, None, Allocation(2, 1, 1)),
        ([{"CPU": 16, "GPU": 2}], "cuda:0:tf32", 8, Allocation(2, 1, 1)),
        ([{"CPU": 16, "GPU": 2}], "openvino", None, Allocation(2, 8)),
        ([{"CPU": 8}, {"memory": 1e9}], None, None, Allocation(1, 8)),
    ],
)
def test_allocations(
    resources: list[dict[str, float]], device: str | None, workers: int | None, expected: Allocation
) -> None:
    assert allocate(nodes(*resources), device, workers) == expected


def test_dead_nodes_do_not_count() -> None:
    dead = {"Alive": False, "Resources": {"CPU": 64}}
    assert allocate([*nodes({"CPU": 8}), dead], None, None).workers == 1


@pytest.mark.parametrize(
    ("resources", "device", "message"), [({"memory": 1e9}, None, "processor"), ({"CPU": 8}, "cuda", "GPU")]
)
def test_clusters_that_cannot(resources: dict[str, float], device: str | None, message: str) -> None:
    with pytest.raises(ClusterError, match=message):
        allocate(nodes(resources), device, None)


def test_a_crowd_of_workers_is_refused() -> None:
    """They would do nothing but start."""
    with pytest.raises(OptionError, match="too many"):
        allocate(nodes({"CPU": 2}), None, 900)
