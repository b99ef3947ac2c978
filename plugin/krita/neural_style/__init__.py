"""Neural Style for Krita: paint this layer like that painting. Krita imports this package.

The painting is done by nst-onnx in a Python of its own; this plug-in moves pixels and talks to it.
"""

from __future__ import annotations

from .extension import add_to_krita

add_to_krita()
