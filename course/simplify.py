"""One form for what is written in several: a clamp at zero is a ReLU, the logarithm of a softmax is one operation, however it
is computed, and a sum divided by the number of its terms is a mean.
"""

import math
from collections import Counter
from dataclasses import replace

from course.errors import GraphError
from course.graph import Graph, Node, Stored, Value
from course.modes import live
from course.shapes import infer_shapes

ZEROS = ("zeros", "zeros_like", "new_zeros")
POSITIVE, NEGATIVE = ("gt.Scalar", "ge.Scalar"), ("lt.Scalar", "le.Scalar")
HALVES = {"mul.Tensor": 0.5, "div.Tensor": 2}  # the other operand, where an operation halves
SUM, MEAN = "sum.dim_IntList", "mean.dim"  # both take the axes and whether they are kept
SCALES = {"div.Tensor": lambda count, number: number / count, "mul.Tensor": lambda count, number: number * count}


def simplified(graph: Graph, zeros: frozenset[str] = frozenset()) -> Graph:
    """The same network, so written; `zeros` are its constants that hold nothing else. What is left has the names that it had."""
    graph = _with_relus(graph, zeros)
    graph = _with_log_softmaxes(graph)
    return _with_means(graph) if any(node.op == SUM for node in graph.nodes) else graph


def _with_relus(graph: Graph, zeros: frozenset[str]) -> Graph:
    nodes = {node.name: node for node in graph.nodes}
    cut = {node.name: source for node in graph.nodes if (source := _cut_at_zero(node, nodes, zeros))}
    by_zeros = [name for name in cut if len(list(nodes[name].inputs())) > 1]
    shapes = infer_shapes(graph) if by_zeros else {}
    for name in by_zeros:
        if shapes[name] != shapes[cut[name].name]:  # zeros of another shape have spread it
            del cut[name]
    written = (Node(node.name, "relu", (cut[node.name],), {}, node.at) if node.name in cut else node for node in graph.nodes)
    kept = live(tuple(written), graph.output)
    used = {item.name for node in kept for item in node.inputs() if isinstance(item, Stored)}
    tensors = {name: spec for name, spec in graph.tensors.items() if name in used or name not in zeros}
    return replace(graph, nodes=tuple(kept), tensors=tensors)


def _cut_at_zero(node: Node, nodes: dict[str, Node], zeros: frozenset[str]) -> Value | None:
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
        case "prelu" if _is_zero(rest[0], nodes, zeros):
            return source
        case "masked_fill.Scalar" if rest[1:] == [0] and _asks(NEGATIVE, rest[0], source, nodes):
            return source
        case "mul.Tensor" | "div.Tensor" if rest == [HALVES[node.op]]:
            return _twice_a_relu(source, nodes)
        case "maximum" | "max.other":
            others = [item for item in node.args if not _is_zero(item, nodes, zeros)]
            return others[0] if len(others) == 1 and isinstance(others[0], Value) else None
        case "where.self" | "where.ScalarOther" if isinstance(source, Value) and isinstance(rest[0], Value):
            return rest[0] if _asks(POSITIVE, source, rest[0], nodes) and _is_zero(rest[1], nodes, zeros) else None
        case "mul.Tensor" if isinstance(source, Value) and isinstance(rest[0], Value):
            both = ((source, rest[0]), (rest[0], source))
            return next((value for mask, value in both if _asks(POSITIVE, mask, value, nodes)), None)
    return None


def _twice_a_relu(sum_: Value, nodes: dict[str, Node]) -> Value | None:
    """What is added to its own size."""
    node = nodes.get(sum_.name)
    if node is None or node.op != "add.Tensor" or len(node.args) != 2 or node.kwargs:
        return None
    one, other = node.args
    for value, size in ((one, other), (other, one)):
        made_by = nodes.get(size.name) if isinstance(size, Value) else None
        if isinstance(value, Value) and made_by and made_by.op == "abs" and made_by.args == (value,):
            return value
    return None


def _asks(question: tuple[str, ...], mask: Value, value: Value, nodes: dict[str, Node]) -> bool:
    """Whether a mask, of truth values or of zeros and ones, says where a value is positive, or where it is negative."""
    node = nodes.get(mask.name)
    if node and node.op == "to.dtype" and isinstance(node.args[0], Value):
        node = nodes.get(node.args[0].name)
    return node is not None and node.op in question and node.args == (value, 0)


def _is_zero(item, nodes: dict[str, Node], zeros: frozenset[str]) -> bool:
    if isinstance(item, Stored):
        return item.name in zeros
    made_by = nodes.get(item.name) if isinstance(item, Value) else None
    return made_by.op in ZEROS if made_by else type(item) in (int, float) and item == 0


def _with_log_softmaxes(graph: Graph) -> Graph:
    nodes, users = {node.name: node for node in graph.nodes}, _users(graph)
    written = []
    for node in graph.nodes:
        source = nodes.get(node.args[0].name) if node.op == "log" and isinstance(node.args[0], Value) else None
        if source and source.op == "softmax.int" and users[source.name] == 1:
            node = Node(node.name, "log_softmax.int", source.args, source.kwargs, node.at)
        elif node.op == "sub.Tensor" and (axis := _log_of_sum(node, nodes)) is not None:
            node = Node(node.name, "log_softmax.int", (node.args[0], axis), {}, node.at)
        written.append(node)
    return replace(graph, nodes=tuple(live(written, graph.output)))


def _log_of_sum(node: Node, nodes: dict[str, Node]) -> int | None:
    """The axis over which a node subtracts from a value the logarithm of the sum of its exponentials; None: it does not."""
    if len(node.args) != 2 or node.kwargs or not all(isinstance(item, Value) for item in node.args):
        return None
    value, made_by = node.args[0], nodes.get(node.args[1].name)
    if made_by and made_by.op == "log":
        sum_ = nodes.get(made_by.args[0].name)
        exponentials = nodes.get(sum_.args[0].name) if sum_ and sum_.op == SUM and isinstance(sum_.args[0], Value) else None
        same = exponentials is not None and exponentials.op == "exp" and exponentials.args == (value,)
        made_by = sum_ if same else None
    elif made_by and (made_by.op != "logsumexp" or made_by.args[0] != value):
        made_by = None
    if made_by is None or len(made_by.args) != 3 or made_by.args[2] is not True or made_by.kwargs:
        return None
    axes = made_by.args[1]
    return axes[0] if isinstance(axes, tuple) and len(axes) == 1 else None


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
