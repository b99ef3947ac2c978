"""Batches: plans the jobs of many pictures, and runs them in this process, a pool, or a Ray cluster."""

from __future__ import annotations

from nst_onnx.jobs.batch.job import Ending, Job, Outcome, Progress
from nst_onnx.jobs.batch.plan import grid, pairs
from nst_onnx.jobs.batch.run import stylize_batch

__all__ = ["Ending", "Job", "Outcome", "Progress", "grid", "pairs", "stylize_batch"]
