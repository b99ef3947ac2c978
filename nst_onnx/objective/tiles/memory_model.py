"""How large a tile may be: what a network takes for each pixel, against what there is.

The constants were measured (peaks of processes, VGG-19 and the compact network, tiles of 0.1 to 0.8
megapixels) and are on the safe side for both.
"""

from __future__ import annotations

from nst_onnx.objective.sessions import Network
from nst_onnx.objective.terms import Terms
from nst_onnx.runtime import Device
from nst_onnx.runtime.gpu_memory import gpu_memory
from nst_onnx.support.memory import Memory

_SHARE = 0.7  # of the memory is for the network; the rest for pictures and the optimiser
_SMALL = 512 * 512  # pixels: what is tried on any machine, unless somebody has set a limit
_PROGRAM = 150 << 20  # bytes: Python and the libraries
_WEIGHTS = {"cpu": 10, "openvino": 13, "openvino:bf16": 9, "cuda": 4}  # times the model's own size
# Times the features' size: where channels fill the runtime's blocks of 16, and where they do not.
_ACTIVATIONS = {"cpu": (2.4, 3.4), "openvino": (4.2, 4.2), "openvino:bf16": (1.6, 2.7), "cuda": (4.0, 6.0)}


def tile_pixels(network: Network, terms: Terms, memory: Memory) -> int:
    """Return how many pixels, margin included, one tile (or a whole picture) may have; 0 for none at all."""
    kind = _kind(network.device)
    floats, whole_blocks = network.sessions(terms).features
    each = _ACTIVATIONS[kind][not whole_blocks] * 4 * floats
    fixed = _PROGRAM + _WEIGHTS[kind] * network.extractor.size
    limit = memory.limit
    if network.device.kind == "cuda":  # where the network has a memory of its own
        limit = gpu_memory(network.device.index) or limit
    return max(0 if memory.wished else _SMALL, int((_SHARE * limit - fixed) / each))


def _kind(device: Device) -> str:
    name = f"{device.kind}:{device.precision}"
    return name if name in _WEIGHTS else device.kind
