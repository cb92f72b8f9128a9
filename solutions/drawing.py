"""The results' pictures, drawn from their data: SVG that comes out the same each time, told apart by more than colour."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from course.pictures import TEST, TRAIN

RUNS: dict[str, Any] = {"color": TEST["color"]}  # the lessons' colours, far apart also in grey
LOG: dict[str, Any] = {"color": TRAIN["color"], "marker": "x", "linestyle": "none", "markersize": 5}
RING: dict[str, Any] = RUNS | {"marker": "o", "linestyle": "none", "markersize": 6, "fillstyle": "none"}
TRIANGLE: dict[str, Any] = {"color": "#000000", "marker": "v", "linestyle": "none", "markersize": 6}
IN_THE_LOG = "the documented notebook's log"


def draw(name: str, data: dict, digest: str) -> str:
    """A picture as SVG text, with the digest of its data among its metadata."""
    style: Any = {"svg.hashsalt": name, "svg.fonttype": "none", "font.size": 9}
    with matplotlib.rc_context(style):
        file = io.StringIO()
        DRAWN[name](data).savefig(file, format="svg", metadata={"Date": None, "Identifier": digest})
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def draw_accuracy_by_epoch(data: dict) -> Figure:
    """A panel an iteration: the mean of our runs in its band, and the log's points on it."""
    figure = Figure(figsize=(9, 8), layout="constrained")
    grid = figure.subplots(3, 3)
    for axes, (number, one) in zip(grid.flat, data.items(), strict=True):
        epochs = range(1, len(one["mean"]) + 1)
        if one["mean"]:
            axes.fill_between(epochs, one["low"], one["high"], color=RUNS["color"], alpha=0.25, linewidth=0)
            axes.plot(epochs, one["mean"], linestyle="-", linewidth=1.5, **RUNS)
        axes.plot(range(1, len(one["log"]) + 1), one["log"], **LOG)
        axes.set_ylim(*_limits(one))
        axes.set_title(f"{number} {one['title']}: {_count(one['seeds'])}", fontsize=9)
        axes.grid(alpha=0.3)
        axes.set_xlim(0, len(one["log"]) + 1)
        axes.xaxis.get_major_locator().set_params(integer=True)
    for axes in grid[-1]:
        axes.set_xlabel("epoch")
    for axes in grid[:, 0]:
        axes.set_ylabel("test accuracy (%)")
    figure.legend(
        handles=[
            Line2D([], [], label="our runs, mean", **RUNS),
            Patch(color=RUNS["color"], alpha=0.25, label="lowest to highest"),
            Line2D([], [], label=IN_THE_LOG, **LOG),
        ],
        loc="outside lower center",
        ncols=3,
    )
    return figure


def draw_accuracy_by_parameters(data: dict) -> Figure:
    """A point an iteration and source; the iteration's number stands beside the log's."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    for number, one in data.items():
        axes.plot([one["parameters"]] * len(one["runs"]), one["runs"], **RING)
        axes.plot([one["parameters"]], [one["log"]], **LOG)
        if round(100 * one["documented"]) != round(100 * one["log"]):
            axes.plot([one["parameters"]], [one["documented"]], **TRIANGLE)
        beside: dict[str, Any] = {"xytext": (8, _clear_of_others(number, data)), "textcoords": "offset points", "va": "center"}
        axes.annotate(number, (one["parameters"], one["log"]), **beside)
    axes.set_xscale("log")
    axes.set_xlabel("parameters")
    axes.set_ylabel("test accuracy, best epoch (%)")
    axes.grid(alpha=0.3)
    sources = {"a run of ours": RING, IN_THE_LOG: LOG, "documented, against its log": TRIANGLE}
    axes.legend(handles=[Line2D([], [], label=label, **style) for label, style in sources.items()], loc="lower right")
    return figure


def draw_gap_by_iteration(data: dict) -> Figure:
    """Rings and crosses above each iteration's number, and a line at zero."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0, color="#333333", linewidth=0.8)
    for number, one in data.items():
        axes.plot([int(number) + 0.1] * len(one["runs"]), one["runs"], **RING)
        axes.plot([int(number) - 0.1], [one["log"]], **LOG)
    axes.set_xticks([int(number) for number in data])
    axes.set_xlabel("iteration")
    axes.set_ylabel("training minus test accuracy (points)")
    axes.grid(alpha=0.3)
    sources = {"a run of ours": RING, IN_THE_LOG: LOG}
    axes.legend(handles=[Line2D([], [], label=label, **style) for label, style in sources.items()])
    return figure


DRAWN: dict[str, Callable[[dict], Figure]] = {
    "accuracy_by_epoch": draw_accuracy_by_epoch,
    "accuracy_by_parameters": draw_accuracy_by_parameters,
    "gap_by_iteration": draw_gap_by_iteration,
}


def _limits(one: dict) -> tuple[float, float]:
    """From a little below the third epoch's lowest to a little above the best: the first epochs would flatten all others."""
    late = [value for values in (one["log"], one["low"], one["high"]) for value in values[2:]]
    room = 0.08 * (max(late) - min(late)) + 0.02
    return min(late) - room, max(late) + room


def _count(seeds: Sequence[int]) -> str:
    return {0: "no run yet", 1: "one run"}.get(len(seeds), f"{len(seeds)} runs")


def _clear_of_others(number: str, data: dict) -> int:
    """How many points a number stands above its cross, where an earlier one of the same size is nearly as good."""
    here = data[number]
    for other, one in data.items():
        if int(other) < int(number) and one["parameters"] == here["parameters"] and abs(one["log"] - here["log"]) < 0.04:
            return 9 if here["log"] > one["log"] else -9
    return 0
