"""Writing a plain network down by running it once: it must give what `torch.export` gives, and know what is not plain."""

from functools import partial

import pytest
import torch
from networks import HONEST, network, seeded
from torch import nn
from torch.nn import functional as F
from unusual import UNUSUAL

import course.trace
from course.graph import Graph
from course.recording import DIGITS, record
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
    "twice its size": lambda s, x: s.c(s.stem(x)).view(2 * x.size(0), 5, 49).mean(2).view(-1, 10),
    "whether its size is one": lambda s, x: s.c(s.stem(x)).mean((2, 3)) * (2 if x.size(0) == 1 else 1),
    "its shape, printed": lambda s, x: s.c(s.stem(x * len(f"{x.shape}"))).mean((2, 3)),
    "its size, counted to": lambda s, x: s.c(s.stem(x)).mean((2, 3)) * sum(1 for _ in range(x.size(0))),
    "its size as a number": lambda s, x: s.c(s.stem(x)).view(int(x.size(0)), 10, 49).mean(2),
    "a size that is made of it": lambda s, x: s.c(s.stem(x)).mean((2, 3)) * x.view(-1, 28).size(0),
    "its values": lambda s, x: s.c(s.stem(x)).mean((2, 3)) * (1 if x.sum() > 1e9 else 2),
    "a number": lambda s, x: s.c(s.stem(x)).mean((2, 3)) + x.sum().item(),
    "a batch size": lambda s, x: s.c(s.stem(x)).view(5, 10, 49).mean(2),
    "another tensor": lambda s, x: s.c(s.stem(x)).mean((2, 3)) + torch.ones(10),
    "no gradient": _without_gradient,
    "another format": _in_bfloat16,
}


LAYERS = {  # with settings in the forms that PyTorch takes
    "convolutions": [
        nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, (3, 1), padding=(1, 0), bias=False), nn.Conv2d(4, 4, 3, padding="same"),
        nn.Conv2d(4, 4, 1, padding="valid", groups=2), nn.Conv2d(4, 4, 3, 2, 2, 2), nn.Conv2d(4, 4, 1, stride=(1, 1)),
    ],
    "poolings": [
        nn.MaxPool2d(2, 1), nn.MaxPool2d((2, 2), (1, 1), ceil_mode=True), nn.MaxPool2d(3, 1, 1, dilation=1), nn.AvgPool2d(2, 1),
        nn.AvgPool2d(3, 1, 1, count_include_pad=False), nn.AvgPool2d(1, divisor_override=2), nn.AdaptiveAvgPool2d((3, 3)),
        nn.AdaptiveAvgPool2d((None, 2)), nn.AdaptiveAvgPool2d(1),
    ],
    "normalisations and dropouts": [
        nn.BatchNorm2d(4), nn.BatchNorm2d(4, 1e-3, 0.2), nn.BatchNorm2d(4, affine=False), nn.Dropout(0),
        nn.GroupNorm(2, 4), nn.GroupNorm(1, 4, 1e-3), nn.GroupNorm(4, 4, affine=False), nn.LayerNorm((12, 12)),
        nn.Dropout(0.1, inplace=True), nn.Dropout2d(0.2), nn.Dropout(),
    ],
    "activations": [
        nn.ReLU(), nn.ReLU(inplace=True), nn.ReLU6(), nn.LeakyReLU(), nn.LeakyReLU(0), nn.LeakyReLU(0.2, inplace=True), nn.ELU(),
        nn.ELU(0.5), nn.SELU(), nn.GELU(), nn.GELU("tanh"), nn.SiLU(), nn.Hardswish(), nn.Sigmoid(), nn.Tanh(), nn.Softmax(-1),
    ],
}  # fmt: skip


def _calls(s, x):
    y = s.stem(x)
    y = F.max_pool2d(F.relu(s.c(y), inplace=True), kernel_size=2, stride=1)
    y = F.dropout(2 * y + y * 0.5 + 1, training=s.training)
    y = torch.cat([torch.add(y, y, alpha=2), y.mul(y).relu()], dim=1)
    y = F.avg_pool2d(F.leaky_relu(y, negative_slope=0.3), 2)
    return F.log_softmax(torch.mean(y, (2, 3), keepdim=True).view(-1, 2, 10).mean(1), dim=1)


def _reshapes(s, x):
    y = s.c(F.adaptive_avg_pool2d(s.stem(x), 1))
    return y.view((-1, 10)) + y.reshape(-1, 10) + y.flatten(start_dim=1) + torch.flatten(y, 1) + y.mean([2, 3]).log_softmax(1)


def _sizes(s, x):
    y = s.c(s.stem(x))
    n, c, h, w = y.shape
    z = y.view(n, c, h * w).mean(2) + y.reshape((x.size(0), 10, -1)).mean(dim=-1)
    z = z + y.view(y.size(dim=0), *y.shape[1:]).mean((2, 3))
    return z + F.avg_pool2d(y, y.size()[2:]).view(len(x), -1)


class _MakesItsOwn(nn.Module):
    """A block that makes a part in forward: its place is the block."""

    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(4, 10, 1)

    def forward(self, x):
        return nn.ReLU()(self.c(x))


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


def test_a_part_made_in_forward_has_the_place_of_the_part_around_it(monkeypatch) -> None:
    module = seeded(network(lambda s, x: s.block(s.stem(x)).mean((2, 3)), block=_MakesItsOwn))
    recorded = written_down(module, monkeypatch, by_exporter=False)
    assert [node.at for node in recorded.nodes][-3:] == ["block.c", "block", ""]
    assert recorded == written_down(module, monkeypatch, by_exporter=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_all_settings_are_recorded_as_the_exporter_writes_them_down(name, monkeypatch) -> None:
    last = [nn.Conv2d(4, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    layers = nn.Sequential(nn.Conv2d(1, 4, 5, stride=2), *LAYERS[name], *last)
    by_exporter = written_down(layers, monkeypatch, by_exporter=True)
    assert Graph.trace(layers) == by_exporter
    plain = [layer for layer in layers if "None" not in repr(layer)]  # as large as it is: a question
    assert record(nn.Sequential(*plain))


@pytest.mark.parametrize("forward", [_calls, _reshapes, _sizes])
def test_calls_in_all_forms_are_recorded_as_the_exporter_writes_them_down(forward, monkeypatch) -> None:
    module = seeded(network(forward, c=convolution))
    assert written_down(module, monkeypatch, by_exporter=False) == written_down(module, monkeypatch, by_exporter=True)


def test_a_size_that_is_the_batchs_by_chance_is_told_from_it(monkeypatch) -> None:
    """As many channels as digits that are recorded: in training or in evaluation, never in both."""
    for channels in DIGITS:
        parts = {"wide": partial(nn.Conv2d, 4, channels, 1), "c": partial(nn.Conv2d, channels, 10, 1)}

        def forward(s, x):
            w = (s.wide.weight * 2).view(-1, 4, 1, 1)
            return s.c(F.conv2d(s.stem(x), w.view(w.size(0), 4, 1, 1))).mean((2, 3))

        module = seeded(network(forward, **parts))
        assert Graph.trace(module) == written_down(module, monkeypatch, by_exporter=True)


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
