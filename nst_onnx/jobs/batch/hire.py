"""Getting hold of who paints a batch: this process, several, or the workers of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nst_onnx.jobs.batch import resources
from nst_onnx.jobs.batch.executor import Alone, Crew
from nst_onnx.jobs.batch.process_pool import Processes
from nst_onnx.jobs.batch.settings import Recipe


@contextmanager
def crew(recipe: Recipe, processes: int | None, ray: str | None = None) -> Iterator[Crew]:
    """Yield a crew that paints while the block lasts.

    `ray`: the address of a cluster as in `nst_onnx.jobs.ray.connect`, None for this machine without Ray.
    `processes`: how many workers, None for as many as suit the machine or the cluster; 0 for none beside
    this process. Raises NstError where they cannot be had.
    """
    if ray is not None:
        from nst_onnx.jobs.ray.connect import connect

        with connect(ray) as cluster:
            from nst_onnx.jobs.batch.ray_pool import Cluster

            yield Cluster(cluster, recipe, processes or None)
    elif processes == 0:
        yield Alone(recipe)
    else:
        yield Processes(resources.recipes(recipe, processes))
