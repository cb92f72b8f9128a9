"""Rule 2: how many learned numbers a network has.

All that the network multiplies or adds and did not compute from the image counts, trained or frozen, parameter or not;
a literal in `forward` counts as one. An operation's settings do not count, nor do the running statistics of a BatchNorm
that scales and shifts each channel by numbers of its own, or each channel of a convolution: they can do no more than that.
"""

import math
from collections.abc import Callable, Collection
from functools import cache

from course.graph import INPUT, DType, Graph, Mode, Node, Stored, Value
from course.operations import (
    ALLOWED,
    CONVOLUTIONS,
    DECODERS,
    DROPOUTS,
    GENERATORS,
    INDEXINGS,
    PIECES,
    POINTWISE,
    POOLINGS,
    RESAMPLINGS,
    RESHAPES,
    SIZES,
)
from course.shapes import infer_shapes

LITERALS_COUNT = frozenset("add sub rsub mul div lerp addcmul addcdiv where masked_fill".split())
PADS = ("pad", "constant_pad_nd")
RUNNING_STATISTICS = {"batch_norm": (3, 4), "instance_norm": (3, 4)}
MOMENTUM = {"batch_norm": 6, "instance_norm": 6}
LEAST_MOMENTUM = 1e-4  # statistics that a whole training moves by less are weights
RANKS = frozenset("sort topk max.dim min.dim median.dim".split())  # they give places, too: numbers in order, as a range does
VARYING_GENERATORS = ("arange", "linspace", "eye")
SHORT_FORMATS = frozenset("int64 int32 uint8 bool float16 bfloat16".split())  # a number loses its last digits there
LONG_FORMATS = frozenset("float64 int64 int32".split())  # one holds two of float32
BENDS_EACH = 3  # for each stored number that many are free: weights of three values take a sign, a size and a comparison
LINEAR = frozenset(
    """neg detach to.dtype add.Tensor sub.Tensor rsub.Scalar rsub.Tensor mul.Tensor div.Tensor add.Scalar sub.Scalar mul.Scalar
    div.Scalar addcmul addcdiv lerp.Tensor lerp.Scalar mean mean.dim sum sum.dim_IntList linear matmul mm bmm addmm baddbmm mv
    dot inner outer einsum""".split()
)
MOVES = RESHAPES | PIECES | RESAMPLINGS | INDEXINGS | GENERATORS | CONVOLUTIONS | DROPOUTS | SIZES.keys()
BENDS = ALLOWED - LINEAR - MOVES - DECODERS  # by enough of them, too, numbers are taken apart
KEEPS_CHANNELS = POINTWISE | DROPOUTS | POOLINGS


def count_parameters(graph: Graph, constants: Collection[str] = ()) -> int:
    """Learned numbers of the whole network; a tensor that several operations share counts once.

    Values that are among the `constants` are taken for no image's, wherever they come from.
    """
    return sum(parameters_by_node(graph, constants).values())


def parameters_by_node(graph: Graph, constants: Collection[str] = ()) -> dict[str, int]:
    """Learned numbers by operation; a shared tensor counts where it is first used."""
    shapes = cache(lambda: infer_shapes(graph))  # which most networks need none of
    excused = _excused_statistics(graph)
    counted: set[str] = set()
    counts: dict[str, int] = {}
    from_image = {INPUT}
    sizes = {node.name for node in graph.nodes if node.op in SIZES}
    made: dict[str, set[str]] = {}  # stored tensors behind values that are no image's
    computed: set[tuple] = set()  # what was computed once is not counted again
    bent, sources, charged = 0, set[str](), 0
    for node in graph.nodes:
        values = [item.name for item in node.inputs() if isinstance(item, Value)]
        stored = {item.name for item in node.inputs() if isinstance(item, Stored)}
        image = any(name in from_image for name in values)
        fresh = stored - excused.get(node.name, set()) - counted
        counted |= fresh
        counts[node.name] = sum(graph.tensors[name].count for name in fresh)
        counts[node.name] += (_literals(node, sizes) if image else _settings(node, sizes)) + _generated(node, shapes)
        if image and node.name not in constants:
            from_image.add(node.name)
            continue
        made[node.name] = stored.union(*(made.get(name, ()) for name in values))
        what = (node.op, node.args, tuple(sorted(node.kwargs.items())))
        if what in computed:
            continue
        computed.add(what)
        if _decodes(node, [graph.tensors[name].dtype for name in made[node.name]]):  # eight weights in one are eight weights
            counts[node.name] += _numbers(shapes()[node.name])
        elif node.op in BENDS and made[node.name]:
            bent += _numbers(shapes()[node.name])
            sources |= made[node.name]
            beyond = bent - BENDS_EACH * sum(graph.tensors[name].count for name in sources)
            counts[node.name] += max(0, beyond - charged)
            charged = max(charged, beyond)
    return counts


def _excused_statistics(graph: Graph) -> dict[str, set[str]]:
    """By normalisation, its running statistics that don't count: training keeps them, and they do nothing that other numbers
    of this normalisation, or the weights of the convolutions before it, could not do as well.
    """
    users: dict[str, set[str]] = {}  # of stored tensors and of values
    for node in graph.nodes:
        for item in node.inputs():
            users.setdefault(item.name, set()).add(node.name)
    found: dict[str, tuple[frozenset[str], set[str]]] = {}  # what could do as well, and the statistics
    paths: dict[str, set[str]] = {}  # operations between the two
    for node in graph.nodes:
        learns = node.op in MOMENTUM and any(isinstance(argument, Mode) for argument in node.args)
        if not learns or node.args[MOMENTUM[node.op]] < LEAST_MOMENTUM:  # statistics that nothing updates are weights
            continue
        if isinstance(node.args[1], Stored):
            own, paths[node.name] = frozenset({node.args[1].name}), set()
        else:
            own, paths[node.name] = _convolutions_before(node, graph)
        running = {node.args[place] for place in RUNNING_STATISTICS[node.op]}
        names = {s.name for s in running if isinstance(s, Stored) and graph.tensors[s.name].kind == "buffer"}
        if own:
            found[node.name] = (own, names)
    excused = {}
    for name, (own, names) in found.items():
        alike = {other for other, (_, others) in found.items() if others == names}
        shared = any(own & other for other, others in found.values() if others != names)  # numbers can do for one only
        read = set[str]().union(*(users.get(one, ()) for one in {*own, *paths[name]} - {INPUT}))
        if not shared and read <= paths[name] | alike:
            excused[name] = names
    return excused


def _convolutions_before(node: Node, graph: Graph) -> tuple[frozenset[str], set[str]]:
    """The kernels that the channels of a normalisation come from, where a scale of each channel could be part of them, and the
    operations from there on; no kernels where it could not.
    """
    nodes = {other.name: other for other in graph.nodes}
    waiting, kernels, seen = [node.args[0]], set[str](), set[str]()
    while waiting:
        name = getattr(waiting.pop(), "name", "")
        before = nodes.get(name)
        if name == INPUT:
            kernels.add(INPUT)
        elif before is None or name in seen:
            return frozenset(), seen  # the same channels twice
        elif before.op in CONVOLUTIONS:
            if not isinstance(before.args[1], Stored):
                return frozenset(), seen  # kernels that are made of fewer numbers
            kernels.add(before.args[1].name)
        elif before.op in KEEPS_CHANNELS:
            waiting.append(before.args[0])
        elif before.op == "cat" and (before.args[1:] or (0,))[0] == 1:
            waiting.extend(before.args[0])
        else:
            return frozenset(), seen
        seen.add(name)
    return frozenset(kernels), seen


def _literals(node: Node, sizes: Collection[str]) -> int:
    """Numbers that are written into an operation on values: among its operands, or as what a pad puts there."""
    given = (*node.args, *node.kwargs.values())
    if node.op in PADS:
        return sum(type(a) in (int, float) and a != 0 for a in given)
    if node.op.partition(".")[0] not in LITERALS_COUNT:
        return 0
    numbers = [a for a in given if type(a) in (int, float) or (isinstance(a, Value) and a.name in sizes)]
    return len(numbers) - (node.kwargs.get("alpha") == 1)


def _settings(node: Node, sizes: Collection[str]) -> int:
    """Numbers among the settings of an operation on weights: each makes a weight, as a literal does."""
    settings = [a for a in (*node.args, *node.kwargs.values()) if type(a) in (int, float)]
    if node.op in GENERATORS:
        return 0
    if node.op in POINTWISE:
        return len(settings)
    return max(_literals(node, sizes), sum(type(a) is float and a != 0 for a in settings))


def _decodes(node: Node, formats: list[str]) -> bool:
    """Whether an operation takes numbers apart, if they are weights of these formats, or makes many of few."""
    given = {a.name for a in (*node.args, *node.kwargs.values()) if isinstance(a, DType)}
    halves = "float32" in given and not LONG_FORMATS.isdisjoint(formats)
    ramps = "upsample" in node.op and "nearest" not in node.op
    return node.op in DECODERS or halves or ramps or not given.isdisjoint(SHORT_FORMATS) or (node.op in RANKS and not formats)


def _numbers(shape: tuple) -> int:
    """How many numbers there are of a shape, or of several."""
    several = shape and isinstance(shape[0], tuple)
    return sum(map(_numbers, shape)) if several else math.prod(shape)


def _generated(node: Node, shapes: Callable[[], dict]) -> int:
    if node.op not in GENERATORS:
        return 0
    varies = node.op.partition(".")[0] in VARYING_GENERATORS
    return math.prod(shapes()[node.name]) if varies else 1
