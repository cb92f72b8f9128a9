"""Rule 2: how many learned numbers a network has.

All that the network multiplies or adds and did not compute from the image counts, trained or frozen, parameter or not;
a literal in `forward` counts as one. BatchNorm's running statistics do not count, nor do an operation's settings.
"""

import math

from course.graph import INPUT, DType, Graph, Mode, Node, Stored, Value
from course.operations import DECODERS, GENERATORS, POINTWISE
from course.shapes import infer_shapes

LITERALS_COUNT = frozenset("add sub rsub mul div lerp addcmul addcdiv where masked_fill".split())
RUNNING_STATISTICS = {"batch_norm": (3, 4), "instance_norm": (3, 4)}
MOMENTUM = {"batch_norm": 6, "instance_norm": 6}
LEAST_MOMENTUM = 1e-4  # statistics that a whole training moves by less are weights
WHOLE_NUMBERS = ("int64", "int32", "uint8", "bool")
VARYING_GENERATORS = ("arange", "linspace", "eye")


def count_parameters(graph: Graph) -> int:
    """Learned numbers of the whole network; a tensor that several operations share counts once."""
    return sum(parameters_by_node(graph).values())


def parameters_by_node(graph: Graph) -> dict[str, int]:
    """Learned numbers by operation; a shared tensor counts where it is first used."""
    shapes = infer_shapes(graph) if any(node.op in GENERATORS or _decodes(node) for node in graph.nodes) else {}
    counted: set[str] = set()
    counts = {}
    from_image = {INPUT}
    for node in graph.nodes:
        image = any(item.name in from_image for item in node.inputs() if isinstance(item, Value))
        names = _counting_inputs(node, graph, image) - counted
        counted |= names
        stored = sum(graph.tensors[name].count for name in names)
        counts[node.name] = stored + (_literals(node) if image else _settings(node)) + _generated(node, shapes)
        if image:
            from_image.add(node.name)
        elif _decodes(node):  # eight weights in one integer are eight weights
            counts[node.name] += math.prod(shapes[node.name])
    return counts


def _counting_inputs(node: Node, graph: Graph, image: bool) -> set[str]:
    """Names of the stored tensors among a node's arguments, but for statistics of the image that training keeps up to date."""
    names = {item.name for item in node.inputs() if isinstance(item, Stored)}
    learns = image and node.op in MOMENTUM and any(isinstance(argument, Mode) for argument in node.args)
    if learns and node.args[MOMENTUM[node.op]] >= LEAST_MOMENTUM:  # statistics that nothing updates are weights
        running = {node.args[place] for place in RUNNING_STATISTICS.get(node.op, ())}
        names -= {s.name for s in running if isinstance(s, Stored) and graph.tensors[s.name].kind == "buffer"}
    return names


def _literals(node: Node) -> int:
    base = node.op.partition(".")[0]
    if base not in LITERALS_COUNT:
        return 0
    numbers = [a for a in (*node.args, *node.kwargs.values()) if type(a) in (int, float)]
    return len(numbers) - (node.kwargs.get("alpha") == 1)


def _settings(node: Node) -> int:
    """Numbers among the settings of an operation on weights: each makes a weight, as a literal does."""
    settings = [a for a in (*node.args, *node.kwargs.values()) if type(a) in (int, float)]
    if node.op in GENERATORS:
        return 0
    if node.op in POINTWISE:
        return len(settings)
    return max(_literals(node), sum(type(a) is float and a != 0 for a in settings))


def _decodes(node: Node) -> bool:
    """Whether an operation takes numbers apart, if they are weights."""
    return node.op in DECODERS or (
        node.op == "to.dtype" and any(isinstance(a, DType) and a.name in WHOLE_NUMBERS for a in node.args)
    )


def _generated(node: Node, shapes) -> int:
    if node.op not in GENERATORS:
        return 0
    varies = node.op.partition(".")[0] in VARYING_GENERATORS
    return math.prod(shapes[node.name]) if varies else 1
