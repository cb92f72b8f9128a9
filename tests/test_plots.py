"""Do the pictures show what they are given, and say it in words?"""

from itertools import combinations

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from networks import HONEST, conv, gap, network

from course.data import load_practice_digits
from course.errors import UsageError
from course.graph import Graph
from course.iterations import iteration
from course.pictures import OTHER, TEST, TRAIN
from course.plots import plot_digits, plot_history, plot_learning_rates, plot_mistakes, plot_receptive_field
from course.recorded import Recorded
from course.submission import Epoch


def history(count: int) -> list[Epoch]:
    return [Epoch(n, 1 / n, 90 + n, 0.5 / n, 91 + n / 2, 9100 + 50 * n, 0.01, 1.0) for n in range(1, count + 1)]


def drawn(figure) -> list:
    """The axes that show something."""
    return [axes for axes in figure.axes if axes.images or axes.lines]


def test_every_picture_has_an_alternative_text_in_the_notebook_and_in_the_terminal() -> None:
    figure = plot_learning_rates([0.1, 0.01])
    assert "from 0.1 to 0.01 in 1 changes" in repr(figure)
    assert f'alt="{figure.alt}" src="data:image/png;base64,' in figure._repr_html_()


def test_digits_are_shown_with_their_labels() -> None:
    figure = plot_digits(torch.arange(10 * 49).view(10, 7, 7), torch.arange(10))
    assert [axes.get_title() for axes in drawn(figure)] == [str(n) for n in range(10)]
    assert int(drawn(figure)[3].images[0].get_array()[0, 0]) == 3 * 49


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match="3 digits and 2 labels"):
        plot_digits(torch.zeros(3, 28, 28), [1, 2])


def test_mistakes_are_the_networks_and_the_surest_come_first() -> None:
    data = load_practice_digits()

    class Always(torch.nn.Module):
        """Says 1, and is surer of it the brighter the picture."""

        def forward(self, x):
            scores = torch.zeros(len(x), 10)
            scores[:, 1] = 1 + x.mean((1, 2, 3))
            return scores

    figure = plot_mistakes(Always(), data, count=5)
    titles = [axes.get_title() for axes in drawn(figure)]
    assert len(titles) == 5
    assert all(", not 1\nsure to" in title and not title.startswith("1") for title in titles)
    sure = [float(title.split("sure to ")[1].rstrip("%")) for title in titles]
    assert sure == sorted(sure, reverse=True)
    wrong = int((data.test_labels != 1).sum())
    assert f"{wrong} of {len(data.test_labels)}" in figure.alt
    assert "practice digits" in figure.alt


def test_the_curves_are_the_histories() -> None:
    figure = plot_history(history(8), documented=iteration(8))
    left, right = drawn(figure)
    assert [list(line.get_ydata()) for line in left.lines][:2] == [
        [epoch.train_accuracy for epoch in history(8)],
        [epoch.test_accuracy for epoch in history(8)],
    ]
    assert list(left.lines[2].get_ydata()) == list(iteration(8).log.test)
    assert [list(line.get_ydata()) for line in right.lines][0] == [epoch.train_loss for epoch in history(8)]


def test_a_logarithmic_scale_is_labelled_in_plain_numbers() -> None:
    short = [Epoch(n, loss, 50, loss, 50, 5000, 0.01, 1.0) for n, loss in ((1, 2.3), (2, 1.7))]  # less than a decade
    losses, rates = drawn(plot_history(short))[1], drawn(plot_learning_rates([0.01, 0.001, 0.00001]))[0]
    labels = [[tick.get_text() for tick in axes.get_yticklabels(which="both")] for axes in (losses, rates)]
    assert {"1.8", "2"} <= set(labels[0])
    assert {"0.01", "0.001", "0.00001"} <= set(labels[1])
    flat = [Epoch(n, loss, 10, loss, 10, 1000, 0.01, 1.0) for n, loss in ((1, 2.3028), (2, 2.3025))]
    close = [tick.get_text() for tick in drawn(plot_history(flat))[1].get_yticklabels(which="both")]
    assert len(set(close)) == len(close)
    assert not any(sign in label for label in sum(labels, []) for sign in "$e×")


def test_the_reference_solutions_runs_are_drawn_where_they_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    curves = ((98.0, 99.0), (97.5, 98.9), (98.5, 99.1))
    recorded = Recorded(2, (1, 2), *[(99.0, 99.1)] * 4, (), *curves)
    monkeypatch.setattr("course.plots.recorded_results", lambda: {8: recorded})
    with_runs, without = (drawn(plot_history(history(2), documented=iteration(number)))[0] for number in (8, 9))
    assert list(with_runs.lines[3].get_ydata()) == [98.0, 99.0]
    assert with_runs.lines[3].get_label() == "test, recorded, mean of 2 seeds"
    assert [[y for _, y in bar] for bar in with_runs.collections[0].get_segments()] == [[97.5, 98.5], [98.9, 99.1]]
    assert len(without.lines) == 3 and not without.collections


def test_lines_differ_by_more_than_colour() -> None:
    for axes in drawn(plot_history(history(4), documented=iteration(8))):
        assert len({(line.get_linestyle(), line.get_marker()) for line in axes.lines}) == len(axes.lines)


SEEN = {  # linear RGB as it is, and as it is seen in three kinds of colour blindness: Machado, Oliveira and Fernandes, 2009
    "all colours": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def luminance(colour: str, seen: str) -> float:
    """From 0, black, to 1, white."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(np.clip(np.array(SEEN[seen]) @ linear, 0, 1) @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("seen", SEEN)
def test_lines_are_apart_in_grey_whatever_colours_one_sees(seen: str) -> None:
    lightness = [
        max(0, 116 * luminance(line["color"], seen) ** (1 / 3) - 16) for line in (TRAIN, TEST, OTHER)
    ]  # 0 to 100
    assert min(abs(a - b) for a, b in combinations(lightness, 2)) > 15


@pytest.mark.parametrize("line", [TRAIN, TEST, OTHER], ids=["training", "test", "other"])
def test_lines_stand_out_from_white(line: dict) -> None:
    """3 to 1, as the Web Content Accessibility Guidelines ask of graphics."""
    assert 1.05 / (luminance(line["color"], "all colours") + 0.05) >= 3


def test_one_epoch_is_enough_and_none_is_refused() -> None:
    assert "1 epoch" in plot_history(history(1)).alt
    with pytest.raises(UsageError, match="train first"):
        plot_history([])


def test_receptive_fields_grow_to_what_the_table_says() -> None:
    graph = Graph.trace(HONEST["final"])
    figure = plot_receptive_field(graph)
    widths = [axes.patches[-1].get_width() for axes in figure.axes if axes.patches]
    assert widths == sorted({row.receptive_field for row in graph.rows} - {1})


def test_beside_a_narrow_branch_only_what_sees_more_is_shown() -> None:
    both = network(lambda s, x: gap(torch.cat([s.wide(x), s.narrow(x)], 1)), wide=conv(1, 5, 5, padding=2), narrow=conv(1, 5, 1))
    assert "conv 1" not in (said := plot_receptive_field(Graph.trace(both)).alt) and "cat" not in said


def test_a_network_that_looks_at_single_pixels_is_shown_as_well() -> None:
    assert "1 × 1 after conv" in plot_receptive_field(Graph.trace(network(lambda s, x: s.c(x), c=conv(1, 10, 1)))).alt


def test_no_rate_is_refused_in_a_sentence() -> None:
    with pytest.raises(UsageError, match="empty list"):
        plot_learning_rates([])


def test_no_figure_stays_open() -> None:
    import matplotlib.pyplot as plt

    plot_digits(torch.zeros(3, 28, 28))
    assert plt.get_fignums() == []
