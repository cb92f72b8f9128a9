"""Networks of many kinds, each a class built without arguments: honest ones, and ones with a fully connected layer in disguise."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def gap(x: Tensor) -> Tensor:
    """(N, C, H, W) to (N, C)."""
    return x.mean((2, 3))


def network(forward, **parts) -> type[nn.Module]:
    """A class with the parts that these functions make, behind a stem from (N, 1, 28, 28) to (N, 4, 7, 7)."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4))
            for name, make in parts.items():
                setattr(self, name, make())

        def forward(self, x):
            return forward(self, x)

    return Net


def learned(*shape: int):
    """A function that makes a parameter of this shape."""
    return lambda: nn.Parameter(torch.randn(*shape))


def conv(before: int, after: int, kernel, **settings):
    """A function that makes a convolution."""
    return lambda: nn.Conv2d(before, after, kernel, **settings)


class Final(nn.Module):
    """The network of iteration 8, as a learner might write it who likes helper functions."""

    def __init__(self):
        super().__init__()

        def block(before, after, padding=0):
            return nn.Sequential(
                nn.Conv2d(before, after, 3, padding=padding, bias=False),
                nn.ReLU(),
                nn.BatchNorm2d(after),
                nn.Dropout(0.1),
            )

        self.body = nn.Sequential(
            block(1, 16), block(16, 32), nn.Conv2d(32, 10, 1, bias=False), nn.MaxPool2d(2),
            block(10, 16), block(16, 16), block(16, 16), block(16, 16, 1),
            nn.AvgPool2d(6), nn.Conv2d(16, 10, 1, bias=False),
        )  # fmt: skip

    def forward(self, x):
        return F.log_softmax(self.body(x).view(-1, 10), dim=1)


class Functional(nn.Module):
    """Dropout and pooling as functions, a branch on the mode, sizes read from the input, a loop."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.convs = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in range(3))
        self.last = nn.Conv2d(8, 10, 1)

    def forward(self, x):
        assert x.shape[1] == 1
        x = F.relu(self.norm(self.first(x)))
        for layer in self.convs:
            x = x + F.relu(layer(x))
            x = F.dropout(x, 0.1, training=self.training)
        if self.training:
            x = F.dropout2d(x, 0.05)
        x = F.avg_pool2d(F.max_pool2d(x, 2), 13)
        return self.last(x).view(x.size(0), -1)


class WeightNorm(nn.Module):
    """A kernel computed from parameters."""

    def __init__(self):
        super().__init__()
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 10, 5, stride=2))

    def forward(self, x):
        return gap(self.conv(x))


def _squeeze_excite(s, x):
    y = s.stem(x)
    return gap(s.c(y * torch.sigmoid(s.e(y.mean((2, 3), keepdim=True)))))


def _efficient_attention(s, x):
    y = s.stem(x)
    scale = torch.sigmoid(s.k(gap(y).unsqueeze(1)).transpose(1, 2).unsqueeze(3))
    return gap(s.c(y * scale))


def _shifts(s, x):
    y = s.stem(x)
    return gap(s.c(torch.cat([y.roll(1, 2), y.roll(-1, 2), y.roll(1, 3), y.roll(-1, 3), y], 1)))


def _pyramid(s, x):
    y = s.stem(x)
    return gap(s.c(torch.cat([y, F.interpolate(F.avg_pool2d(y, 2), size=(7, 7))], 1)))


def _focus(s, x):
    return gap(s.c(torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)))


def _coordinates(s, x):
    rows = torch.linspace(-1, 1, 28).view(1, 1, 28, 1).expand(x.size(0), 1, 28, 28)
    return gap(s.c(torch.cat([x, rows], 1)))


HONEST: dict[str, type[nn.Module]] = {
    "final": Final,
    "functional": Functional,
    "weight norm": WeightNorm,
    "space to depth by 2": network(lambda s, x: gap(s.c(F.pixel_unshuffle(x, 2))), c=conv(4, 10, 3)),
    "focus": network(_focus, c=conv(4, 10, 3)),
    "squeeze and excite": network(_squeeze_excite, c=conv(4, 10, 1), e=conv(4, 4, 1)),
    "channel attention": network(_efficient_attention, c=conv(4, 10, 3), k=lambda: nn.Conv1d(1, 1, 3, padding=1)),
    "cropped shortcut": network(
        lambda s, x: gap(s.c(s.b(x) + s.d(x)[:, :, 1:-1, 1:-1])), b=conv(1, 4, 3), d=conv(1, 4, 1), c=conv(4, 10, 1)
    ),
    "scale per channel": network(
        lambda s, x: gap(s.c(s.stem(x) * s.g + s.h)), g=learned(1, 4, 1, 1), h=learned(4, 1, 1), c=conv(4, 10, 3)
    ),
    "layer norm over channels": network(
        lambda s, x: gap(s.c(s.l(s.stem(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2))),
        l=lambda: nn.LayerNorm(4), c=conv(4, 10, 3),
    ),
    "group norm": network(lambda s, x: gap(s.c(s.n(s.stem(x)))), n=lambda: nn.GroupNorm(2, 4), c=conv(4, 10, 3)),
    "channel shuffle": network(
        lambda s, x: gap(s.c(s.stem(x).view(x.size(0), 2, 2, 7, 7).transpose(1, 2).reshape(x.size(0), 4, 7, 7))),
        c=conv(4, 10, 3, groups=2),
    ),
    "shifts": network(_shifts, c=conv(20, 10, 1)),
    "low-rank kernel": network(
        lambda s, x: gap(F.conv2d(s.stem(x), (s.u @ s.v).view(10, 4, 3, 3))), u=learned(10, 2), v=learned(2, 36)
    ),
    "convolution in one axis": network(lambda s, x: s.c(x.flatten(2)).mean(2), c=lambda: nn.Conv1d(1, 10, 3)),
    "coordinates": network(_coordinates, c=conv(2, 10, 3)),
    "global max": network(lambda s, x: s.c(s.stem(x).amax((2, 3), keepdim=True)).flatten(1), c=conv(4, 10, 1)),
    "adaptive pooling": network(
        lambda s, x: torch.flatten(F.adaptive_avg_pool2d(s.c(s.stem(x)), 1), 1), c=conv(4, 10, 3)
    ),
    "padded on a small map": network(
        lambda s, x: gap(s.d(s.c(F.max_pool2d(s.stem(x), 2)))), c=conv(4, 8, 3, padding=1), d=conv(8, 10, 3, padding=1)
    ),
    "pyramid": network(_pyramid, c=conv(8, 10, 3)),
    "mean in two steps": network(lambda s, x: s.c(s.stem(x)).mean(3).mean(2), c=conv(4, 10, 3)),
    "transposed": network(lambda s, x: gap(s.c(s.stem(x))), c=lambda: nn.ConvTranspose2d(4, 10, 2, stride=2)),
    "one channel times many": network(lambda s, x: gap(s.c(x * s.w)), w=learned(1, 6, 1, 1), c=conv(6, 10, 3)),
    "dilated": network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 3, dilation=2)),
    "depthwise separable": network(
        lambda s, x: gap(s.p(s.d(s.stem(x)))), d=conv(4, 4, 3, groups=4, padding=1), p=conv(4, 10, 1)
    ),
    "strided": network(lambda s, x: gap(s.d(F.gelu(s.c(x)))), c=conv(1, 8, 3, stride=2), d=conv(8, 10, 3, stride=2)),
    "oblong kernels": network(
        lambda s, x: gap(s.d(F.elu(s.c(s.stem(x))))), c=conv(4, 6, (1, 3)), d=conv(6, 10, (3, 1))
    ),
    "activations": network(
        lambda s, x: gap(F.leaky_relu(s.c(F.silu(s.stem(x))), 0.1) + F.hardswish(s.c(s.stem(x)))), c=conv(4, 10, 3)
    ),
    "learned activation": network(lambda s, x: gap(s.c(s.a(s.stem(x)))), a=lambda: nn.PReLU(4), c=conv(4, 10, 3)),
    "same padding": network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 3, padding="same")),
    "reflection": network(lambda s, x: gap(s.c(F.pad(s.stem(x), (1, 1, 1, 1), mode="reflect"))), c=conv(4, 10, 3)),
    "instance norm": network(
        lambda s, x: gap(s.c(s.n(s.stem(x)))), n=lambda: nn.InstanceNorm2d(4, affine=True), c=conv(4, 10, 3)
    ),
    "log-probabilities": network(lambda s, x: F.log_softmax(gap(s.c(s.stem(x))), dim=-1), c=conv(4, 10, 3)),
}  # fmt: skip


def _tiles(s, x):
    y = s.stem(x)
    return gap(s.c(y[:, :, :3])) + gap(s.d(y[:, :, 3:]))


def _one_hot(s, x):
    return gap(s.c(s.stem(x) * (torch.arange(49).view(1, 1, 7, 7) == 24)))


def _with_position(s, x):
    return gap(s.c(torch.cat([s.stem(x), s.w.expand(x.size(0), -1, -1, -1)], 1)))


DISGUISED: dict[str, type[nn.Module]] = {
    "linear": network(lambda s, x: s.c(gap(s.stem(x))), c=lambda: nn.Linear(4, 10)),
    "matrix product": network(lambda s, x: s.stem(x).flatten(1) @ s.w, w=learned(196, 10)),
    "einsum": network(lambda s, x: torch.einsum("nchw,chwk->nk", s.stem(x), s.w), w=learned(4, 7, 7, 10)),
    "kernel as large as the map": network(lambda s, x: s.c(s.stem(x)).flatten(1), c=conv(4, 10, 7)),
    "one axis at a time": network(lambda s, x: s.d(s.c(s.stem(x))).flatten(1), c=conv(4, 10, (7, 1)), d=conv(10, 10, (1, 7))),
    "depthwise as large as the map": network(
        lambda s, x: s.d(s.c(s.stem(x))).flatten(1), c=conv(4, 4, 7, groups=4), d=conv(4, 10, 1)
    ),
    "positions as channels": network(
        lambda s, x: s.c(s.stem(x).view(x.size(0), -1, 1, 1)).flatten(1), c=conv(196, 10, 1)
    ),
    "one axis as long as all": network(
        lambda s, x: s.c(s.stem(x).view(x.size(0), 1, -1)).flatten(1), c=lambda: nn.Conv1d(1, 10, 196)
    ),
    "space to depth by 7": network(lambda s, x: s.c(F.pixel_unshuffle(s.stem(x), 7)).flatten(1), c=conv(196, 10, 1)),
    "the last space to depth": network(
        lambda s, x: s.c(F.pixel_unshuffle(F.adaptive_avg_pool2d(s.stem(x), 2), 2)).flatten(1), c=conv(16, 10, 1)
    ),
    "padded and strided": network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 7, padding=6, stride=6)),
    "padded by hand": network(lambda s, x: gap(s.c(F.pad(s.stem(x), (7, 7, 7, 7)))), c=conv(4, 10, 7, stride=7)),
    "products and a sum": network(
        lambda s, x: (s.stem(x).unsqueeze(1) * s.w).sum((2, 3, 4)), w=learned(1, 10, 4, 7, 7)
    ),
    "a learned mask": network(lambda s, x: gap(s.c(s.stem(x) * s.w)), w=learned(1, 1, 7, 7), c=conv(4, 10, 1)),
    "a learned position": network(lambda s, x: gap(s.c(s.stem(x) + s.w)), w=learned(1, 4, 7, 7), c=conv(4, 10, 1)),
    "layer norm with a weight a position": network(
        lambda s, x: gap(s.c(s.l(s.stem(x)))), l=lambda: nn.LayerNorm([4, 7, 7]), c=conv(4, 10, 1)
    ),
    "batch norm of positions": network(
        lambda s, x: gap(s.c(s.l(s.stem(x).flatten(1)).view(-1, 4, 7, 7))), l=lambda: nn.BatchNorm1d(196), c=conv(4, 10, 1)
    ),
    "the middle position": network(lambda s, x: s.c(s.stem(x))[:, :, 3, 3], c=conv(4, 10, 7, padding=3)),
    "cropped to one": network(
        lambda s, x: F.pad(s.c(s.stem(x)), (-3, -3, -3, -3)).flatten(1), c=conv(4, 10, 7, padding=3)
    ),
    "image as kernel": network(lambda s, x: F.conv2d(s.w, s.stem(x)).view(10, -1).t(), w=learned(10, 4, 7, 7)),
    "rows as channels": network(lambda s, x: s.c(x.squeeze(1)).mean(2), c=lambda: nn.Conv1d(28, 10, 1)),
    "transposed to one": network(
        lambda s, x: s.c(s.stem(x)).flatten(1), c=lambda: nn.ConvTranspose2d(4, 10, 7, padding=6)
    ),
    "behind a pooling of one": network(
        lambda s, x: s.c(F.avg_pool2d(s.stem(x).view(x.size(0), -1, 1, 1), 1)).flatten(1), c=conv(196, 10, 1)
    ),
    "picked by a stride": network(
        lambda s, x: F.max_pool2d(s.c(s.stem(x)), 1, stride=7).flatten(1), c=conv(4, 10, 7, padding=3)
    ),
    "picked by interpolation": network(
        lambda s, x: F.interpolate(s.c(s.stem(x)), size=(1, 1)).flatten(1), c=conv(4, 10, 7, padding=3)
    ),
    "a kernel for each half": network(_tiles, c=conv(4, 10, 1), d=conv(4, 10, 1)),
    "bilinear": network(lambda s, x: F.bilinear(gap(s.stem(x)), gap(s.stem(x)), s.w), w=learned(10, 4, 4)),
    "outer product": network(lambda s, x: (gap(s.stem(x)).unsqueeze(1) * s.w).sum(2), w=learned(10, 4)),
    "unfolded": network(lambda s, x: s.c(F.unfold(s.stem(x), 7).unsqueeze(3)).flatten(1), c=conv(196, 10, 1)),
    "a learned map beside": network(_with_position, w=learned(1, 2, 7, 7), c=conv(6, 10, 1)),
    "one position kept by a mask": network(_one_hot, c=conv(4, 10, 7, padding=3)),
}  # fmt: skip
