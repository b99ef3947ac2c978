"""Spelling of option names: dashes or underscores, British or American."""

from __future__ import annotations


def dashed(name: str) -> str:
    """Return an option's name with dashes and in British spelling."""
    return (
        name.replace("_", "-").replace("preserve-color", "preserve-colour").replace("optimizer", "optimiser")
    )
