"""The shape of every value of a graph, found by running it on tensors that have shapes but no numbers."""

import torch

from course.errors import GraphError, one_line
from course.graph import INPUT, Graph
from course.known_shapes import KNOWN_SHAPES
from course.rebuild import Network

MOST_NUMBERS_A_DIGIT = 4_000_000  # iteration 1, the heaviest lesson, has maps of 200,704 numbers


def infer_shapes(graph: Graph, batch: int = 2) -> dict[str, tuple]:
    """Shapes by value name, for a batch of that many digits; a value of several tensors has a tuple of shapes.

    Raises GraphError where an operation cannot take what it is given, or makes something huge.
    """
    shapes: dict[str, tuple] = {INPUT: (batch, 1, 28, 28)}
    at = graph.nodes[0].where() if graph.nodes else "the input"
    following = {a.name: b.where() for a, b in zip(graph.nodes, graph.nodes[1:], strict=False)}

    def watch(name, value):
        nonlocal at
        at = following.get(name, "the output")
        shapes[name] = _shape(value)
        if _numbers(value) > batch * MOST_NUMBERS_A_DIGIT:
            raise GraphError(
                f"{name} has {_numbers(value) // batch:,} numbers a digit, the most is {MOST_NUMBERS_A_DIGIT:,}"
            )

    try:
        with torch.device("meta"), torch.no_grad():
            Network(graph, instead=KNOWN_SHAPES).eval()(torch.empty(batch, 1, 28, 28), watch)
    except GraphError:
        raise
    except Exception as error:
        raise GraphError(
            f"the graph cannot be run: {at} fails with {type(error).__name__}: {one_line(error)}"
        ) from None
    return shapes


def _shape(value) -> tuple:
    if isinstance(value, torch.Tensor):
        return tuple(value.shape)
    return tuple(_shape(item) for item in value) if isinstance(value, tuple | list) else ()


def _numbers(value) -> int:
    if isinstance(value, torch.Tensor):
        return value.numel()
    return sum(_numbers(item) for item in value) if isinstance(value, tuple | list) else 0
