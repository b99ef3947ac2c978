"""How a painting goes, for whoever shows it."""

from __future__ import annotations

from nst_client.course import Course

__all__ = ["Course"]
