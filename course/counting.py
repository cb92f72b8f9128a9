"""Rule 2: how many learned numbers a network has.

All that the network multiplies or adds and did not compute from the image counts, trained or frozen, parameter or not;
a literal in `forward` counts as one. An operation's settings do not count, nor do the running statistics of a BatchNorm
that scales and shifts each channel by numbers of its own, or each channel of a convolution: they can do no more than that.
"""

import math
from collections.abc import Collection

from course.graph import INPUT, DType, Graph, Mode, Node, Stored, Value
from course.operations import COMPARISONS, CONVOLUTIONS, DECODERS, DROPOUTS, GENERATORS, POINTWISE, POOLINGS
from course.shapes import infer_shapes

LITERALS_COUNT = frozenset("add sub rsub mul div lerp addcmul addcdiv where masked_fill".split())
RUNNING_STATISTICS = {"batch_norm": (3, 4), "instance_norm": (3, 4)}
MOMENTUM = {"batch_norm": 6, "instance_norm": 6}
LEAST_MOMENTUM = 1e-4  # statistics that a whole training moves by less are weights
WHOLE_NUMBERS = ("int64", "int32", "uint8", "bool")
VARYING_GENERATORS = ("arange", "linspace", "eye")
LINEAR = frozenset("neg detach to.dtype".split())
BENDS = (POINTWISE - LINEAR - DECODERS) | COMPARISONS  # by enough of them, too, numbers are taken apart
KEEPS_CHANNELS = POINTWISE | DROPOUTS | POOLINGS


def count_parameters(graph: Graph, constants: Collection[str] = ()) -> int:
    """Learned numbers of the whole network; a tensor that several operations share counts once.

    Values that are among the `constants` are taken for no image's, wherever they come from.
    """
    return sum(parameters_by_node(graph, constants).values())


def parameters_by_node(graph: Graph, constants: Collection[str] = ()) -> dict[str, int]:
    """Learned numbers by operation; a shared tensor counts where it is first used."""
    needs_shapes = any(node.op in GENERATORS | BENDS or _decodes(node) for node in graph.nodes)
    shapes = infer_shapes(graph) if needs_shapes else {}
    counted: set[str] = set()
    counts: dict[str, int] = {}
    from_image = {INPUT}
    behind: dict[str, set[str]] = {}  # stored tensors, of values that are no image's
    bent, sources, charged = 0, set[str](), 0
    for node in graph.nodes:
        values = [item.name for item in node.inputs() if isinstance(item, Value)]
        image = any(name in from_image for name in values)
        names = _counting_inputs(node, graph, image) - counted
        counted |= names
        stored = sum(graph.tensors[name].count for name in names)
        counts[node.name] = stored + (_literals(node) if image else _settings(node)) + _generated(node, shapes)
        if image and node.name not in constants:
            from_image.add(node.name)
            continue
        behind[node.name] = {item.name for item in node.inputs() if isinstance(item, Stored)}.union(
            *(behind.get(name, ()) for name in values)
        )
        if _decodes(node):  # eight weights in one integer are eight weights
            counts[node.name] += math.prod(shapes[node.name])
        elif node.op in BENDS and behind[node.name]:  # one for each number that is stored is a way to write it; more are more
            bent += math.prod(shapes[node.name])
            sources |= behind[node.name]
            beyond = bent - sum(graph.tensors[name].count for name in sources)
            counts[node.name] += max(0, beyond - charged)
            charged = max(charged, beyond)
    return counts


def _counting_inputs(node: Node, graph: Graph, image: bool) -> set[str]:
    """Names of the stored tensors among a node's arguments, but for statistics that training keeps and that add nothing."""
    names = {item.name for item in node.inputs() if isinstance(item, Stored)}
    learns = image and node.op in MOMENTUM and any(isinstance(argument, Mode) for argument in node.args)
    if not learns or node.args[MOMENTUM[node.op]] < LEAST_MOMENTUM:  # statistics that nothing updates are weights
        return names
    if not isinstance(node.args[1], Stored) and not _are_channels_of_convolutions(node.args[0], graph):
        return names
    running = {node.args[place] for place in RUNNING_STATISTICS.get(node.op, ())}
    return names - {s.name for s in running if isinstance(s, Stored) and graph.tensors[s.name].kind == "buffer"}


def _are_channels_of_convolutions(value, graph: Graph) -> bool:
    """Whether a value's channels are those of convolutions, each with weights of its own that a scale could be part of."""
    nodes = {node.name: node for node in graph.nodes}
    waiting, seen = [value], set[str]()
    while waiting:
        name = getattr(waiting.pop(), "name", "")
        if name == INPUT:
            continue
        node = nodes.get(name)
        if node is None:
            return False
        if node.op in CONVOLUTIONS:
            if node.name in seen or not isinstance(node.args[1], Stored):
                return False  # the same channels twice, or kernels that are made of fewer numbers
            seen.add(node.name)
        elif node.op in KEEPS_CHANNELS:
            waiting.append(node.args[0])
        elif node.op == "cat" and (node.args[1:] or (0,))[0] == 1:
            waiting.extend(node.args[0])
        else:
            return False
    return True


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
