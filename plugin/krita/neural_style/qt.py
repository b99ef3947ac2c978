"""Qt in the version that this Krita is made with: Krita 5 comes with PyQt5, Krita 6 with PyQt6."""

from __future__ import annotations

import sys

import krita  # noqa: F401 - has loaded the right one

if "PyQt6.QtCore" in sys.modules:
    from PyQt6 import QtCore, QtGui, QtWidgets
else:
    from PyQt5 import QtCore, QtGui, QtWidgets

__all__ = ["QtCore", "QtGui", "QtWidgets"]
