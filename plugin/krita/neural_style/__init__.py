"""Neural Style for Krita: the package that Krita imports.

nst-onnx paints in a Python environment of its own; the plug-in exchanges pixels and messages with it.
"""

from __future__ import annotations

from .extension import add_to_krita

add_to_krita()
