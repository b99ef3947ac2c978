"""One picture of many: what is to be done, how it goes on, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from nst_onnx.errors import NstError
from nst_onnx.picture import Source

State = Literal["painted", "skipped", "failed", "interrupted"]


class Job(NamedTuple):
    """`content` to be painted in the manner of `style` (several blend), and written to `output`."""

    content: Source
    style: Source | Sequence[Source]
    output: str | os.PathLike[str]


@dataclass(frozen=True)
class Progress:
    """Where a picture stands: evaluations so far, and about how many in all (None: not known yet)."""

    iteration: int = 0
    iterations: int | None = None


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the work on a picture ended.

    `state`: "painted"; "skipped", because it was there already; "failed", with the `error`; "interrupted",
    with nothing written but what is needed to go on. `shape`: (H, W) of the picture, `losses` its losses,
    `seconds` the time spent. `warnings`: what was told meanwhile, a line each.
    """

    state: State
    error: NstError | None = None
    shape: tuple[int, int] | None = None
    losses: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outcome(Ending):
    """What came of a job."""

    job: Job

    @classmethod
    def of(cls, job: Job, ending: Ending) -> Outcome:
        """Return the ending together with its job."""
        return cls(job=job, **vars(ending))
