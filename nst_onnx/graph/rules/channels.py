"""Rules of operators that exchange channels and positions: DepthToSpace and SpaceToDepth."""

from __future__ import annotations

import onnx

from nst_onnx.graph.builder import Graph, attribute
from nst_onnx.graph.rules.registry import rule
from nst_onnx.graph.rules.windows import channels_of


@rule("DepthToSpace")
def depth_to_space(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = blocks of b×b channels as b×b positions; in mode CRD a block's channels are neighbours."""
    block = attribute(node, "blocksize", 1)
    depth = g.op("SpaceToDepth", dy, blocksize=block)
    if attribute(node, "mode", "DCR") == "DCR":
        return depth
    channels = channels_of(g, node.output[0], node)
    apart = g.op("Reshape", depth, g.ints(0, block**2, channels, -1))
    return g.op("Reshape", g.op("Transpose", apart, perm=[0, 2, 1, 3]), g.op("Shape", node.input[0]))


@rule("SpaceToDepth")
def space_to_depth(g: Graph, node: onnx.NodeProto, dy: str, index: int) -> str:
    """y = blocks of b×b positions as b×b channels."""
    return g.op("DepthToSpace", dy, blocksize=attribute(node, "blocksize", 1))
