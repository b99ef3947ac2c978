"""Where the plug-ins' files are that get installed."""

from __future__ import annotations

from pathlib import Path

from nst_onnx.editors.errors import PluginError

_PACKAGE = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """Return the folder with gimp/, krita/ and nst_client/: in the package, or in the checkout around it."""
    for place in (_PACKAGE / "plugin_files", _PACKAGE.parent / "plugin"):
        if (place / "nst_client").is_dir():
            return place
    raise PluginError("this installation of nst-onnx has no plug-ins in it", "install nst-onnx again")
