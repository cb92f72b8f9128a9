"""Dishonest networks that only move numbers about: into the batch, along diagonals, by slices of one kernel, by long steps."""

import torch
from networks import conv, gap, learned, network
from torch import nn
from torch.nn import functional as F

MIDDLE = (-1, 196, 1, 1)  # the 196 numbers of a map as channels, a row of the batch each


def _between(y, other):
    """Rows of the batch in threes: the map's numbers in the middle."""
    return torch.stack([other, y, other], 1)


def _of_the_middle(rows):
    return rows.reshape(-1, 3, *rows.shape[1:])[:, 1]


def in_the_middle(weigh, **parts) -> type[nn.Module]:
    """What is done to all rows of the batch, of which the middle one of three counts."""

    def forward(s, x):
        y = s.stem(x).flatten(1)
        return _of_the_middle(weigh(s, _between(y, torch.zeros_like(y)).reshape(-1, 196)))

    return network(forward, **parts)


def _scaled_in_the_middle(s, x):
    y = s.stem(x).flatten(1)
    rows = s.n(_between(y, y.mean(1, keepdim=True).expand(-1, 196)).reshape(-1, 196, 1))
    return gap(s.c(_of_the_middle(rows).view(-1, 4, 7, 7)))


def _sheared(y):
    """Diagonals (r + c) % 7 as the last axis."""
    return F.pad(y, (0, 1)).reshape(y.size(0), -1, 8, 7).permute(0, 3, 1, 2)  # (N, 7, C, 8)


def _wrapped(y):
    """The rows of seven written on in rows of nine."""
    flat = y.repeat(1, 1, 1, 2).flatten(2)[..., :90]
    return flat.reshape(y.size(0), -1, 10, 9).permute(0, 3, 1, 2)  # (N, 9, C, 10)


def sheared(weigh, shear=_sheared, **parts) -> type[nn.Module]:
    """What is done to diagonals, as if they were channels."""
    forward = lambda s, x: s.d(weigh(s, shear(s.stem(x))).permute(0, 2, 3, 1)).mean((2, 3))  # noqa: E731
    return network(forward, d=conv(4, 10, 1), **parts)


def _padded_channel(s, x):
    y = F.pad(F.relu(s.a(s.stem(x))), (0, 0, 0, 0, 0, 1)).flatten(2).transpose(1, 2)
    return s.c(y).mean(2)


def _padded_channels(s, x):
    y = F.pad(s.a(s.stem(x)), (0, 0, 0, 0, 1, 1)).flatten(2).transpose(1, 2)
    return s.d(F.relu(s.c(y)).flatten(1)[:, :, None]).flatten(1)


def _halves(one, other):
    def forward(s, x):
        y = s.stem(x)
        return gap(F.conv2d(y[:, :, :4], one(s))) + gap(F.conv2d(y[:, :, 3:], other(s)))

    return forward


def _windows(s, x):
    y, out, kernels = s.stem(x), 0, s.w.unbind()
    for i, kernel in enumerate(kernels):
        r, c = divmod(i, 4)
        out = out + gap(F.conv2d(y[:, :, r : r + 4, c : c + 4], kernel))
    return out


def quarters(weigh, **parts) -> type[nn.Module]:
    """The sum of what is made of each quarter of the map."""

    def forward(s, x):
        y, out = s.stem(x), 0
        for i in range(4):
            r, c = 3 * (i // 2), 3 * (i % 2)
            out = out + weigh(s, y[:, :, r : r + 4, c : c + 4], i)
        return out

    return network(forward, **parts)


def leaping(size: int, step: int) -> type[nn.Module]:
    """One weight after the other, along a map in one line."""
    line = lambda: nn.Conv1d(4, 10, size, stride=step)  # noqa: E731
    return network(lambda s, x: s.c(s.stem(x).flatten(2)).mean(2), c=line)


def _by_places(s, x):
    y = s.stem(x)
    places = F.max_pool2d(y, 3, 1, 1, return_indices=True)[1].float() / 49
    mask = F.relu(1 - s.m(places).abs())
    return gap(s.c(y * mask[:, :4] + y * mask[:, 4:]))


MOVED: dict[str, type[nn.Module]] = {
    "a perceptron in rows of the batch that are between others": in_the_middle(
        lambda s, rows: s.c(rows.reshape(MIDDLE)).flatten(1), c=conv(196, 10, 1)
    ),
    "a normalisation of positions, in such rows": network(
        _scaled_in_the_middle, n=lambda: nn.BatchNorm1d(196), c=conv(4, 10, 1)
    ),
    "slopes of positions, in such rows": network(_scaled_in_the_middle, n=lambda: nn.PReLU(196), c=conv(4, 10, 1)),
    "positions as channels, beside a channel of padding": network(
        _padded_channel, a=conv(4, 16, 1), c=lambda: nn.Conv1d(49, 10, 3, padding=1)
    ),
    "positions as channels, between channels of padding": network(
        _padded_channels, a=conv(4, 16, 1), c=lambda: nn.Conv1d(49, 10, 3), d=lambda: nn.Conv1d(160, 10, 1)
    ),
    "a weight for each diagonal": sheared(lambda s, y: y * s.w, w=learned(1, 7, 1, 1)),
    "a slope for each diagonal": sheared(lambda s, y: F.prelu(y, s.w), w=learned(7)),
    "a normalisation for each diagonal": sheared(lambda s, y: s.n(y), n=lambda: nn.BatchNorm2d(7)),
    "a convolution of diagonals": network(lambda s, x: gap(s.c(_sheared(s.stem(x)))), c=conv(7, 10, 1)),
    "a weight for each column of rows that are written on": sheared(lambda s, y: y * s.w, _wrapped, w=learned(1, 9, 1, 1)),
    "a kernel for each half, slices of one": network(
        _halves(lambda s: s.w[0], lambda s: s.w[1]), w=learned(2, 10, 4, 1, 1)
    ),
    "a kernel for each half, one of them a sum": network(
        _halves(lambda s: s.u, lambda s: s.u + s.w), u=learned(10, 4, 1, 1), w=learned(10, 4, 1, 1)
    ),
    "a kernel for each window, slices of one": network(_windows, w=learned(16, 10, 4, 1, 1)),
    "one kernel for all quarters, another channel for each": quarters(
        lambda s, y, i: gap(s.c(F.pad(y[:, :1], (0, 0, 0, 0, i, 3 - i)))), c=conv(4, 10, 1)
    ),
    "one kernel for all quarters, channels in another order": quarters(
        lambda s, y, i: gap(s.c(torch.roll(y, i, 1))), c=conv(4, 10, 1)
    ),
    "one kernel for all quarters, other answers of each": quarters(
        lambda s, y, i: gap(s.c(y))[:, 10 * i : 10 * i + 10], c=conv(4, 40, 1)
    ),
    "one kernel for all quarters, answers in another order": quarters(
        lambda s, y, i: gap(s.c(y)).roll(i, 1), c=conv(4, 10, 1)
    ),
    "two kernels for both halves, in another order": network(
        lambda s, x: gap(s.c(s.a(s.b(s.stem(x)[:, :, :4])))) + gap(s.c(s.b(s.a(s.stem(x)[:, :, 3:])))),
        a=conv(4, 4, 1), b=conv(4, 4, 1), c=conv(4, 10, 1),
    ),
    "steps of eight along a line": leaping(8, 8),
    "steps of half a map along a line": leaping(24, 25),
    "places of the largest values as coordinates": network(_by_places, m=conv(4, 8, 1), c=conv(4, 10, 1)),
}
