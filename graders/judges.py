"""What the checks ask of a network's structure: each compares the chain that was seen with the lesson's plan.

A judge says what it saw, what it expected and what to try; it looks at one thing, so that one mistake costs one mark.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from course.graph import Graph
from course.operations import POINTWISE
from course.output import output_problem
from course.table import numbers
from graders.outcome import Outcome, correct, not_yet
from graders.plans import plan, pooling_field
from graders.structure import DROPOUTS, REARRANGING, TAIL, Chain, Layer, chain

CASTS = ("to", "detach")
ACTIVATIONS = {operation.partition(".")[0] for operation in POINTWISE} - {"relu", *CASTS}
GLOBAL = ("global_avg_pool", "global_max_pool")  # where there is a check of the first, it speaks of both


def judge_parameters(graph: Graph, number: int, expected: int) -> Outcome:
    """The exact number of parameters."""
    seen = graph.parameters
    if seen == expected:
        return correct(f"{seen:,} parameters, exactly")
    difference = f"{abs(seen - expected):,} too {'many' if seen > expected else 'few'}"
    said = f"saw {seen:,} parameters, expected {expected:,}: {difference}"
    convolutions, planned = chain(graph).convolutions, plan(number).convolutions
    if seen - expected == sum(layer.channels for layer in convolutions) and number > 1:
        return not_yet(f"{said}, one for each channel of each convolution: leave the biases out, bias=False")
    if expected - seen == sum(layer.channels for layer in planned) and number == 1:
        return not_yet(f"{said}: this network's convolutions have biases, as nn.Conv2d has unless told otherwise")
    return not_yet(
        f"{said}; Graph.trace(Net).table() shows where they are, to be compared layer by layer with the lesson"
    )


def judge_layers(graph: Graph, number: int) -> Outcome:
    """Kernel, channels and padding of every convolution, in order."""
    seen, planned = chain(graph), plan(number)
    if seen.problem:
        return not_yet(seen.problem)
    poolings = GLOBAL if planned.of_kind("global_avg_pool") else ()
    strangers = [layer for layer in seen.layers if layer.kind not in ("conv", "max_pool", "avg_pool", *poolings, *ACTIVATIONS)]
    strangers += [] if poolings else _added_pools(seen, planned)
    if strangers:
        return not_yet(f"saw {strangers[0].name}, which the lesson's table does not have")
    for i, (one, other) in enumerate(_pairs(seen, planned), start=1):
        for what, a, b in (
            ("kernel", one.kernel, other.kernel),
            ("output channels", one.channels, other.channels),
            ("padding", one.padding, other.padding),
            ("stride", one.stride, other.stride),
            ("dilation", one.dilation, other.dilation),
        ):
            if a != b:
                return not_yet(f"convolution {i}{_at(one)}: saw {what} {a}, expected {b}")
    return _same_count(seen, planned) or correct(f"{len(planned.convolutions)} convolutions, each as planned")


def judge_activations(graph: Graph, number: int) -> Outcome:
    """A ReLU behind every convolution but those that stay bare."""
    seen, planned = chain(graph), plan(number)
    for i, (one, other) in enumerate(_pairs(seen, planned), start=1):
        if ("relu" in other.after) != ("relu" in one.after):
            if "relu" in other.after:
                return not_yet(
                    f"convolution {i}{_at(one)}: saw no ReLU behind it, expected one; try F.relu or nn.ReLU()"
                )
            return not_yet(f"convolution {i}{_at(one)}: saw a ReLU behind it; this one's output stays as it is")
    strange = [layer for layer in seen.layers if layer.kind in ACTIVATIONS]
    if strange:
        return not_yet(f"saw {strange[0].kind}; this lesson's activations are ReLU")
    for before, layer in pairwise(seen.layers):
        if layer.kind != "conv" and "relu" in layer.after and before.after[-1:] != ("relu",):  # behind one, it does nothing
            return not_yet(f"saw a ReLU behind {layer.name}, expected none")
    return _same_count(seen, planned) or correct("ReLU where it should be, and nowhere else")


def judge_pooling(graph: Graph, number: int) -> Outcome:
    """The max-pools by two, one from the second lesson on, the first of them at the planned receptive field."""
    seen, planned, wanted = chain(graph), plan(number), pooling_field(number)
    places, expected = seen.of_kind("max_pool"), planned.of_kind("max_pool")
    count = "one" if len(expected) == 1 else f"{len(expected)}, the first"
    if not places:
        return not_yet(f"saw no max-pool, expected {count} behind a receptive field of {wanted}; try nn.MaxPool2d(2)")
    if len(places) != len(expected):
        pools = "max-pool" if len(places) == 1 else "max-pools"
        return not_yet(f"saw {len(places)} {pools}, expected {count}, behind a receptive field of {wanted}")
    for pool in seen.layers:
        for what, value, wished in (
            ("kernel", pool.kernel, 2), ("stride", pool.stride, 2), ("padding", pool.padding, 0), ("dilation", pool.dilation, 1),
        ):  # fmt: skip
            if pool.kind == "max_pool" and value != wished:
                return not_yet(f"saw a max-pool of {what} {value}, expected {wished}")
    index = next(i for i, layer in enumerate(seen.layers) if layer.kind == "max_pool")
    field = seen.layers[index - 1].field if index else 1
    if field != wanted:
        way = "later" if isinstance(field, int) and field < wanted else "earlier"
        return not_yet(f"saw the max-pool behind a receptive field of {field}, expected {wanted}: pool {way}")
    for place, other in zip(places, expected, strict=True):
        if place != other:
            return not_yet(f"saw the max-pool behind convolution {place}, expected it behind convolution {other}")
    return correct(f"{'one max-pool' if len(places) == 1 else 'max-pools'} by two, behind a receptive field of {wanted}")


def judge_normalisation(graph: Graph, number: int) -> Outcome:
    """BatchNorm behind the planned convolutions, in the planned order with ReLU."""
    seen, planned = chain(graph), plan(number)
    for i, (one, other) in enumerate(_pairs(seen, planned), start=1):
        a, b = (tuple(x for x in layer.after if not _drops(x)) for layer in (one, other))
        others = [x for x in a if x not in ("relu", "norm")]
        if others and "norm" in b:
            advice = "; leave momentum and eps out: PyTorch's momentum of 0.1 is what other libraries call 0.9"
            odd = others[0].startswith("BatchNorm")
            return not_yet(f"convolution {i}{_at(one)}: saw {others[0]} behind it, expected BatchNorm{advice if odd else ''}")
        if a.count("norm") != b.count("norm") or others:
            saw = "no BatchNorm" if "norm" not in a else f"{_words(a)}"
            return not_yet(f"convolution {i}{_at(one)}: saw {saw} behind it, expected {_words(b) or 'none'}")
        if "norm" in b and "relu" in a and a != b:
            return not_yet(f"convolution {i}{_at(one)}: saw {_words(a)}, expected {_words(b)}, in this order")
    for layer in seen.layers:
        stray = [x for x in layer.after if layer.kind != "conv" and x != "relu" and not _drops(x)]
        if stray:
            return not_yet(f"saw {_words((stray[0],))} behind {layer.name}, expected none")
    return _same_count(seen, planned) or correct("BatchNorm where it should be, and nowhere else")


def judge_dropout(graph: Graph, number: int) -> Outcome:
    """Dropout at the planned places with the planned rate."""
    seen, planned = chain(graph), plan(number)
    rate = next((layer.rates[0] for layer in planned.layers if layer.rates), 0.0)
    others = [(x, layer) for layer in seen.layers for x in layer.after if x in DROPOUTS.values()]
    if others:
        return not_yet(f"saw {others[0][0]} behind {others[0][1].name}, expected Dropout, which drops single activations")
    for i, (one, other) in enumerate(_pairs(seen, planned), start=1):
        a, b = one.after.count("dropout"), other.after.count("dropout")
        if a < b:
            return not_yet(f"convolution {i}{_at(one)}: saw no dropout behind it, expected Dropout({rate})")
        if a > b:
            return not_yet(f"convolution {i}{_at(one)}: saw {a} dropout{'s' * (a > 1)} behind it, expected {b or 'none'}")
        if b and abs(one.rates[0] - rate) > 1e-6:
            return not_yet(f"convolution {i}{_at(one)}: saw dropout of {one.rates[0]:g}, expected {rate:g}")
        if b and one.after[-1] != "dropout":
            return not_yet(f"convolution {i}{_at(one)}: saw {_words(one.after)}; dropout comes last in this block")
    stray = [layer for layer in seen.layers if layer.kind != "conv" and "dropout" in layer.after]
    if stray:
        return not_yet(f"saw dropout behind {stray[0].name}, expected {'it behind the convolution' if rate else 'none'}")
    return _same_count(seen, planned) or correct(
        f"dropout of {rate:g} at {_count(planned, 'dropout')} places, as planned"
    )


def judge_gap(graph: Graph, number: int) -> Outcome:
    """One global average pooling, with the planned number of convolutions behind it."""
    seen, planned = chain(graph), plan(number)
    places, wanted = seen.of_kind("global_avg_pool"), planned.of_kind("global_avg_pool")
    if len(places) != 1:
        small = [layer for layer in seen.layers if layer.kind == "avg_pool"]
        if small and not places:
            return not_yet(
                f"saw an average pooling by {small[0].kernel}{_at(small[0])} on a map that is larger, expected a global one: "
                "is a layer before it missing, or a padding left in? "
                "Its kernel is as large as the map, as nn.AdaptiveAvgPool2d(1) makes it"
            )
        wide = [layer for layer in seen.convolutions if isinstance(layer.kernel, int) and layer.kernel > 3]
        instead = f"; the {wide[0].kernel}×{wide[0].kernel} convolution is what it replaces" if wide else ""
        return not_yet(
            f"saw {len(places) or 'no'} global average pooling{'s' if len(places) > 1 else ''}, expected one: "
            f"nn.AvgPool2d with a kernel as large as the map, or nn.AdaptiveAvgPool2d(1){instead}"
        )
    if added := _added_pools(seen, planned):
        return not_yet(f"saw an average pooling by {added[0].kernel}{_at(added[0])} besides the global one, expected none")
    behind, expected = len(seen.convolutions) - places[0], len(planned.convolutions) - wanted[0]
    if behind != expected:
        return not_yet(f"saw {behind} convolutions behind the global average pooling, expected {expected or 'none'}")
    return correct("one global average pooling" + (", and a layer behind it" if expected else ", at the end"))


def judge_output(graph: Graph, number: int) -> Outcome:
    """Ten scores that nothing has touched since the last convolution but averaging and log-softmax."""
    seen = chain(graph)
    if not seen.convolutions:
        return not_yet("saw no convolution at all")
    last = max(i for i, layer in enumerate(seen.layers) if layer.kind == "conv")
    touching = [*seen.layers[last].after, *(x for layer in seen.layers[last + 1 :] for x in layer.after)]
    touching += [layer.kind for layer in seen.layers[last + 1 :] if not layer.kind.endswith("avg_pool")]
    if touching:
        return not_yet(
            f"saw {_words(tuple(touching))} behind the last convolution, expected none: scores must be free "
            "to be negative, and no digit's score may be held down"
        )
    if seen.layers[last].channels != 10:
        return not_yet(f"saw {seen.layers[last].channels} channels at the end, expected 10, one score a digit")
    return _softmax_problem(graph) or correct("the last convolution's ten scores are left as they are")


def judge_softmax(graph: Graph, number: int) -> Outcome:
    """No softmax, but for the logarithm of it at the end."""
    return _softmax_problem(graph) or correct("what is returned are scores, or the logarithms of probabilities")


def judge_ten_scores(graph: Graph, number: int) -> Outcome:
    """Ten numbers a digit, in a row."""
    problem = output_problem(graph)
    return not_yet(problem) if problem else correct("ten scores a digit")


def _softmax_problem(graph: Graph) -> Outcome | None:
    """Log-probabilities over a digit's ten scores serve the loss as well as scores do; what else a softmax gives does not."""
    rows = graph.rows
    for place, row in enumerate(rows):
        if row.kind == "softmax":
            return not_yet(
                f"saw {row.name} at the end; the loss takes scores or log-probabilities, and hardly learns from "
                "probabilities: return the scores, or F.log_softmax(x, dim=1)"
            )
        if row.kind != "log_softmax":
            continue
        behind = [other for other in rows[place + 1 :] if other.kind not in TAIL and other.operation not in REARRANGING]
        if behind:
            return not_yet(f"saw log_softmax before {behind[0].name}; it comes last, behind the scores")
        axis = row.settings["dim"] % (len(row.shape) + 1)  # 0 is the batch
        if axis == 0 or (row.shape[axis - 1] == 1 and numbers(row.shape) > 1):
            said = f"saw log_softmax over axis {axis}, along which the ten scores do not lie"
            return not_yet(f"{said}; in a tensor of (N, 10) they are axis 1: dim=1")
    return None


def judge_network(graph: Graph, number: int) -> Outcome:
    """The whole chain: the first thing that differs from the plan."""
    judges = (judge_layers, judge_activations, judge_pooling, judge_normalisation, judge_dropout, judge_gap, judge_output)
    return first_difference(judges, graph, number) or correct("the final network of lesson 8, layer by layer")


def first_difference(judges: Sequence[Callable[[Graph, int], Outcome]], graph: Graph, number: int) -> Outcome | None:
    """The first outcome that is short of full marks."""
    return next((one for one in (judge(graph, number) for judge in judges) if one.fraction < 1), None)


def _pairs(seen: Chain, planned: Chain) -> Iterator[tuple[Layer, Layer]]:
    return zip(seen.convolutions, planned.convolutions, strict=False)


def _added_pools(seen: Chain, planned: Chain) -> list[Layer]:
    """Average poolings that do not stand where a max-pool should."""
    pools = [layer for layer in seen.layers if layer.kind == "avg_pool"]
    return pools if len(seen.of_kind("max_pool")) >= len(planned.of_kind("max_pool")) else []


def _drops(follower: str) -> bool:
    return follower == "dropout" or follower in DROPOUTS.values()


def _same_count(seen: Chain, planned: Chain) -> Outcome | None:
    a, b = len(seen.convolutions), len(planned.convolutions)
    return None if a == b else not_yet(f"saw {a} convolutions, expected {b}; start with the check of the layers")


def _count(planned: Chain, follower: str) -> int:
    return sum(layer.after.count(follower) for layer in planned.layers)


def _words(after: tuple[str, ...]) -> str:
    names = {"relu": "ReLU", "norm": "BatchNorm", "dropout": "Dropout"}
    return ", ".join(names.get(item, item) for item in after)


def _at(layer: Layer) -> str:
    return f" ({layer.where})" if layer.where else ""
