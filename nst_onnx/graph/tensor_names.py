"""Names of a graph's tensors: which nodes use them, subgraphs included, and other names instead.

A subgraph, such as a branch of an If, uses tensors of the graphs around it by name, without listing them as
inputs. A name that it defines itself hides theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import onnx


def subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """Yield the subgraphs of a node: branches, bodies of loops."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def uses(node: onnx.NodeProto) -> list[str]:
    """Return the names that a node takes from its graph: its inputs, then those that its subgraphs use."""
    names = list(node.input)
    for graph in subgraphs(node):
        inner = [name for within in graph.node for name in uses(within)]
        inner += [value.name for value in graph.output]
        own = defined(graph)
        names += [name for name in dict.fromkeys(inner) if name and name not in own]
    return names


def defined(graph: onnx.GraphProto) -> set[str]:
    """Return the names that a graph gives to tensors itself, those within its subgraphs excluded."""
    names = {name for node in graph.node for name in node.output if name}
    names.update(value.name for value in graph.input)
    names.update(tensor.name for tensor in graph.initializer)
    names.update(tensor.values.name for tensor in graph.sparse_initializer)
    return names


def everywhere(graph: onnx.GraphProto) -> set[str]:
    """Return all names that a graph and its subgraphs define or use."""
    names = defined(graph) | {value.name for value in graph.output}
    for node in graph.node:
        names.update(node.input)
        for inner in subgraphs(node):
            names |= everywhere(inner)
    return names


def unused(name: str, taken: set[str]) -> str:
    """Return `name`, with a number behind it where it is taken, and add the result to `taken`."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}/{number}"
    taken.add(found)
    return found


def rename(graph: onnx.GraphProto, renamed: Mapping[str, str]) -> None:
    """Rename tensors of a graph wherever they are defined and used, in place."""
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.name = renamed.get(value.name, value.name)
    for tensor in graph.sparse_initializer:
        tensor.values.name = renamed.get(tensor.values.name, tensor.values.name)
    for node in graph.node:
        node.output[:] = [renamed.get(name, name) for name in node.output]
    rename_uses(graph.node, renamed)


def rename_uses(nodes: Iterable[onnx.NodeProto], renamed: Mapping[str, str]) -> None:
    """Rename what nodes and their subgraphs use of the graph around them, in place."""
    if not renamed:
        return
    for node in nodes:
        for i, name in enumerate(node.input):
            if name in renamed:
                node.input[i] = renamed[name]
        for graph in subgraphs(node):
            own = defined(graph)
            outer = {name: new for name, new in renamed.items() if name not in own}
            rename_uses(graph.node, outer)
            for value in graph.output:
                value.name = outer.get(value.name, value.name)
