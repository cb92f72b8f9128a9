"""Unusual honest networks: blocks of the literature, and habits of those who write them. None breaks a rule."""

import torch
from networks import HONEST, conv, gap, learned, network
from torch import nn
from torch.nn import functional as F


def _shortcut_without_weights(s, x):
    """ResNet's option A: every second position, and channels of zeros."""
    y = s.stem(x)
    return gap(s.c(F.pad(y[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2)) + s.d(y)))


def _dense(s, x):
    y = s.stem(x)
    for layer in s.layers:
        y = torch.cat([y, F.relu(layer(y))], 1)
    return gap(s.c(y))


def _inception(s, x):
    y = s.stem(x)
    return gap(s.c(torch.cat([s.one(y), s.three(y), s.five(y), s.one(F.max_pool2d(y, 3, 1, 1))], 1)))


def _inverted_residual(s, x):
    y = s.stem(x)
    return gap(s.c(y + s.project(F.relu6(s.depthwise(F.relu6(s.expand(y)))))))


def _convnext(s, x):
    y = s.stem(x)
    z = s.norm(s.depthwise(y).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    return gap(s.c(y + s.scale * s.down(F.gelu(s.up(z)))))


def _spatial_attention(s, x):
    y = s.stem(x)
    seen = torch.cat([y.mean(1, keepdim=True), y.amax(1, keepdim=True)], 1)
    return gap(s.c(y * torch.sigmoid(s.k(seen))))


def _weight_standardisation(s, x):
    w = s.w - s.w.mean((1, 2, 3), keepdim=True)
    return gap(F.conv2d(s.stem(x), w / (w.std((1, 2, 3), keepdim=True) + 1e-5)))


def _highway(s, x):
    y = s.stem(x)
    gate = torch.sigmoid(s.t(y))
    return gap(s.c(gate * torch.relu(s.h(y)) + (1 - gate) * y))


def _gated_recurrence(s, x):
    y = s.stem(x)
    state = torch.zeros_like(y)
    for _ in range(2):
        both = torch.cat([y, state], 1)
        update = torch.sigmoid(s.z(both))
        state = (1 - update) * state + update * torch.tanh(s.h(both))
    return gap(s.c(state))


def _both_ways_round(s, x):
    return (gap(s.c(s.stem(x))) + gap(s.c(s.stem(x.flip(3))))) / 2


def _four_quarter_turns(s, x):
    return torch.stack([gap(s.c(s.stem(torch.rot90(x, k, (2, 3))))) for k in range(4)]).mean(0)


def _crops_share_layers(s, x):
    y = s.stem(x)
    return torch.stack([gap(s.d(F.relu(s.n(s.c(crop))))) for crop in (y[:, :, :4], y[:, :, 3:])]).mean(0)


def _crops_share_a_kernel(s, x):
    y = s.stem(x)
    return gap(s.c(y[:, :, :5])) + gap(s.c(y[:, :, 2:]))


def _u_net(s, x):
    y = s.stem(x)
    deep = F.interpolate(s.d(F.max_pool2d(y, 2)), size=y.shape[2:], mode="bilinear", align_corners=False)
    return gap(s.c(torch.cat([y, deep], 1)))


def _valid_u_net(s, x):
    y = s.stem(x)
    return gap(s.c(torch.cat([y[:, :, 1:-1, 1:-1], s.d(y)], 1)))


def _pooled_in_two_ways(s, x):
    y = s.c(s.stem(x))
    return s.a * gap(y) + (1 - s.a) * y.amax((2, 3))


def _generalised_mean(s, x):
    return gap(s.c(s.stem(x)).clamp(min=1e-6).pow(s.p)).pow(1 / s.p)


def _blurred_pooling(s, x):
    y = s.stem(x)
    return gap(s.c(F.conv2d(F.max_pool2d(y, 2, 1), s.blur.expand(4, 1, 3, 3), stride=2, groups=4, padding=1)))


def _attention_pooling(s, x):
    y = s.stem(x)
    return (s.c(y).flatten(2) * torch.softmax(s.k(y).flatten(2), 2)).sum(2)


def _branch_dropped(s, x):
    y = s.stem(x)
    return gap(s.c(y + s.d(y) * F.dropout(torch.ones(x.size(0), 1, 1, 1), 0.1, s.training)))


def _each_image_normalised(s, x):
    x = (x - x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True) + 1e-5)
    return gap(s.c(s.stem(x)))


def _differences(s, x):
    y = s.stem(x)
    across, down = y[..., 1:] - y[..., :-1], y[:, :, 1:] - y[:, :, :-1]
    return gap(s.c(across.abs())) + gap(s.d(down.abs()))


def _split_attention(s, x):
    y = s.stem(x)
    both = torch.stack([s.three(y), s.five(y)], 1)
    weights = torch.softmax(s.k(both.sum(1).mean((2, 3), keepdim=True)).view(-1, 2, 4, 1, 1), 1)
    return gap(s.c((both * weights).sum(1)))


def _recursive(s, x):
    y = s.stem(x)
    for _ in range(4):
        y = F.relu(y + s.d(y))
    return gap(s.c(y))


def _symmetric_kernel(s, x):
    return gap(F.conv2d(s.stem(x), torch.cat([s.w, s.w.flip(3)])))


def _ghost(s, x):
    y = s.d(s.stem(x))
    return gap(s.c(torch.cat([y, s.cheap(y)], 1)))


def _atrous_pyramid(s, x):
    y = s.stem(x)
    seen = [F.conv2d(y, s.w, padding=d, dilation=d) for d in (1, 2, 3)]
    return gap(s.c(torch.cat([*seen, gap(y)[:, :, None, None].expand_as(y)], 1)))


def _in_a_list(s, x):
    for name, layer in s.layers.items():
        x = layer(x) if name != "out" else gap(layer(x))
    return x


def layers(**parts):
    return lambda: nn.ModuleDict({name: make() for name, make in parts.items()})


class WithSettings(nn.Module):
    """Defaults for every argument, a class inside, parts made in a loop, an attribute that is no tensor."""

    def __init__(self, width: int = 8, depth: int = 3, *, slope: float = 0.1):
        super().__init__()
        self.slope, widths = slope, [1, *[width] * depth]
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, bias=False) for a, b in zip(widths, widths[1:], strict=False)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(depth))
        self.last = nn.Conv2d(width, 10, 1)

    def forward(self, x, verbose: bool = False):
        for layer, norm in zip(self.convs, self.norms, strict=True):
            x = norm(F.leaky_relu(layer(x), self.slope))
        return self.last(x.mean(dim=(-2, -1), keepdim=True)).squeeze(-1).squeeze(-1)


class Inherited(WithSettings):
    def __init__(self):
        super().__init__(width=6, depth=8)
        nn.init.kaiming_normal_(self.last.weight)

    def forward(self, x):
        return F.log_softmax(super().forward(x), 1)


class Parametrised(nn.Module):
    """A kernel that is kept positive."""

    class Positive(nn.Module):
        def forward(self, w):
            return F.softplus(w)

    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 10, 5, stride=2)
        nn.utils.parametrize.register_parametrization(self.c, "weight", self.Positive())

    def forward(self, x):
        return gap(self.c(x))


class Hooked(WithSettings):
    """A hook that only looks, and an attribute that remembers a shape."""

    def __init__(self):
        super().__init__()
        self.seen = None
        self.last.register_forward_hook(lambda module, given, result: None)

    def forward(self, x):
        self.seen = x.shape[1:]
        return super().forward(x)


def block(before: int, after: int, **settings) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, **settings), nn.BatchNorm2d(after), nn.ReLU())


def _through(thresholds, y):
    for threshold in thresholds:
        y = F.relu(y - threshold)
    return y


def _again(s, y):
    for _ in range(4):
        y = F.relu(F.conv2d(y, torch.tanh(s.k), padding=1))
    return y


def _two_views_at_once(s, x):
    return gap(s.c(s.stem(torch.cat([x, x.flip(3)], 0)))).view(2, -1, 10).mean(0)


def _gates_at_once(s, x):
    y, z = s.stem(x), s.stem(x.flip(3))
    one, other = torch.sigmoid(s.e(torch.cat([gap(y), gap(z)], 0)[:, :, None, None])).chunk(2, 0)
    return gap(s.c(y * one)) + gap(s.c(z * other))


def _coordinate_attention(cut):
    """The means of rows and of columns share a convolution before each makes a gate; `cut` takes them apart."""

    def forward(s, x):
        y = s.stem(x)
        both = torch.cat([y.mean(3, keepdim=True), y.mean(2, keepdim=True).transpose(2, 3)], 2)
        down, across = cut(F.hardswish(s.n(s.k(both))))
        return gap(s.c(y * torch.sigmoid(s.down(down)) * torch.sigmoid(s.across(across.transpose(2, 3)))))

    parts = {"down": conv(4, 4, 1), "across": conv(4, 4, 1), "n": lambda: nn.BatchNorm2d(4)}
    return network(forward, k=conv(4, 4, 1), c=conv(4, 10, 3), **parts)


def _coordinates_everywhere(s, x):
    """Rows and columns beside the image in every layer, as CoordConv's authors have them."""
    for layer in s.layers:
        n, _, rows, columns = x.shape
        down = torch.linspace(-1, 1, rows).view(1, 1, -1, 1).expand(n, 1, rows, columns)
        across = torch.linspace(-1, 1, columns).expand(n, 1, rows, columns)
        x = F.relu(layer(torch.cat([x, down, across], 1)))
    return gap(x)


UNUSUAL: dict[str, type[nn.Module]] = {
    "shortcut without weights": network(_shortcut_without_weights, d=conv(4, 8, 3, stride=2, padding=1), c=conv(8, 10, 3)),
    "dense": network(
        _dense, layers=lambda: nn.ModuleList(nn.Conv2d(4 + 2 * i, 2, 3, padding=1) for i in range(4)), c=conv(12, 10, 1)
    ),
    "inception": network(
        _inception, one=conv(4, 3, 1), three=conv(4, 3, 3, padding=1), five=conv(4, 3, 5, padding=2), c=conv(12, 10, 3)
    ),
    "inverted residual": network(
        _inverted_residual, expand=conv(4, 12, 1), depthwise=conv(12, 12, 3, padding=1, groups=12), project=conv(12, 4, 1),
        c=conv(4, 10, 3),
    ),
    "convnext": network(
        _convnext, depthwise=conv(4, 4, 5, padding=2, groups=4), norm=lambda: nn.LayerNorm(4), up=conv(4, 16, 1),
        down=conv(16, 4, 1), scale=learned(4, 1, 1), c=conv(4, 10, 3),
    ),
    "spatial attention": network(_spatial_attention, k=conv(2, 1, 5, padding=2), c=conv(4, 10, 3)),
    "weight standardisation": network(_weight_standardisation, w=learned(10, 4, 3, 3)),
    "highway": network(_highway, t=conv(4, 4, 3, padding=1), h=conv(4, 4, 3, padding=1), c=conv(4, 10, 3)),
    "gated recurrence": network(_gated_recurrence, z=conv(8, 4, 3, padding=1), h=conv(8, 4, 3, padding=1), c=conv(4, 10, 3)),
    "both ways round": network(_both_ways_round, c=conv(4, 10, 3)),
    "four quarter turns": network(_four_quarter_turns, c=conv(4, 10, 3)),
    "crops share a kernel": network(_crops_share_a_kernel, c=conv(4, 10, 3)),
    "crops share layers": network(
        _crops_share_layers, c=conv(4, 8, 3, padding=1), n=lambda: nn.BatchNorm2d(8), d=conv(8, 10, 1)
    ),
    "u-net": network(_u_net, d=conv(4, 4, 3, padding=1), c=conv(8, 10, 3)),
    "valid u-net": network(_valid_u_net, d=conv(4, 4, 3), c=conv(8, 10, 3)),
    "pooled in two ways": network(_pooled_in_two_ways, a=learned(1), c=conv(4, 10, 3)),
    "generalised mean": network(_generalised_mean, p=lambda: nn.Parameter(torch.tensor(3.0)), c=conv(4, 10, 3)),
    "blurred pooling": network(_blurred_pooling, blur=learned(1, 1, 3, 3), c=conv(4, 10, 3, padding=1)),
    "attention pooling": network(_attention_pooling, k=conv(4, 1, 1), c=conv(4, 10, 3, padding=1)),
    "branch dropped": network(_branch_dropped, d=conv(4, 4, 3, padding=1), c=conv(4, 10, 3)),
    "each image normalised": network(_each_image_normalised, c=conv(4, 10, 3)),
    "differences": network(_differences, c=conv(4, 10, 3), d=conv(4, 10, 3)),
    "split attention": network(
        _split_attention, three=conv(4, 4, 3, padding=1), five=conv(4, 4, 5, padding=2), k=conv(4, 8, 1), c=conv(4, 10, 3)
    ),
    "recursive": network(_recursive, d=conv(4, 4, 3, padding=1), c=conv(4, 10, 3)),
    "symmetric kernel": network(_symmetric_kernel, w=learned(5, 4, 3, 3)),
    "ghost": network(_ghost, d=conv(4, 6, 1), cheap=conv(6, 6, 3, padding=1, groups=6), c=conv(12, 10, 3)),
    "atrous pyramid": network(_atrous_pyramid, w=learned(4, 4, 3, 3), c=conv(16, 10, 1)),
    "in a dict": network(_in_a_list, layers=layers(a=conv(1, 4, 3), n=lambda: nn.BatchNorm2d(4), out=conv(4, 10, 3))),
    "settings": WithSettings,
    "inherited": Inherited,
    "parametrised": Parametrised,
    "hooked": Hooked,
    "as a sequential": network(
        lambda s, x: s.all(x),
        all=lambda: nn.Sequential(
            block(1, 8), block(8, 8), nn.MaxPool2d(2), block(8, 8), nn.Dropout2d(0.05), nn.Conv2d(8, 10, 1),
            nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.LogSoftmax(dim=-1),
        ),
    ),
    "strided twice to a small map": network(
        lambda s, x: gap(s.c(x)),
        c=lambda: nn.Sequential(*[block(1 if i == 0 else 6, 6, stride=2, padding=1) for i in range(4)], nn.Conv2d(6, 10, 1)),
    ),
    "five by five by twos": network(lambda s, x: gap(s.c(F.avg_pool2d(x, 7))), c=conv(1, 10, 5, stride=2, padding=2)),
    "patches": network(lambda s, x: gap(s.d(F.gelu(s.c(x)))), c=conv(1, 8, 4, stride=4), d=conv(8, 10, 3, padding=1)),
    "padded to 32": network(lambda s, x: gap(s.c(s.stem(F.pad(x, (2, 2, 2, 2))))), c=conv(4, 10, 3)),
    "its border cut": network(lambda s, x: gap(s.c(s.stem(x[:, :, 2:-2, 2:-2]))), c=conv(4, 10, 3)),
    "ink or not": network(lambda s, x: gap(s.c((x > 0).float())), c=conv(1, 10, 5)),
    "statistics without a scale": network(
        lambda s, x: gap(s.n(s.c(s.stem(x)))), c=conv(4, 10, 3), n=lambda: nn.BatchNorm2d(10, affine=False, momentum=0.01)
    ),
    "self-normalising": network(
        lambda s, x: gap(s.c(s.p(F.selu(s.stem(x))))), p=lambda: nn.AlphaDropout(0.05), c=conv(4, 10, 3)
    ),
    "both signs": network(lambda s, x: gap(s.c(torch.cat([F.relu(s.stem(x)), F.relu(-s.stem(x))], 1))), c=conv(8, 10, 3)),
    "maxout": network(lambda s, x: s.c(s.stem(x)).view(x.size(0), 10, 2, 5, 5).amax(2).mean((2, 3)), c=conv(4, 20, 3)),
    "an ensemble": network(lambda s, x: (gap(s.c(s.stem(x))) + gap(s.d(x))) / 2, c=conv(4, 10, 3), d=conv(1, 10, 5)),
    "a learned temperature": network(lambda s, x: gap(s.c(s.stem(x))) * s.t.exp(), t=learned(1), c=conv(4, 10, 3)),
    "a learned weight of the branch": network(
        lambda s, x: gap(s.c(s.stem(x) + s.a * s.d(s.stem(x)))), a=learned(1), d=conv(4, 4, 3, padding=1), c=conv(4, 10, 3)
    ),
    "log of a sum": network(lambda s, x: s.c(s.stem(x)).flatten(2).logsumexp(2), c=conv(4, 10, 3)),
    "p-norm pooling": network(lambda s, x: gap(s.c(F.lp_pool2d(s.stem(x).abs() + 1, 2.0, 2))), c=conv(4, 10, 3, padding=1)),
    "mean and deviation": network(
        lambda s, x: s.c(torch.cat([s.stem(x).mean((2, 3), keepdim=True), s.stem(x).std((2, 3), keepdim=True)], 1)).flatten(1),
        c=conv(8, 10, 1),
    ),
    "upsampled by shuffling": network(lambda s, x: gap(s.c(F.pixel_shuffle(s.stem(x), 2))), c=conv(1, 10, 3)),
    "round the edge": network(lambda s, x: gap(s.c(F.pad(s.stem(x), (1, 1, 1, 1), mode="circular"))), c=conv(4, 10, 3)),
    "pooled with a rest": network(
        lambda s, x: gap(s.c(F.avg_pool2d(F.max_pool2d(x, 3, ceil_mode=True), 2, ceil_mode=True))), c=conv(1, 10, 3)
    ),
    "a wave for an activation": network(lambda s, x: gap(s.c(torch.sin(3 * s.stem(x)))), c=conv(4, 10, 3)),
    "a kernel along rows, one along columns": network(
        lambda s, x: gap(s.c(s.stem(x))) + gap(s.d(s.stem(x))), c=conv(4, 10, (1, 5)), d=conv(4, 10, (5, 1))
    ),
    "a one by one in the middle": network(lambda s, x: gap(s.d(F.relu(s.c(s.stem(x))))), c=conv(4, 16, 1), d=conv(16, 10, 3)),
    "scores by convolution": network(
        lambda s, x: s.c(F.relu(s.d(s.stem(x).mean((2, 3), keepdim=True)))).view(-1, 10), d=conv(4, 16, 1), c=conv(16, 10, 1)
    ),
    "a large kernel": network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 7, padding=3)),
    "channels last": network(
        lambda s, x: gap(s.c(s.stem(x.contiguous(memory_format=torch.channels_last)))), c=conv(4, 10, 3)
    ),
    "deep, normalised without a scale": network(
        lambda s, x: gap(s.c(s.all(s.stem(x)))), c=conv(4, 10, 1),
        all=lambda: nn.Sequential(*[
            part for _ in range(12)
            for part in (nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4, affine=False), nn.ReLU())
        ]),
    ),
    "learned thresholds": network(
        lambda s, x: gap(s.c(_through(s.t, s.stem(x)))), c=conv(4, 10, 1),
        t=lambda: nn.ParameterList([nn.Parameter(torch.zeros(1, 4, 1, 1)) for _ in range(8)]),
    ),
    "signs and sizes": network(lambda s, x: gap(F.conv2d(s.stem(x), s.w.sign() * s.w.abs().mean())), w=learned(10, 4, 3, 3)),
    "weights of three values": network(
        lambda s, x: gap(F.conv2d(s.stem(x), s.w.sign() * (s.w.abs() > 0.5))), w=learned(10, 4, 3, 3)
    ),
    "one kernel in bounds, four times": network(
        lambda s, x: gap(s.c(_again(s, s.stem(x)))), k=learned(4, 4, 3, 3), c=conv(4, 10, 3)
    ),
    "the mean of the largest": network(
        lambda s, x: s.c(s.stem(x)).flatten(2).sort(2, descending=True)[0][:, :, :5].mean(2), c=conv(4, 10, 3)
    ),
    "the middle one": network(lambda s, x: s.c(s.stem(x)).flatten(2).sort(2)[0][:, :, 12], c=conv(4, 10, 3)),
    "weights of one bit": network(lambda s, x: gap(F.conv2d(s.stem(x), s.w.sign())), w=learned(10, 4, 3, 3)),
    "weights in bounds": network(lambda s, x: gap(F.conv2d(s.stem(x), s.w.tanh())), w=learned(10, 4, 3, 3)),
    "branches normalised together": network(
        lambda s, x: gap(s.n(torch.cat([s.c(s.stem(x)), s.d(s.stem(x))], 1))),
        c=conv(4, 4, 3), d=conv(4, 6, 3), n=lambda: nn.BatchNorm2d(10, affine=False),
    ),
    "the largest few": network(lambda s, x: s.d(s.c(s.stem(x)).flatten(2).topk(4, 2)[0]).mean(2), c=conv(4, 8, 3),
                               d=lambda: nn.Conv1d(8, 10, 1)),
    "enlarged, then convolved": network(lambda s, x: gap(s.c(F.interpolate(s.stem(x), scale_factor=2))), c=conv(4, 10, 3)),
    "shifted copies": network(
        lambda s, x: gap(s.c(torch.cat([s.stem(x).roll(k, 3) for k in (-1, 0, 1)], 1))), c=conv(12, 10, 1)
    ),
    "coordinate attention": _coordinate_attention(lambda both: both.split([7, 7], 2)),
    "coordinate attention, by slices": _coordinate_attention(lambda both: (both[:, :, :7], both[:, :, 7:])),
    "two views at once": network(_two_views_at_once, c=conv(4, 10, 3)),
    "gates of two views at once": network(_gates_at_once, c=conv(4, 10, 3), e=conv(4, 4, 1)),
    "a convolution over channels in a row": network(
        lambda s, x: s.c(s.stem(x).permute(0, 2, 3, 1).reshape(-1, 1, 196)).mean(2), c=lambda: nn.Conv1d(1, 10, 4, stride=4)
    ),
    "coordinates in every layer": network(
        _coordinates_everywhere,
        layers=lambda: nn.ModuleList(nn.Conv2d(3 if i == 0 else 12, 10, 3, padding=1) for i in range(4)),
    ),
    "padded with black": network(lambda s, x: gap(s.c(s.stem(F.pad(x, (2, 2, 2, 2), value=-0.42)))), c=conv(4, 10, 3)),
    "times the map beside it": network(lambda s, x: gap(s.c(s.stem(x) * F.pad(s.stem(x), (1, -1)))), c=conv(4, 10, 3)),
    "a mean everywhere, convolved": network(
        lambda s, x: gap(s.c(s.stem(x) * torch.sigmoid(s.k(s.stem(x).mean((2, 3), keepdim=True).expand(-1, -1, 7, 7))))),
        k=conv(4, 4, 3, padding=1), c=conv(4, 10, 3),
    ),
    "from two rows to four": network(
        lambda s, x: gap(s.c(s.k(F.adaptive_avg_pool2d(s.stem(x), 2)))), c=conv(4, 10, 3),
        k=lambda: nn.ConvTranspose2d(4, 4, 4, stride=2, padding=1),
    ),
    "softmax over channels": network(lambda s, x: gap(s.c(F.softmax(s.stem(x), 1))), c=conv(4, 10, 3)),
}  # fmt: skip

WITH_LITERALS = {  # numbers besides the parameters, which rule 2 counts
    "gated recurrence", "highway", "both ways round", "pooled in two ways", "an ensemble", "weight standardisation",
    "each image normalised", "branch dropped", "generalised mean", "p-norm pooling", "a wave for an activation",
    "atrous pyramid", "weights of three values", "coordinates in every layer", "padded with black",
}  # fmt: skip
ALL_HONEST = HONEST | UNUSUAL
