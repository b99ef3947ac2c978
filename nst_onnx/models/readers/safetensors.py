"""Reader of safetensors files with torch's names."""

from __future__ import annotations

from pathlib import Path

from nst_onnx.models.kernel_layout import StoredWeights
from nst_onnx.models.readers import torch_names


def sniff(path: Path) -> bool:
    """Return whether the file starts as safetensors does: the length of a JSON header, and the header."""
    with path.open("rb") as file:
        start = file.read(9)
    return start[8:] == b"{" and 2 <= int.from_bytes(start[:8], "little") <= path.stat().st_size


def read(path: Path) -> StoredWeights:
    """Read ``features.0.weight`` … or ``conv1_1.weight`` …; the classifier is not loaded."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        names = [name for name in file.keys() if "classifier" not in name]  # noqa: SIM118
        arrays = {name: file.get_tensor(name) for name in names}
    return torch_names.stored(arrays, "safetensors")
