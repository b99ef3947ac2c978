"""Words for people, in their language."""

from __future__ import annotations

from nst_client.translation import DOMAIN, FOLDER, _

__all__ = ["DOMAIN", "FOLDER", "_"]
