"""How labels travel through a graph: the labels of every value, from those of the input and of the stored tensors.

A value that depends on the image has labels for height, width and channel; any other value has one, `entry`, that says
which of its entries are the same number.
"""

import math

import torch
from torch import Tensor

from course.graph import INPUT, DType, Graph, Mode, Node, Stored, Value
from course.operations import (
    ARITHMETIC,
    CONVOLUTIONS,
    DROPOUTS,
    GENERATORS,
    INDEXINGS,
    MATRIX_PRODUCTS,
    PIECES,
    POINTWISE,
    POOLINGS,
    REDUCTIONS,
    RESAMPLINGS,
    RESHAPES,
    SIZES,
    implementation,
)
from course.shapes import infer_shapes
from graders.labels import NOWHERE, PARTS, Labels, count_along, grid, labels_of, tensors_of, varies

BATCH = 2  # digits that are followed; two, so that a batch is not mistaken for an axis of length one
APART = 2.0**32  # more than any value has entries: the labels of two values that share no number are this far apart
NO_POSITIONS = frozenset(
    "zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full scalar_tensor".split()
)
ONE_BY_ONE = POINTWISE | ARITHMETIC | DROPOUTS  # equal numbers in, equal numbers out


def follow(graph: Graph) -> dict[str | Stored, Labels | tuple | int]:
    """The labels of every value and stored tensor of a graph; sizes are plain numbers, several results a tuple."""
    shapes = infer_shapes(graph, BATCH)
    labels: dict[str | Stored, Labels | tuple | int] = {INPUT: grid((BATCH, 1, 28, 28))}
    start = 0
    for name, spec in graph.tensors.items():
        entry = torch.arange(start, start + spec.count, dtype=torch.float64).view(spec.shape)
        labels[Stored(name)] = Labels(entry=entry, learned=True)
        start += spec.count
    for number, node in enumerate(graph.nodes, start=1):
        labels[node.name] = _step(node, labels, shapes, number * APART)
    return labels


def _step(node: Node, labels, shapes, fresh: float):
    """The labels of what a node returns; `fresh` is the first label that no other value uses."""
    if node.op in SIZES:
        return _size(node, labels)
    shape = shapes[node.name]
    inputs = tensors_of(node, labels)
    images = [item for item in inputs if item.from_image]
    if node.op in GENERATORS:
        # zeros with the batch's size are a digit's own, as the first state of a recurrent convolution is
        sized = images or any(isinstance(labels.get(item.name), int) for item in node.inputs())
        constant = Labels(entry=torch.full(shape, fresh, dtype=torch.float64))
        return grid(shape) if sized and len(shape) > 2 else constant if node.op in NO_POSITIONS else _new(shape, fresh)
    if node.op in RESHAPES | PIECES or (node.op in RESAMPLINGS and "upsample" not in node.op):
        return _move(node, labels, inputs)
    if not images:
        return _not_from_image(node, inputs, shape, fresh)
    if node.op in MATRIX_PRODUCTS and not is_sum(node):
        return _each(shape, grid)
    if node.op in CONVOLUTIONS:
        return _convolved(images[0], shape)
    if node.op in INDEXINGS and not inputs[0].from_image:  # a table, looked up by what comes from the image
        return grid(shape)
    if node.op in POOLINGS:
        return _each(shape, lambda one: images[0].map(lambda t: _pooled(t, one)))
    if "upsample" in node.op or node.op in INDEXINGS:
        return images[0].map(lambda t: _resized(t, shape))
    if node.op in REDUCTIONS or is_sum(node):
        return _each(shape, lambda one: _reduced(node, images[0], one))
    if node.op == "glu":
        return images[0].map(lambda t: t.chunk(2, node.args[1] if len(node.args) > 1 else -1)[0])
    return _each(shape, lambda one: _together(inputs if node.op in ONE_BY_ONE else images, one))


def is_sum(node: Node) -> bool:
    """Whether an einsum has one operand, which it can only sum and permute."""
    return node.op == "einsum" and len(node.args[1]) == 1


def _size(node: Node, labels):
    arguments = [labels[a.name] if isinstance(a, Value) else a for a in node.args]
    if node.op == "sym_size.int":
        return labels[node.args[0].name].shape[node.args[1]]
    return implementation(node.op)(*arguments)


def _each(shape, make):
    """For an operation that returns several tensors, labels for each."""
    if shape and isinstance(shape[0], tuple):
        return tuple(_each(item, make) for item in shape)
    return make(shape)


def _new(shape, fresh: float, learned: bool = False) -> Labels:
    """Labels of numbers of which no two are known to be the same."""
    entry = fresh + torch.arange(math.prod(shape), dtype=torch.float64).view(shape)
    return Labels(entry=entry, learned=learned)


def _not_from_image(node: Node, inputs: list[Labels], shape, fresh: float):
    learned = any(item.learned for item in inputs)
    if node.op not in ONE_BY_ONE or not inputs:
        if shape and isinstance(shape[0], tuple):
            return tuple(_new(one, fresh + i * APART / 16, learned) for i, one in enumerate(shape))
        return _new(shape, fresh, learned)
    if len(inputs) == 1:
        return inputs[0].map(lambda t: t.expand(shape))
    code = torch.zeros(shape, dtype=torch.int64)
    for item in inputs:  # results are the same where the entries of all operands are
        assert item.entry is not None
        seen, which = item.entry.unique(return_inverse=True)
        code = (code * len(seen) + which.expand(shape)).unique(return_inverse=True)[1]
    return Labels(entry=fresh + code.double(), learned=learned)


def _convolved(image: Labels, shape) -> Labels:
    """After a convolution: new channels; new positions along every axis of positions, in the batch too."""

    def renewed(part: Tensor | None, first: tuple[int, ...] = ()) -> Tensor:
        assert part is not None
        return count_along(shape, [*first, *(axis for axis in range(len(shape)) if axis != 1 and varies(part, axis))])

    return Labels(renewed(image.height), renewed(image.width), renewed(image.channel, (1,)))


def _pooled(labels: Tensor, shape) -> Tensor:
    """Labels after a pooling: of a new map, as after a convolution, but for those that tell channels or digits apart."""
    axes = [axis for axis in range(len(shape)) if varies(labels, axis)]
    if axes and min(axes) > 1:
        return count_along(shape, axes)
    gone = [axis for axis in range(2, len(shape)) if shape[axis] == 1]
    return _resized(_merged(labels, gone) if gone else labels, shape)


def _merged(labels: Tensor, axes) -> Tensor:
    """One label for all that an axis held; the same for the two halves of a map that lie between each other's positions."""
    first, last = labels.amin(axes, keepdim=True), labels.amax(axes, keepdim=True)
    interleaved = first.max() < last.min() and len(first.unique()) <= 2  # as space-to-depth by 2 leaves them
    return first.min().expand(first.shape) if interleaved else first


def _resized(labels: Tensor, shape) -> Tensor:
    """Labels of a coarser or finer map, taken from the nearest place."""
    for axis in range(1, len(shape)):
        if shape[axis] != labels.shape[axis]:
            places = torch.arange(shape[axis]) * labels.shape[axis] // shape[axis]
            labels = labels.index_select(axis, places)
    return labels


def _reduced(node: Node, image: Labels, shape) -> Labels:
    """After a mean, a maximum and the like: the labels of the axes that are left."""
    if node.op == "_weight_norm":
        return image
    if node.op == "einsum":
        count = torch.einsum(node.args[0], torch.ones(image.shape))
        return image.map(lambda t: torch.einsum(node.args[0], t.float()) / count)
    if node.op in ("sort", "topk"):  # along that axis, an entry may come from anywhere
        axis = reduced_axes(node, image)[0]
        return image.map(lambda t: t.amin(axis, keepdim=True).expand(shape))
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


def _together(inputs: list[Labels], shape) -> Labels:
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
        parts[part] = None if best is None else best.expand(shape)
    return Labels(**parts, learned=any(item.learned for item in images))


def _move(node: Node, labels, inputs: list[Labels]):
    """Run the operation itself on the labels."""
    if node.op == "getitem" and isinstance(labels.get(node.args[0].name), tuple):
        return labels[node.args[0].name][node.args[1]]
    image = any(item.from_image for item in inputs)
    mixed = not image or any(item.entry is not None for item in inputs)
    learned = any(item.learned for item in inputs)
    moved = {part: _run(node, labels, part) for part in PARTS if (mixed if part == "entry" else image)}
    several = next(iter(moved.values()))
    if isinstance(several, tuple):
        return tuple(_made({p: t[i] for p, t in moved.items()}, learned) for i in range(len(several)))
    return _made(moved, learned)


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
    if node.op in ("pad", "constant_pad_nd") and (len(args) < 3 or args[2] == "constant" or node.op != "pad"):
        return torch.ops.aten.constant_pad_nd(args[0], args[1], NOWHERE)
    result = implementation(node.op)(*args, **{key: resolve(value) for key, value in node.kwargs.items()})
    return tuple(result) if isinstance(result, list | tuple) else result
