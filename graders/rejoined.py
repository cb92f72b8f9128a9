"""Rule 4 of pieces that are whole again: maps put side by side, treated alike, and taken apart where they were joined."""

import torch

from course.geometry import window
from course.graph import Graph, Node, Stored, Value
from course.operations import ARITHMETIC, CONVOLUTIONS, DROPOUTS, PIECES, POINTWISE, implementation
from graders.labels import labels_of

ALIKE = POINTWISE | ARITHMETIC | DROPOUTS | {"batch_norm"}
CUTS = PIECES & {"slice.Tensor", "narrow", "chunk", "split.Tensor", "split_with_sizes", "tensor_split.sections"}


def taken_apart(node: Node, graph: Graph, labels) -> list[Value] | None:
    """The joined values, one for each piece that a cut makes; None where a piece is anything but one of them.

    Coordinate attention does so: the means of rows and of columns, side by side, share a 1 × 1 convolution.
    """
    whole = labels_of(node.args[0], labels) if node.op in CUTS else None
    if whole is None or len(list(node.inputs())) != 1:  # more are sizes, which nobody knows here
        return None
    joined = _joined(node.args[0], {other.name: other for other in graph.nodes}, graph, labels)
    if joined is None:
        return None
    axis = joined.args[1] % len(whole.shape)
    bounds, start = {}, 0
    for part in joined.args[0]:
        given = labels_of(part, labels)
        if given is None or not given.from_image:
            return None
        bounds[start, start + given.shape[axis]] = part
        start += given.shape[axis]
    if start != whole.shape[axis] or len(labels[joined.name].shape) != len(whole.shape):
        return None
    places = torch.arange(start).view([-1 if at == axis else 1 for at in range(len(whole.shape))]).expand(whole.shape)
    pieces = implementation(node.op)(places, *node.args[1:], **node.kwargs)
    found = []
    for piece in pieces if isinstance(pieces, list | tuple) else [pieces]:
        first, last = (int(piece.min()), int(piece.max()) + 1) if piece.numel() else (0, 0)
        across = [size for at, size in enumerate(piece.shape) if at != axis]
        kept = across == [size for at, size in enumerate(whole.shape) if at != axis] and piece.shape[axis] == last - first
        if not kept or (first, last) not in bounds:
            return None
        found.append(bounds[first, last])
    return found


def _joined(value, nodes: dict[str, Node], graph: Graph, labels) -> Node | None:
    """The one `cat` of maps that a value was computed from, by what treats every position alike and by itself."""
    found, seen = set[str](), set[str]()
    left = [value]
    while left:
        node = nodes.get(left.pop().name)
        if node is None:  # the image itself
            return None
        if node.name in seen:
            continue
        seen.add(node.name)
        if node.op == "cat" and len(node.args) > 1 and node.args[1] % len(labels[node.name].shape) > 1:
            found.add(node.name)
        elif _treats_alike(node, graph, labels):
            left += [item for item in node.inputs() if (given := labels_of(item, labels)) and given.from_image]
        else:
            return None
    return nodes[found.pop()] if len(found) == 1 else None


def _treats_alike(node: Node, graph: Graph, labels) -> bool:
    if node.op == "slice.Tensor":  # `[:, :, :7]` cuts all of two axes, too
        before, after = labels_of(node.args[0], labels), labels_of(Value(node.name), labels)
        return before is not None and after is not None and before.shape == after.shape
    return node.op in ALIKE or (node.op in CONVOLUTIONS and _is_one_by_one(node, graph, labels))


def _is_one_by_one(node: Node, graph: Graph, labels) -> bool:
    if not isinstance(node.args[1], Stored):
        return False
    slides = window(node, graph, {})
    assert slides is not None
    plain = not slides.transposed and all(size == 1 for size in (*slides.kernel, *slides.stride))
    return plain and all(amount == 0 for pair in slides.padding for amount in pair)
