"""What a network looks like, operation by operation: shapes, receptive fields, parameters, multiply-adds."""

import math
from dataclasses import dataclass

from course.counting import parameters_by_node
from course.geometry import Window, shape_of, window
from course.graph import INPUT, Graph, Node, Value
from course.operations import CONVOLUTIONS, DROPOUTS, MATRIX_PRODUCTS, NORMALISATIONS, PADS, SIZES, SOFTMAXES
from course.receptive_field import TAPS, Field, pair, widest
from course.shapes import infer_shapes

NORM_NAMES = {"batch_norm": "BatchNorm", "group_norm": "GroupNorm", "layer_norm": "LayerNorm"}


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
        before = widest([fields[name] for name in inputs if name in fields])
        if node.op in SIZES:
            continue
        slides = window(node, graph, shapes)
        kind = _kind(node, slides, shapes)
        after = shapes[node.name]
        fields[node.name] = field = _field(node, kind, slides, before, after)
        result.append(
            Row(
                name=node.name,
                kind=kind,
                operation=node.op.partition(".")[0],
                at=node.at,
                shape=_of_one_digit(after),
                kernel=slides.kernel if slides else None,
                stride=slides.stride if slides else None,
                padding=slides.padding if slides else None,
                dilation=slides.dilation if slides else None,
                receptive_field=_one_or_pair(field.size),
                jump=_one_or_pair(field.jump),
                parameters=parameters[node.name],
                multiply_adds=_multiply_adds(node, graph, shapes),
                inputs=tuple(inputs),
                settings=_settings(node),
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
        return before.slide(slides, pair(shape[-len(slides.kernel) :]))
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
    if node.op in PADS:
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


def _one_or_pair(two):
    whole = tuple(int(n) if n == int(n) else n for n in two)
    return whole[0] if whole[0] == whole[1] else whole
