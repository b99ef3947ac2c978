"""Shards that fail, to be found by name in the processes of a cluster."""

from __future__ import annotations

from typing import Any

from nst_onnx.errors import PictureError
from nst_onnx.jobs.ray.shard_team import ShardActor


class Failing(ShardActor):
    """Cannot hand rows to others."""

    def rows(self, *_: Any) -> Any:
        """Raise what a person may meet."""
        raise PictureError("no paint", "buy some")


class Unable(ShardActor):
    """Cannot begin, as on a machine where something is not installed."""

    def __init__(self, cpus: float) -> None:
        raise ImportError("no module named onnxruntime")
