"""Results of a measurement in a real editor, as Markdown and JSON: with the machine, versions and load."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.report import Part


def load() -> float:
    """Return the processes that ran or waited to run, on average of the last minute."""
    return os.getloadavg()[0]


def version(program: str) -> str:
    """Return the version that a program tells, its last word."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    return told.split()[-1]


def write(
    output: Path | None, title: str, script: str, facts: Mapping[str, str], parts: Sequence[Part]
) -> None:
    """Print the parts, and write them to OUTPUT.md and OUTPUT.json where there is an `output`.

    `facts`: of the run, such as the editor's version, beside those of the machine.
    """
    facts = {**machine.facts(), **facts}
    about = "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())])
    texts = [f"# {title}", f"Written by `{script}`; nothing here is typed."]
    text = "\n\n".join([*texts, *(part.markdown() for part in parts), about]) + "\n"
    print(text)
    if output is not None:
        output.with_suffix(".md").write_text(text)
        records = {"machine": facts, "parts": {part.title: part.records for part in parts}}
        output.with_suffix(".json").write_text(json.dumps(records, indent=1) + "\n")
