"""Regions as they are stored with a painting: a JSON list, an object for each, and one for a kept rest."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from typing import Any

from krita import Selection

from .nst_client.choices import STRENGTH
from .nst_client.style_files import is_there
from .places import NodePlace, Place, SelectionPlace
from .qt import QtCore
from .region_masks import Row

LARGEST = 2**28
"""Pixels of a stored selection, at most."""
_REST = {"rest": "kept"}


def encoded(rows: Iterable[Row], rest_kept: bool) -> str:
    """Return regions as a text, what was selected as compressed bytes."""
    listed = [_described(row) for row in rows]
    return json.dumps([*listed, _REST] if listed and rest_kept else listed)


def decoded(text: str) -> tuple[list[Row], bool]:
    """Return the regions of such a text, and whether the rest is kept; none for any other text.

    A style whose file is not on this computer is "".
    """
    try:
        listed = json.loads(text)
        rows = [_row(facts) for facts in listed if facts != _REST]
        return rows, bool(rows) and _REST in listed
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, zlib.error):
        return [], False


def _described(row: Row) -> dict[str, object]:
    return {**_place_described(row.place), "style": row.style, "strength": row.strength, "keep": row.keep}


def _place_described(place: Place) -> dict[str, object]:
    if isinstance(place, NodePlace):
        return {"label": place.label, "node": place.node.toString()}
    selection = place.selection
    sides = (selection.x(), selection.y(), selection.width(), selection.height())
    data = zlib.compress(bytes(selection.pixelData(*sides)), 1)
    return {"label": place.label, "sides": sides, "selection": base64.b85encode(data).decode()}


def _row(facts: dict[str, Any]) -> Row:
    style, strength = facts["style"], facts["strength"]
    if isinstance(strength, bool) or not STRENGTH["low"] <= strength <= STRENGTH["high"]:
        raise ValueError("not a strength")
    if not isinstance(style, str):
        raise TypeError("not a path")
    there = bool(style) and is_there(style)
    return Row(_place(facts), style if there else "", float(strength), facts["keep"] is True)


def _place(facts: dict[str, Any]) -> Place:
    label = facts["label"]
    if not isinstance(label, str):
        raise TypeError("not a label")
    if "node" in facts:
        return NodePlace(label, QtCore.QUuid(facts["node"]))
    x, y, width, height = (_whole(side) for side in facts["sides"])
    size = width * height
    if not (0 < width <= LARGEST and 0 < height <= LARGEST and size <= LARGEST):
        raise ValueError("not the sides of a selection")
    data = zlib.decompressobj().decompress(base64.b85decode(facts["selection"]), size + 1)
    if len(data) != size:
        raise ValueError("not the pixels of a selection")
    selection = Selection()
    selection.setPixelData(data, x, y, width, height)
    return SelectionPlace(label, selection)


def _whole(side: object) -> int:
    if isinstance(side, bool) or not isinstance(side, int) or abs(side) > LARGEST:
        raise ValueError("not a side")
    return side
