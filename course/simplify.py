"""One form for what is written in two: a clamp at zero is a ReLU, and a sum divided by the number of its terms is a mean."""

import math
from collections import Counter
from dataclasses import replace

from course.errors import GraphError
from course.graph import Graph, Node, Value
from course.shapes import infer_shapes

CLAMPS = ("clamp", "clamp_min", "threshold")
SUM, MEAN = "sum.dim_IntList", "mean.dim"  # both take the axes and whether they are kept
SCALES = {"div.Tensor": lambda count, number: number / count, "mul.Tensor": lambda count, number: number * count}


def simplified(graph: Graph) -> Graph:
    """The same network, so written. What is left has the names that it had."""
    graph = replace(graph, nodes=tuple(_relu(node) if _cuts_at_zero(node) else node for node in graph.nodes))
    return _with_means(graph) if any(node.op == SUM for node in graph.nodes) else graph


def _cuts_at_zero(node: Node) -> bool:
    """clamp(x, 0), clamp_min(x, 0) or threshold(x, 0, 0)."""
    settings = [setting for setting in (*node.args[1:], *node.kwargs.values()) if setting is not None]
    if node.op not in CLAMPS or "max" in node.kwargs or (node.op == "clamp" and node.args[1:2] == (None,)):
        return False
    return settings == ([0, 0] if node.op == "threshold" else [0])


def _relu(node: Node) -> Node:
    return Node(node.name, "relu", node.args[:1], {}, node.at)


def _with_means(graph: Graph) -> Graph:
    shapes, nodes = infer_shapes(graph), {node.name: node for node in graph.nodes}
    users = Counter(item.name for node in graph.nodes for item in node.inputs() if isinstance(item, Value))
    means: set[str] = set()  # sums that become means
    instead: dict[str, Value] = {}  # divisions that go, and what stands for them
    for node in graph.nodes:
        sums = _sums_before(node, nodes, users)
        if not sums:
            continue
        terms = math.prod(shapes[sums[-1].args[0].name]) / math.prod(shapes[sums[0].name])
        if math.isclose(SCALES[node.op](terms, node.args[1]), 1, rel_tol=1e-6):
            means |= {one.name for one in sums}
            instead[node.name] = Value(sums[0].name)

    def current(argument):
        if isinstance(argument, tuple):
            return tuple(map(current, argument))
        return instead.get(argument.name, argument) if isinstance(argument, Value) else argument

    written = [
        replace(
            node,
            op=MEAN if node.name in means else node.op,
            args=current(node.args),
            kwargs={key: current(value) for key, value in node.kwargs.items()},
        )
        for node in graph.nodes
        if node.name not in instead
    ]
    output = instead[graph.output].name if graph.output in instead else graph.output
    shorter = replace(graph, nodes=tuple(written), output=output)
    try:
        infer_shapes(shorter)
    except GraphError:  # whole numbers have a sum and no mean
        return graph
    return shorter


def _sums_before(node: Node, nodes: dict[str, Node], users: Counter[str]) -> list[Node]:
    """The sums that a multiplication or division by a number is the only one to use, the last of them first."""
    if node.op not in SCALES or len(node.args) != 2 or type(node.args[1]) not in (int, float):
        return []
    sums, source = [], node.args[0]
    while isinstance(source, Value) and source.name in nodes and nodes[source.name].op == SUM and users[source.name] == 1:
        sums.append(nodes[source.name])
        source = sums[-1].args[0]
    return sums
