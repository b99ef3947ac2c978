"""The exporter under test: the one in the installed wheel, else the checkout's."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

from support.checkout import ROOT


def module(name: str) -> Any:
    """Import a module of the exporter."""
    if importlib.util.find_spec("nst_onnx.export") is not None:
        return importlib.import_module(f"nst_onnx.export.{name}")
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))  # last: an installed nst_onnx goes before the checkout's
    return importlib.import_module(f"export.{name}")
