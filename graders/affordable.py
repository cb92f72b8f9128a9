"""Refuse a graph that would keep the grader busy for hours; any network that is worth grading is far below."""

from course.errors import GraphError
from course.graph import Graph
from course.rows import numbers

MOST_NUMBERS = 10_000_000  # that a network computes for a digit; iteration 1, the heaviest lesson, computes 371,000
MOST_WORK = 2_000_000_000  # multiply-adds for a digit; iteration 1 takes 159 million


def expect_affordable(graph: Graph) -> None:
    """GraphError where a digit costs more than is graded."""
    computed = sum(numbers(row.shape) for row in graph.rows)
    work = sum(row.multiply_adds for row in graph.rows)
    for value, most, what in (
        (computed, MOST_NUMBERS, "computes {:,} numbers"),
        (work, MOST_WORK, "takes {:,} multiply-adds"),
    ):
        if value > most:
            halves = any("pool" in row.kind or max(row.stride or (1,)) > 1 for row in graph.rows)
            advice = "" if halves else "; no pooling makes its maps smaller: a max-pool by two leaves a quarter of the work"
            raise GraphError(f"the network {what.format(value)} for a digit, the most that is graded is {most:,}{advice}")
