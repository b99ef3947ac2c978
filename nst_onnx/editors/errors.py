"""The error of this room."""

from __future__ import annotations

from nst_onnx.errors import NstError


class PluginError(NstError):
    """A plug-in cannot be installed, or does not work."""
