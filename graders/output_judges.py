"""What the checks ask of a network's end: the global average pooling, and the ten scores."""

from course.errors import counted
from course.graph import Graph
from course.output import SmallAverage, output_problem, small_average
from course.rows import numbers
from graders.outcome import Outcome, correct, not_yet
from graders.plans import plan
from graders.structure import REARRANGING, TAIL, Chain, Layer, chain, words


def judge_gap(graph: Graph, number: int) -> Outcome:
    """One global average pooling, with the planned number of convolutions behind it."""
    seen, planned = chain(graph), plan(number)
    places, wanted = seen.of_kind("global_avg_pool"), planned.of_kind("global_avg_pool")
    if len(places) != 1:
        if seen.of_kind("global_max_pool") and not places:
            return not_yet("saw a global max-pool, expected a global average pooling: nn.AdaptiveAvgPool2d(1)")
        average = small_average(graph.rows)
        if average and not places:
            return not_yet(f"saw no global average pooling, expected one: {average}{_cure(seen, planned, average)}")
        small = [layer for layer in seen.layers if layer.kind == "avg_pool"]
        if small and not places:
            return not_yet(
                f"saw an average pooling by {small[0].kernel}{small[0].place} on a map that is larger, expected a global one: "
                "its kernel is as large as the map, as nn.AdaptiveAvgPool2d(1) makes it"
            )
        wide = [layer for layer in seen.convolutions if isinstance(layer.kernel, int) and layer.kernel > 3]
        instead = f"; the {wide[0].kernel}×{wide[0].kernel} convolution is what it replaces" if wide else ""
        return not_yet(
            f"saw {len(places) or 'no'} global average pooling{'s' if len(places) > 1 else ''}, expected one: "
            f"nn.AvgPool2d with a kernel as large as the map, or nn.AdaptiveAvgPool2d(1){instead}"
        )
    if added := added_pools(seen, planned):
        return not_yet(f"saw an average pooling by {added[0].kernel}{added[0].place} besides the global one, expected none")
    behind, expected = len(seen.convolutions) - places[0], len(planned.convolutions) - wanted[0]
    if behind != expected:
        return not_yet(f"saw {counted(behind, 'convolution')} behind the global average pooling, expected {expected or 'none'}")
    return correct("one global average pooling" + (", and a layer behind it" if expected else ", at the end"))


def _cure(seen: Chain, planned: Chain, average: SmallAverage) -> str:
    """What to do about an average pooling that is smaller than its map: the map may be too large, too."""
    missing = len(planned.of_kind("max_pool")) > len(seen.of_kind("max_pool"))
    padded = [i for i, (a, b) in enumerate(zip(seen.convolutions, planned.convolutions, strict=False), start=1)
              if a.padding != b.padding]  # fmt: skip
    if missing:
        return "; the map is larger than planned, because a max-pool before it is missing"
    if padded:
        return f"; convolution {padded[0]} has another padding than planned, and so the map another size"
    return "; a global one is as large as the map, as nn.AdaptiveAvgPool2d(1) makes it"


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
            f"saw {words(tuple(touching))} behind the last convolution, expected none: scores must be free "
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
        behind = [
            other
            for other in rows[place + 1 :]
            if other.kind not in TAIL and other.operation not in REARRANGING and other.settings.get("dtype") != "float32"
        ]
        if behind:
            return not_yet(f"saw log_softmax before {behind[0].name}; it comes last, behind the scores")
        axis = row.settings["dim"] % (len(row.shape) + 1)  # 0 is the batch
        if axis == 0 or (row.shape[axis - 1] == 1 and numbers(row.shape) > 1):
            said = f"saw log_softmax over axis {axis}, along which the ten scores do not lie"
            return not_yet(f"{said}; in a tensor of (N, 10) they are axis 1: dim=1")
    return None


def added_pools(seen: Chain, planned: Chain) -> list[Layer]:
    """Average poolings that do not stand where a max-pool should."""
    pools = [layer for layer in seen.layers if layer.kind == "avg_pool"]
    return pools if len(seen.of_kind("max_pool")) >= len(planned.of_kind("max_pool")) else []
