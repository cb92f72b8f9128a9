"""What is written in two ways has one graph: it computes the same, and counts no number that says nothing."""

import math
from collections.abc import Callable

import pytest
import torch
from networks import conv, network
from torch import nn
from torch.nn import functional as F

from course.graph import Graph
from course.trace import trace_with_weights

MEANS: dict[str, Callable] = {
    "both axes": lambda x: x.sum((2, 3)) / 49,
    "one axis, then the other": lambda x: x.sum(3).sum(2) / 49,
    "axes that are kept": lambda x: (x.sum((2, 3), keepdim=True) / 49).flatten(1),
    "flattened before": lambda x: x.flatten(2).sum(2) / 49,
    "the size asked for": lambda x: x.sum((2, 3)) / (x.size(2) * x.size(3)),
    "times the reciprocal": lambda x: x.sum((2, 3)) * (1 / 49),
    "something behind": lambda x: F.log_softmax(x.sum((2, 3)) / 49, dim=1),
}
OTHERS: dict[str, Callable] = {
    "another number": lambda x: x.sum((2, 3)) / 50,
    "a sum that is used twice": lambda x: _twice(x.sum((2, 3))),
    "a count of positive values": lambda x: x.mean((2, 3)) + (x > 0).sum((2, 3)) / 49,
    "a channel's share": lambda x: x.mean((2, 3)) / 10,
}
RELUS: dict[str, Callable] = {
    "clamp": lambda x: x.clamp(min=0),
    "clamp in place": lambda x: x.clamp_(0),
    "clamp_min": lambda x: torch.clamp_min(x, 0.0),
    "threshold": lambda x: F.threshold(x, 0, 0),
    "clamp without an upper end": lambda x: x.clamp(0, math.inf),
    "hardtanh without an upper end": lambda x: F.hardtanh(x, 0.0, math.inf),
    "a leak of nothing": lambda x: F.leaky_relu(x, 0.0),
    "the larger one": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "the larger one, zero first": lambda x: torch.max(torch.zeros(1), x),
    "a choice": lambda x: torch.where(x > 0, x, 0.0),
    "times where it is positive": lambda x: x * (x > 0),
    "where it is positive, as numbers": lambda x: (x >= 0).float() * x,
    "a choice of tensors": lambda x: torch.where(x >= 0, x, torch.zeros_like(x)),
    "the larger one, of a constant": lambda x: torch.max(x, torch.tensor(0.0)),
    "a choice of a constant": lambda x: torch.where(x > 0, x, torch.tensor(0.0)),
    "filled where it is negative": lambda x: x.masked_fill(x < 0, 0.0),
    "half of it and its size": lambda x: (x + x.abs()) / 2,
    "its size and it, halved": lambda x: 0.5 * (torch.abs(x) + x),
    "slopes of nothing": lambda x: F.prelu(x, torch.zeros(1)),
}
CUTS: dict[str, Callable] = {
    "a cut elsewhere": lambda x: x.clamp(min=0.1),
    "a cut above": lambda x: x.clamp(max=0),
    "two cuts": lambda x: x.clamp(0, 6),
    "another floor": lambda x: F.threshold(x, 0, -1),
    "the larger one of others": lambda x: torch.maximum(x, torch.ones_like(x)),
    "the smaller one": lambda x: torch.minimum(x, torch.zeros_like(x)),
    "a choice of the negative": lambda x: torch.where(x > 0, 0.0, x),
    "times where another is positive": lambda x: x * (x.flip(3) > 0),
    "times where it is negative": lambda x: x * (x < 0),
    "a choice by another": lambda x: torch.where(x.flip(3) > 0, x, 0.0),
    "zeros that spread it": lambda x: torch.maximum(x.mean((2, 3), keepdim=True), x.new_zeros(x.shape)),
    "a leak": lambda x: F.leaky_relu(x),
    "the larger one, of a constant": lambda x: torch.max(x, torch.tensor(0.1)),
    "filled where it is positive": lambda x: x.masked_fill(x > 0, 0.0),
    "filled by another number": lambda x: x.masked_fill(x < 0, 0.1),
    "filled where another is negative": lambda x: x.masked_fill(x.flip(3) < 0, 0.0),
    "a third of it and its size": lambda x: (x + x.abs()) / 3,
    "half of it without its size": lambda x: (x - x.abs()) / 2,
    "half of it and another's size": lambda x: (x + x.flip(3).abs()) / 2,
    "slopes": lambda x: F.prelu(x, torch.full((1,), 0.1)),
}
LOGS: dict[str, Callable] = {
    "a logarithm": lambda x: x.softmax(1).log(),
    "less its logsumexp": lambda x: x - torch.logsumexp(x, dim=1, keepdim=True),
    "less the logarithm of its sum": lambda x: x - x.exp().sum(1, keepdim=True).log(),
}
NO_LOGS: dict[str, Callable] = {
    "of another": lambda x: x - torch.logsumexp(x.relu(), dim=1, keepdim=True),
    "of twice as much": lambda x: x - (2 * x).exp().sum(1, keepdim=True).log(),
    "without the logarithm": lambda x: x - x.exp().sum(1, keepdim=True),
    "the other way round": lambda x: torch.logsumexp(x, dim=1, keepdim=True) - x,
    "of another shape": lambda x: x - torch.logsumexp(x, dim=1)[:1],
}


def _twice(total):
    return total / 49 + total.relu()


def graph_and_difference(forward: Callable) -> tuple[Graph, float]:
    """A small network that ends in `forward`, on maps of 7 by 7: its graph, and how far the rebuilt one's answers are off."""
    module = network(lambda s, x: forward(s.c(s.stem(x))), c=conv(4, 10, 1))()
    module.eval()
    graph, weights = trace_with_weights(module)
    digits = torch.randn(3, 1, 28, 28)
    with torch.no_grad():
        return graph, float((graph.build(weights).eval()(digits) - module(digits)).abs().max())


@pytest.fixture(scope="module")
def parameters() -> int:
    return graph_and_difference(lambda x: x.mean((2, 3)))[0].parameters


@pytest.mark.parametrize("name", MEANS)
def test_a_sum_divided_by_the_number_of_its_terms_is_a_mean(name: str, parameters: int) -> None:
    graph, difference = graph_and_difference(MEANS[name])
    assert difference < 1e-5
    assert graph.parameters == parameters
    assert "global_avg_pool" in [row.kind for row in graph.rows]


@pytest.mark.parametrize("name", OTHERS)
def test_another_sum_stays_as_it_is_and_its_number_counts(name: str, parameters: int) -> None:
    graph, difference = graph_and_difference(OTHERS[name])
    assert difference < 1e-5
    assert graph.parameters == parameters + 1


@pytest.mark.parametrize("name", RELUS)
def test_a_cut_at_zero_is_a_relu(name: str) -> None:
    graph, difference = graph_and_difference(lambda x: RELUS[name](x).mean((2, 3)))
    assert difference < 1e-5 and "relu" in [row.kind for row in graph.rows][-2:]


@pytest.mark.parametrize("name", CUTS)
def test_another_cut_is_none(name: str) -> None:
    graph, difference = graph_and_difference(lambda x: CUTS[name](x).mean((2, 3)))
    assert difference < 1e-5 and "relu" not in [row.kind for row in graph.rows][-2:]


@pytest.mark.parametrize("name", RELUS)
def test_a_cut_at_zero_counts_no_number(name: str, parameters: int) -> None:
    assert graph_and_difference(lambda x: RELUS[name](x).mean((2, 3)))[0].parameters == parameters


def test_the_logarithm_of_a_softmax_is_one_operation() -> None:
    graph, difference = graph_and_difference(lambda x: torch.log(F.softmax(x.mean((2, 3)), dim=1)))
    assert difference < 1e-5 and [row.kind for row in graph.rows][-2:] == ["global_avg_pool", "log_softmax"]


def test_a_softmax_that_is_used_twice_stays() -> None:
    def twice(x):
        shares = F.softmax(x.mean((2, 3)), dim=1)
        return shares.log() * shares

    graph, difference = graph_and_difference(twice)
    assert difference < 1e-5 and "softmax" in [row.kind for row in graph.rows]


def test_modules_and_functions_have_the_same_graph() -> None:
    one, other = (
        graph_and_difference(end)[0].hash
        for end in (lambda x: F.relu(x).mean((2, 3)), lambda x: nn.Threshold(0, 0)(x).sum((2, 3)) / 49)
    )
    assert one == other


@pytest.mark.parametrize("name", LOGS)
def test_log_probabilities_are_one_operation_however_they_are_computed(name: str) -> None:
    graph, difference = graph_and_difference(lambda x: LOGS[name](x.mean((2, 3))))
    assert difference < 1e-5 and [row.kind for row in graph.rows][-1] == "log_softmax"


@pytest.mark.parametrize("name", NO_LOGS)
def test_what_is_like_log_probabilities_is_none(name: str) -> None:
    graph, difference = graph_and_difference(lambda x: NO_LOGS[name](x.mean((2, 3))))
    assert difference < 1e-5 and "log_softmax" not in [row.kind for row in graph.rows]
