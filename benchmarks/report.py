"""Reports of the measurements: a Markdown file and a JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ORDER = (
    *("evaluation", "memory", "descent", "start", "first_look", "waiting", "limits", "large", "full_size"),
)
"""The parts, in the order of measurement and display."""

HARDWARE = ("processor", "instructions", "cores", "memory", "system")
"""The facts that identify a machine."""

_TITLE = "# How fast nst-onnx is"
_ABOUT = """
Written by `python -m benchmarks`; nothing here is typed. A ratio below 1 means that nst-onnx needs less.
What is compared was measured in turns in one run; figures are medians, and in brackets the least and the
greatest. [docs/speed.md](../../docs/speed.md) says what is measured and how.
"""


@dataclass
class Part:
    """One table: `rows` of formatted cells, and the full `records` as data."""

    title: str
    about: str
    header: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """Return the part as Markdown. The first column is text, all others are numbers."""
        lines = [f"| {' | '.join(row)} |" for row in (self.header, *self.rows)]
        lines.insert(1, "|---" + "|---:" * (len(self.header) - 1) + "|")
        notes = [f"- {note}" for note in self.notes]
        paragraphs = [
            f"## {self.title}",
            _paragraph(self.about),
            "\n".join(lines),
            *(["\n".join(notes)] if notes else []),
        ]
        return "\n\n".join(paragraphs)


def write(
    folder: Path, parts: Mapping[str, Part], machine: Mapping[str, str], setting: Mapping[str, Any]
) -> tuple[Path, Path]:
    """Write speed.md and speed.json; return their paths.

    `setting`: options and date of the run. Parts that this run skipped are kept if they come from the same
    machine, with a note where its software differed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table, data = folder / "speed.md", folder / "speed.json"
    new = {name: {"setting": dict(setting), **asdict(part)} for name, part in parts.items()}
    kept = json.loads(data.read_text()) if data.is_file() else {}
    found = {**_same_machine(kept, machine), **new}
    found = {name: found[name] for name in ORDER if name in found}
    data.write_text(json.dumps({"machine": dict(machine), "parts": found}, indent=1) + "\n")
    table.write_text(_markdown(machine, found))
    return table, data


def _same_machine(kept: Mapping[str, Any], machine: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the stored parts from this machine; `then`: facts that differed at that time."""
    found = {}
    for name, part in kept.get("parts", {}).items():
        then = kept["machine"] | part.get("then", {})
        other = {fact: value for fact, value in then.items() if machine.get(fact) != value}
        if not other.keys() & set(HARDWARE):
            found[name] = {**part, "then": other}
    return found


def _markdown(machine: Mapping[str, str], parts: Mapping[str, dict[str, Any]]) -> str:
    facts = "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in machine.items())])
    texts = []
    for part in parts.values():
        shown = Part(**{name: value for name, value in part.items() if name not in ("setting", "then")})
        conditions = part["setting"] | part.get("then", {})
        measured = ", ".join(f"{name} {value}" for name, value in conditions.items() if value)
        texts.append(f"{shown.markdown()}\n\n*Measured with {measured}.*")
    return "\n\n".join([_TITLE, _paragraph(_ABOUT), facts, *texts]) + "\n"


def _paragraph(text: str) -> str:
    return " ".join(text.split())
