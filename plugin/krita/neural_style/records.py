"""The settings of paintings, stored with their layers as annotations of the document."""

from __future__ import annotations

from krita import Document, Node

from .nst_client.painting_record import NAME, PaintingRecord
from .qt import QtCore


def attach(document: Document, layer: Node, record: PaintingRecord) -> None:
    """Store the record of a painted layer; it is saved with the document."""
    document.setAnnotation(_key(layer), "", QtCore.QByteArray(record.encoded()))


def record_of(document: Document, layer: Node) -> PaintingRecord | None:
    """Return the record of a painted layer; None for any other layer."""
    data = bytes(document.annotation(_key(layer)))
    return PaintingRecord.decoded(data) if data else None


def source_of(document: Document, record: PaintingRecord) -> Node | None:
    """Return the layer that was painted, where it is still there."""
    return document.nodeByUniqueID(QtCore.QUuid(record.source)) if record.source else None


def _key(layer: Node) -> str:
    return f"{NAME}:{layer.uniqueId().toString()}"
