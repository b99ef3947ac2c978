"""Memory model: how large a tile may be, given the memory a network takes per pixel on its backend, and how
large one should be for a processor's caches.

The backends' factors were measured (peaks of processes, VGG-19 and the compact network, tiles of 0.1 to 0.8
megapixels) and are upper bounds for both.
"""

from __future__ import annotations

from nst_onnx.objective.sessions import Network
from nst_onnx.objective.terms import Terms
from nst_onnx.objective.tiles.layout import Halo
from nst_onnx.support.memory import Memory

_SHARE = 0.7  # of the memory is for the network; the rest for pictures and the optimiser
_SMALL = 512 * 512  # pixels: evaluated as a whole on any machine, unless the user has set a limit
_CACHED = 400_000  # pixels: features of larger tiles pass through the machine's memory, not its caches
_HALOS = 30  # widths of the halo in a tile's side at least: with fewer, more pixels are computed twice
_PROGRAM = 150 << 20  # bytes: Python and the libraries


def tile_pixels(network: Network, terms: Terms, memory: Memory) -> int:
    """Return how many pixels, margin included, one tile (or a whole picture) may have; 0 where none has room.

    On a backend with memory of its own, that bounds the tile, and the machine's memory does not.
    """
    use, device_memory = network.device.memory, network.device.backend.device_memory
    floats, aligned = network.sessions(terms).floats_per_pixel
    per_pixel = (use.aligned if aligned else use.unaligned) * 4 * floats
    fixed = _PROGRAM + use.weights * network.extractor.size
    limit = (device_memory and device_memory(network.device.index)) or memory.limit
    return max(0 if memory.explicit else _SMALL, int((_SHARE * limit - fixed) / per_pixel))


def cached_pixels(halos: tuple[Halo, Halo]) -> int:
    """Return how many pixels a tile should have at most on a processor, however much memory there is.

    Measured at 12 megapixels on two cores: tiles of 0.4 megapixels take 0.7 of the time of tiles of 6, in
    bfloat16 by OpenVINO, and 0.93 by onnxruntime. Wider halos need larger tiles.
    """
    widest = max(max(halo.before, halo.after) for halo in halos)
    return max(_CACHED, (_HALOS * widest) ** 2)
