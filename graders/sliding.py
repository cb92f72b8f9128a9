"""Rule 4 of convolutions: each slides, and never turns an axis of positions into a single one."""

import torch

from course.geometry import Window, window
from course.graph import Graph, Node, Value
from graders.folding import folds_positions
from graders.labels import Labels, labels_of

MOST_SEEN_TWICE = 4  # positions: a 5 × 5 kernel by twos, padded, sees all of a map of 4 × 4 from one of its places


def judge_convolution(node: Node, graph: Graph, labels) -> str | None:
    """What is wrong with a convolution, in a sentence, or None."""
    image, kernel = labels_of(node.args[0], labels), labels_of(node.args[1], labels)
    bias = labels_of(node.args[2], labels) if len(node.args) > 2 else None
    assert image is not None and kernel is not None
    if kernel.from_image or not image.from_image or (bias and bias.from_image):
        return "the image's values are the kernel here, which makes a matrix product; convolve the image by weights"
    if folds_positions(image):
        return (
            f"it mixes positions that were reshaped into its {image.shape[1]} channels, as a fully connected layer "
            "does; keep height and width apart from the channels (space-to-depth by 2 is fine)"
        )
    shapes = {a.name: found.shape for a in node.args[:2] if (found := labels_of(a, labels)) and isinstance(a, Value)}
    slides = window(node, graph, shapes)
    assert slides is not None
    output = labels[node.name].shape
    for axis in range(2, len(image.shape)):
        reason = _axis(slides, axis - 2, image, axis, output[axis])
        if reason:
            return reason
    return None


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
    *others, most = sorted(count for count in touched if count) or [0]
    whole = most == length and max(others, default=0) * 2 <= length
    # windows that all see everything, half a map apart: each is a fully connected layer of its own
    whole = whole or (most == length > MOST_SEEN_TWICE and stride * 2 >= length)
    if (most and not others) or whole:  # other windows that see half of it at most do not make it a sliding one
        return _single(length, slides.kernel)
    return None


def _single(length: int, kernel) -> str:
    return (
        f"its kernel of {' × '.join(map(str, kernel))} turns an axis of {length} positions into one, which is a fully "
        "connected layer; use a small kernel, then global average pooling"
    )


def _live_positions(image: Labels, axis: int) -> torch.Tensor:
    """Which positions along an axis hold something besides padding; those with one label are one position."""
    assert image.height is not None
    others = tuple(a for a in range(image.height.dim()) if a != axis)
    return image.height.amax(others) >= 0
