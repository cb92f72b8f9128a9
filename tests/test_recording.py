"""Writing a plain network down by running it once: it must give what `torch.export` gives, and know what is not plain."""

import pytest
import torch
from networks import HONEST, network, seeded
from torch import nn
from torch.nn import functional as F
from unusual import UNUSUAL

import course.trace
from course.graph import Graph
from course.recording import record
from solutions.modules import solution

SOLUTIONS = {f"iteration {number}": solution(number).Net for number in range(1, 11)}


def _quietly(x):
    try:
        return len(x)
    except BaseException:  # noqa: B036, what a pass must not be able to do
        return 5


def _without_gradient(s, x):
    with torch.no_grad():
        y = s.stem(x)
    return s.c(y).mean((2, 3))


def _in_bfloat16(s, x):
    with torch.autocast("cpu", torch.bfloat16):
        return s.c(s.stem(x)).float().mean((2, 3))


NOT_PLAIN = {
    "its length": lambda s, x: s.c(s.stem(x)).view(len(x), 10, 49).mean(2),
    "its length, caught": lambda s, x: s.c(s.stem(x)).view(_quietly(x), 10, 49).mean(2),
    "its size": lambda s, x: s.c(s.stem(x)).view(x.size(0), 10, 49).mean(2),
    "its shape": lambda s, x: s.c(s.stem(x)).view(x.shape[0], 10, 49).mean(2),
    "its values": lambda s, x: s.c(s.stem(x)).mean((2, 3)) * (1 if x.sum() > 1e9 else 2),
    "a number": lambda s, x: s.c(s.stem(x)).mean((2, 3)) + x.sum().item(),
    "a batch size": lambda s, x: s.c(s.stem(x)).view(5, 10, 49).mean(2),
    "another tensor": lambda s, x: s.c(s.stem(x)).mean((2, 3)) + torch.ones(10),
    "no gradient": _without_gradient,
    "another format": _in_bfloat16,
}


def convolution() -> nn.Module:
    return nn.Conv2d(4, 10, 1)


def written_down(module: nn.Module, monkeypatch, *, by_exporter: bool) -> Graph:
    with monkeypatch.context() as change:
        if by_exporter:
            change.setattr(course.trace, "record", lambda module: None)
        else:
            change.setattr(course.trace, "_export", lambda module: pytest.fail("it was not recorded"))
        return Graph.trace(module)


@pytest.mark.parametrize("name", ["iteration 1", "iteration 8"])
def test_a_solution_is_recorded_as_the_exporter_writes_it_down(name, monkeypatch) -> None:
    module = seeded(SOLUTIONS[name])
    recorded = written_down(module, monkeypatch, by_exporter=False)
    assert recorded == written_down(module, monkeypatch, by_exporter=True)  # operations, places, names and tensors


@pytest.mark.slow
def test_every_plain_network_is_recorded_as_the_exporter_writes_it_down(monkeypatch) -> None:
    modules = {name: seeded(wanted) for name, wanted in (SOLUTIONS | HONEST | UNUSUAL).items()}
    recorded = {name: module for name, module in modules.items() if record(module)}
    assert len(recorded) > 30 and set(SOLUTIONS) <= set(recorded)
    for name, module in recorded.items():
        graph = written_down(module, monkeypatch, by_exporter=False)
        assert graph == written_down(module, monkeypatch, by_exporter=True), name


@pytest.mark.parametrize("name", NOT_PLAIN)
def test_a_network_that_asks_for_more_than_tensors_is_not_plain(name) -> None:
    assert record(seeded(network(NOT_PLAIN[name], c=convolution))) is None


def test_the_same_without_that_is_plain() -> None:
    assert record(seeded(network(lambda s, x: F.relu(s.c(s.stem(x))).mean((2, 3)), c=convolution)))


def test_a_recorded_module_stays_as_it_was() -> None:
    module = seeded(SOLUTIONS["iteration 8"]).train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    assert record(module)
    assert module.training and all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert not nn.modules.module._global_forward_hooks and not nn.modules.module._global_forward_pre_hooks
