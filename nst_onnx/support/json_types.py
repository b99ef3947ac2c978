"""Types of what is written as JSON: settings, facts of a checkpoint, messages."""

from __future__ import annotations

from typing import Any

Json = Any
"""None, a boolean, a number, a string, or lists and objects of them."""

JsonObject = dict[str, Any]
"""An object of JSON: {name: value}."""
