"""What every picture of the lessons shares: a figure that carries its own description for those who can't see it.

Every line differs in style and marker, not in colour alone.
"""

import base64
import math
from html import escape
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from course.errors import UsageError

# Okabe and Ito's vermilion and blue, the one lighter and the other darker, and black: far apart also in grey, and for every kind
# of colour blindness. Lines differ in style and marker besides.
TRAIN: dict[str, Any] = {
    "color": "#DE6500",
    "linestyle": "--",
    "marker": "s",
    "markersize": 3.5,
    "markerfacecolor": "white",
}
TEST: dict[str, Any] = {"color": "#00456B", "linestyle": "-", "marker": "o", "markersize": 3.5}
OTHER: dict[str, Any] = {"color": "#000000", "linestyle": ":", "linewidth": 1.2}
POINTS: dict[str, Any] = {"color": "#000000", "linestyle": "none", "marker": "+", "markersize": 6}


class Picture(Figure):
    """A figure with an alternative text; a notebook shows both, a terminal the text."""

    alt = ""

    def __repr__(self) -> str:
        return self.alt

    __str__ = __repr__

    def _repr_html_(self) -> str:
        file = BytesIO()
        self.savefig(file, format="png", dpi=110)
        picture = base64.b64encode(file.getvalue()).decode()
        return (
            f'<img style="max-width: 100%" alt="{escape(self.alt, quote=True)}" src="data:image/png;base64,{picture}">'
        )


def as_pictures(images) -> np.ndarray:
    """Images (H, W), (N, H, W) or (N, 1, H, W) as an array (N, H, W); UsageError for any other shape."""
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[1] == 1:
        images = images[:, 0]
    if images.ndim == 2:
        images = images[None]
    if images.ndim != 3 or not len(images):
        raise UsageError(f"saw images of shape {tuple(images.shape)}, expected (N, height, width) with N at least 1")
    return images


def grid_of(images: np.ndarray, titles: list[str], columns: int, alt: str) -> Picture:
    """Pictures (N, H, W) in rows of so many columns, each under its title if there are titles."""
    columns = min(columns, len(images))
    lines = math.ceil(len(images) / columns)
    tall = max([title.count("\n") for title in titles], default=0)
    figure = new_figure(1.25 * columns, (1.35 + 0.15 * tall) * lines + 0.2, alt)
    grid = figure.subplots(lines, columns, squeeze=False)
    low, high = float(images.min()), float(images.max())
    for i, axes in enumerate(grid.flat):
        frame(axes)
        if i >= len(images):
            axes.axis("off")
        else:
            axes.imshow(images[i], cmap="gray_r", vmin=min(low, 0), vmax=high)
            if titles:
                axes.set_title(titles[i], fontsize=8 if tall else 10)
    return figure


def frame(axes) -> None:
    """A thin frame without ticks."""
    axes.set_xticks([])
    axes.set_yticks([])
    for edge in axes.spines.values():
        edge.set_color("#bbbbbb")


def new_figure(width: float, height: float, alt: str) -> Picture:
    """An empty figure, sizes in inches, with its description."""
    figure = Picture(figsize=(width, height), layout="constrained")
    figure.alt = alt
    return figure


def by_epoch(axes) -> None:
    """Whole epochs across, a grid, and the lines' names."""
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)


def plain_log(axes) -> None:
    """A logarithmic scale upwards for what is plotted already, with ticks in plain numbers: 0.2, not 2 × 10⁻¹."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    few, many = (1, 2, 5), range(1, 10)  # first digits of labelled ticks: all of them crowd a long axis
    labelled = many if high < 5 * low else few if high < 50 * low else (1,)

    def text(value: float, _) -> str:
        plain = np.format_float_positional(value, precision=8, fractional=False, trim="-")
        return plain if int(f"{value:e}"[0]) in labelled else ""

    axes.yaxis.set_major_formatter(FuncFormatter(text))
    axes.yaxis.set_minor_formatter(FuncFormatter(text))
