"""Error messages: one line each, and an exit code."""

from __future__ import annotations

from nst_onnx.errors import NstError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130


def explain(error: Exception) -> tuple[str, int]:
    """Return the message of `error` on one line (empty: help has been shown), and the exit code."""
    if isinstance(error, NstError):
        return one_line("error", str(error), error.hint), FAILED
    if hasattr(error, "format_message"):  # what typer raises for a line that it cannot understand
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "nst-onnx"
        message = _lower(error.format_message())
        return (one_line("error", message, f"see `{path} --help`") if message else ""), MISUSED
    if isinstance(error, MemoryError):
        return one_line("error", "there is not enough memory", "choose a smaller --size"), FAILED
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return one_line("error", f"this is a bug in nst-onnx: {what}", "see where with --debug"), FAILED


def one_line(kind: str, message: str, hint: str = "") -> str:
    """Return ``kind: MESSAGE. HINT.`` on one line."""
    parts = [" ".join(part.split()).rstrip(".") for part in (message, hint)]
    parts[1] = parts[1][:1].upper() + parts[1][1:]
    return f"{kind}: " + " ".join(part if part.endswith("?") else f"{part}." for part in parts if part)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
