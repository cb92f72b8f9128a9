"""Where the numbers of every value come from: which position of the map, or which stored number.

Rule 4 asks what weights do to positions. To answer it for any way of writing a network, labels travel through the graph
beside the values: whatever moves numbers about (a reshape, a slice, a concatenation) moves their labels the same way,
so there is nothing to be clever about. A value that depends on the image has a label for height and one for width; any
other value has one that says which of its entries are the same number.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from course.graph import INPUT, DType, Graph, Mode, Node, Stored, Value
from course.operations import (
    CONVOLUTIONS,
    GENERATORS,
    MATRIX_PRODUCTS,
    PIECES,
    POOLINGS,
    REDUCTIONS,
    RESAMPLINGS,
    RESHAPES,
    SIZES,
    implementation,
)
from course.shapes import infer_shapes

BATCH = 2  # digits that are followed; two, so that a batch is not mistaken for an axis of length one
NOWHERE = -1.0  # the label of padding
NO_POSITIONS = frozenset("zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full".split())


@dataclass(frozen=True)
class Labels:
    """Labels of one value, shaped like it. `height` and `width` for an image's value; `entry` for any other.

    `learned` says whether a stored tensor had a part in it.
    """

    height: Tensor | None = None
    width: Tensor | None = None
    entry: Tensor | None = None
    learned: bool = False

    @property
    def from_image(self) -> bool:
        return self.height is not None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple((self.entry if self.height is None else self.height).shape)  # type: ignore[union-attr]

    def varies(self, axis: int) -> bool:
        """Whether labels change along an axis."""
        return any(_varies(t, axis) for t in (self.height, self.width, self.entry) if t is not None)

    def map(self, function) -> "Labels":
        """The labels after something that moves numbers about."""
        height, width, entry = (None if t is None else function(t) for t in (self.height, self.width, self.entry))
        return Labels(height, width, entry, self.learned)


def follow(graph: Graph) -> dict[str, Labels | tuple | int]:
    """The labels of every value of a graph, by name; sizes are plain numbers, several results a tuple."""
    shapes = infer_shapes(graph, BATCH)
    labels: dict[str, Labels | tuple | int] = {INPUT: grid((BATCH, 1, 28, 28))}
    for node in graph.nodes:
        labels[node.name] = _step(node, graph, labels, shapes)
    return labels


def labels_of(argument, graph: Graph, labels) -> Labels | None:
    """The labels of an argument, stored or computed; None for a number."""
    if isinstance(argument, Stored):
        shape = graph.tensors[argument.name].shape
        return Labels(entry=torch.arange(graph.tensors[argument.name].count).view(shape).float(), learned=True)
    found = labels.get(argument.name) if isinstance(argument, Value) else None
    return found if isinstance(found, Labels) else None


def tensors_of(node: Node, graph: Graph, labels) -> list[Labels]:
    """The labels of every tensor among a node's arguments, those in lists too."""
    return [found for item in node.inputs() if (found := labels_of(item, graph, labels)) is not None]


def grid(shape: tuple[int, ...]) -> Labels:
    """Fresh labels: every position of the axes after the channels is one of its own."""
    if len(shape) <= 2:
        return Labels(torch.zeros(shape), torch.zeros(shape))
    width = torch.arange(shape[-1]).float() if len(shape) > 3 else torch.zeros(1)
    tall = shape[2:-1] if len(shape) > 3 else shape[2:]
    height = torch.arange(torch.Size(tall).numel()).float().view(tall)
    if len(shape) > 3:
        height = height.unsqueeze(-1)
    return Labels(height.expand(shape), width.expand(shape))


def _step(node: Node, graph: Graph, labels, shapes):
    if node.op in SIZES:
        return _size(node, labels)
    inputs = tensors_of(node, graph, labels)
    images = [item for item in inputs if item.from_image]
    if node.op in RESHAPES | PIECES | RESAMPLINGS:
        return _move(node, graph, labels, shapes)
    if not images:
        return _not_from_image(node, inputs, shapes)
    if node.op in CONVOLUTIONS or node.op in MATRIX_PRODUCTS:
        return _each(shapes[node.name], grid)
    if node.op in POOLINGS:
        return _each(shapes[node.name], lambda shape: _regrid(node, images[0], shape))
    if node.op in REDUCTIONS:
        return _each(shapes[node.name], lambda shape: _reduce(node, images[0], shape))
    widest = max(images, key=lambda item: torch.Size(item.shape).numel())
    return _each(shapes[node.name], lambda shape: widest.map(lambda t: t.expand(shape)))


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


def _not_from_image(node: Node, inputs: list[Labels], shapes):
    learned = any(item.learned for item in inputs)
    if node.op in NO_POSITIONS:
        return Labels(entry=torch.zeros(shapes[node.name]))
    if node.op not in GENERATORS and len(inputs) == 1 and inputs[0].shape == shapes[node.name]:
        return inputs[0]  # one number in, one number out
    if node.op not in CONVOLUTIONS | MATRIX_PRODUCTS | REDUCTIONS and 0 < len(inputs) <= 2:
        code = torch.zeros(shapes[node.name])
        for item in inputs:  # entries are the same where those of both operands are
            assert item.entry is not None
            code = code * 4099 + item.entry
        return Labels(entry=code, learned=learned)

    def fresh(shape):
        return Labels(entry=torch.arange(torch.Size(shape).numel()).view(shape).float(), learned=learned)

    return _each(shapes[node.name], fresh)


def _regrid(node: Node, image: Labels, shape) -> Labels:
    """After a pooling: fresh labels, unless positions lie among the channels, which must not be forgotten."""
    if not image.varies(1):
        return grid(shape)
    return Labels(_strided(image.height, shape), _strided(image.width, shape))


def _strided(labels: Tensor | None, shape) -> Tensor:
    """Labels of a coarser or finer map, taken from the nearest position."""
    assert labels is not None
    for axis in range(2, len(shape)):
        places = torch.arange(shape[axis]) * labels.shape[axis] // shape[axis]
        labels = labels.index_select(axis, places)
    return labels


def _reduce(node: Node, image: Labels, shape) -> Labels:
    """After a mean, a maximum and the like: the labels of the axes that are left."""
    place = 2 if "norm" in node.op else 1
    dims = node.args[place] if len(node.args) > place else node.kwargs.get("dim")
    if isinstance(dims, int) and not isinstance(dims, bool):
        dims = (dims,)
    every = tuple(range(len(image.shape)))
    dims = tuple(d % len(every) for d in dims) if isinstance(dims, tuple) and dims else every
    return image.map(lambda t: t.amin(dims, keepdim=True).reshape(shape))


def _move(node: Node, graph: Graph, labels, shapes):
    """Run the operation itself on the labels."""
    inputs = tensors_of(node, graph, labels)
    if node.op == "getitem" and node.args and isinstance(labels.get(node.args[0].name), tuple):
        return labels[node.args[0].name][node.args[1]]
    image = any(item.from_image for item in inputs)
    learned = any(item.learned for item in inputs)
    if node.op.startswith("upsample"):
        source = inputs[0]
        if not source.from_image:
            return _not_from_image(node, inputs, shapes)
        return grid(shapes[node.name]) if not source.varies(1) else source.map(lambda t: _strided(t, shapes[node.name]))
    parts = [
        _run(node, graph, labels, part) if image or part == "entry" else None for part in ("height", "width", "entry")
    ]
    if isinstance(parts[2], tuple):
        count = len(parts[2])
        return tuple(_made([p[i] if p else None for p in parts], image, learned) for i in range(count))
    return _made(parts, image, learned)


def _made(parts, image: bool, learned: bool) -> Labels:
    return Labels(parts[0], parts[1], None, learned) if image else Labels(entry=parts[2], learned=learned)


def _run(node: Node, graph: Graph, labels, part: str):
    def resolve(argument):
        if isinstance(argument, Stored | Value):
            found = labels_of(argument, graph, labels)
            if found is None:
                return labels[argument.name]
            tensor = getattr(found, part)
            return tensor if tensor is not None else torch.full(found.shape, NOWHERE)
        if isinstance(argument, tuple):
            return [resolve(item) for item in argument]
        return None if isinstance(argument, DType | Mode) else argument

    args = [resolve(argument) for argument in node.args]
    if node.op in ("pad", "constant_pad_nd") and (len(args) < 3 or args[2] == "constant" or node.op != "pad"):
        return torch.ops.aten.constant_pad_nd(args[0], args[1], NOWHERE)
    result = implementation(node.op)(*args, **{key: resolve(value) for key, value in node.kwargs.items()})
    return tuple(result) if isinstance(result, list | tuple) else result


def _varies(tensor: Tensor, axis: int) -> bool:
    if tensor.dim() <= axis or tensor.shape[axis] < 2:
        return False
    first = tensor.narrow(axis, 0, 1)
    return bool((tensor != first).any())
