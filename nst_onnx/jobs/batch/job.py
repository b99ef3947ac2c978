"""Data types of a batch: a job paints one picture; its progress, ending and outcome."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from nst_onnx.errors import NstError
from nst_onnx.picture import Source

State = Literal["painted", "skipped", "failed", "interrupted"]


class Job(NamedTuple):
    """Stylizes `content` with `style` (several are blended), and writes the result to `output`."""

    content: Source
    style: Source | Iterable[Source]
    output: str | os.PathLike[str]


@dataclass(frozen=True)
class Progress:
    """Progress of a job: evaluations so far, and their approximate total (None: not known yet)."""

    iteration: int = 0
    iterations: int | None = None


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a job ended.

    `state`: "painted"; "skipped", because the output exists; "failed", with the `error`; "interrupted", with
    nothing written but the resume file. `shape`: (H, W) of the picture. `losses`: of the picture.
    `seconds`: the time spent. `warnings`: one line each.
    """

    state: State
    error: NstError | None = None
    shape: tuple[int, int] | None = None
    losses: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outcome(Ending):
    """The ending of a job, together with the job."""

    job: Job

    @classmethod
    def of(cls, job: Job, ending: Ending) -> Outcome:
        """Return the outcome of a job with this ending."""
        return cls(job=job, **vars(ending))
