"""Rule 2: how many learned numbers a network has.

All that the network multiplies or adds and did not compute from the image counts, trained or frozen, parameter or not;
a literal in `forward` counts as one. An operation's settings do not count, nor do the running statistics of a BatchNorm
that scales and shifts each channel by numbers of its own, or each channel of a convolution: they can do no more than that.
"""

import math
from collections.abc import Callable, Collection, Mapping
from functools import cache

from course.graph import INPUT, DType, Graph, Node, Stored, Value
from course.joining import count_joined
from course.operations import (
    ALLOWED,
    CONVOLUTIONS,
    DECODERS,
    DROPOUTS,
    GENERATORS,
    INDEXINGS,
    PADS,
    PIECES,
    POINTWISE,
    RESAMPLINGS,
    RESHAPES,
    SIZES,
)
from course.running_statistics import excused_statistics
from course.shapes import infer_shapes

LITERALS_COUNT = frozenset("add sub rsub mul div lerp addcmul addcdiv where masked_fill".split())
BOUNDS = {"clamp": ((1, "min"), (2, "max")), "hardtanh": ((1, "min_val"), (2, "max_val"))}
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


def count_parameters(graph: Graph, constants: Collection[str] = (), beside: Mapping[str, int] | None = None) -> int:
    """Learned numbers of the whole network; a tensor that several operations share counts once.

    Values that are among the `constants` are taken for no image's, wherever they come from; `beside` says of other values
    how many different numbers they have that no image changes.
    """
    counts = parameters_by_node(graph, constants)
    return sum(counts.values()) + (_taken_apart(graph, constants, beside) if beside else 0)


def parameters_by_node(graph: Graph, constants: Collection[str] = ()) -> dict[str, int]:
    """Learned numbers by operation; a shared tensor counts where it is first used."""
    shapes = cache(lambda: infer_shapes(graph))  # which most networks need none of
    excused = excused_statistics(graph)
    counted: set[str] = set()
    counts: dict[str, int] = {}
    from_image = {INPUT}
    sizes = {node.name for node in graph.nodes if node.op in SIZES}
    made: dict[str, set[str]] = {}  # stored tensors behind values that are no image's
    computed: set[tuple] = set()  # what was computed once is not counted again
    bent, sources, charged = 0, set[str](), 0
    generated: dict[str, int] = {}
    for node in graph.nodes:
        values = [item.name for item in node.inputs() if isinstance(item, Value)]
        stored = {item.name for item in node.inputs() if isinstance(item, Stored)}
        image = any(name in from_image for name in values)
        fresh = stored - excused.get(node.name, set()) - counted
        counted |= fresh
        counts[node.name] = sum(graph.tensors[name].count for name in fresh)
        generated[node.name] = _generated(node, shapes)
        counts[node.name] += (_literals(node, sizes) if image else _settings(node, sizes)) + generated[node.name]
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
    of_generators = {node.name: generated[node.name] for node in graph.nodes if node.op in GENERATORS}
    for name, count in count_joined(graph, constants, of_generators, lambda name: _numbers(shapes()[name])).items():
        counts[name] += count
    return counts


def _taken_apart(graph: Graph, constants: Collection[str], beside: Mapping[str, int]) -> int:
    """Numbers that are taken out of stored ones beside the image's, in one tensor with them."""
    behind: dict[str, set[str]] = {}  # stored tensors that have a part in a value
    decoded, bent, sources = 0, 0, set[str]()
    for node in graph.nodes:
        inputs = list(node.inputs())
        behind[node.name] = set[str]().union(*({i.name} if isinstance(i, Stored) else behind.get(i.name, ()) for i in inputs))
        numbers = max((beside.get(i.name, 0) for i in inputs if isinstance(i, Value)), default=0)
        if not numbers or not behind[node.name] or node.name in constants:
            continue
        if _decodes(node, [graph.tensors[name].dtype for name in behind[node.name]]):
            decoded += numbers
        elif node.op in BENDS:
            bent += numbers
            sources |= behind[node.name]
    return decoded + max(0, bent - BENDS_EACH * sum(graph.tensors[name].count for name in sources))


def _literals(node: Node, sizes: Collection[str]) -> int:
    """Numbers that are written into an operation on values: among its operands, or as what a pad puts there."""
    given = (*node.args, *node.kwargs.values())
    if node.op in PADS:
        return sum(type(a) in (int, float) and a != 0 for a in given)
    if node.op in BOUNDS:
        low, high = (node.args[place] if len(node.args) > place else node.kwargs.get(name) for place, name in BOUNDS[node.op])
        return int(low is not None and low == high)  # nothing else comes out
    if node.op == "threshold":
        return int(node.args[2] not in (0, node.args[1]))
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
