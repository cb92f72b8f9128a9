"""Networks with weights that are kept, or made, where one would not look for them: rule 2 counts them all the same."""

import random

import torch
from networks import conv, gap, learned, network
from torch import nn
from torch.nn import functional as F

TAKEN = 4  # weights that each packed number holds


def doubles(*shape: int):
    return lambda: nn.Parameter(torch.rand(*shape, dtype=torch.float64))


def kernel(numbers, **parts) -> type[nn.Module]:
    """A convolution of 4 to 10 channels, whose 360 weights are these."""
    return network(lambda s, x: gap(F.conv2d(s.stem(x), numbers(s, x).float().view(10, 4, 3, 3))), **parts)


def shortened(shorten, times: float):
    """Weights taken off a number one by one: what a shorter format keeps, and then the same of the rest."""

    def take(s, x):
        rest, parts = s.w, []
        for _ in range(360 // len(s.w)):
            kept = shorten(rest).double()
            parts.append(kept)
            rest = (rest - kept) * times
        return torch.cat(parts)

    return take


def folded(fold):
    """Weights whose bits are read off a number by folding the line between 0 and 1, eight times for each."""

    def take(s, x):
        w, parts = s.w, []
        for _ in range(TAKEN):
            number = 0.0
            for _ in range(8):
                w = fold(w)
                number = 2 * number + w
            parts.append(number)
        return torch.cat(parts)

    return take


def scaled(numbers) -> type[nn.Module]:
    """Channels scaled by weights that are taken off numbers."""

    def forward(s, x):
        parts, w = [], numbers(s, x)
        for _ in range(TAKEN):
            w = w * 256
            parts.append(w.floor() / 256)
            w = w - w.floor()
        return gap((s.stem(x).repeat(1, 100, 1, 1) * torch.cat(parts, 1).float()).view(-1, 10, 40, 7, 7).sum(2))

    return network(forward, w=doubles(1, 100, 1, 1))


def _whole_padding(s, x):
    row = torch.ones(1)
    for value in range(1, 360):
        row = torch.constant_pad_nd(row, (0, 1), value * 7919 % 1000 + 1)
    return row / 1000


def _chaos(numbers):
    for _ in range(12):
        numbers = 3.99 * numbers * (1 - numbers)
    return numbers


def _ramp(s, x):
    ends = torch.stack([s.w * 0, s.w * 0 + 1]).view(1, 1, 2)
    return s.w * _chaos(F.interpolate(ends, size=360, mode="linear")[0, 0] * 0.9 + 0.05)


def beside_the_image(take) -> type[nn.Module]:
    """Channels scaled by weights that are taken off numbers in one tensor with the image's."""

    def forward(s, x):
        y = s.stem(x)
        rest = torch.cat([s.w.expand(x.size(0), -1, -1, -1), gap(y).double()[:, :, None, None]], 1)
        parts = []
        for _ in range(TAKEN):
            part, rest = take(rest)
            parts.append(part[:, :100])
        return gap((y.repeat(1, 100, 1, 1) * torch.cat(parts, 1).float()).view(-1, 10, 40, 7, 7).sum(2))

    return network(forward, w=doubles(1, 100, 1, 1))


def _bits(rest):
    number = 0.0
    for _ in range(8):
        bit = (rest >= 0.5).double()
        rest, number = 2 * rest - bit, 2 * number + bit
    return number, rest


def _drawn(count: int, of: int) -> list[int]:
    return random.Random(3).choices(range(of), k=count)


def _code_book(s, x):
    levels = s.w.unbind()
    return torch.stack([levels[i] for i in _drawn(360, 20)])


def _orders(s, x):
    levels, draw = s.w.unbind(), random.Random(3)
    return torch.cat([torch.stack([levels[i] for i in draw.sample(range(20), 20)]) for _ in range(18)])


def _orders_of_orders(s, x):
    rows, draw = [torch.stack(s.w.unbind())], random.Random(3)
    for _ in range(17):
        entries = rows[-1].unbind()
        rows.append(torch.stack([entries[i] for i in draw.sample(range(20), 20)]))
    return torch.cat(rows)


def _chosen(levels):
    return torch.cat([levels[i] for i in _drawn(360, 20)])


def _code_book_beside(s, x):
    levels = s.w.view(20, 1, 1, 1).expand(20, x.size(0), 1, 1).unbind()
    scales = torch.cat([gap(s.stem(x))[:, :, None, None], *(levels[i][:, None] for i in _drawn(360, 20))], 1)[:, 4:]
    return gap((s.stem(x).repeat(1, 90, 1, 1) * scales).view(-1, 10, 36, 7, 7).sum(2))


def _scale_is_a_kernel(s, x):
    y = s.stem(x)
    return gap(F.conv2d(y, s.n.weight.view(10, 4, 3, 3))) + gap(s.n(s.d(y)))[:, :10]


COUNTED: dict[str, tuple[type[nn.Module], int]] = {  # and the numbers that each takes at least, besides the stem's
    "packed, taken apart by a short format": (kernel(shortened(lambda w: w.bfloat16(), 256.0), w=doubles(60)), 360),
    "two halves of each number": (kernel(shortened(lambda w: w.float(), 2.0**25), w=doubles(180)), 360),
    "a sum in a short format": (kernel(shortened(lambda w: w[:, None].sum(1, dtype=torch.bfloat16), 256.0), w=doubles(60)), 360),
    "folded by a minimum": (kernel(folded(lambda w: 2 * torch.minimum(w, 1 - w)), w=doubles(90)), 360),
    "folded by a sort": (kernel(folded(lambda w: 1 - torch.stack([2 * w - 1, 1 - 2 * w]).sort(0)[0][1]), w=doubles(90)), 360),
    "folded by a norm": (kernel(folded(lambda w: 1 - torch.linalg.vector_norm((2 * w - 1)[:, None], dim=1)), w=doubles(90)), 360),
    "packed, beside nothing of all images": (scaled(lambda s, x: s.w + (x * 0).sum()), 400),
    "packed, beside a little of the image": (scaled(lambda s, x: s.w + 1e-12 * gap(x).double()[:, :, None, None]), 400),
    "packed, rounded in one tensor with the image's": (
        beside_the_image(lambda rest: ((rest * 256).floor() / 256, rest * 256 - (rest * 256).floor())), 400,
    ),
    "packed, shortened in one tensor with the image's": (
        beside_the_image(lambda rest: (rest.bfloat16().double(), (rest - rest.bfloat16().double()) * 256)), 400,
    ),
    "packed, waves in one tensor with the image's": (beside_the_image(lambda rest: (rest.sin(), rest * 100)), 400),
    "packed, compared in one tensor with the image's": (beside_the_image(_bits), 400),
    "biases as bounds": (
        network(lambda s, x: torch.cat([gap(s.stem(x))[:, :1].clamp(0.1 * i, 0.1 * i) for i in range(1, 11)], 1)), 10,
    ),
    "biases below a threshold": (
        network(lambda s, x: torch.cat([F.threshold(gap(s.stem(x))[:, :1], 99.0, 0.1 * i) for i in range(1, 11)], 1)), 10,
    ),
    "statistics of a scale that is a kernel": (
        network(_scale_is_a_kernel, n=lambda: nn.BatchNorm2d(360), d=conv(4, 360, 1, bias=False)), 360 * 4 + 1440,
    ),
    "statistics of channels that are used without": (
        network(
            lambda s, x: gap(s.last(torch.cat([s.n(s.c(s.stem(x))), s.c(s.stem(x)).relu()], 1))),
            c=conv(4, 90, 1, bias=False), n=lambda: nn.BatchNorm2d(90, affine=False), last=conv(180, 10, 1),
        ), 90 * 6 + 1810,
    ),
    "whole numbers as padding": (kernel(_whole_padding), 360),
    "places in what is sorted": (kernel(lambda s, x: s.w * _chaos(torch.zeros(360).sort()[1] / 360 + 0.001), w=learned(1)), 360),
    "a code book": (kernel(_code_book, w=learned(20)), 360),
    "a code book of single numbers": (
        kernel(
            lambda s, x: torch.stack([s.w[i] for i in _drawn(360, 20)]),
            w=lambda: nn.ParameterList(nn.Parameter(torch.randn(())) for _ in range(20)),
        ), 360,
    ),
    "a code book of what is generated": (
        kernel(lambda s, x: _chosen([torch.full((1,), 0.1 * n) for n in range(20)])), 360,
    ),
    "a code book of pieces": (kernel(lambda s, x: torch.cat([s.w[i : i + 4] for i in _drawn(90, 30)]), w=learned(33)), 360),
    "a code book beside the image": (network(_code_book_beside, w=learned(20)), 360),
    "numbers in many orders": (kernel(_orders, w=learned(20)), 360),
    "orders of orders": (kernel(_orders_of_orders, w=learned(20)), 360),
    "places between two numbers": (kernel(_ramp, w=learned(1)), 360),
}  # fmt: skip
