"""How labels travel through a graph: the labels of every value, from those of the input and of the stored tensors.

A value that depends on the image has labels for height, width and channel; any other value has one, `entry`, that says
which of its entries are the same number.
"""

import math

import torch
from torch import Tensor

from course.graph import INPUT, Graph, Node, Stored, Value
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
from graders.constants import alike, depend_on_stored
from graders.labels import Labels, grid, tensors_of
from graders.relabelling import convolved, moved, multiplied, pooled, reduced, resized, together

BATCH = 2  # digits that are followed; two, so that a batch is not mistaken for an axis of length one
APART = 2.0**32  # more than any value has entries: the labels of two values that share no number are this far apart
NO_POSITIONS = frozenset(
    "zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full scalar_tensor".split()
)
ONE_BY_ONE = POINTWISE | ARITHMETIC | DROPOUTS  # equal numbers in, equal numbers out


def follow(graph: Graph, constants: dict[str, Tensor] | None = None) -> dict[str | Stored, Labels | tuple | int]:
    """The labels of every value and stored tensor of a graph; sizes are plain numbers, several results a tuple.

    Values that are among the `constants` are no image's, wherever they come from.
    """
    shapes = infer_shapes(graph, BATCH)
    labels: dict[str | Stored, Labels | tuple | int] = {INPUT: grid((BATCH, 1, 28, 28))}
    start = 0
    for name, spec in graph.tensors.items():
        entry = torch.arange(start, start + spec.count, dtype=torch.float64).view(spec.shape)
        labels[Stored(name)] = Labels(entry=entry, learned=True)
        start += spec.count
    constants, stored = constants or {}, depend_on_stored(graph)
    for number, node in enumerate(graph.nodes, start=1):
        labels[node.name] = found = _step(node, labels, shapes, number * APART)
        computed = isinstance(found, Labels) and (found.from_image or node.op in CONVOLUTIONS)
        if computed and node.name in constants:
            entry = number * APART + alike(constants[node.name])
            labels[node.name] = Labels(entry=entry, learned=node.name in stored)
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
        return moved(node, labels, inputs)
    if not images:
        return _not_from_image(node, inputs, shape, fresh)
    if node.op in MATRIX_PRODUCTS and not is_sum(node):
        return _each(shape, grid)
    if node.op in CONVOLUTIONS:
        return convolved(images[0], shape)
    if node.op in INDEXINGS and not inputs[0].from_image:  # a table, looked up by what comes from the image
        return grid(shape)
    if node.op in POOLINGS:
        return _each(shape, lambda one: images[0].map(lambda t: pooled(t, one)))
    if "upsample" in node.op or node.op in INDEXINGS:
        return images[0].map(lambda t: resized(t, shape))
    if node.op in REDUCTIONS or is_sum(node):
        return _each(shape, lambda one: reduced(node, images[0], one))
    if node.op == "glu":
        return images[0].map(lambda t: t.chunk(2, node.args[1] if len(node.args) > 1 else -1)[0])
    if node.op == "mul.Tensor":
        return multiplied(inputs, shape)
    return _each(shape, lambda one: together(inputs if node.op in ONE_BY_ONE else images, one))


def is_sum(node: Node) -> bool:
    """Whether an einsum has one operand, which it can only sum and permute."""
    return node.op == "einsum" and len(node.args[1]) == 1


def takes_diagonal(node: Node) -> bool:
    """Whether an einsum names an axis of its operand twice."""
    letters = node.args[0].partition("->")[0].replace(" ", "").replace("...", "")
    return len(set(letters)) < len(letters)


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
