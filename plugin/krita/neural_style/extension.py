"""What Krita is told of the plug-in: a docker, and an entry in Tools ▸ Scripts."""

from __future__ import annotations

from krita import (
    Canvas,
    DockWidget,
    DockWidgetFactory,
    DockWidgetFactoryBase,
    Extension,
    Krita,
    Window,
)

from .nst_client.translation import _
from .panel import Panel
from .qt import QtCore

NAME = "neural_style"
SIZE = 340, 520


class NeuralStyleDocker(DockWidget):
    """The docker."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(_("Neural Style"))
        self.panel = Panel(self)
        self.panel.wants_attention.connect(self.come)
        self.setWidget(self.panel)

    def come(self) -> None:
        """Be seen."""
        self.show()
        self.raise_()

    def canvasChanged(self, canvas: Canvas) -> None:  # noqa: N802 - Krita calls it
        """Nothing depends on the canvas until the person wants to paint."""


class NeuralStyle(Extension):
    """The entry in the menu."""

    def setup(self) -> None:
        """Nothing to do."""

    def createActions(self, window: Window) -> None:  # noqa: N802 - Krita calls it
        """Add Tools ▸ Scripts ▸ Neural Style…, which brings the docker."""
        action = window.createAction(NAME, _("Neural Style…"), "tools/scripts")
        action.triggered.connect(self._bring)

    def _bring(self) -> None:
        # Not the window that was given: Krita deletes that object as soon as the actions are made.
        window = Krita.instance().activeWindow()
        for docker in window.dockers():
            if docker.objectName() == NAME:
                if not docker.isVisible():  # like a dialog; whoever wants it among the dockers drags it there
                    docker.setFloating(True)
                    size = QtCore.QSize(*SIZE)
                    middle = window.qwindow().geometry().center()
                    docker.setGeometry(
                        QtCore.QRect(middle - QtCore.QRect(QtCore.QPoint(), size).center(), size)
                    )
                docker.show()
                docker.raise_()


def add_to_krita() -> None:
    """Add the plug-in to this Krita."""
    krita = Krita.instance()
    krita.addExtension(NeuralStyle(krita))
    right = getattr(DockWidgetFactoryBase, "DockPosition", DockWidgetFactoryBase).DockRight
    krita.addDockWidgetFactory(DockWidgetFactory(NAME, right, NeuralStyleDocker))
