"""Networks of many kinds, each a class built without arguments: honest ones, and disguised fully connected ones."""

from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course.graph import Graph
from course.trace import trace_with_weights


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


def seeded(network: type[nn.Module]) -> nn.Module:
    """The network with the same fresh weights every time."""
    torch.manual_seed(0)
    return network()


@cache
def written_down(network: type[nn.Module]) -> tuple[Graph, dict[str, Tensor]]:
    """The graph and the weights of `seeded(network)`; tracing takes most of these tests' time, so it happens once."""
    return trace_with_weights(seeded(network))


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


def _zero_channels(s, x):
    y = s.stem(x)
    return gap(s.c(torch.cat([y, y.new_zeros(y.size(0), 2, 7, 7)], 1)))


def _first_state(s, x):
    y, state = s.stem(x), torch.zeros(x.size(0), 4, 7, 7)
    for _ in range(2):
        state = torch.tanh(s.f(y) + s.r(state))
    return gap(s.c(state))


def _gate_on_the_left(s, x):
    y = s.stem(x)
    return gap(s.c(torch.sigmoid(s.k(gap(y)[:, None])).view(-1, 4, 1, 1).expand_as(y) * y))


def _weighed_branches(s, x):
    y = s.stem(x)
    return gap(s.c((torch.stack([y, torch.relu(s.d(y))]) * s.w.softmax(0).view(2, 1, 1, 1, 1)).sum(0)))


def _quarters_share_a_kernel(s, x):
    quarters = x.view(-1, 1, 2, 14, 2, 14).permute(0, 2, 4, 1, 3, 5).reshape(-1, 1, 14, 14)
    return gap(s.d(gap(s.c(quarters)).view(-1, 2, 2, 8).permute(0, 3, 1, 2)))


def _without_gradient(s, x):
    with torch.no_grad():
        mean = x.mean((1, 2, 3), keepdim=True)
    return gap(s.c(s.stem(x - mean)))


def _gate_of_phases(s, x):
    y = F.pixel_unshuffle(x, 2)
    return gap(s.c(y * torch.sigmoid(s.f(y.mean((2, 3), keepdim=True)))))


LITERALS = ("coordinates", "zero channels", "first state")  # honest networks with numbers besides their parameters

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
    "zero channels": network(_zero_channels, c=conv(6, 10, 3)),
    "first state": network(_first_state, f=conv(4, 4, 3, padding=1), r=conv(4, 4, 3, padding=1), c=conv(4, 10, 3)),
    "gate on the left": network(_gate_on_the_left, k=lambda: nn.Conv1d(1, 1, 3, padding=1), c=conv(4, 10, 3)),
    "weighed branches": network(_weighed_branches, w=learned(2), d=conv(4, 4, 3, padding=1), c=conv(4, 10, 3)),
    "quarters share a kernel": network(_quarters_share_a_kernel, c=conv(1, 8, 5), d=conv(8, 10, 1)),
    "without gradient": network(_without_gradient, c=conv(4, 10, 3)),
    "gate of phases": network(_gate_of_phases, f=conv(4, 4, 1), c=conv(4, 10, 3)),
    "sum by einsum": network(lambda s, x: torch.einsum("nchw->nc", s.c(s.stem(x))), c=conv(4, 10, 3)),
    "three largest": network(lambda s, x: s.c(s.stem(x)).flatten(2).topk(3, dim=2)[0].mean(2), c=conv(4, 10, 3)),
    "local response": network(
        lambda s, x: gap(s.c(F.avg_pool3d(s.stem(x)[:, None], (3, 1, 1), 1, (1, 0, 0))[:, 0])), c=conv(4, 10, 3)
    ),
    "gated linear unit": network(lambda s, x: gap(s.c(F.glu(s.stem(x), dim=1))), c=conv(2, 10, 3)),
    "squeezed": network(lambda s, x: F.adaptive_avg_pool2d(s.c(s.stem(x)), 1).squeeze(), c=conv(4, 10, 3)),
    "log-probabilities": network(lambda s, x: F.log_softmax(gap(s.c(s.stem(x))), dim=-1), c=conv(4, 10, 3)),
}  # fmt: skip


def _tiles(s, x):
    y = s.stem(x)
    return gap(s.c(y[:, :, :3])) + gap(s.d(y[:, :, 3:]))


def _one_hot(s, x):
    return gap(s.c(s.stem(x) * (torch.arange(49).view(1, 1, 7, 7) == 24)))


def _with_position(s, x):
    return gap(s.c(torch.cat([s.stem(x), s.w.expand(x.size(0), -1, -1, -1)], 1)))


def _in_the_batch(between):
    """Positions go into the batch, through something small, and come back as channels."""

    def forward(s, x):
        return s.d(between(s, s.stem(x).permute(0, 2, 3, 1).reshape(-1, 4, 1, 1)).view(-1, 196, 1, 1)).flatten(1)

    return forward


def _patches_as_channels(s, x):
    patches = x.view(-1, 1, 4, 7, 4, 7).permute(0, 2, 4, 1, 3, 5).reshape(-1, 1, 7, 7)
    return s.d(gap(s.c(patches)).view(-1, 64, 1, 1)).flatten(1)


def _beside_channels(s, x):
    both = torch.cat([s.stem(x).flatten(1), s.w.expand(x.size(0), -1)], 1)
    return (both[:, :196, None] * both[:, 196:].view(-1, 196, 10)).sum(1)


def _beside_digits(s, x):
    both = torch.cat([s.stem(x).flatten(1), s.w])
    return (both[:-10, None] * both[-10:]).sum(2)


def _as_the_image(s, x):
    y = s.stem(x)
    return ((gap(y)[:, :1] * 0 + s.w).view(-1, 10, 4, 7, 7) * y[:, None]).sum((2, 3, 4))


def _map_from_channels(s, x):
    y = s.stem(x)
    return gap(s.c(y * s.f(y.mean((2, 3), keepdim=True)).view(-1, 4, 7, 7)))


def _waves(s, x):
    waves = (torch.arange(7) * torch.arange(8).view(8, 1, 1)).sin()
    return gap(s.c(torch.cat([s.stem(x), waves.expand(x.size(0), 8, 7, 7)], 1)))


def _small_cuts(s, x):
    y = s.c(s.stem(x))
    return gap(y[:, :, 1:6, 1:6][:, :, 1:4, 1:4][:, :, 1:, 1:])


def _dot_products(s, x):
    return torch.stack([(gap(s.stem(x)) * w).sum(1) for w in s.w.unbind()], 1)


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
    "convolved in the batch": network(_in_the_batch(lambda s, y: s.c(y)), c=conv(4, 4, 1), d=conv(196, 10, 1)),
    "pooled in the batch": network(_in_the_batch(lambda s, y: F.max_pool2d(y, 1)), d=conv(196, 10, 1)),
    "patches in the batch, as channels": network(_patches_as_channels, c=conv(1, 4, 3), d=conv(64, 10, 1)),
    "blocks of rows as channels": network(lambda s, x: gap(s.c(x.view(-1, 4, 7, 28))), c=conv(4, 10, 1)),
    "padded and strided by five": network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 7, padding=5, stride=5)),
    "a mask of scalars": network(
        lambda s, x: gap(s.c(s.stem(x) * torch.cat(list(s.w)))),
        w=lambda: nn.ParameterList(nn.Parameter(torch.randn(1)) for _ in range(7)), c=conv(4, 10, 1),
    ),
    "a mask of literals": network(
        lambda s, x: gap(s.c(s.stem(x) * torch.cat([torch.full((1,), 0.1 * i) for i in range(7)]))), c=conv(4, 10, 1)
    ),
    "a mask made larger": network(
        lambda s, x: gap(s.c(s.stem(x) * F.interpolate(s.w, size=(7, 7)))), w=learned(1, 1, 2, 2), c=conv(4, 10, 1)
    ),
    "waves beside the image": network(_waves, c=conv(12, 10, 1)),
    "a corner": network(lambda s, x: F.max_pool2d(s.c(s.stem(x)), 2, stride=7).flatten(1), c=conv(4, 10, 7, padding=3)),
    "interpolated to four": network(
        lambda s, x: gap(F.interpolate(s.c(x), size=2, mode="bilinear")), c=conv(1, 10, 27, padding=13)
    ),
    "small cuts": network(_small_cuts, c=conv(4, 10, 7, padding=3)),
    "weights beside channels": network(_beside_channels, w=learned(1, 1960)),
    "weights beside digits": network(_beside_digits, w=learned(10, 196)),
    "weights as the image": network(_as_the_image, w=learned(1960)),
    "a map from channels": network(_map_from_channels, f=conv(4, 196, 1), c=conv(4, 10, 1)),
    "dot products": network(_dot_products, w=learned(10, 4)),
    "scaled by a norm": network(
        lambda s, x: torch._weight_norm(s.stem(x).flatten(1).t(), s.w, 0).view(4, 49, -1).mean(1).t() @ s.v,
        w=learned(196, 1), v=learned(4, 10),
    ),
    "picked by number": network(lambda s, x: s.c(s.stem(x)).flatten(2)[:, :, [24]].flatten(1), c=conv(4, 10, 7, padding=3)),
    "looked up": network(lambda s, x: s.w[(x > 0).long().flatten(1)].mean(1), w=learned(2, 10)),
    "angles to weights": network(
        lambda s, x: F.cosine_similarity(s.stem(x).flatten(1)[:, None], s.w, dim=2), w=learned(1, 10, 196)
    ),
}  # fmt: skip
