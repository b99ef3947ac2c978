"""How large a tile may be: what a network needs for each pixel, against what there is."""

from __future__ import annotations

from nst_onnx.losses.assemble import Terms
from nst_onnx.memory import Memory
from nst_onnx.network import Network

_PROBE = 512  # pixels a side: large enough that rounding in deep layers does not matter


def tile_pixels(network: Network, terms: Terms, memory: Memory) -> int:
    """Return how many pixels, margin included, one tile (or a whole picture) may have at most."""
    return 1 << 40
