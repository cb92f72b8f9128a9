"""What one kind of operation does to labels: a convolution, a pooling, a mean, a product, a move of numbers."""

from dataclasses import replace

import torch
from torch import Tensor

from course.graph import DType, Mode, Node, Stored, Value
from course.operations import JOINS, PADS, implementation
from graders.folding import MOST_FOLDED
from graders.labels import NOWHERE, PARTS, Labels, count_along, labels_of, varies

NARROWS = frozenset("mul.Tensor div.Tensor minimum where.self masked_fill.Scalar".split())  # nothing where an operand is


def convolved(image: Labels, shape) -> Labels:
    """After a convolution: new channels; new positions along every axis of positions, in the batch too."""

    def renewed(part: Tensor | None, first: tuple[int, ...] = ()) -> Tensor:
        assert part is not None
        return count_along(shape, [*first, *(axis for axis in range(len(shape)) if axis != 1 and varies(part, axis))])

    return Labels(renewed(image.height), renewed(image.width), renewed(image.channel, (1,)))


def pooled(labels: Tensor, shape) -> Tensor:
    """Labels after a pooling: of a new map, as after a convolution, but for those that tell channels or digits apart."""
    axes = [axis for axis in range(len(shape)) if varies(labels, axis)]
    if axes and min(axes) > 1:
        return count_along(shape, axes)
    gone = [axis for axis in range(2, len(shape)) if shape[axis] == 1]
    return resized(_merged(labels, gone) if gone else labels, shape)


def lowest(labels: Tensor, axes) -> Tensor:
    """The lowest label along axes, padding aside."""
    low = labels.where(labels >= 0, torch.inf).amin(axes, keepdim=True)
    return low.where(low < torch.inf, NOWHERE)


def _merged(labels: Tensor, axes) -> Tensor:
    """One label for all that an axis held; the same for the two halves of a map that lie between each other's positions."""
    first, last = lowest(labels, axes), labels.amax(axes, keepdim=True)
    interleaved = first.max() < last.min() and len(first.unique()) <= 2  # as space-to-depth by 2 leaves them
    return first.min().expand(first.shape) if interleaved else first


def _mean_by(equation: str, labels: Tensor) -> Tensor:
    """The mean of the labels that an einsum of one operand sums up, padding aside."""
    live = (labels >= 0).float()
    total, count = (torch.einsum(equation, one) for one in (labels.float() * live, live))
    return (total / count).where(count > 0, NOWHERE)


def resized(labels: Tensor, shape) -> Tensor:
    """Labels of a coarser or finer map, taken from the nearest place."""
    for axis in range(1, len(shape)):
        if shape[axis] != labels.shape[axis]:
            places = torch.arange(shape[axis]) * labels.shape[axis] // shape[axis]
            labels = labels.index_select(axis, places)
    return labels


def reduced(node: Node, image: Labels, shape) -> Labels:
    """After a mean, a maximum and the like: the labels of the axes that are left."""
    if node.op == "_weight_norm":
        return image
    if node.op == "einsum":
        return image.map(lambda t: _mean_by(node.args[0], t))
    if node.op in ("sort", "topk"):  # along that axis, an entry may come from anywhere
        axis = reduced_axes(node, image)[0]
        if image.moves(axis) and shape[axis] > MOST_FOLDED:  # so many ranks tell positions apart: let values carry coordinates
            ranks = count_along(shape, [axis])
            return replace(image.map(lambda t: lowest(t, axis).expand(shape)), height=ranks)
        return image.map(lambda t: lowest(t, axis).expand(shape))
    axes = reduced_axes(node, image)
    return image.map(lambda t: _merged(t, axes).reshape(shape))


def reduced_axes(node: Node, image: Labels) -> tuple[int, ...]:
    """The axes over which a mean, a maximum and the like goes."""
    place = 2 if "norm" in node.op or node.op == "topk" else 1
    dims = node.args[place] if len(node.args) > place else node.kwargs.get("dim")
    if dims is None and node.op in ("sort", "topk"):
        dims = -1
    every = tuple(range(len(image.shape)))
    if isinstance(dims, int) and not isinstance(dims, bool):
        dims = (dims,)
    return tuple(d % len(every) for d in dims) if isinstance(dims, tuple) and dims else every


def multiplied(inputs: list[Labels], shape) -> Labels:
    """After a product: padding where any factor is."""
    result = together(inputs, shape)
    for item in inputs:
        if item.height is not None:
            live = (item.height >= 0).expand(shape)
            parts = {part: t.where(live, NOWHERE) for part in PARTS[:-1] if (t := getattr(result, part)) is not None}
            result = replace(result, **parts)
    return result


def together(inputs: list[Labels], shape) -> Labels:
    """After an operation on several values, entry by entry: each label from the value in which it varies.

    One channel times many weights makes many channels, which have the weights' labels.
    """
    images = [item for item in inputs if item.from_image]
    parts = {}
    for part in PARTS:
        given = [t for item in images if (t := getattr(item, part)) is not None]
        if part == "channel" and not any(item.changes_channel(axis) for item in images for axis in range(len(shape))):
            given += [item.entry for item in inputs if item.entry is not None and not item.from_image]
        varying = [t for t in given if any(varies(t, axis) for axis in range(t.dim()))]
        best = max(varying or given, key=lambda t: t.numel(), default=None)
        parts[part] = None if best is None else _both(best.expand(shape), [t.expand(shape) for t in varying])
    return Labels(**parts, learned=any(item.learned for item in images))


def _both(labels: Tensor, others: list[Tensor]) -> Tensor:
    """Labels that tell apart what they do, and what others do along axes where they do not."""
    for other in others:
        if any(varies(other, axis) and not varies(labels, axis) for axis in range(1, labels.dim())):
            both = (labels.double() * (other.max() + 1) + other).where((labels >= 0) & (other >= 0), NOWHERE)
            labels = both.unique(return_inverse=True)[1].float() + min(float(both.min()), 0.0)  # small again, NOWHERE too
    return labels


def moved(node: Node, labels, inputs: list[Labels]):
    """Run the operation itself on the labels."""
    if node.op == "getitem" and isinstance(labels.get(node.args[0].name), tuple):
        return labels[node.args[0].name][node.args[1]]
    image = any(item.from_image for item in inputs)
    mixed = not image or any(item.entry is not None for item in inputs)
    learned = any(item.learned for item in inputs)
    parts = {part: _run(node, labels, part) for part in PARTS if (mixed if part == "entry" else image)}
    several = next(iter(parts.values()))
    if isinstance(several, tuple):
        return tuple(_made({p: t[i] for p, t in parts.items()}, learned) for i in range(len(several)))
    return _told_apart(node, _made(parts, learned), inputs)


def _told_apart(node: Node, result: Labels, inputs: list[Labels]) -> Labels:
    """Numbers that are no positions and are put side by side, where positions would be, count as channels made into these."""
    if node.op not in JOINS or result.channel is None or len(inputs) < 2:
        return result
    axis = joined_axis(node, result)
    if any(result.moves(at) for at in ([axis] if axis else range(len(result.shape)))):  # maps in the batch are views of a map
        return result
    steps = torch.arange(result.shape[axis]).float() * (result.channel.max() + 1)
    steps = steps.view([-1 if a == axis else 1 for a in range(len(result.shape))])
    return replace(result, channel=(result.channel + steps).where(result.channel >= 0, result.channel))


def joined_axis(node: Node, result: Labels) -> int:
    """The axis along which one of the JOINS puts values side by side."""
    return {"hstack": 1, "vstack": 0}.get(node.op, node.args[1] if len(node.args) > 1 else 0) % len(result.shape)


def _made(parts: dict[str, Tensor], learned: bool) -> Labels:
    """Labels of a result, which is the image's only if something of the image is in it."""
    if "height" in parts and "entry" in parts:
        if not (parts["height"] >= 0).any():
            return Labels(entry=parts["entry"], learned=learned)
        if not (parts["entry"] >= 0).any():
            return Labels(parts["height"], parts["width"], parts["channel"])
    return Labels(**parts, learned=learned)


def _run(node: Node, labels, part: str):
    def resolve(argument):
        if isinstance(argument, Stored | Value):
            found = labels_of(argument, labels)
            if found is None:
                return labels[argument.name]
            tensor = getattr(found, part)
            tensor = torch.full(found.shape, NOWHERE) if tensor is None else tensor
            return tensor.double() if part == "entry" else tensor
        if isinstance(argument, tuple):
            return [resolve(item) for item in argument]
        return None if isinstance(argument, DType | Mode) else argument

    args = [resolve(argument) for argument in node.args]
    if node.op in PADS and (len(args) < 3 or args[2] == "constant" or node.op != "pad"):
        return torch.ops.aten.constant_pad_nd(args[0], args[1], NOWHERE)
    result = implementation(node.op)(*args, **{key: resolve(value) for key, value in node.kwargs.items()})
    return tuple(result) if isinstance(result, list | tuple) else result
