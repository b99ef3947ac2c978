"""The tables of docs/reliability.md, made from the measurements."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
_PLACE = re.compile(r"(<!-- (fuzz|kills|conditions):begin -->\n)(.*?)(<!-- \2:end -->)", re.DOTALL)


_WANTED = 595.0  # seconds of fuzzing of each kind


def write(results: dict[str, Any]) -> None:
    """Write the tables into the page."""
    tables = {
        "fuzz": fuzz_table(results),
        "kills": kills_table(results),
        "conditions": conditions_table(results),
    }
    text = PAGE.read_text("utf-8")
    PAGE.write_text(_PLACE.sub(lambda found: found[1] + tables[found[2]] + found[4], text), "utf-8")


def fuzz_table(results: dict[str, Any]) -> str:
    """Return the table of fuzzed files."""
    lines = [
        "| file | fuzzed for | inputs | read | refused | crashes | hangs | slowest input | peak memory |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind, one in results["fuzz"].items():
        counts = (one[name] for name in ("inputs", "accepted", "refused", "crashes", "hangs"))
        lines.append(
            f"| {kind} | {one['seconds'] / 60:.1f} min | "
            + " | ".join(f"{count:,}".replace(",", " ") for count in counts)
            + f" | {one['slowest']:.1f} s | {one['peak'] / 1e6:.0f} MB |"
        )
    short = any(one["seconds"] < _WANTED for one in results["fuzz"].values())
    note = ["Some had less than the ten minutes that the program takes by default.", ""] if short else []
    return "\n".join([*lines, "", *note, _machines(results["fuzz"])])


def kills_table(results: dict[str, Any]) -> str:
    """Return the table of killed processes."""
    lines = [
        "| command | runs | killed | finished before | broken files | lost files | left-over processes | "
        "same again: well / not |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in results["kills"].items():
        counts = (one[key] for key in ("runs", "killed", "finished", "broken", "lost", "left_over"))
        again = f"{one['resumed']} / {one['unresumable']}"
        lines.append(f"| {name} | " + " | ".join(map(str, counts)) + f" | {again} |")
    total = sum(one["runs"] for one in results["kills"].values())
    return "\n".join([*lines, "", f"{total} runs in all.", "", _machines(results["kills"])])


def conditions_table(results: dict[str, Any]) -> str:
    """Return the table of runs under bad conditions."""
    lines = [
        "| condition: command | runs | finished | refused in words | ended otherwise | broken files | "
        "lost files | temporary files left | same again: well / not |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in results["conditions"].items():
        keys = ("runs", "finished", "refused", "otherwise", "broken", "lost", "left_over")
        counts = " | ".join(str(one[key]) for key in keys)
        lines.append(f"| {name} | {counts} | {one['again']} / {one['not_again']} |")
    return "\n".join([*lines, "", _machines(results["conditions"])])


def _machines(rows: dict[str, Any]) -> str:
    """Return the machines of a table: the one of most rows first, those of others with the rows' names."""
    named: dict[str, list[str]] = {}
    for name, one in rows.items():
        named.setdefault(_machine(one.get("machine", {})), []).append(name)
    if not named:
        return "\n"
    first, *others = sorted(named, key=lambda machine: -len(named[machine]))
    more = "".join(f" On {other}: {'; '.join(named[other])}." for other in others)
    return f"On {first}.{more}\n"


def _machine(facts: dict[str, Any]) -> str:
    named = ", ".join(f"{name} {facts[name]}" for name in ("Python", "numpy", "onnxruntime") if name in facts)
    return f"{facts.get('processor', '?')}, {facts.get('cores', '?')} cores; {named}"
