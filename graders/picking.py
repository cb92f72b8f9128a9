"""Rule 4 of slices, indexing and poolings: nothing picks single positions, so that what follows is the same for all."""

import torch

from course.geometry import window
from course.graph import Graph, Node, Value
from course.operations import PIECES, POINTWISE, POOLINGS, RESHAPES
from graders.labels import Labels, labels_of
from graders.rejoined import taken_apart
from graders.relabelling import reduced_axes

CHAINED = PIECES | RESHAPES | POINTWISE
PLACED = ("max.dim", "min.dim", "median.dim", "topk", "sort")
FEWEST_LEFT = 4  # a pick may leave one position of this many; a map of 28 × 28 taken by fours is still a map

OTHER_CHANNELS = "it takes other channels at other positions, so that weights differ by position; treat all positions alike"


def judge_look_up(node: Node, labels) -> str | None:
    """Indexing by stored numbers: of channels it is a permutation."""
    image = labels_of(node.args[0], labels)
    if image is None or not image.from_image:
        return "it looks weights up in a table, as a matrix product with ones and zeros does; use convolutions"
    chosen = {node.args[1]: True} if node.op == "index_select" else dict(enumerate(node.args[1]))
    axes = [axis for axis, index in chosen.items() if index is not None]
    if any(image.moves(axis) for axis in axes):
        return (
            "it picks positions by number, so that what follows is not the same for all; pool over all of them instead"
        )
    return None


def takes_places(node: Node, graph: Graph) -> bool:
    """Whether a node takes, of an operation's two results, the second, which says where the largest or sorted values were."""
    if node.op != "getitem" or node.args[1] != 1:
        return False
    source = next((other for other in graph.nodes if Value(other.name) == node.args[0]), None)
    return source is not None and (source.op.startswith(PLACED) or "max_pool" in source.op)


def judge_picks(node: Node, image: Labels, labels, graph: Graph) -> str | None:
    """Slices, selections and poolings that look at single positions."""
    if not image.from_image or _are_ranks(node, graph, labels):
        return None
    if node.op in POOLINGS or node.op.startswith("upsample"):
        return _samples(node, image, labels, graph)
    if taken_apart(node, graph, labels):
        return None
    results = labels[node.name]
    image = _cut_from(node, graph, labels) or image
    for result in results if isinstance(results, tuple) else (results,):
        for part in ("height", "width"):
            if not result.from_image:
                continue
            before, after = (_distinct(getattr(item, part)) for item in (image, result))
            places = torch.searchsorted(before, after)
            side_by_side = len(after) > 1 and int(places[-1] - places[0]) == len(after) - 1
            few = len(after) * 2 <= len(before) if side_by_side else len(after) * FEWEST_LEFT < len(before)
            if len(before) > 1 and (len(after) == 1 or few):
                return _pick(len(after), len(before))
        if own_channel_each(result) and not own_channel_each(image):
            return OTHER_CHANNELS
    return None


def _are_ranks(node: Node, graph: Graph, labels) -> bool:
    """Whether what is cut was sorted along all that had positions: the largest, or the middle one, may come from anywhere."""
    source = _source(node, graph)
    for other in graph.nodes:
        if Value(other.name) == source and other.op in ("sort", "topk"):
            if (given := labels_of(other.args[0], labels)) is None:
                return False
            axis = reduced_axes(other, given)[0]
            return not any(given.moves(at) for at in range(1, len(given.shape)) if at != axis)
    return False


def _cut_from(node: Node, graph: Graph, labels) -> Labels | None:
    """The value that a chain of slices and reshapes began with: what many small cuts leave is judged by the whole."""
    source = _source(node, graph)
    return labels_of(source, labels) if source else None


def _source(node: Node, graph: Graph) -> Value | None:
    """What the chain of slices and reshapes began with that a node is the last of; None where it is of none."""
    if node.op not in CHAINED:
        return None
    nodes = {other.name: other for other in graph.nodes if other.op in CHAINED}
    while isinstance(node.args[0], Value) and node.args[0].name in nodes:
        node = nodes[node.args[0].name]
    return node.args[0] if isinstance(node.args[0], Value) else None


def _pick(seen: int, length: int) -> str:
    return (
        f"it picks {'one' if seen == 1 else seen} of {length} positions of an axis, so that what follows is not the same "
        "for every position; pool over all of them instead"
    )


def _samples(node: Node, image: Labels, labels, graph: Graph) -> str | None:
    """Poolings and interpolations that look at few of the positions."""
    result = labels[node.name][0] if isinstance(labels[node.name], tuple) else labels[node.name]
    slides = window(node, graph, {node.args[0].name: image.shape})
    axes = range(len(image.shape) - len(slides.kernel), len(image.shape)) if slides else range(2, len(image.shape))
    antialiased = "_aa" in node.op
    for place, axis in enumerate(axes):
        length, left = image.shape[axis], result.shape[axis]
        looked_at = left * (1 if slides is None else slides.kernel[place])
        if image.moves(axis) and not antialiased and _few(looked_at, left, length):
            return _pick(looked_at, length)
    return None


def _few(looked_at: int, left: int, length: int) -> bool:
    return looked_at * 2 <= length if left == 1 else looked_at * FEWEST_LEFT < length


def _distinct(labels: torch.Tensor) -> torch.Tensor:
    return labels[labels >= 0].unique()


def own_channel_each(labels: Labels) -> bool:
    """Whether channels and positions are paired: not each of the channels is at each of the positions."""
    if labels.height is None or labels.width is None or labels.channel is None:
        return False
    place = labels.height * (labels.width.max() + 1) + labels.width
    live = (labels.height >= 0) & (labels.width >= 0) & (labels.channel >= 0)
    pairs = torch.stack([place[live], labels.channel[live]], 1).unique(dim=0)
    return len(pairs) < len(pairs[:, 0].unique()) * len(pairs[:, 1].unique())
