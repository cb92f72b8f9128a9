"""Weights that are put together from pieces of others, as a code book's are: rule 2 counts the pieces.

Each stored number has one place for which nothing is counted: where it is, or in one join. A piece that comes again says by its
place which number was meant, and that choice is a learned number as well.
"""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

from course.graph import INPUT, Graph, Stored
from course.operations import GENERATORS, JOINS, RESHAPES

MOST_A_PIECE = 8  # a large piece that comes again is one choice, not one a number
KERNEL, TURNS = 64, 7  # a kernel of that many numbers may come again, turned and mirrored, in as many more ways for nothing


@dataclass(frozen=True)
class Piece:
    """A join's operand that is no image's: its numbers, and the tensors and earlier joins that they come from."""

    join: str
    size: int
    sources: frozenset[str]


def count_joined(
    graph: Graph, constants: Collection[str], generated: dict[str, int], size: Callable[[str], int]
) -> dict[str, int]:
    """By join, the numbers that its pieces count for, beyond those that are counted as stored, or as `generated`.

    `size` says how many numbers a value has; it is asked for no more than is needed.
    """
    pieces, free = _pieces(graph, constants, generated, size)
    counts: dict[str, int] = {}
    turned = Counter[frozenset[str]]()
    for piece in sorted(pieces, key=lambda piece: -piece.size):  # the whole is free, not the parts that it is cut into
        beyond = piece.size
        for source in sorted(piece.sources):
            taken = min(beyond, free[source])
            free[source] -= taken
            beyond -= taken
        if beyond and piece.size >= KERNEL and turned[piece.sources] < TURNS:
            turned[piece.sources] += 1
            continue
        counts[piece.join] = counts.get(piece.join, 0) + min(beyond, MOST_A_PIECE)
    return counts


def _pieces(
    graph: Graph, constants: Collection[str], generated: dict[str, int], size: Callable[[str], int]
) -> tuple[list[Piece], dict[str, int]]:
    """Every piece that is joined; and by source the numbers that have no place yet, as they are no operand of the image's."""
    from_image = {INPUT}
    first: dict[tuple, str] = {}  # of joins that are the same, as in each step of a loop
    sources: dict[str, frozenset[str]] = {}  # of values that are no image's
    whole: dict[str, str] = {}  # what a value is, but for its shape
    pieces, placed = list[Piece](), set[str]()
    free = {name: spec.count for name, spec in graph.tensors.items()} | generated

    def behind(item) -> frozenset[str]:
        return frozenset({item.name}) if isinstance(item, Stored) else sources.get(item.name, frozenset())

    def numbers(item) -> int:
        name = whole.get(item.name, item.name)
        return free[name] if name in generated or name in graph.tensors else size(name)

    for node in graph.nodes:
        inputs = list(node.inputs())
        others = [item for item in inputs if isinstance(item, Stored) or item.name not in from_image]
        image = len(others) < len(inputs) and node.name not in constants
        if node.op in JOINS:
            known = first.setdefault((node.op, node.args, tuple(sorted(node.kwargs.items()))), node.name)
            if known == node.name:
                pieces += [Piece(node.name, numbers(item), behind(item)) for item in others if behind(item)]
        elif image:
            placed = placed.union(*map(behind, others))
        if image:
            from_image.add(node.name)
        elif node.op in GENERATORS:
            sources[node.name] = frozenset({node.name})
        elif node.op in JOINS and any(map(behind, others)):
            sources[node.name], whole[node.name] = frozenset({known}), known
            free.setdefault(known, size(known))
        else:
            sources[node.name] = frozenset[str]().union(*map(behind, others))
        if node.op in RESHAPES and inputs:
            whole[node.name] = whole.get(inputs[0].name, inputs[0].name)
    return pieces, free | dict.fromkeys(placed, 0)
