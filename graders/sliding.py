"""Rule 4 of convolutions: each slides, and never turns an axis of positions into a single one."""

from math import gcd

import torch
from torch import Tensor

from course.geometry import Window, window
from course.graph import Graph, Node, Value
from graders.folding import folds_positions
from graders.labels import NOWHERE, Labels, labels_of, places_along, varies
from graders.picking import FEWEST_LEFT, OTHER_CHANNELS, own_channel_each

FEWEST_BOUND = 3  # rows or columns; space-to-depth by 2 leaves two halves of a map side by side
OTHER_WEIGHTS = (
    "it leaps along a flattened map, so that each weight meets few of its positions; let it slide over height and width"
)
SMALL = 3  # a kernel of three tells the border from the rest, as it does in every padded map
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
        if not reason and _leaps(slides, image, axis, output[axis]):
            reason = OTHER_WEIGHTS
        if reason:
            return reason
        for part in (image.height, image.width):
            assert part is not None
            if _is_bound(slides, axis - 2, part, axis, output[axis]):
                return _single(len(part[part >= 0].unique()), slides.kernel)
        if _pairs(slides, axis - 2, image, axis, output[axis]):
            return OTHER_CHANNELS
    return None


def _leaps(slides: Window, image: Labels, axis: int, positions: int) -> bool:
    """Whether, along an axis that holds rows and columns, each weight meets fewer positions than it would by steps of four."""
    assert image.height is not None and image.width is not None
    both = varies(image.height, axis) and varies(image.width, axis)
    return both and not slides.transposed and positions * FEWEST_LEFT < len({*places_along(image, axis)} - {NOWHERE})


def _axis(slides: Window, place: int, image: Labels, axis: int, positions: int) -> str | None:
    """What one axis of a convolution does."""
    labels = places_along(image, axis)
    live = [label for label in labels if label != NOWHERE]
    if positions > 1 and _is_spread(slides, place, live, positions):
        few = "one position" if len(set(live)) == 1 else "two positions"
        return f"it spreads {few} over {positions} with weights of their own; upsample, then convolve"
    if len(set(live)) == 1 and _is_padded_apart(labels, slides.span[place]):
        return "it convolves one number and the padding beside it, which makes a mask; pad by less than the kernel's size"
    if len(live) < 2:
        return None
    views = [_looks_at(slides, place, start, len(labels)) for start in range(positions)]
    seen = [labels[view.start : view.stop : view.step] for view in views]
    touched = [len(some) - some.count(NOWHERE) for some in seen]
    *others, most = sorted(count for count in touched if count) or [0]
    whole = most == len(live) and max(others, default=0) * 2 <= len(live)
    # windows that all see everything, half a map apart: each is a fully connected layer of its own
    whole = whole or (most == len(live) > MOST_SEEN_TWICE and slides.stride[place] * 2 >= len(live))
    if (most and not others) or (whole and not slides.transposed):  # others that see half at most don't make it a sliding one
        return _single(len(live), slides.kernel)
    different = len(set(live))  # copies of a position, as tiles and upsampled maps have them, are one
    if different > MOST_SEEN_TWICE and 2 * sum(len(set(some) - {NOWHERE}) == different for some in seen) > len(seen):
        return _single(different, slides.kernel)
    return None


def _is_spread(slides: Window, place: int, live: list[float], positions: int) -> bool:
    """Whether one position, or two, or copies of one, become many, each by weights of its own."""
    kernel = slides.kernel[place]
    if len(live) == 1 or (slides.transposed and len(set(live)) == 1):
        return kernel > 1
    if len(set(live)) == 1:  # copies tell by how many of them a place sees which place it is
        return kernel > SMALL and kernel * 2 > len(live)
    return len(live) == 2 and kernel > 2 * len(live) and positions > len(live)


def _is_padded_apart(labels: list[float], span: int) -> bool:
    """Whether a kernel of this span sees but padding at some places, as it does not where a map is padded for it."""
    live = [label != NOWHERE for label in labels]
    return live.index(True) >= span or live[::-1].index(True) >= span or not all(live[live.index(True) :][: sum(live)])


def _pairs(slides: Window, place: int, image: Labels, axis: int, positions: int) -> bool:
    """Whether, along an axis of channels and positions, a weight meets other channels at other positions, by its stride."""
    if slides.transposed or slides.stride[place] < 2 or not (image.moves(axis) and image.changes_channel(axis)):
        return False
    for tap in range(slides.kernel[place]):
        at = torch.tensor(_looked_at(slides, place, tap, positions, image.shape[axis]), dtype=torch.int64)
        if own_channel_each(image.map(lambda t, at=at: t.index_select(axis, at))):
            return not own_channel_each(image)
    return False


def _is_bound(slides: Window, place: int, part: Tensor, axis: int, positions: int) -> bool:
    """Whether each weight sees one row, or one column, in all of its places, and together they see all of these."""
    labels = part.amax(tuple(a for a in range(part.dim()) if a != axis)).tolist()
    different = set(labels) - {NOWHERE}
    if slides.transposed or len(different) < FEWEST_BOUND:
        return False
    bound = set[float]()
    for tap in range(slides.kernel[place]):
        seen = {labels[at] for at in _looked_at(slides, place, tap, positions, len(labels))} - {NOWHERE}
        if len(seen) > 1:
            return False
        bound |= seen
    return bound == different


def _looked_at(slides: Window, place: int, tap: int, positions: int, length: int) -> list[int]:
    """The positions of the input that one weight meets, padding left out."""
    first = tap * slides.dilation[place] - slides.padding[place][0]
    return [at for start in range(positions) if 0 <= (at := first + start * slides.stride[place]) < length]


def _looks_at(slides: Window, place: int, start: int, length: int) -> range:
    """The positions of the input that an output position is computed from, padding left out."""
    stride, before = slides.stride[place], slides.padding[place][0]
    kernel, dilation = slides.kernel[place], slides.dilation[place]
    if not slides.transposed:
        first = start * stride - before
        return _within(first, first + (kernel - 1) * dilation, dilation, length)
    every = stride // gcd(stride, dilation)  # of so many taps, one falls on a position
    tap = next((tap for tap in range(min(every, kernel)) if (start + before - tap * dilation) % stride == 0), None)
    if tap is None:
        return range(0)
    last, step = (start + before - tap * dilation) // stride, every * dilation // stride
    return _within(last - (kernel - 1 - tap) // every * step, last, step, length)


def _within(first: int, last: int, step: int, length: int) -> range:
    """From one position to another by steps, those left out that are no positions of an axis of this length."""
    first += max(0, -(first // step)) * step
    return range(first, max(first, min(last, length - 1) + 1), step)


def _single(length: int, kernel) -> str:
    return (
        f"its kernel of {' × '.join(map(str, kernel))} turns an axis of {length} positions into one, which is a fully "
        "connected layer; use a small kernel, then global average pooling"
    )
