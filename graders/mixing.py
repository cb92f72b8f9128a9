"""Rule 4 of arithmetic: weights that meet the image outside convolutions are the same at every position."""

import math

from course.graph import Graph, Node, Stored, Value
from course.operations import JOINS
from graders.folding import folds_positions
from graders.labels import Labels, labels_of, live_along, tensors_of
from graders.relabelling import NARROWS, joined_axis, reduced_axes


def judge_scales(node: Node, labels) -> str | None:
    """Normalisations and PReLU: their weights must be the same at every position."""
    image = labels_of(node.args[0], labels)
    if image is None or not image.from_image:
        return "the image's values are the weights of a normalisation here; normalise the image instead"
    others = [labels_of(a, labels) for a in node.args[1:] if isinstance(a, Stored | Value)]
    if node.op in ("layer_norm", "rms_norm"):
        axes = range(len(image.shape) - len(node.args[1]), len(image.shape))
        if others and any(image.moves(axis) for axis in axes):
            return (
                f"its weights have the shape {tuple(node.args[1])} and so differ by position; normalise over channels "
                "(BatchNorm, GroupNorm), or without weights"
            )
    elif any(other is not None and math.prod(other.shape) > 1 for other in others) and folds_positions(image):
        return "its weights differ by position, since positions were reshaped into channels; normalise before that"
    return None


def judge_mixes(node: Node, inputs: list[Labels], labels) -> str | None:
    """Arithmetic and concatenation of an image's value with numbers that do not come from the image."""
    output = labels[node.name]
    weights = [item for item in inputs if not item.from_image or (item.entry is not None and item.learned)]
    image = max((item for item in inputs if item.from_image), key=lambda item: math.prod(item.shape))
    if node.op in JOINS:
        return _beside(node, weights, image)
    for item in weights:
        offset = len(output.shape) - len(item.shape)
        image_offset = len(output.shape) - len(image.shape)
        varying = [axis + offset for axis in range(len(item.shape)) if item.differs(axis)]
        for axis in varying:
            expands = axis < image_offset or image.shape[axis - image_offset] == 1
            if expands and (axis != 1 or len(varying) > 1):
                return (
                    "it multiplies every number of the image by many weights, which is a matrix product written out; "
                    "use a convolution"
                )
            channels_only = axis == 1 and not folds_positions(output)
            if output.moves(axis) and not channels_only:
                return (
                    f"its weights, of shape {item.shape}, differ by position; a scale may differ by channel, shape "
                    "(1, C, 1, 1)"
                )
    return None


def _beside(node: Node, weights: list[Labels], image: Labels) -> str | None:
    """Learned numbers put beside the image: constant channels are fine."""
    for item in weights:
        if item.from_image or not item.learned:  # judged where they were put there; as coordinates
            continue
        if any(item.differs(axis) for axis in (0, *range(2, len(item.shape)))) or folds_positions(image):
            return "it puts numbers beside the image that differ by position; let weights act through convolutions"
    return None


def judge_spreads(inputs: list[Labels], output: Labels) -> str | None:
    """Channels that were reshaped into positions meet positions: each was made by weights of its own."""
    images = [item for item in inputs if item.from_image]
    for axis in range(1, len(output.shape)):
        at = [axis - len(output.shape) + len(item.shape) for item in images]
        moving = [item for item, place in zip(images, at, strict=True) if place >= 0 and item.moves(place)]
        made = [
            item
            for item, place in zip(images, at, strict=True)
            if place >= 0 and item.changes_channel(place) and not item.moves(place)
        ]
        if made and any(axis > 1 or folds_positions(item) for item in moving):
            return (
                "it mixes positions with channels that were reshaped into positions, so that weights differ by position; "
                "keep channels in axis 1, and upsample where a map should grow"
            )
    return None


def judge_masks(node: Node, inputs: list[Labels], output: Labels) -> str | None:
    """A value that was padded to the map's size, to keep few of the positions of another, or to make such a mask."""
    if not output.from_image:
        return None
    images = [(item, len(item.shape) - len(output.shape)) for item in inputs if item.from_image]
    joined = joined_axis(node, output) if node.op in JOINS else None
    for axis in range(2, len(output.shape)):
        wide = [(item, axis + more) for item, more in images if axis + more >= 0 and item.shape[axis + more] > 1]
        if axis == joined or not wide:
            continue
        moving = any(item.moves(at) for item, at in wide)
        live = [live_along(item, at) for item, at in wide]
        few = next((one for one in [*live, live_along(output, axis)] if sum(one) * 2 < len(one)), None)
        if moving and few and joined is None:
            return (
                f"one side of it is padding at all but {sum(few)} of {len(few)} positions, which keeps single "
                "positions of the other; treat all positions alike"
            )
        if not moving and node.op not in NARROWS and any(one != live[0] for one in live):
            return (
                "it puts together one number at some positions and another at others, by padding, which makes a mask; "
                "treat all positions alike"
            )
    return None


def judge_sums(node: Node, inputs: list[Labels], graph: Graph, labels) -> str | None:
    """A product with weights, summed up to one number a digit: a row of a matrix product."""
    if any(not item.from_image for item in inputs):
        return "it scales by weights what it sums over, as a matrix product does; use a convolution"
    made_by = next((other for other in graph.nodes if Value(other.name) == node.args[0]), None)
    result = labels[node.name]
    if made_by is None or made_by.op not in ("mul.Tensor", "div.Tensor") or isinstance(result, tuple):
        return None
    product = labels[made_by.name]
    for item in tensors_of(made_by, labels):
        offset = len(product.shape) - len(item.shape)
        weighted = {axis + offset for axis in range(len(item.shape)) if not item.from_image and item.differs(axis)}
        if weighted & set(reduced_axes(node, product)) and math.prod(result.shape[1:]) == 1:
            return "it sums products with weights, which is a matrix product written out; use a 1 × 1 convolution"
    return None
