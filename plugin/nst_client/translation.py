"""Words for people, in their language where `locale/` in the plug-in's folder has it."""

from __future__ import annotations

import gettext
from pathlib import Path

DOMAIN = "nst-onnx"
FOLDER = Path(__file__).resolve().parents[1] / "locale"

_ = gettext.translation(DOMAIN, FOLDER, fallback=True).gettext
