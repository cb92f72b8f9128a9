"""The receptive field of a position, and how an operation changes it.

Receptive field and jump follow Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks"
(Distill, 2019): r' = r + (k - 1) d j and j' = j s, for kernel k, dilation d, stride s and the jump j, the distance in
pixels between neighbouring positions.
"""

import math
from dataclasses import dataclass

from course.geometry import Window

TAPS = {"nearest": 1, "bilinear": 2, "bicubic": 4}  # positions an axis that interpolation looks at


@dataclass(frozen=True)
class Field:
    """The receptive field of one position, the jump between two, and the map's size; (height, width), in pixels."""

    size: tuple[float, float] = (1, 1)
    jump: tuple[float, float] = (1, 1)
    positions: tuple[int, int] = (28, 28)

    def slide(self, window: Window, positions) -> "Field":
        """After a window of one or two axes; with one axis, the width."""
        kernel, stride, dilation = (pair(s) for s in (window.kernel, window.stride, window.dilation))
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


def widest(fields: list[Field]) -> Field:
    """The field of what is computed from several."""
    if not fields:
        return Field()
    size = tuple(max(axis) for axis in zip(*(f.size for f in fields), strict=True))
    largest = max(fields, key=lambda f: f.positions)
    return Field(size, largest.jump, largest.positions)


def pair(items) -> tuple:
    """Height and width; of one axis, which is the width, the height is 1."""
    items = tuple(items)[-2:]
    return (1, *items) if len(items) == 1 else items
