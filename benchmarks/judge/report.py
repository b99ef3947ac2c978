"""Results of the judge: tables in Markdown, and every row in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.judge.rows import Row
from benchmarks.report import Part

_DIGITS = 9  # significant; all that is left of float64 is rounding


def write(path: Path, parts: Sequence[Part], rows: Sequence[Row], facts: Mapping[str, str]) -> None:
    """Write ``PATH.md`` and ``PATH.json``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())])
    texts = [f"# {path.name.capitalize()}", "Written by `python -m benchmarks.judge`; nothing here is typed."]
    text = "\n\n".join([*texts, *(part.markdown() for part in parts), about])
    path.with_suffix(".md").write_text(text + "\n")
    records = ",\n".join(json.dumps(_rounded(row.record())) for row in rows)
    path.with_suffix(".json").write_text(
        f'{{"machine": {json.dumps(dict(facts))},\n"rows": [\n{records}\n]}}\n'
    )


def _rounded(record: Mapping[str, object]) -> dict[str, object]:
    return {
        name: float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
        for name, value in record.items()
    }
