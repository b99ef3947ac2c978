"""Many pictures: which there are, what their results are called, and painting them all."""

from __future__ import annotations

from nst_onnx.jobs.batch.job import Ending, Job, Outcome, Progress
from nst_onnx.jobs.batch.plan import grid, pairs
from nst_onnx.jobs.batch.run import stylize_batch

__all__ = ["Ending", "Job", "Outcome", "Progress", "grid", "pairs", "stylize_batch"]
