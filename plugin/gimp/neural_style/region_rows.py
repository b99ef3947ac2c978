"""Regions as the procedure's argument has them: a JSON list, one object for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from nst_client.failure import Failure
from nst_client.translation import _
from places import KINDS, SELECTION, Place

REST = "rest"


@dataclass(frozen=True)
class Row:
    """A region. `style`: the path of a painting, "" where none is chosen. `keep`: it stays as it is."""

    place: Place
    style: str = ""
    strength: float = 0.5
    keep: bool = False


@dataclass(frozen=True)
class RegionRows:
    """All regions. `rest_kept`: whether what they leave stays as it is."""

    rows: Sequence[Row] = ()
    rest_kept: bool = False

    @property
    def use_the_selection(self) -> bool:
        """Whether the selection is a region, and so not the limit of what is painted."""
        return any(row.place.kind == SELECTION for row in self.rows)

    def encoded(self) -> str:
        """Return the argument's text."""
        if not self.rows:
            return ""
        listed: list[dict[str, object]] = [_described(row) for row in self.rows]
        if self.rest_kept:
            listed.append({"where": REST, "keep": True})
        return json.dumps(listed, ensure_ascii=False)

    @classmethod
    def decoded(cls, text: str) -> RegionRows:
        """Return the regions of such a text. Raises Failure."""
        if not text.strip():
            return cls()
        try:
            listed = json.loads(text)
            described = [one for one in listed if one["where"] != REST]
            rest = [one for one in listed if one["where"] == REST]
            kept = bool(described) and any(one.get("keep") is True for one in rest)
            return cls(tuple(map(_row, described)), kept)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise Failure(
                _("the regions cannot be read"), _("they are a list of objects in JSON: see docs/gimp.md")
            ) from error


def _described(row: Row) -> dict[str, object]:
    described: dict[str, object] = {"where": row.place.kind}
    if row.place.name:
        described["name"] = row.place.name
    if row.keep:
        return {**described, "keep": True}
    return {**described, "style": row.style, "strength": row.strength}


def _row(described: dict[str, object]) -> Row:
    kind, name, strength = described["where"], described.get("name", ""), described.get("strength", 0.5)
    style, keep = described.get("style", ""), described.get("keep", False)
    if kind not in KINDS or not isinstance(name, str) or not isinstance(style, str) or "\0" in style:
        raise ValueError
    if isinstance(strength, bool) or not isinstance(strength, (int, float)) or not 0 <= strength <= 1:
        raise ValueError
    return Row(Place(str(kind), name), style, float(strength), keep is True)
