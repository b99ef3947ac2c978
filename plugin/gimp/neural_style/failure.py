"""What went wrong, in words for the person at the editor."""

from __future__ import annotations

from nst_client.failure import Cancelled, Failure

__all__ = ["Cancelled", "Failure"]
