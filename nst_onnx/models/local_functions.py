"""Local functions of an ONNX model, which some exporters write for layers: inlined, up to a size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import onnx
from onnx import inliner

from nst_onnx.errors import ModelError
from nst_onnx.graph.tensor_names import subgraphs
from nst_onnx.support import library_errors

MAX_NODES = 100_000
"""Nodes of a model after inlining. Thirty functions that each call the next one twice would make 2³⁰."""
MAX_BYTES = 2**31
"""Size of a model after inlining: protobuf's limit."""
MAX_DEPTH = 100
"""Functions that call one another in a chain: onnx's limit; its older versions recurse without one."""

_Key = tuple[str, str, str]
"""Domain, name and overload."""


class _Size(NamedTuple):
    nodes: int
    size: int
    depth: int


def inlined(model: onnx.ModelProto, where: str) -> onnx.ModelProto:
    """Return a model whose local functions are inlined; `where` is its name in messages.

    Raises ModelError where they cannot be, or where that would exceed MAX_NODES, MAX_BYTES or MAX_DEPTH.
    """
    if not model.functions:
        return model
    nodes, size, depth = _expanded(model, where)
    if nodes > MAX_NODES or size > MAX_BYTES:
        raise ModelError(
            f"{where}: its local functions make {nodes:.6g} nodes, {size / 1e9:.2g} GB, when inlined; "
            f"the limits are {MAX_NODES} nodes and {MAX_BYTES / 1e9:.2g} GB",
            "export it without functions",
        )
    if depth > MAX_DEPTH:
        raise ModelError(
            f"{where}: its local functions call one another {depth} deep; the limit is {MAX_DEPTH}",
            "export it without functions",
        )
    try:
        result = inliner.inline_local_functions(model, convert_version=True)
    except Exception as error:  # the inliner's C++ exceptions share no base class
        raise ModelError(
            f"{where}: its local functions cannot be inlined: {library_errors.of(error)}"
        ) from error
    if result.functions:
        kept = ", ".join(sorted({function.name for function in result.functions})[:4])
        raise ModelError(
            f"{where}: its local functions cannot be inlined: {kept}", "export it without functions"
        )
    return result


def _expanded(model: onnx.ModelProto, where: str) -> _Size:
    """Return the size of a model when its functions are inlined, without inlining them.

    Raises ModelError for functions that call each other in a circle.
    """
    bodies = {(_domain(f.domain), f.name, f.overload): f.node for f in model.functions}
    contents = {key: _content(nodes) for key, nodes in bodies.items()}
    calls = {key: content.keys() & bodies.keys() for key, (content, _) in contents.items()}
    sizes: dict[_Key, _Size] = {}
    try:
        for key in TopologicalSorter(calls).static_order():
            sizes[key] = _total(*contents[key], sizes)
    except CycleError as error:
        raise ModelError(
            f"{where}: its local functions call each other in a circle", "export it without functions"
        ) from error
    return _total(*_content(model.graph.node), sizes)


def _content(nodes: Iterable[onnx.NodeProto]) -> tuple[Counter[_Key], int]:
    """Return how often each operator stands in nodes and their subgraphs, and their bytes."""
    found: Counter[_Key] = Counter()
    size = 0
    for node in nodes:
        found[_domain(node.domain), node.op_type, node.overload] += 1
        size += node.ByteSize()
        for graph in subgraphs(node):
            found += _content(graph.node)[0]
    return found, size


def _total(content: Counter[_Key], size: int, sizes: dict[_Key, _Size]) -> _Size:
    """Return the expanded size of nodes, from those of the functions that they call."""
    nodes = depth = 0
    for key, count in content.items():
        body = sizes.get(key, _Size(1, 0, -1))
        nodes += count * body.nodes
        size += count * body.size
        depth = max(depth, body.depth + 1)
    return _Size(nodes, size, depth)


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name
