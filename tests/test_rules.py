"""The rules about a network: honest ones are never refused, disguised ones never pass, every number counts."""

import pytest
import torch
from networks import DISGUISED, HONEST, Final, conv, gap, network
from torch import nn

from course.errors import GraphError
from course.graph import Graph
from graders.constraints import judge_fully_connected, judge_parameters


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_network_has_no_fully_connected_layer(name: str) -> None:
    verdict = judge_fully_connected(Graph.trace(HONEST[name]))
    assert verdict.passed, verdict.message


@pytest.mark.parametrize("name", DISGUISED)
def test_a_disguised_one_is_found(name: str) -> None:
    try:
        graph = Graph.trace(DISGUISED[name])
    except GraphError:
        return  # refused with a sentence is not passed either
    verdict = judge_fully_connected(graph)
    assert verdict.passed is False
    assert verdict.value and verdict.value >= 1
    assert len(verdict.message) > 40


@pytest.mark.parametrize("name", sorted(set(HONEST) - {"coordinates"}))  # its literals count too
def test_parameters_are_those_that_get_a_gradient(name: str) -> None:
    module = HONEST[name]()
    module(torch.rand(2, 1, 28, 28)).sum().backward()
    counted = sum(p.numel() for p in module.parameters() if p.grad is not None)
    assert Graph.trace(module).parameters == counted


HIDDEN = {
    "a buffer": network(lambda s, x: gap(s.c(s.stem(x))) * s.hidden, c=conv(4, 10, 3)),
    "a constant": network(lambda s, x: gap(s.c(s.stem(x))) * torch.linspace(0.5, 2, 10), c=conv(4, 10, 3)),
    "a frozen parameter": network(
        lambda s, x: gap(s.c(s.stem(x))) * s.w,
        c=conv(4, 10, 3),
        w=lambda: nn.Parameter(torch.ones(10), requires_grad=False),
    ),
}


class Buffered(HIDDEN["a buffer"]):  # type: ignore[misc]
    def __init__(self):
        super().__init__()
        self.register_buffer("hidden", torch.randn(10))


HIDDEN["a buffer"] = Buffered


@pytest.mark.parametrize("name", HIDDEN)
def test_a_number_counts_wherever_it_is_kept(name: str) -> None:
    plain = network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 3))
    try:
        graph = Graph.trace(HIDDEN[name])
    except GraphError:
        return
    assert graph.parameters >= Graph.trace(plain).parameters + 2  # linspace takes two; ten are kept, ten count


def test_running_statistics_do_not_count() -> None:
    assert Graph.trace(Final).parameters == 13_808


@pytest.mark.parametrize("channels, value", [(1330, 20_000), (1329, 19_985)])
def test_twenty_thousand_parameters_are_too_many_and_less_is_not(channels: int, value: int) -> None:
    module = network(lambda s, x: gap(s.d(s.c(s.stem(x)))), c=conv(4, channels, 1), d=conv(channels, 10, 1))
    verdict = judge_parameters(Graph.trace(module))
    assert (verdict.value, verdict.passed) == (value, value < 20_000)
