"""Translation of the user-visible texts by gettext; catalogues in `locale/` of the plug-in's folder."""

from __future__ import annotations

import gettext
from pathlib import Path

DOMAIN = "nst-onnx"
FOLDER = Path(__file__).resolve().parents[1] / "locale"

_ = gettext.translation(DOMAIN, FOLDER, fallback=True).gettext
