"""Receptive fields against autograd, multiply-adds against hooks."""

import pytest
import torch
from networks import HONEST
from torch import nn

from course.graph import Graph
from solutions.modules import solution

CHAINS = {
    "strides": [nn.Conv2d(1, 3, 3, stride=2), nn.Conv2d(3, 3, 3), nn.Conv2d(3, 10, 2)],
    "dilation": [nn.Conv2d(1, 3, 3, dilation=2), nn.MaxPool2d(2), nn.Conv2d(3, 10, 3)],
    "pooling": [
        nn.Conv2d(1, 3, 5),
        nn.AvgPool2d(3, stride=2),
        nn.Conv2d(3, 3, 3),
        nn.MaxPool2d(2),
        nn.Conv2d(3, 10, 1),
    ],
    "oblong": [nn.Conv2d(1, 3, (1, 5)), nn.Conv2d(3, 10, (3, 1), stride=(2, 1))],
}


def touched(layers: list[nn.Module]) -> tuple[int, int]:
    """Height and width of the part of an image that one inner position depends on, from the gradient."""
    x = torch.rand(1, 1, 28, 28, requires_grad=True)
    y = x
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.constant_(layer.weight, 0.1)
        if isinstance(layer, nn.MaxPool2d):  # a maximum depends on one position; its mean, on all that it looks at
            layer = nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding)
        y = layer(y)
    y[0, 0, y.shape[2] // 2, y.shape[3] // 2].backward()
    rows, columns = x.grad[0, 0].nonzero(as_tuple=True)
    return int(rows.max() - rows.min() + 1), int(columns.max() - columns.min() + 1)


@pytest.mark.parametrize("name", CHAINS)
def test_receptive_fields_are_what_gradients_show(name: str) -> None:
    layers = CHAINS[name]

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(*layers)

        def forward(self, x):
            return self.layers(x).mean((2, 3))

    rows = [row for row in Graph.trace(Net).rows if row.kind in ("conv", "max_pool", "avg_pool")]
    for count, row in enumerate(rows, start=1):
        size = row.receptive_field
        assert (size if isinstance(size, tuple) else (size, size)) == touched(layers[:count])


RESAMPLED = {
    "enlarged": [nn.MaxPool2d(2), nn.Upsample(scale_factor=2), nn.Conv2d(1, 2, 3)],
    "enlarged smoothly": [nn.AvgPool2d(2), nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(1, 2, 3)],
    "taken by twos": [nn.Upsample(scale_factor=0.5), nn.Conv2d(1, 2, 3)],
    "space to depth": [nn.Conv2d(1, 2, 3, padding=1), nn.PixelUnshuffle(2), nn.Conv2d(8, 2, 3)],
    "depth to space": [nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.PixelShuffle(2), nn.Conv2d(1, 2, 3)],
    "transposed": [nn.Conv2d(1, 2, 3, stride=2), nn.ConvTranspose2d(2, 2, 2, stride=2), nn.Conv2d(2, 2, 3)],
    "transposed and dilated": [nn.ConvTranspose2d(1, 2, 3, dilation=2), nn.Conv2d(2, 2, 3)],
}


@pytest.mark.parametrize("name", RESAMPLED)
def test_the_widest_field_behind_a_resampling_is_what_gradients_show(name: str) -> None:
    layers = [*RESAMPLED[name], nn.Conv2d(2, 10, 1)]

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(*layers)

        def forward(self, x):
            return self.layers(x).mean((2, 3))

    assert [row for row in Graph.trace(Net).rows if row.kind == "conv"][-1].receptive_field == widest(layers)


def widest(layers: list[nn.Module]) -> int:
    """Of three inner rows of a map, how many rows of an image the one that sees most depends on."""
    x = torch.rand(1, 1, 28, 28, requires_grad=True)
    y = x
    for layer in layers:
        for weight in layer.parameters():
            nn.init.constant_(weight, 0.1)
        y = nn.AvgPool2d(layer.kernel_size)(y) if isinstance(layer, nn.MaxPool2d) else layer(y)
    seen = []
    for row in range(-1, 2):
        (gradient,) = torch.autograd.grad(y[0, 0, y.shape[2] // 2 + row].sum(), x, retain_graph=True)
        rows = gradient[0, 0].nonzero()[:, 0]
        seen.append(int(rows.max() - rows.min() + 1))
    return max(seen)


@pytest.mark.parametrize("name", ["final", "depthwise separable", "strided", "transposed"])
def test_multiply_adds_are_those_that_hooks_count(name: str) -> None:
    module = HONEST[name]().eval()
    counted = []

    def count(layer, inputs, output):
        positions = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else output
        counted.append(layer.weight.numel() * positions[0, 0].numel())

    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(count)
    module(torch.zeros(1, 1, 28, 28))
    expected = sum(counted)  # before tracing, which runs the hooks too
    assert sum(row.multiply_adds for row in Graph.trace(module).rows) == expected


@pytest.mark.parametrize("number", range(1, 11))
def test_the_parts_add_up(number: int) -> None:
    graph = Graph.trace(solution(number).Net)
    assert sum(row.parameters for row in graph.rows) == graph.parameters


def test_the_table_prints_as_text_and_as_html() -> None:
    table = Graph.trace(HONEST["final"]).table()
    assert "13,808" in repr(table)
    assert table._repr_html_().count("<tr>") == len(repr(table).splitlines()) - 1


def test_a_pooling_that_enlarges_looks_at_one_position_or_two() -> None:
    layers = nn.Conv2d(1, 10, 5, stride=5), nn.AdaptiveAvgPool2d(7), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    assert [row.kernel for row in Graph.trace(nn.Sequential(*layers)).rows][:2] == [(5, 5), (2, 2)]  # 5 positions become 7


def test_a_mean_over_channels_is_no_global_average() -> None:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.last = nn.Conv2d(1, 16, 7, stride=7), nn.Conv2d(1, 10, 4)

        def forward(self, x):
            return self.last(self.conv(x).mean(1, keepdim=True)).flatten(1)

    assert [row.kind for row in Graph.trace(Net).rows] == ["conv", "mean", "conv", "flatten"]
