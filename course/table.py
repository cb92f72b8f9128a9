"""What a network looks like, operation by operation: shapes, receptive fields, parameters, multiply-adds.

Receptive field and jump follow Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks"
(Distill, 2019): r' = r + (k - 1) d j and j' = j s, for kernel k, dilation d, stride s and the jump j, the distance in
pixels between neighbouring positions.
"""

import math
from dataclasses import dataclass
from html import escape

from course.counting import parameters_by_node
from course.geometry import Window, shape_of, window
from course.graph import INPUT, Graph, Node, Value
from course.operations import CONVOLUTIONS, DROPOUTS, MATRIX_PRODUCTS, NORMALISATIONS, SIZES, SOFTMAXES
from course.shapes import infer_shapes
from course.tables import html_table, text_table

TAPS = {"nearest": 1, "bilinear": 2, "bicubic": 4}  # positions an axis that interpolation looks at
NORM_NAMES = {"batch_norm": "BatchNorm", "group_norm": "GroupNorm", "layer_norm": "LayerNorm"}


@dataclass(frozen=True)
class Field:
    """The receptive field of one position, the jump between two, and the map's size; (height, width), in pixels."""

    size: tuple[float, float] = (1, 1)
    jump: tuple[float, float] = (1, 1)
    positions: tuple[int, int] = (28, 28)

    def slide(self, window: Window, positions) -> "Field":
        """After a window of one or two axes; with one axis, the width."""
        kernel, stride, dilation = (_pair(s) for s in (window.kernel, window.stride, window.dilation))
        if window.transposed:
            spans = ((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
            grow = tuple(math.ceil(span / s) - 1 for span, s in zip(spans, stride, strict=True))
            jump = tuple(j / s for j, s in zip(self.jump, stride, strict=True))
        else:
            grow = tuple((k - 1) * d for k, d in zip(kernel, dilation, strict=True))
            jump = tuple(j * s for j, s in zip(self.jump, stride, strict=True))
        size = tuple(r + g * j for r, g, j in zip(self.size, grow, self.jump, strict=True))
        return Field(size, jump, positions)

    def resample(self, taps: int, positions) -> "Field":
        """After positions were made more or fewer, each from so many neighbours."""
        jump = tuple(j * n / m for j, n, m in zip(self.jump, self.positions, positions, strict=True))
        size = tuple(r + (taps - 1) * j for r, j in zip(self.size, self.jump, strict=True))
        return Field(size, jump, positions)  # type: ignore[arg-type]

    def whole(self) -> "Field":
        """After an operation that looks at every position."""
        size = tuple(r + (n - 1) * j for r, n, j in zip(self.size, self.positions, self.jump, strict=True))
        return Field(size, self.jump, (1, 1))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Row:
    """One operation of a graph. Shapes leave the batch out; settings are those that a check may ask for."""

    name: str
    kind: str
    operation: str
    at: str
    shape: tuple[int, ...]
    kernel: tuple[int, ...] | None
    stride: tuple[int, ...] | None
    padding: tuple[tuple[int, int], ...] | None
    dilation: tuple[int, ...] | None
    receptive_field: int | tuple[int, int]
    jump: int | tuple[int, int]
    parameters: int
    multiply_adds: int
    inputs: tuple[str, ...]
    settings: dict


def rows(graph: Graph) -> list[Row]:
    """One row an operation, in order; operations on sizes are left out."""
    shapes = infer_shapes(graph)
    parameters = parameters_by_node(graph)
    fields = {INPUT: Field()}
    result = []
    for node in graph.nodes:
        inputs = [v.name for v in node.inputs() if isinstance(v, Value)]
        before = _widest([fields[name] for name in inputs if name in fields])
        if node.op in SIZES:
            continue
        slides = window(node, graph, shapes)
        kind = _kind(node, slides, shapes)
        after = shapes[node.name]
        fields[node.name] = field = _field(node, kind, slides, before, after)
        result.append(
            Row(
                node.name,
                kind,
                node.op.partition(".")[0],
                node.at,
                _of_one_digit(after),
                slides.kernel if slides else None,
                slides.stride if slides else None,
                slides.padding if slides else None,
                slides.dilation if slides else None,
                _one_or_pair(field.size),
                _one_or_pair(field.jump),
                parameters[node.name],
                _multiply_adds(node, graph, shapes),
                tuple(inputs),
                _settings(node),
            )
        )
    return result


def _kind(node: Node, slides: Window | None, shapes) -> str:
    base = node.op.partition(".")[0]
    if node.op in CONVOLUTIONS:
        return "conv_transpose" if "transpose" in base else "conv"
    if node.op in NORMALISATIONS:
        return "norm"
    if node.op in DROPOUTS:
        return "dropout"
    if node.op in MATRIX_PRODUCTS:
        return "linear" if base == "linear" else "matrix_product"
    if slides:
        pooling = "max_pool" if "max" in base else "avg_pool"
        size = shapes[node.args[0].name][-len(slides.kernel) :]
        covers = all(k >= n for k, n in zip(slides.kernel, size, strict=True))
        return f"global_{pooling}" if covers else pooling
    if base in ("mean", "amax", "max") and isinstance(node.args[0], Value):
        before, after = shapes[node.args[0].name], shapes[node.name]
        if len(before) > 2 and after[:2] == before[:2] and math.prod(after[2:]) == 1:  # one number a channel
            return "global_avg_pool" if base == "mean" else "global_max_pool"
    return base


def _field(node: Node, kind: str, slides: Window | None, before: Field, shape) -> Field:
    if slides and len(slides.kernel) <= 2:
        return before.slide(slides, _pair(shape[-len(slides.kernel) :]))
    if kind in ("linear", "matrix_product") or kind.startswith("global_"):
        return before.whole()
    if kind.startswith(("upsample", "pixel_")):
        taps = next((n for mode, n in TAPS.items() if mode in kind), 1)
        return before.resample(node.args[1] if kind == "pixel_unshuffle" else taps, shape[-2:])
    if kind == "slice" and len(shape) == 4 and len(node.args) > 4 and node.args[4] > 1:
        return before.resample(1, shape[2:])
    if len(shape) == 4 and isinstance(shape[2], int):
        return Field(before.size, before.jump, shape[2:])
    return before


def _widest(fields: list[Field]) -> Field:
    if not fields:
        return Field()
    size = tuple(max(axis) for axis in zip(*(f.size for f in fields), strict=True))
    largest = max(fields, key=lambda f: f.positions)
    return Field(size, largest.jump, largest.positions)


def _multiply_adds(node: Node, graph: Graph, shapes) -> int:
    """For one digit, of convolutions and matrix products; the rest is small beside them."""
    if node.op in CONVOLUTIONS:
        weight = shape_of(node.args[1], graph, shapes)
        positions_from = shapes[node.args[0].name] if "transpose" in node.op else shapes[node.name]
        channels = weight[0]
        return channels * math.prod(weight[1:]) * math.prod(positions_from[2:]) * positions_from[0] // 2
    if node.op == "linear":
        return math.prod(shapes[node.name]) // 2 * shape_of(node.args[1], graph, shapes)[-1]
    if node.op in ("matmul", "mm", "bmm"):
        return math.prod(shapes[node.name]) // 2 * shape_of(node.args[0], graph, shapes)[-1]
    return 0


def _settings(node: Node) -> dict:
    if node.op in DROPOUTS:
        return {"p": node.args[1]}
    if node.op == "batch_norm":
        return {"norm": NORM_NAMES[node.op], "momentum": node.args[6], "eps": node.args[7]}
    if node.op in NORMALISATIONS:
        return {"norm": NORM_NAMES.get(node.op, node.op)}
    if node.op in SOFTMAXES:
        return {"dim": node.args[1]}
    if node.op in ("pad", "constant_pad_nd"):
        mode = node.args[2] if node.op == "pad" and len(node.args) > 2 else "constant"
        return {"pads": node.args[1], "zeros": mode == "constant" and not any(node.args[3 if node.op == "pad" else 2 :])}
    if node.op == "to.dtype":
        return {"dtype": node.args[1].name}
    return {}


def numbers(shape: tuple) -> int:
    """How many numbers a row's shape has; where an operation gives several tensors, all of theirs."""
    return sum(map(numbers, shape)) if shape and isinstance(shape[0], tuple) else math.prod(shape)


def _of_one_digit(shape: tuple) -> tuple:
    return tuple(map(_of_one_digit, shape)) if shape and isinstance(shape[0], tuple) else shape[1:]


def _pair(items) -> tuple:
    items = tuple(items)[-2:]
    return (1, *items) if len(items) == 1 else items


def _one_or_pair(pair):
    whole = tuple(int(n) if n == int(n) else n for n in pair)
    return whole[0] if whole[0] == whole[1] else whole


class Table:
    """Rows that print as text in a terminal and as HTML in a notebook, with a note below where there is one."""

    columns = ("operation", "output", "kernel", "receptive field", "parameters", "multiply-adds")

    def __init__(self, rows: list[Row], parameters: int, note: str = ""):
        self.rows = rows
        self.parameters = parameters
        self.note = note

    def cells(self) -> list[tuple[str, ...]]:
        """The table's text, a tuple a row, the sum last."""
        body = [
            (
                f"{row.operation} · {row.at}" if row.at else row.operation,
                _by(row.shape),
                _by(row.kernel) if row.kernel else "",
                _by(row.receptive_field) if isinstance(row.receptive_field, tuple) else str(row.receptive_field),
                f"{row.parameters:,}" if row.parameters else "",
                f"{row.multiply_adds:,}" if row.multiply_adds else "",
            )
            for row in self.rows
        ]
        total = sum(row.multiply_adds for row in self.rows)
        return [*body, ("sum", "", "", "", f"{self.parameters:,}", f"{total:,}")]

    def __repr__(self) -> str:
        return text_table(self.columns, self.cells()) + (f"\n{self.note}" if self.note else "")

    def _repr_html_(self) -> str:
        table = html_table("The network, operation by operation", self.columns, self.cells())
        return table + (f"<p>{escape(self.note)}</p>" if self.note else "")


def _by(sizes) -> str:
    return " × ".join(str(size) for size in sizes)
