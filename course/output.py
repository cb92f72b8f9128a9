"""Does a graph give ten scores a digit; and where it does not, the layer at which things part ways."""

from dataclasses import dataclass

from course.errors import GraphError
from course.graph import INPUT, Graph
from course.operations import RESHAPES
from course.rows import Row
from course.shapes import infer_shapes

BATCH = 5  # digits of the example in the message
KEEPS_VALUES = {operation.partition(".")[0] for operation in RESHAPES} | {"log_softmax", "softmax"}


def expect_ten_scores(graph: Graph) -> None:
    """Raise GraphError unless a batch (N, 1, 28, 28) gives (N, 10); scores of another shape would be miscounted."""
    if problem := output_problem(graph):
        raise GraphError(problem)


def output_problem(graph: Graph) -> str:
    """Empty for a network that gives ten scores a digit; else what was seen, where it comes from, what is missing."""
    seen = infer_shapes(graph, batch=BATCH)[graph.output]
    if seen == (BATCH, 10):
        return ""
    said = f"forward should return ten scores a digit, shape ({BATCH}, 10) for {BATCH} digits; saw {seen}"
    try:
        reason = _reason(graph.rows, graph.output)
    except Exception:  # a stranger's graph may hold what has no row; that it gives no ten scores is said already
        reason = ""
    return f"{said}: {reason}" if reason else said


def _reason(rows: list[Row], output: str) -> str:
    by_name = {row.name: row for row in rows}
    row = by_name.get(output)
    while row and row.operation in KEEPS_VALUES and row.inputs:
        row = by_name.get(row.inputs[0])
    if row is None:
        return "nothing is computed from the image yet"
    where = f"{row.name} (at {row.at})" if row.at else row.name
    if len(row.shape) != 3:
        return f"{where} gives {' × '.join(map(str, row.shape)) or 'one number'} a digit, where ten numbers are needed"
    channels, height, width = row.shape
    if (channels, height, width) == (10, 1, 1):
        return "the ten scores are there, and keep two axes of length 1: return x.flatten(1)"
    said = []
    if (height, width) != (1, 1):
        said.append(f"behind {where} the map is {height} by {width}, where 1 by 1 is needed ({_suspects(rows)})")
    if channels != 10:
        said.append(f"{'and ' if said else f'behind {where} '}there are {channels} channels, where ten are needed")
    return ", ".join(said)


def _suspects(rows: list[Row]) -> str:
    """What in this network leaves a map larger than it might be."""
    convolutions = [row for row in rows if row.kind == "conv"]
    small = small_average(rows)
    padded = [str(i) for i, row in enumerate(convolutions, start=1) if any(any(pair) for pair in row.padding or ())]
    kinds = {row.kind for row in rows if not small or row.name != small.row}
    found = []
    if not kinds & {"max_pool", "avg_pool"}:
        found.append("no pooling halves it")
    if small:
        found.append(f"{small}; a global one is as large as the map")
    elif not any(kind.startswith("global_") for kind in kinds):
        found.append("no global average pooling takes it together")
    if padded and not small:
        found.append(f"padding in convolution{'s' if len(padded) > 1 else ''} {', '.join(padded)} keeps it large")
    return "; ".join(found) or "a convolution, or a pooling, with a larger kernel or without padding makes it smaller"


@dataclass(frozen=True)
class SmallAverage:
    """An average pooling at a network's end whose kernel is smaller than its map; both as (height, width)."""

    row: str
    at: str
    kernel: tuple[int, ...]
    map: tuple[int, ...]

    def __str__(self) -> str:
        kernel, size = (" × ".join(map(str, sides)) for sides in (self.kernel, self.map))
        return f"{self.row}'s kernel is {kernel}, on a map of {size}{f' (at {self.at})' if self.at else ''}"


def small_average(rows: list[Row]) -> SmallAverage | None:
    """The last average pooling, if it is not global, and if nothing behind it slides over positions, as behind a halving."""
    shapes = {INPUT: (1, 28, 28)} | {row.name: row.shape for row in rows}
    for row in reversed(rows):
        if row.kind == "avg_pool" and row.kernel:
            return SmallAverage(row.name, row.at, row.kernel, shapes[row.inputs[0]][1:])
        if row.kind == "max_pool" or (row.kind == "conv" and max(row.kernel or (1,)) > 1):
            return None
    return None
