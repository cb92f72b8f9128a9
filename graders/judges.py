"""What the checks ask of a network's structure: each compares the chain that was seen with the lesson's plan.

A judge says what it saw, what it expected and what to try; it looks at one thing, so that one mistake costs one mark.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from course.errors import counted
from course.graph import Graph
from course.operations import POINTWISE
from graders.outcome import Outcome, correct, not_yet
from graders.output_judges import added_pools, judge_gap, judge_output
from graders.plans import plan, pooling_field
from graders.structure import DROPOUTS, Chain, Layer, chain, words

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
    learned = sum(spec.count for spec in graph.tensors.values() if spec.trainable)
    if learned == expected:
        return not_yet(
            f"{said}; {expected:,} are learned, and {counted(seen - expected, 'constant')} in forward count as well, since they "
            "multiply or are added: leave them out"
        )
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
    strangers += [] if poolings else added_pools(seen, planned)
    if strangers:
        return not_yet(_stranger(strangers[0]))
    for i, (one, other) in enumerate(_pairs(seen, planned), start=1):
        for what, a, b in (
            ("kernel", one.kernel, other.kernel),
            ("output channels", one.channels, other.channels),
            ("padding", one.padding, other.padding),
            ("stride", one.stride, other.stride),
            ("dilation", one.dilation, other.dilation),
        ):
            if a != b:
                return not_yet(f"convolution {i}{one.place}: saw {what} {a}, expected {b}")
    return _same_count(seen, planned, here=True) or correct(f"{len(planned.convolutions)} convolutions, each as planned")


def judge_activations(graph: Graph, number: int) -> Outcome:
    """A ReLU behind every convolution but those that stay bare."""
    seen, planned = chain(graph), plan(number)
    for i, (one, other) in enumerate(_pairs(seen, planned), start=1):
        if ("relu" in other.after) != ("relu" in one.after):
            if "relu" in other.after:
                return not_yet(
                    f"convolution {i}{one.place}: saw no ReLU behind it, expected one; try F.relu or nn.ReLU()"
                )
            return not_yet(f"convolution {i}{one.place}: saw a ReLU behind it; this one's output stays as it is")
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
    seen, planned = _with_any_activation(chain(graph)), plan(number)
    for i, (one, other) in enumerate(_pairs(seen, planned), start=1):
        a, b = (tuple(x for x in layer.after if not _drops(x)) for layer in (one, other))
        others = [x for x in a if x not in ("relu", "norm")]
        if others and "norm" in b:
            advice = "; leave momentum and eps out: PyTorch's momentum of 0.1 is what other libraries call 0.9"
            odd = others[0].startswith("BatchNorm")
            return not_yet(f"convolution {i}{one.place}: saw {others[0]} behind it, expected BatchNorm{advice if odd else ''}")
        if a.count("norm") != b.count("norm") or others:
            saw = "no BatchNorm" if "norm" not in a else f"{words(a)}"
            return not_yet(f"convolution {i}{one.place}: saw {saw} behind it, expected {words(b) or 'none'}")
        if "norm" in b and "relu" in a and a != b:
            return not_yet(f"convolution {i}{one.place}: saw {words(a)}, expected {words(b)}, in this order")
    for layer in seen.layers:
        stray = [x for x in layer.after if layer.kind != "conv" and x != "relu" and not _drops(x)]
        if stray:
            return not_yet(f"saw {words((stray[0],))} behind {layer.name}, expected none")
    return _same_count(seen, planned) or correct("BatchNorm where it should be, and nowhere else")


def judge_dropout(graph: Graph, number: int) -> Outcome:
    """Dropout at the planned places with the planned rate."""
    seen, planned = _with_any_activation(chain(graph)), plan(number)
    rate = next((layer.rates[0] for layer in planned.layers if layer.rates), 0.0)
    others = [(x, layer) for layer in seen.layers for x in layer.after if x in DROPOUTS.values()]
    if others:
        return not_yet(f"saw {others[0][0]} behind {others[0][1].name}, expected Dropout, which drops single activations")
    for i, (one, other) in enumerate(_pairs(seen, planned), start=1):
        a, b = one.after.count("dropout"), other.after.count("dropout")
        if a < b:
            return not_yet(f"convolution {i}{one.place}: saw no dropout behind it, expected Dropout({rate})")
        if a > b:
            return not_yet(f"convolution {i}{one.place}: saw {a} dropout{'s' * (a > 1)} behind it, expected {b or 'none'}")
        if b and abs(one.rates[0] - rate) > 1e-6:
            return not_yet(f"convolution {i}{one.place}: saw dropout of {one.rates[0]:g}, expected {rate:g}")
        if b and one.after[-1] != "dropout":
            return not_yet(f"convolution {i}{one.place}: saw {words(one.after)}; dropout comes last in this block")
    stray = [layer for layer in seen.layers if layer.kind != "conv" and "dropout" in layer.after]
    if stray:
        return not_yet(f"saw dropout behind {stray[0].name}, expected {'it behind the convolution' if rate else 'none'}")
    return _same_count(seen, planned) or correct(
        f"dropout of {rate:g} at {_count(planned, 'dropout')} places, as planned"
    )


def judge_network(graph: Graph, number: int) -> Outcome:
    """The whole chain: the first thing that differs from the plan."""
    judges = (judge_layers, judge_activations, judge_pooling, judge_normalisation, judge_dropout, judge_gap, judge_output)
    return first_difference(judges, graph, number) or correct("the final network of lesson 8, layer by layer")


def first_difference(judges: Sequence[Callable[[Graph, int], Outcome]], graph: Graph, number: int) -> Outcome | None:
    """The first outcome that is short of full marks."""
    return next((one for one in (judge(graph, number) for judge in judges) if one.fraction < 1), None)


def _pairs(seen: Chain, planned: Chain) -> Iterator[tuple[Layer, Layer]]:
    return zip(seen.convolutions, planned.convolutions, strict=False)


def _with_any_activation(seen: Chain) -> Chain:
    """The chain with a ReLU where there is another activation: which it is, is asked elsewhere."""
    layers: list[Layer] = []
    for layer in seen.layers:
        if layer.kind in ACTIVATIONS and layers:
            layers[-1] = replace(
                layers[-1], after=(*layers[-1].after, "relu", *layer.after), rates=(*layers[-1].rates, *layer.rates)
            )
        else:
            layers.append(layer)
    return replace(seen, layers=tuple(layers))


def _drops(follower: str) -> bool:
    return follower == "dropout" or follower in DROPOUTS.values()


def _same_count(seen: Chain, planned: Chain, *, here: bool = False) -> Outcome | None:
    a, b = len(seen.convolutions), len(planned.convolutions)
    if a == b:
        return None
    advice = "compare them with the lesson's table, line by line" if here else "start with the check of the layers"
    return not_yet(f"saw {counted(a, 'convolution')}, expected {b}; {advice}")


def _stranger(layer: Layer) -> str:
    """What is said of a layer that is not planned, by the name that a learner wrote."""
    if layer.kind in ("flatten", "view", "reshape") and not layer.channels:
        said = "flatten() without an axis, or view(-1), puts the whole batch in one row"
        return f"saw {layer.kind}{layer.place}: {said}; flatten(1) gives each digit its own"
    return f"saw {layer.name}, which the lesson's table does not have"


def _count(planned: Chain, follower: str) -> int:
    return sum(layer.after.count(follower) for layer in planned.layers)
