"""Qt in the version of the running Krita: PyQt5 in Krita 5, PyQt6 in Krita 6."""

from __future__ import annotations

import sys

import krita  # noqa: F401 - imports the matching PyQt

if "PyQt6.QtCore" in sys.modules:
    from PyQt6 import QtCore, QtGui, QtWidgets
else:
    from PyQt5 import QtCore, QtGui, QtWidgets

__all__ = ["QtCore", "QtGui", "QtWidgets"]
