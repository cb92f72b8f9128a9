"""Dishonest networks of copies: windows that all see the whole map, ranks for positions, and weights written many times."""

import torch
from networks import conv, gap, network
from torch import nn
from torch.nn import functional as F


def _over(change, *convolution, **settings):
    """A convolution over what `change` makes of the map of 7 × 7, averaged."""
    return network(lambda s, x: gap(s.c(change(s.stem(x)))), c=conv(4, 10, *convolution, **settings))


def _twice(y, change=lambda y: y):
    both = torch.cat([y, change(y)], 2)
    return torch.cat([both, both], 3)


def _weighed_by(maps):
    """The map, summed up under one weight a position, of which a pooled value makes ten times four maps."""
    return network(
        lambda s, x: (maps(s, s.stem(x).mean((2, 3), keepdim=True)).view(-1, 10, 4, 7, 7) * s.stem(x)[:, None]).sum((2, 3, 4)),
        k=conv(4, 40, 7, padding=6), p=conv(4, 40, 7, padding=3),
    )  # fmt: skip


def _coordinates(s, x):
    rows, columns = torch.linspace(0, 6, 7).view(1, 1, 7, 1), torch.linspace(0, 6, 7).view(1, 1, 1, 7)
    places = [one.expand(x.size(0), 1, 7, 7) for one in (rows, columns)]
    return s.m(torch.cat([s.stem(x), *places], 1)).flatten(2)


def _rolled(s, x):
    flat = s.stem(x).flatten(2)
    return s.c(torch.stack([flat.roll(k, 2) for k in range(13)], 3).reshape(-1, 196, 13)).mean(2)


def _rolled_into_channels(s, x):
    return gap(s.c(torch.cat([s.stem(x).roll((i, j), (2, 3)) for i in range(7) for j in range(7)], 1)))


COPIES: dict[str, type[nn.Module]] = {
    "tiles": _over(lambda y: y.repeat(1, 1, 2, 2), 7, stride=7),
    "the map beside itself": _over(_twice, 7, stride=7),
    "the map beside its mirror image": _over(lambda y: _twice(y, lambda y: y.flip(2)), 7, stride=7),
    "the map round a cylinder": _over(lambda y: F.pad(y, (3, 4, 3, 4), mode="circular"), 7, stride=7),
    "the map and its reflection": _over(lambda y: F.pad(y, (6, 0, 6, 0), mode="reflect"), 7, stride=6),
    "enlarged, every other position": _over(lambda y: F.interpolate(y, scale_factor=2), 7, dilation=2),
    "repeated, every other position": _over(lambda y: y.repeat_interleave(2, 2).repeat_interleave(2, 3), 7, dilation=2),
    "two windows, each over the map": _over(lambda y: y, 8, padding=1),
    "all windows over the map": _over(lambda y: y, 13, padding=6),
    "transposed, each over the map": network(
        lambda s, x: gap(s.c(s.stem(x))), c=lambda: nn.ConvTranspose2d(4, 10, 8, padding=6)
    ),
    "weights a position, made of one": _weighed_by(lambda s, y: s.k(y)),
    "weights a position, made of a padded one": _weighed_by(lambda s, y: s.p(F.pad(y, (3, 3, 3, 3)))),
    "a mask, made of one enlarged": network(
        lambda s, x: gap(s.c(s.stem(x) * s.k(F.interpolate(s.stem(x).mean((2, 3), keepdim=True), size=(2, 2))))),
        k=lambda: nn.ConvTranspose2d(4, 4, 7, stride=2, padding=1), c=conv(4, 10, 1),
    ),
    "sorted by coordinates": network(
        lambda s, x: s.c(_coordinates(s, x).sort(2)[0].flatten(1)[:, :, None, None]).flatten(1),
        m=conv(6, 4, 1), c=conv(196, 10, 1),
    ),
    "ranked by coordinates": network(
        lambda s, x: s.c(_coordinates(s, x).topk(49, 2)[0].flatten(1)[:, :, None, None]).flatten(1),
        m=conv(6, 4, 1), c=conv(196, 10, 1),
    ),
    "rolled, side by side": network(_rolled, c=lambda: nn.Conv1d(196, 10, 1)),
    "rolled, one upon the other": network(_rolled_into_channels, c=conv(196, 10, 1)),
    "a corner on the diagonal": network(
        lambda s, x: torch.einsum("nchh->nc", F.pad(s.c(s.stem(x)), (6, 0, 0, 6))), c=conv(4, 10, 13, padding=6)
    ),
}  # fmt: skip


def _statistics(s, x):
    """A convolution of 4 to 10 channels all of whose weights are a normalisation's statistics."""
    patches = F.unfold(s.stem(x), 3)  # (N, 36, 25)
    both = torch.cat([patches, -patches], 1)[:, None].expand(-1, 10, -1, -1)
    return s.n(both.reshape(-1, 720, 25)).view(-1, 10, 72, 25).sum(2).mean(2)


def _bits(s, w):
    parts = []
    for _ in range(4):
        number = 0.0
        for _ in range(8):
            bit = torch.ge(w, s.t).double()
            w, number = 2 * (w - bit * s.t), 2 * number + bit
        parts.append(number)
    return torch.cat(parts).float() / 128 - 1


def _folds(s, w):
    parts = []
    for _ in range(4):
        number = 0.0
        for _ in range(8):
            w = 1 - (2 * w - 1).abs()
            number = 2 * number + w
        parts.append(number)
    return torch.cat(parts).float()


def _kernel_of(numbers):
    return network(
        lambda s, x: gap(F.conv2d(s.stem(x), numbers(s, s.w).view(10, 4, 3, 3))),
        w=lambda: nn.Parameter(torch.rand(90, dtype=torch.float64)),
        t=lambda: nn.Parameter(torch.tensor(0.5, dtype=torch.float64)),
    )  # fmt: skip


def _gates_of_nothing(s, x):
    nothing = gap(s.stem(x))[:, :1] * 0
    gates = torch.cat([F.hardtanh(nothing, 0.1 * i - 3, 0.1 * i - 2.9) for i in range(20)], 1)
    return gap(s.c(s.stem(x))) * gates[:, :10] + gates[:, 10:]


COPIED: dict[str, tuple[type[nn.Module], int]] = {  # and the numbers that its last layer takes at least
    "a convolution of statistics": (network(_statistics, n=lambda: nn.BatchNorm1d(720, affine=False)), 360),
    "channels scaled by statistics": (
        network(lambda s, x: gap(s.n(s.c(s.stem(x)).repeat(1, 36, 1, 1)))[:, :10], c=conv(4, 10, 3),
                n=lambda: nn.BatchNorm2d(360, affine=False)), 720,
    ),
    "statistics of a shared convolution": (
        network(lambda s, x: sum(gap(one(s.c(s.stem(x)))) for one in s.all), c=conv(4, 10, 3),
                all=lambda: nn.ModuleList(nn.BatchNorm2d(10, affine=False) for _ in range(9))), 370 + 180,
    ),
    "bits by comparison": (_kernel_of(_bits), 360),
    "bits by folding": (_kernel_of(_folds), 360),
    "settings of what is always nothing": (network(_gates_of_nothing, c=conv(4, 10, 3)), 400),
    "packed beside what is always nothing": (
        network(
            lambda s, x: gap(s.c(s.stem(x))) * torch.cat(
                [((s.w + (gap(x) * 0).long()) // 256.0**i).remainder(256) for i in range(5)], 1
            ),
            c=conv(4, 10, 3), w=lambda: nn.Parameter(torch.randint(2**40, (1, 2)), requires_grad=False),
        ), 380,
    ),
}  # fmt: skip
