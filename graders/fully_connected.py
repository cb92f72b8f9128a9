"""Rule 4: no fully connected layer, and none in disguise.

What counts as one: a matrix product; a convolution that turns an axis longer than one into a single position; a
convolution after positions were reshaped into channels (space-to-depth by 2 is fine); a learned weight that differs by
position; a pick of single positions. What an image's value meets decides; a kernel computed from parameters alone is a
kernel, however it is computed.
"""

import math
from dataclasses import dataclass

import torch

from course.geometry import Window, window
from course.graph import Graph, Node, Stored, Value
from course.operations import (
    ARITHMETIC,
    CONVOLUTIONS,
    MATRIX_PRODUCTS,
    NORMALISATIONS,
    PIECES,
    POOLINGS,
    RESAMPLINGS,
)
from graders.positions import Labels, follow, labels_of, tensors_of

MOST_FOLDED = 4  # positions a channel vector may hold: space-to-depth by 2
MOST_COORDINATES = 4  # channels of coordinates that may be concatenated to an image's


@dataclass(frozen=True)
class Violation:
    """One operation that is, or hides, a fully connected layer; where, what was seen, what to do instead."""

    where: str
    message: str


def find_fully_connected(graph: Graph) -> list[Violation]:
    """Every operation of a graph that breaks rule 4, in order."""
    labels = follow(graph)
    found = []
    for node in graph.nodes:
        message = _judge(node, graph, labels)
        if message:
            found.append(Violation(node.where(), message))
    return found


def _judge(node: Node, graph: Graph, labels) -> str | None:
    inputs = tensors_of(node, graph, labels)
    if not any(item.from_image for item in inputs):
        return None
    if node.op in MATRIX_PRODUCTS:
        name = node.op.partition(".")[0]
        return f"{name} is a matrix product; let convolutions do the work, and global average pooling the shrinking"
    if node.op in CONVOLUTIONS:
        return _convolution(node, graph, labels)
    if node.op in NORMALISATIONS or node.op == "prelu":
        return _scales(node, graph, labels)
    if node.op in ARITHMETIC or node.op in ("cat", "stack", "clamp.Tensor", "pow.Tensor_Tensor"):
        return _mixes(node, inputs, labels)
    if node.op in PIECES or node.op in RESAMPLINGS or node.op in POOLINGS:
        return _picks(node, inputs[0], labels, graph)
    return None


def _convolution(node: Node, graph: Graph, labels) -> str | None:
    image, kernel = labels_of(node.args[0], graph, labels), labels_of(node.args[1], graph, labels)
    bias = labels_of(node.args[2], graph, labels) if len(node.args) > 2 else None
    assert image is not None and kernel is not None
    if kernel.from_image or not image.from_image or (bias and bias.from_image):
        return "the image's values are the kernel here, which makes a matrix product; convolve the image by weights"
    if folds_positions(image):
        return (
            f"it mixes positions that were reshaped into its {image.shape[1]} channels, as a fully connected layer "
            "does; keep height and width apart from the channels (space-to-depth by 2 is fine)"
        )
    shapes = {a.name: found.shape for a in node.args[:2] if (found := labels_of(a, graph, labels)) and _is_value(a)}
    slides = window(node, graph, shapes)
    assert slides is not None
    output = labels[node.name].shape
    for axis in range(2, len(image.shape)):
        reason = _axis(slides, axis - 2, image, axis, output[axis])
        if reason:
            return reason
    return None


def _is_value(argument) -> bool:
    return isinstance(argument, Value)


def _axis(slides: Window, place: int, image: Labels, axis: int, positions: int) -> str | None:
    """What one axis of a convolution does."""
    live = _live_positions(image, axis)
    length = int(live.sum())
    if slides.transposed:
        if length == 1 and positions > 1 and slides.kernel[place] > 1:
            return f"it spreads one position over {positions} with weights of their own; upsample, then convolve"
        if positions == 1 and length > 1:
            return _single(length, slides.kernel)
        return None
    if length < 2:
        return None
    stride, dilation, before = slides.stride[place], slides.dilation[place], slides.padding[place][0]
    touched = [
        sum(
            0 <= (at := start * stride - before + tap * dilation) < len(live) and bool(live[at])
            for tap in range(slides.kernel[place])
        )
        for start in range(positions)
    ]
    seeing = [count for count in touched if count]
    whole = max(seeing, default=0) == length and sum(seeing) - length <= length / 2
    if len(seeing) == 1 or whole:  # other windows that see next to nothing do not make it a sliding one
        return _single(length, slides.kernel)
    return None


def _single(length: int, kernel) -> str:
    return (
        f"its {' × '.join(map(str, kernel))} kernel turns an axis of {length} positions into one, which is a fully "
        "connected layer; use a small kernel, then global average pooling"
    )


def _live_positions(image: Labels, axis: int) -> torch.Tensor:
    """Which positions along an axis hold something besides padding; those with one label are one position."""
    assert image.height is not None
    others = tuple(a for a in range(image.height.dim()) if a != axis)
    return image.height.amax(others) >= 0


def folds_positions(image: Labels) -> bool:
    """Whether the channels (axis 1) of an image's value hold more positions than space-to-depth by 2 puts there."""
    if len(image.shape) < 2 or not image.varies(1):
        return False
    rows = torch.arange(image.shape[0]).unique()
    chosen = rows[[0, len(rows) // 2, -1]].unique()
    return any(_folds(image, int(row)) for row in chosen)


def _folds(image: Labels, row: int) -> bool:
    assert image.height is not None and image.width is not None
    height, width = image.height[row], image.width[row]  # (C, …)
    live = (height >= 0) & (width >= 0)
    pairs = torch.stack([height[live], width[live]], 1).unique(dim=0)
    sites = math.prod(image.shape[2:])
    if len(pairs) < 2:
        return False
    if len(pairs) > MOST_FOLDED * sites or sites == 1:
        return True
    for labels in (height, width):  # an axis that lives on among the channels only has been folded whole
        some = labels[live]
        along_sites = any((labels != labels.narrow(a, 0, 1)).any() for a in range(1, labels.dim()))
        if len(some.unique()) > 1 and not along_sites:
            return True
    return False


def _scales(node: Node, graph: Graph, labels) -> str | None:
    """Normalisations and PReLU: their weights must be the same at every position."""
    image = labels_of(node.args[0], graph, labels)
    if image is None or not image.from_image:
        return "the image's values are the weights of a normalisation here; normalise the image instead"
    others = [labels_of(a, graph, labels) for a in node.args[1:] if isinstance(a, Stored | Value)]
    if node.op in ("layer_norm", "rms_norm"):
        axes = range(len(image.shape) - len(node.args[1]), len(image.shape))
        if others and any(image.varies(axis) for axis in axes):
            return (
                f"its weights have the shape {tuple(node.args[1])} and so differ by position; normalise over channels "
                "(BatchNorm, GroupNorm), or without weights"
            )
    elif any(other is not None and math.prod(other.shape) > 1 for other in others) and folds_positions(image):
        return "its weights differ by position, since positions were reshaped into channels; normalise before that"
    return None


def _mixes(node: Node, inputs: list[Labels], labels) -> str | None:
    """Arithmetic and concatenation of an image's value with numbers that do not come from the image."""
    output = labels[node.name]
    weights = [item for item in inputs if not item.from_image]
    image = max((item for item in inputs if item.from_image), key=lambda item: math.prod(item.shape))
    if node.op == "cat":
        coordinates = sum(item.shape[1] for item in weights if not item.learned and len(item.shape) > 1)
        for item in weights:
            by_position = any(item.varies(axis) for axis in range(2, len(item.shape)))
            if by_position and (item.learned or coordinates > MOST_COORDINATES):
                return "it puts numbers beside the image that differ by position; let weights act through convolutions"
        return None
    for item in weights:
        offset = len(output.shape) - len(item.shape)
        image_offset = len(output.shape) - len(image.shape)
        varying = [axis + offset for axis in range(len(item.shape)) if item.varies(axis)]
        for axis in varying:
            expands = axis < image_offset or image.shape[axis - image_offset] == 1
            if expands and (axis != 1 or len(varying) > 1):
                return (
                    "it multiplies every number of the image by many weights, which is a matrix product written out; "
                    "use a convolution"
                )
            channels_only = axis == 1 and not folds_positions(output)
            if output.varies(axis) and not channels_only:
                return (
                    f"its weights, of shape {item.shape}, differ by position; a scale may differ by channel, shape "
                    "(1, C, 1, 1)"
                )
    return None


def _picks(node: Node, image: Labels, labels, graph: Graph) -> str | None:
    """Slices, selections and poolings that look at single positions."""
    if node.op in ("cat", "stack") or not image.from_image:
        return None
    if node.op in POOLINGS or node.op.startswith("upsample"):
        return _samples(node, image, labels, graph)
    results = labels[node.name]
    for result in results if isinstance(results, tuple) else (results,):
        for part in ("height", "width"):
            before, after = (_distinct(getattr(item, part)) for item in (image, result))
            if len(before) > 1 and len(after) == 1:
                return _PICK.format(seen="one", length=len(before))
            contiguous = len(after) > 1 and float(after[-1] - after[0]) == len(after) - 1
            if contiguous and len(after) * 2 <= len(before):
                return _PICK.format(seen=len(after), length=len(before))
    return None


_PICK = (
    "it picks {seen} of {length} positions of an axis, so that what follows is not the same for every position; pool "
    "over all of them instead"
)


def _samples(node: Node, image: Labels, labels, graph: Graph) -> str | None:
    result = labels[node.name][0] if isinstance(labels[node.name], tuple) else labels[node.name]
    slides = window(node, graph, {node.args[0].name: image.shape})
    axes = range(2, len(image.shape)) if slides is None or len(slides.kernel) > 1 else (len(image.shape) - 1,)
    for axis in axes:
        kernel = slides.kernel[axis - axes[0]] if slides else 1
        if kernel == 1 and image.shape[axis] > 1 and result.shape[axis] == 1:
            return _PICK.format(seen="one", length=image.shape[axis])
    return None


def _distinct(labels: torch.Tensor) -> torch.Tensor:
    return labels[labels >= 0].unique()
