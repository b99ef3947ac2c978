"""Registration with Krita: a docker, and an entry in Tools ▸ Scripts."""

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

from .nst_client.engine_setup.parts import Parts
from .nst_client.translation import _
from .panel import Panel
from .qt import QtCore
from .setup_window import HERE

NAME = "neural_style"
SIZE = 340, 680


class NeuralStyleDocker(DockWidget):
    """The docker."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(_("Neural Style"))
        self.panel = Panel(self)
        self.panel.message_shown.connect(self.bring_to_front)
        self.setWidget(self.panel)

    def bring_to_front(self) -> None:
        """Show and raise the docker."""
        self.show()
        self.raise_()

    def canvasChanged(self, canvas: Canvas) -> None:  # noqa: N802 - Krita calls it
        """Do nothing: the canvas is read only when painting starts."""


class NeuralStyle(Extension):
    """The entry in the menu."""

    def setup(self) -> None:
        """Do nothing."""

    def createActions(self, window: Window) -> None:  # noqa: N802 - Krita calls it
        """Add Tools ▸ Scripts ▸ Neural Style…, which shows the docker, and the entry of its engine."""
        action = window.createAction(NAME, _("Neural Style…"), "tools/scripts")
        action.triggered.connect(self._show_docker)
        if Parts.of(HERE) is not None:  # else `nst-onnx plugin` does the work
            action = window.createAction(f"{NAME}_engine", _("Engine of Neural Style…"), "tools/scripts")
            action.triggered.connect(self._show_engine)

    def _show_docker(self) -> None:
        # Not the `window` of createActions: Krita deletes that object once the actions exist.
        window = Krita.instance().activeWindow()
        for docker in window.dockers():
            if docker.objectName() == NAME:
                if not docker.isVisible():  # as a dialog, until the user docks it
                    docker.setFloating(True)
                    size = QtCore.QSize(*SIZE)
                    middle = window.qwindow().geometry().center()
                    docker.setGeometry(
                        QtCore.QRect(middle - QtCore.QRect(QtCore.QPoint(), size).center(), size)
                    )
                docker.show()
                docker.raise_()
                docker.widget().setup.open_where_needed()

    def _show_engine(self) -> None:
        for docker in Krita.instance().activeWindow().dockers():
            if docker.objectName() == NAME:
                docker.widget().setup.open()


def add_to_krita() -> None:
    """Add the plug-in to this Krita."""
    krita = Krita.instance()
    krita.addExtension(NeuralStyle(krita))
    right = getattr(DockWidgetFactoryBase, "DockPosition", DockWidgetFactoryBase).DockRight
    krita.addDockWidgetFactory(DockWidgetFactory(NAME, right, NeuralStyleDocker))
