"""One form for what is written in several: a clamp at zero is a ReLU, the logarithm of a softmax is one operation, and a sum
divided by the number of its terms is a mean.
"""

import math
from collections import Counter
from dataclasses import replace

from course.errors import GraphError
from course.graph import Graph, Node, Value
from course.modes import live
from course.shapes import infer_shapes

ZEROS = ("zeros", "zeros_like", "new_zeros")
POSITIVE = ("gt.Scalar", "ge.Scalar")
SUM, MEAN = "sum.dim_IntList", "mean.dim"  # both take the axes and whether they are kept
SCALES = {"div.Tensor": lambda count, number: number / count, "mul.Tensor": lambda count, number: number * count}


def simplified(graph: Graph) -> Graph:
    """The same network, so written. What is left has the names that it had."""
    graph = _with_relus(graph)
    graph = _with_log_softmaxes(graph)
    return _with_means(graph) if any(node.op == SUM for node in graph.nodes) else graph


def _with_relus(graph: Graph) -> Graph:
    nodes = {node.name: node for node in graph.nodes}
    cut = {node.name: source for node in graph.nodes if (source := _cut_at_zero(node, nodes))}
    by_zeros = [name for name in cut if len(list(nodes[name].inputs())) > 1]
    shapes = infer_shapes(graph) if by_zeros else {}
    for name in by_zeros:
        if shapes[name] != shapes[cut[name].name]:  # zeros of another shape have spread it
            del cut[name]
    written = (Node(node.name, "relu", (cut[node.name],), {}, node.at) if node.name in cut else node for node in graph.nodes)
    return replace(graph, nodes=tuple(live(tuple(written), graph.output)))


def _cut_at_zero(node: Node, nodes: dict[str, Node]) -> Value | None:
    """What a node cuts off at zero, in whichever way; None where it does something else."""
    source, *rest = node.args or (None,)
    settings = [setting for setting in (*rest, *node.kwargs.values()) if setting is not None]
    match node.op:
        case "clamp" if "max" in node.kwargs or rest[:1] == [None]:
            return None
        case "clamp" | "hardtanh" if settings in ([0], [0, math.inf]):
            return source
        case "clamp_min" | "leaky_relu" if settings == [0]:
            return source
        case "threshold" if settings == [0, 0]:
            return source
        case "maximum" | "max.other":
            others = [item for item in node.args if not _is_zero(item, nodes)]
            return others[0] if len(others) == 1 and isinstance(others[0], Value) else None
        case "where.self" | "where.ScalarOther" if isinstance(source, Value) and isinstance(rest[0], Value):
            return rest[0] if _asks_positive(source, rest[0], nodes) and _is_zero(rest[1], nodes) else None
        case "mul.Tensor" if isinstance(source, Value) and isinstance(rest[0], Value):
            both = ((source, rest[0]), (rest[0], source))
            return next((value for mask, value in both if _asks_positive(mask, value, nodes)), None)
    return None


def _asks_positive(mask: Value, value: Value, nodes: dict[str, Node]) -> bool:
    """Whether a mask, of truth values or of zeros and ones, says where a value is positive."""
    node = nodes.get(mask.name)
    if node and node.op == "to.dtype" and isinstance(node.args[0], Value):
        node = nodes.get(node.args[0].name)
    return node is not None and node.op in POSITIVE and node.args == (value, 0)


def _is_zero(item, nodes: dict[str, Node]) -> bool:
    made_by = nodes.get(item.name) if isinstance(item, Value) else None
    return made_by.op in ZEROS if made_by else type(item) in (int, float) and item == 0


def _with_log_softmaxes(graph: Graph) -> Graph:
    nodes, users = {node.name: node for node in graph.nodes}, _users(graph)
    written = []
    for node in graph.nodes:
        source = nodes.get(node.args[0].name) if node.op == "log" and isinstance(node.args[0], Value) else None
        if source and source.op == "softmax.int" and users[source.name] == 1:
            node = Node(node.name, "log_softmax.int", source.args, source.kwargs, node.at)
        written.append(node)
    return replace(graph, nodes=tuple(live(written, graph.output)))


def _users(graph: Graph) -> Counter[str]:
    return Counter(item.name for node in graph.nodes for item in node.inputs() if isinstance(item, Value))


def _with_means(graph: Graph) -> Graph:
    shapes, users = infer_shapes(graph), _users(graph)
    nodes = {node.name: node for node in graph.nodes}
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
