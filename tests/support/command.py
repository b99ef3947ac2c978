"""The outcome of a run of the command."""

from typing import NamedTuple


class Outcome(NamedTuple):
    """The exit code, and what was written to standard output and standard error."""

    code: int
    out: str
    err: str
