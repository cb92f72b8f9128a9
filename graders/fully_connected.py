"""Rule 4: no fully connected layer, and none in disguise.

What counts as one: a matrix product; a convolution that turns an axis longer than one into a single position; a
convolution after positions were reshaped into channels (space-to-depth by 2 is fine); a learned weight that differs by
position, or that sees one part of the image while others see another; a pick of single positions, by a slice or a mask.
What an image's value meets decides; a kernel computed from parameters alone is a kernel, however it is computed, and what
is the same for every image is no image's value, however it is computed.
"""

from dataclasses import dataclass

from torch import Tensor

from course.graph import Graph, Node
from course.operations import (
    ARITHMETIC,
    CONVOLUTIONS,
    INDEXINGS,
    JOINS,
    MATRIX_PRODUCTS,
    NORMALISATIONS,
    PIECES,
    POOLINGS,
    REDUCTIONS,
    RESAMPLINGS,
)
from graders.constants import find_constants
from graders.coordinates import judge_coordinates
from graders.labels import Labels, tensors_of
from graders.mixing import judge_masks, judge_mixes, judge_scales, judge_spreads, judge_sums
from graders.picking import judge_look_up, judge_picks, takes_places
from graders.positions import BATCH, follow, is_sum, takes_diagonal
from graders.regions import judge_parts
from graders.sliding import judge_convolution


@dataclass(frozen=True)
class Violation:
    """One operation that is, or hides, a fully connected layer; where, what was seen, what to do instead."""

    where: str
    message: str


def find_fully_connected(graph: Graph, seen: dict[str, Tensor] | None = None) -> list[Violation]:
    """Every operation of a graph that breaks rule 4, in order; `seen` are values by name that were constant for digits."""
    labels = follow(graph)
    found = _find(graph, labels)
    trained = {name: value[:BATCH] for name, value in (seen or {}).items()}
    # each can but add to what was found: a network may know noise from digits, and its weights may hide what is constant
    for constants in (*find_constants(graph, BATCH), trained):
        found_labels = [labels[name] for name in constants]
        if any(isinstance(label, Labels) and label.from_image for label in found_labels):
            found = _find(graph, follow(graph, constants)) | found
    return [found[node.name] for node in graph.nodes if node.name in found]


def _find(graph: Graph, labels) -> dict[str, Violation]:
    """The violations by operation, as labels show them."""
    whole = judge_parts(graph, labels) | judge_coordinates(graph, labels)
    found = {}
    for node in graph.nodes:
        message = _judge(node, graph, labels) or whole.get(node.name)
        if message:
            found[node.name] = Violation(node.where(), message)
    return found


def _judge(node: Node, graph: Graph, labels) -> str | None:
    inputs = tensors_of(node, labels)
    if takes_places(node, graph):
        return "it takes the places of values as numbers, which tell positions apart; take the values themselves"
    if not any(item.from_image for item in inputs):
        return None
    if node.op in MATRIX_PRODUCTS and not is_sum(node):
        name = node.op.partition(".")[0]
        return f"{name} is a matrix product; let convolutions do the work, and global average pooling the shrinking"
    if is_sum(node) and takes_diagonal(node):
        return "it takes a diagonal, which picks single positions; treat all positions alike"
    if node.op in CONVOLUTIONS:
        return judge_convolution(node, graph, labels)
    if node.op in NORMALISATIONS or node.op == "prelu":
        return judge_scales(node, labels)
    if node.op in ARITHMETIC or node.op in (*JOINS, "clamp.Tensor", "pow.Tensor_Tensor"):
        output = labels[node.name]
        return judge_mixes(node, inputs, labels) or judge_spreads(inputs, output) or judge_masks(node, inputs, output)
    if node.op in REDUCTIONS:
        return judge_sums(node, inputs, graph, labels)
    if node.op in INDEXINGS:
        return judge_look_up(node, labels)
    if node.op in PIECES or node.op in RESAMPLINGS or node.op in POOLINGS:
        return judge_picks(node, inputs[0], labels, graph)
    return None
