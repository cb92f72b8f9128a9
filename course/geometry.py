"""Kernel, stride, padding and dilation of an operation that slides over positions, read from its arguments."""

from dataclasses import dataclass

from course.graph import Graph, Node, Stored, Value
from course.operations import CONVOLUTIONS, POOLINGS


@dataclass(frozen=True)
class Window:
    """A sliding window, one entry an axis; lengths are in positions of the map that it slides over."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]  # before and after
    dilation: tuple[int, ...]
    transposed: bool = False

    @property
    def span(self) -> tuple[int, ...]:
        """From the first position that the kernel touches to the last."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))


def window(node: Node, graph: Graph, shapes: dict[str, tuple]) -> Window | None:
    """The window of a convolution or a pooling, or None for any other operation."""
    if node.op in CONVOLUTIONS:
        return _convolution(node, graph, shapes)
    if node.op in POOLINGS:
        return _pooling(node, shapes)
    return None


def shape_of(argument, graph: Graph, shapes: dict[str, tuple]) -> tuple[int, ...]:
    """The shape of an argument, stored or computed."""
    if isinstance(argument, Stored):
        return graph.tensors[argument.name].shape
    return shapes[argument.name] if isinstance(argument, Value) else ()


def _convolution(node, graph, shapes) -> Window:
    kernel = shape_of(node.args[1], graph, shapes)[2:]
    axes = len(kernel)

    def setting(place, default):
        return spread(node.args[place], axes) if len(node.args) > place else (default,) * axes

    stride = setting(3, 1)
    if node.op.startswith("conv_transpose"):
        padding = tuple((p, p) for p in setting(4, 0))
        return Window(kernel, stride, padding, setting(7, 1), transposed=True)
    named = node.args[4] if len(node.args) > 4 and isinstance(node.args[4], str) else None
    dilation = setting(5, 1)
    if named == "same":
        total = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
        padding = tuple((t // 2, t - t // 2) for t in total)
    else:
        padding = tuple((p, p) for p in (setting(4, 0) if named is None else (0,) * axes))
    return Window(kernel, stride, padding, dilation)


def _pooling(node, shapes) -> Window:
    axes = int(node.op[node.op.index("pool") + 4])
    size = shapes[node.args[0].name][-axes:]
    if node.op.startswith("adaptive"):
        out = spread(node.args[1], axes)
        out = tuple(size[i] if n is None else n for i, n in enumerate(out))
        stride = tuple(max(1, n // m) for n, m in zip(size, out, strict=True))
        kernel = tuple(max(-(-(i + 1) * n // m) - i * n // m for i in range(m)) for n, m in zip(size, out, strict=True))
        return Window(kernel, stride, ((0, 0),) * axes, (1,) * axes)
    kernel = spread(node.args[1], axes)
    stride = spread(node.args[2], axes) if len(node.args) > 2 and node.args[2] != () else kernel
    padding = spread(node.args[3], axes) if len(node.args) > 3 else (0,) * axes
    dilated = node.op.startswith("max") and len(node.args) > 4
    dilation = spread(node.args[4], axes) if dilated else (1,) * axes
    return Window(kernel, stride, tuple((p, p) for p in padding), dilation)


def spread(setting, axes: int) -> tuple:
    """PyTorch lets one number stand for every axis."""
    if not isinstance(setting, tuple):
        return (setting,) * axes
    return setting * axes if len(setting) == 1 else setting
