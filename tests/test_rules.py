"""The rules about a network: honest ones are never refused, disguised ones never pass, every number counts."""

import re

import pytest
import torch
from networks import DISGUISED, HONEST, LITERALS, Final, conv, gap, network, written_down
from torch import nn
from torch.nn import functional as F

from course.errors import GraphError
from course.graph import Graph
from graders.constants import nearly_constant
from graders.constraints import judge_fully_connected, judge_parameters


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_network_has_no_fully_connected_layer(name: str, tally) -> None:
    verdict = judge_fully_connected(written_down(HONEST[name])[0])
    assert verdict.passed, verdict.message
    tally("unusual honest networks that were accepted")


@pytest.mark.parametrize("name", DISGUISED)
def test_a_disguised_one_is_found(name: str, tally) -> None:
    tally("dishonest submissions that gained nothing")
    try:
        graph = written_down(DISGUISED[name])[0]
    except GraphError:
        return  # refused with a sentence is not passed either
    verdict = judge_fully_connected(graph)
    assert verdict.passed is False
    assert verdict.value and verdict.value >= 1
    assert len(verdict.message) > 40


@pytest.mark.parametrize("name", sorted(set(HONEST) - set(LITERALS)))
def test_parameters_are_those_that_get_a_gradient(name: str) -> None:
    module = HONEST[name]()
    module(torch.rand(2, 1, 28, 28)).sum().backward()
    counted = sum(p.numel() for p in module.parameters() if p.grad is not None)
    assert written_down(HONEST[name])[0].parameters == counted


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


def _packed(s, x):
    left, digits = s.w, []
    for _ in range(6):
        digits.append(left.remainder(256))
        left = left // 256
    return gap(F.conv2d(s.stem(x), torch.stack(digits).float().view(10, 4, 3, 3) - 128))


def test_weights_packed_into_fewer_numbers_count_one_by_one() -> None:
    packed = network(_packed, w=lambda: nn.Parameter(torch.randint(2**48, (60,)), requires_grad=False))
    assert Graph.trace(packed).parameters > 360


def test_statistics_that_nothing_updates_count() -> None:
    fixed = network(
        lambda s, x: gap(s.n(s.c(s.stem(x)))),
        c=conv(4, 10, 3),
        n=lambda: nn.BatchNorm2d(10, affine=False, momentum=0.0),
    )
    assert Graph.trace(fixed).parameters == 40 + 370 + 20


@pytest.mark.parametrize("literal", ["x * 0.5", "(x - 0.1307) / 0.3081", "x.sum((1, 2, 3), keepdim=True) / 783 + x"])
def test_a_literal_counts_as_one(literal: str) -> None:
    plain = network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 3))
    written = network(lambda s, x: gap(s.c(s.stem(eval(literal)))), c=conv(4, 10, 3))
    assert Graph.trace(written).parameters - Graph.trace(plain).parameters == len(re.findall(r"[*/-] \d", literal))


def test_running_statistics_do_not_count() -> None:
    assert Graph.trace(Final).parameters == 13_808


@pytest.mark.parametrize("channels, value", [(1330, 20_000), (1329, 19_985)])
def test_twenty_thousand_parameters_are_too_many_and_less_is_not(channels: int, value: int) -> None:
    module = network(lambda s, x: gap(s.d(s.c(s.stem(x)))), c=conv(4, channels, 1), d=conv(channels, 10, 1))
    verdict = judge_parameters(Graph.trace(module))
    assert (verdict.value, verdict.passed) == (value, value < 20_000)


def test_a_network_that_has_died_has_the_parameters_that_it_had() -> None:
    graph, weights = written_down(HONEST["final"])
    first = next(name for name, spec in graph.tensors.items() if len(spec.shape) == 4)
    dead = graph.build(weights | {first: torch.zeros_like(weights[first])})
    images = torch.randint(0, 256, (6, 28, 28), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    assert judge_parameters(graph, nearly_constant(dead, images)).value == graph.parameters
