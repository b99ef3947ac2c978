"""Texts of exceptions from the operating system and from libraries, in one line for a person."""

from __future__ import annotations


def of(error: BaseException, longest: int = 160) -> str:
    """Return the first line of the exception's text, without its final period, cut to `longest` signs.

    Names the kind of exception where it has no text. Libraries put whole file contents into some.
    """
    lines = str(error).strip().splitlines()
    text = lines[0].rstrip(". ") if lines else ""
    text = "".join(sign if sign.isprintable() else "?" for sign in text)
    return (text if len(text) <= longest else f"{text[:longest]}…") or type(error).__name__


def system_reason(error: OSError) -> str:
    """Return what the operating system says of a failed call, in lower case, without its number."""
    return (error.strerror or str(error)).lower()
