"""Modules of editors that are not here, so that a plug-in's own modules can be imported and tested."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

from support.checkout import ROOT

PLUGIN = ROOT / "plugin"


@contextmanager
def krita_plug_in() -> Iterator[None]:
    """Let `neural_style` be the package of the plug-in for Krita, where Krita and Qt are stand-ins."""
    package, client = ModuleType("neural_style"), ModuleType("neural_style.nst_client")
    package.__path__ = [str(PLUGIN / "krita" / "neural_style")]
    client.__path__ = [str(PLUGIN / "nst_client")]
    qt = MagicMock()
    for name in ("QWidget", "QLabel", "QFrame", "QComboBox", "QToolButton", "QMenu", "QScrollArea"):
        setattr(qt.QtWidgets, name, type(name, (), {}))
    qt.QtCore.QObject = type("QObject", (), {})
    krita = MagicMock()
    krita.__file__ = "/nowhere/lib/krita-python-libs/krita/__init__.py"
    names = {"krita": krita, "PyQt5": qt, "neural_style": package, "neural_style.nst_client": client}
    with _modules(names):
        yield


@contextmanager
def inkscape_extension() -> Iterator[Any]:
    """Yield the module of the extension for Inkscape, where inkex is a stand-in."""
    inkex = MagicMock()
    inkex.EffectExtension = type("EffectExtension", (), {})
    inkex.addNS = lambda name, space: f"{space}:{name}"
    folder = PLUGIN / "inkscape" / "neural_style"
    with _modules({"inkex": inkex}, "svg_pictures", "neural_style"):
        sys.path[:0] = [str(folder), str(PLUGIN)]
        try:
            yield importlib.import_module("neural_style")
        finally:
            for path in (str(folder), str(PLUGIN)):
                sys.path.remove(path)


@contextmanager
def _modules(stand_ins: Mapping[str, Any], *imported: str) -> Iterator[None]:
    """Have modules known by these names; at the end, neither they nor those below them are known any more."""

    def forget() -> None:
        tops = (*stand_ins, *imported)
        for name in [name for name in sys.modules if name.partition(".")[0] in tops]:
            del sys.modules[name]

    forget()
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        forget()
