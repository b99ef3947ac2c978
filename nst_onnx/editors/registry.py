"""The table of supported editors; ``nst-onnx plugin`` loops over it."""

from __future__ import annotations

from typing import Any

from nst_onnx.editors.darktable.editor import DARKTABLE
from nst_onnx.editors.editor import Editor
from nst_onnx.editors.gimp.editor import GIMP
from nst_onnx.editors.inkscape.editor import INKSCAPE
from nst_onnx.editors.krita.editor import KRITA

EDITORS: dict[str, Editor[Any]] = {
    "gimp": GIMP,
    "krita": KRITA,
    "darktable": DARKTABLE,
    "inkscape": INKSCAPE,
}
