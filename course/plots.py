"""The pictures of the lessons: digits, training curves, learning rates, mistakes, receptive fields."""

import math

import numpy as np
from matplotlib.patches import Rectangle
from torch import Tensor, nn

from course.data import Data
from course.errors import UsageError, counted
from course.evaluation import scores
from course.graph import Graph
from course.iterations import Iteration
from course.pictures import (
    OTHER,
    POINTS,
    TEST,
    TRAIN,
    Picture,
    as_pictures,
    by_epoch,
    frame,
    grid_of,
    new_figure,
    plain_log,
)
from course.recorded import recorded_results
from course.rows import Row


def plot_digits(images: Tensor, labels=None, *, columns: int = 8) -> Picture:
    """A grid of digits (N, H, W), uint8 or any numbers, each under its label if labels are given.

    Raises UsageError for another shape, or for more or fewer labels than digits.
    """
    pictures = as_pictures(images)
    titles = [] if labels is None else [str(int(label)) for label in labels]
    if labels is not None and len(titles) != len(pictures):
        raise UsageError(f"saw {len(pictures)} digits and {len(titles)} labels, expected as many of each")
    said = f"{len(pictures)} images of {pictures.shape[1]} by {pictures.shape[2]} pixels"
    return grid_of(pictures, titles, columns, said + (f", labelled {', '.join(titles)}" if titles else ""))


def plot_mistakes(network: nn.Module, data: Data, *, count: int = 16) -> Picture:
    """Test digits that a network gets wrong, those it is surest of first: truth, guess, and the confidence in the guess."""
    chances = scores(network, data.test_images).softmax(dim=1)  # (10000, 10)
    confidence, guess = chances.max(dim=1)
    wrong = (guess != data.test_labels).nonzero().flatten()
    shown = wrong[confidence[wrong].argsort(descending=True)][:count].tolist()
    titles = [
        f"{int(data.test_labels[i])}, not {int(guess[i])}\nsure to {100 * float(confidence[i]):.0f}%" for i in shown
    ]
    head = f"{len(wrong)} of {len(data.test_labels):,} test digits are wrong"
    said = ", ".join(f"{int(data.test_labels[i])} taken for {int(guess[i])}" for i in shown)
    if not shown:
        figure = new_figure(5, 0.8, f"{head} ({data.name})")
        figure.suptitle(figure.alt, fontsize=10)
        return figure
    figure = grid_of(as_pictures(data.test_images[shown]), titles, 8, f"{head} ({data.name}); shown: {said}")
    figure.suptitle(f"{head} ({data.name}). Above each: what it is, and what was guessed", fontsize=10)
    return figure


def plot_history(run, *, documented: Iteration | None = None) -> Picture:
    """Accuracy and loss by epoch, of a Run or of its history; with the documented log's accuracy if an iteration is given."""
    history = list(getattr(run, "history", run))
    if not history:
        raise UsageError("there is no finished epoch to show; train first")
    name = getattr(run, "data", {}).get("name", "")
    best = max(history, key=lambda epoch: epoch.test_correct)
    figure = new_figure(
        10,
        3.6,
        f"Accuracy and loss by epoch{f' on {name}' if name else ''}, {counted(len(history), 'epoch')}: "
        f"training accuracy from {history[0].train_accuracy:.2f}% to {history[-1].train_accuracy:.2f}%, "
        f"test accuracy from {history[0].test_accuracy:.2f}% to {history[-1].test_accuracy:.2f}%, "
        f"best {best.test_accuracy:.2f}% in epoch {best.epoch}",
    )
    left, right = figure.subplots(1, 2)
    epochs = [epoch.epoch for epoch in history]
    accuracies = [[getattr(epoch, f"{which}_accuracy") for epoch in history] for which in ("train", "test")]
    left.plot(epochs, accuracies[0], label="training", **TRAIN)
    left.plot(epochs, accuracies[1], label="test", **TEST)
    if documented:
        _add_documented(left, documented)
        figure.alt += (
            f"; the documented log ends at {documented.log.last:.2f}%, its best is {documented.log.best():.2f}%"
        )
    everything = sorted(float(value) for line in left.lines for value in line.get_ydata())  # the documented log's too
    if len(everything) > 6:  # the first epochs would flatten all others
        lowest = everything[len(everything) // 8]
        left.set_ylim(lowest - 0.15 * (100 - lowest) - 0.02, min(100 + 0.02 * (100 - lowest), everything[-1] + 0.3))
    left.set_ylabel("accuracy (%)")
    right.plot(epochs, [epoch.train_loss for epoch in history], label="training", **TRAIN)
    right.plot(epochs, [epoch.test_loss for epoch in history], label="test", **TEST)
    right.set_ylabel("loss (cross-entropy)")
    plain_log(right)
    for axes in (left, right):
        by_epoch(axes)
    if name:
        left.set_title(name, fontsize=10)
    return figure


def _add_documented(axes, documented: Iteration) -> None:
    """The log's test accuracy, and where the reference solution's runs lay, if there are any."""
    log, recorded = documented.log.test, recorded_results().get(documented.number)
    axes.plot(range(1, len(log) + 1), log, label="test, documented log", **OTHER)
    if recorded:
        epochs = range(1, len(recorded.curve_mean) + 1)
        axes.plot(epochs, recorded.curve_mean, label=f"test, {recorded.title}", **POINTS)
        axes.vlines(epochs, recorded.curve_low, recorded.curve_high, color=POINTS["color"], linewidth=0.8)


def plot_learning_rates(rates, *, documented=None, every: str = "epoch") -> Picture:
    """The learning rate of every epoch, or "batch", and beside it another list of rates, such as the documented run's."""
    rates = [float(rate) for rate in rates]
    if not rates:
        raise UsageError("there is no learning rate to show; saw an empty list, expected one an epoch")
    changes = sum(a != b for a, b in zip(rates, rates[1:], strict=False))
    figure = new_figure(
        7,
        3.2,
        f"Learning rate by {every}: {len(rates):,} of them, from {rates[0]:g} to {rates[-1]:g} in {changes:,} changes, "
        f"the highest {max(rates):g}",
    )
    axes = figure.subplots()
    own = {key: value for key, value in TEST.items() if every == "epoch" or key != "marker"}  # of thousands, a line is enough
    axes.step(range(1, len(rates) + 1), rates, where="mid", label=f"rate of each {every}", **own)
    if documented is not None:
        other = [float(rate) for rate in documented]
        axes.step(range(1, len(other) + 1), other, where="mid", label="as the documented notebook ran", **OTHER)
        figure.alt += f"; as the documented notebook ran, from {other[0]:g} to {other[-1]:g}"
    plain_log(axes)
    axes.set_ylabel("learning rate")
    by_epoch(axes)
    axes.set_xlabel(every)
    return figure


def plot_receptive_field(graph: Graph, digit: Tensor | None = None) -> Picture:
    """How much of a digit (28, 28) one position sees, operation by operation, where that grows; else, at the end."""
    steps = _growing(graph.rows) or graph.rows[-1:]
    if not steps:
        raise UsageError("the network has no operation yet, so that there is nothing to show")
    picture = np.zeros((28, 28)) if digit is None else np.asarray(digit).reshape(28, 28)
    said = ", ".join(f"{_size(row)} after {_title(row)}" for row in steps)
    columns = 6
    lines = math.ceil(len(steps) / columns)
    figure = new_figure(10, 2.1 * lines, f"Receptive field in pixels, layer by layer: {said}")
    grid = figure.subplots(lines, columns, squeeze=False)
    for axes in grid.flat[len(steps) :]:
        axes.axis("off")
    for axes, row in zip(grid.flat, steps, strict=False):
        frame(axes)
        height, width = _sides(row)
        axes.imshow(picture, cmap="gray_r", vmin=0, vmax=max(float(picture.max()), 1.0))
        for colour, thickness in (("white", 3.5), ("black", 1.5)):  # a rim, so that it shows on any digit
            corner = (13.5 - width / 2, 13.5 - height / 2)  # the middle of the picture
            axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=colour, linewidth=thickness))
        axes.set_xlim(-4.5, 31.5)  # a margin of 4 pixels: late receptive fields reach beyond the picture
        axes.set_ylim(31.5, -4.5)
        axes.set_title(f"{_title(row)}\n{_size(row)} pixels", fontsize=8)
    return figure


def _growing(rows: list[Row]) -> list[Row]:
    """Those whose receptive field is larger than that of all that they take."""
    sides = {row.name: _sides(row) for row in rows}
    return [row for row in rows if _sides(row) not in [(1, 1), *(sides.get(name) for name in row.inputs)]]


def _title(row: Row) -> str:
    name = row.kind.replace("_", " ").replace("global avg pool", "GAP")
    return f"{name} {' × '.join(map(str, row.kernel))}" if row.kernel and name != "GAP" else name


def _size(row: Row) -> str:
    return " × ".join(map(str, _sides(row)))


def _sides(row: Row) -> tuple[int, int]:
    return row.receptive_field if isinstance(row.receptive_field, tuple) else (row.receptive_field, row.receptive_field)
