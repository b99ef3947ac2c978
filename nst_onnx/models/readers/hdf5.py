"""HDF5 files, opened only where all their data are in the file itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nst_onnx.errors import ModelError
from nst_onnx.models.readers import size_limit

if TYPE_CHECKING:
    import h5py

_ONE_FILE = "save the weights again, in one file"


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading.

    HDF5 can refer to other files by external links, external storage and virtual datasets. h5py follows
    these paths, so a downloaded file could pass any local file off as weights. Raises ModelError for such
    a file, and for one whose datasets exceed `size_limit.MAX_BYTES`.
    """
    import h5py

    with h5py.File(source, "r") as file:
        _refuse_external_links(file)
        sizes = []
        for name, dataset in _datasets(file):
            if dataset.external or dataset.is_virtual:
                raise ModelError(f"its dataset {name} is stored in another file", _ONE_FILE)
            sizes.append(dataset.size * dataset.dtype.itemsize)
        size_limit.check_total(sizes)
        yield file


def _refuse_external_links(file: h5py.File) -> None:
    from h5py import h5l

    def visit(name: bytes, link: h5l.LinkInfo) -> bytes | None:  # H5Lvisit enters each group once
        return None if link.type in (h5l.TYPE_HARD, h5l.TYPE_SOFT) else name

    if (name := file.id.links.visit(visit, info=True)) is not None:
        raise ModelError(f"its link {name.decode(errors='replace')} leads to another file", _ONE_FILE)


def _datasets(file: h5py.File) -> list[tuple[str, h5py.Dataset]]:
    import h5py

    found: list[tuple[str, h5py.Dataset]] = []

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found.append((name, item))

    file.visititems(visit)
    return found
