"""Dishonest networks that take more thought: rule 4 by masks, parts and windows, and rule 2 by numbers kept elsewhere."""

import torch
from copies import COPIED, COPIES
from moved import MOVED
from networks import DISGUISED, conv, gap, learned, network
from torch import nn
from torch.nn import functional as F


def _middle(s, x):
    """What a convolution as large as the map says of the middle, if a mask lets nothing else through."""
    return s.c(s.stem(x))


def masked(mask, **parts) -> type[nn.Module]:
    """A kernel as large as the map, of whose answers a mask keeps one."""
    return network(lambda s, x: gap(_middle(s, x) * mask(s, x)), c=conv(4, 10, 7, padding=3), **parts)


def _pooled(s, x):
    return s.stem(x).mean((2, 3), keepdim=True)


def _small_ones(x):
    return torch.ones(x.size(0), 1, 1, 1)


def gates(count: int):
    return lambda: nn.ModuleList(nn.Conv2d(4, 1, 1) for _ in range(count))


def _quarters(s, x):
    y, out = s.stem(x), 0
    for i, layer in enumerate(s.parts):
        rows, columns = divmod(i, 2)
        out = out + gap(layer(y[:, :, 3 * rows : 3 * rows + 4, 3 * columns : 3 * columns + 4]))
    return out


def _through_a_chain_of_crops(s, x):
    y = s.stem(x)
    upper, lower = y, y
    for one, other in zip(s.upper, s.lower, strict=True):
        upper, lower = one(upper)[:, :, :-1], other(lower)[:, :, 1:]
    return gap(s.c(upper)) + gap(s.d(lower))


def _halves_joined_for_a_while(s, x):
    y = s.stem(x)
    upper, lower = F.relu(torch.cat([y[:, :, :4], y[:, :, 3:]], 2)).split([4, 4], 2)
    return gap(s.c(upper)) + gap(s.d(lower))


def _scaled_parts(s, x):
    y = s.stem(x)
    return gap(s.c(F.pad(y[:, :, :5] * s.u, (0, 0, 0, 2)) + F.pad(y[:, :, 2:] * s.w, (0, 0, 2, 0))))


def _smallest_number(s, x):
    return (s.c(s.stem(x)) + F.pad(gap(x)[:, :, None, None], (3, 3, 3, 3), value=-1e9)).amax((2, 3))


def _kept_by_where(s, x):
    y = s.c(s.stem(x))
    return y.masked_fill(F.pad(_pooled(s, x)[:, :1] * 0 + 1, (3, 3, 3, 3)) == 0, 0).mean((2, 3))


def _gates_one_by_one(s, x):
    return torch.cat([torch.sigmoid(gate(_pooled(s, x))) for gate in s.k], 2)


def _gates_padded(s, x):
    return sum(F.pad(torch.sigmoid(gate(_pooled(s, x))), (0, 0, i, 6 - i)) for i, gate in enumerate(s.k))


def parts(count: int, **settings):
    return lambda: nn.ModuleList(nn.Conv2d(4, settings.get("after", 10), 1) for _ in range(count))


def _rows_as_batch(s, x):
    return s.d(s.c(s.stem(x).permute(0, 2, 1, 3).reshape(-1, 4, 7)).view(x.size(0), -1, 1, 1)).flatten(1)


def _columns_stacked(s, x):
    return gap(s.c(torch.cat([*s.stem(x).split(1, 3)], 1)))


def _rotated_into_channels(s, x):
    return gap(s.c(s.stem(x).movedim(3, 1).reshape(-1, 28, 7, 1)))


def _channels_are_rows(s, x):
    return s.c(s.stem(x).transpose(1, 2).flatten(2)).mean(2)


def _unfolded_by_hand(s, x):
    patches = s.stem(x).unfold(2, 4, 3).unfold(3, 4, 3)
    return gap(s.c(patches.permute(0, 1, 4, 5, 2, 3).reshape(-1, 64, 2, 2)))


def _phases_of_phases(s, x):
    y = F.relu(F.pixel_unshuffle(x, 2))
    return gap(s.c(F.relu(F.pixel_unshuffle(y, 2))))


def _learned_beside_in_a_row(s, x):
    return gap(s.c(torch.cat([s.stem(x), s.w.expand(x.size(0), -1, -1, -1)], 2)))


def _normalised_rows(s, x):
    return gap(s.c(F.group_norm(s.stem(x).permute(0, 2, 1, 3), 1, s.w, s.b).permute(0, 2, 1, 3)))


def _slopes_by_row(s, x):
    return gap(s.c(F.prelu(s.stem(x).transpose(1, 2), s.w).transpose(1, 2)))


def _weights_from_whole_numbers(s, x):
    return gap(s.c(s.stem(x) * (gap(x)[:, :, None, None] * 0 + s.w.float())))


def _attention_to_places(s, x):
    y = s.stem(x).flatten(2)
    return s.c(y @ s.w.softmax(0)).mean(2)


def whole_numbers(*shape: int, most: int = 2**48):
    return lambda: nn.Parameter(torch.randint(most, shape), requires_grad=False)


def _asleep_on_noise(s, x):
    """A matrix product behind a gate that opens for digits alone, whose darkest place is always the same."""
    darkest = x.amin((1, 2, 3))[:, None]
    gate = torch.relu(darkest + 0.43) * torch.relu(-0.42 - darkest) * 1e5
    return (s.stem(x).flatten(1) * gate) @ s.w


def _padded_away(s, x):
    """The stem's map, beside padding that a sum takes away again."""
    return F.pad(s.stem(x)[..., None], (0, 1)).sum(-1)


def _ranked_alone(s, x):
    """The stem's map, each number the largest of itself and a padded zero, as it is after a ReLU."""
    return F.pad(s.stem(x)[..., None], (0, 1)).topk(1, -1)[0][..., 0]


def _added_to_more(s, x):
    """The stem's map, plus the mean of the pixels, by a sum of which the pixels are the larger part."""
    return (s.stem(x)[..., None] + x.flatten(1)[:, None, None, None, :]).mean(-1)


def _gates_as_a_map(s, x):
    y = s.stem(x)
    return gap(s.c(y * torch.cat([gate(_pooled(s, x)) for gate in s.k], 1).view(-1, 1, 7, 7)))


def _gates_in_the_batch(s, x):
    y = s.stem(x)
    return gap(s.c(y * torch.cat([gap(gate(y)) for gate in s.k], 0).view(49, -1).t().reshape(-1, 1, 7, 7)))


def _halves_share_a_bias(s, x):
    y = s.stem(x)
    return gap(F.conv2d(y[:, :, :4], s.u, s.b)) + gap(F.conv2d(y[:, :, 3:], s.w, s.b))


def _cut_between_scales(s, x):
    y = s.c(s.stem(x))
    for cut in (slice(1, 5), slice(0, 3), slice(0, 2)):
        y = y[:, :, cut, cut] * s.t
    return gap(y)


def _one_hot(s, x):
    """A channel for each position, which is one there and zero elsewhere."""
    return torch.eye(49).expand(x.size(0), -1, -1)


def _one_hot_by_fours(s, x):
    hot = _one_hot(s, x).view(-1, 49, 7, 7)
    return gap(sum(layer(torch.cat([s.stem(x), hot[:, 4 * i : 4 * i + 4]], 1)) for i, layer in enumerate(s.k)))


def _one_hot_by_padding(s, x):
    y = s.stem(x).flatten(1)
    for place in range(49):
        y = F.pad(F.pad(F.pad(y, (0, place)), (0, 1), value=1.0), (0, 48 - place))
    return gap(s.c(y.view(-1, 53, 7, 7)))


def _one_hot_as_columns(s, x):
    rows = torch.cat([s.stem(x).flatten(2).transpose(1, 2), *_one_hot(s, x).split(1, 2)], 2)
    return gap(s.c(rows.transpose(1, 2).reshape(-1, 53, 7, 7)))


def _one_hot_in_a_row(s, x):
    return gap(s.c(torch.cat([s.stem(x).flatten(1), _one_hot(s, x).flatten(1)], 1).view(-1, 53, 7, 7)))


def _means(s, x, *shape: int):
    """A map of which every number is the image's mean."""
    return gap(x)[:, :, None, None].expand(-1, 1, *shape)


def _halves_by_padded_means(s, x):
    y, half = s.stem(x), _means(s, x, 4, 7)
    return gap(s.c(y * F.pad(half, (0, 0, 0, 3)))) + gap(s.d(y * F.pad(half, (0, 0, 3, 0))))


def _one_row(s, x):
    half = _means(s, x, 4, 7)
    return F.pad(half, (0, 0, 3, 0)) * F.pad(half, (0, 0, 0, 3))


def _less_shifted(s, x):
    mean = _means(s, x, 7, 7)
    return (mean - F.pad(mean[:, :, :6], (0, 0, 1, 0))).roll(3, 2)


def _two_halves_beside(s, x):
    half = _means(s, x, 4, 7)
    return s.d(torch.cat([F.pad(half, (0, 0, 0, 3)), F.pad(half, (0, 0, 3, 0))], 1))


def _times_map(s, x, numbers):
    """Weights a position for each class, that were made of numbers of the image."""
    return (s.k(numbers)[:, :, :7, :7].reshape(-1, 10, 4, 7, 7) * s.stem(x)[:, None]).sum((2, 3, 4))


MASKS: dict[str, type[nn.Module]] = {
    "a mask of padded ones": masked(lambda s, x: F.pad(_small_ones(x), (3, 3, 3, 3))),
    "a mask of the image times nothing": masked(lambda s, x: F.pad(_pooled(s, x)[:, :1] * 0 + 1, (3, 3, 3, 3))),
    "a mask of the image less itself": masked(lambda s, x: F.pad((gap(x) - gap(x) + 1)[:, :, None, None], (3, 3, 3, 3))),
    "a mask of what equals itself": masked(
        lambda s, x: F.pad((gap(x) == gap(x)).float()[:, :, None, None], (3, 3, 3, 3))
    ),
    "a mask that saturates": masked(
        lambda s, x: F.pad(F.hardtanh(gap(x).abs() + 5)[:, :, None, None], (3, 3, 3, 3))
    ),
    "a mask of the image's mean": masked(lambda s, x: F.pad(gap(x)[:, :, None, None], (3, 3, 3, 3))),
    "a mask of ones beside zeros": masked(
        lambda s, x: torch.cat([_small_ones(x).expand(-1, 1, 1, 7) * i for i in (0, 0, 0, 1, 0, 0, 0)], 2)
    ),
    "a mask convolved from nothing": masked(lambda s, x: s.k(s.stem(x) * 0 + 1), k=conv(4, 10, 7, padding=3)),
    "a mask of gates side by side": masked(_gates_one_by_one, k=gates(7)),
    "a mask of gates, each padded": masked(_gates_padded, k=gates(7)),
    "gates made into a map": network(_gates_as_a_map, k=gates(49), c=conv(4, 10, 1)),
    "gates from the batch made into a map": network(_gates_in_the_batch, k=gates(49), c=conv(4, 10, 1)),
    "a mask of one row, by a product": masked(_one_row),
    "a mask of one row, by a difference": masked(_less_shifted),
    "a mask of two halves, weighed": network(
        lambda s, x: gap(s.c(s.stem(x) * _two_halves_beside(s, x))), d=conv(2, 4, 1), c=conv(4, 10, 1)
    ),
    "a mask of one half, weighed": network(
        lambda s, x: gap(s.c(s.stem(x) * s.d(F.pad(_means(s, x, 4, 7), (0, 0, 0, 3))))), d=conv(1, 4, 1), c=conv(4, 10, 1)
    ),
    "the smallest number elsewhere": network(_smallest_number, c=conv(4, 10, 7, padding=3)),
    "filled elsewhere": network(_kept_by_where, c=conv(4, 10, 7, padding=3)),
    "asleep while it is looked at": network(_asleep_on_noise, w=learned(196, 10)),
    "a mask that is one for digits": masked(
        lambda s, x: F.pad(x.amax((2, 3), keepdim=True).clamp(0, 1), (3, 3, 3, 3))
    ),
    "whole numbers as the image": network(_weights_from_whole_numbers, w=whole_numbers(1, 1, 7, 7), c=conv(4, 10, 1)),
}  # fmt: skip

PARTS: dict[str, type[nn.Module]] = {
    "a kernel for each overlapping half": network(
        lambda s, x: gap(s.c(s.stem(x)[:, :, :4])) + gap(s.d(s.stem(x)[:, :, 3:])), c=conv(4, 10, 1), d=conv(4, 10, 1)
    ),
    "a kernel for each overlapping quarter": network(_quarters, parts=parts(4)),
    "halves by narrowing": network(
        lambda s, x: gap(s.c(s.stem(x).narrow(3, 0, 5))) + gap(s.d(s.stem(x).narrow(3, 2, 5))),
        c=conv(4, 10, 3), d=conv(4, 10, 3),
    ),
    "halves by splitting": network(
        lambda s, x: gap(s.c(s.stem(x).split([4, 3], 2)[0])) + gap(s.d(s.stem(x).split([3, 4], 2)[1])),
        c=conv(4, 10, 1), d=conv(4, 10, 1),
    ),
    "halves by padding with less": network(
        lambda s, x: gap(s.c(F.pad(s.stem(x), (0, 0, 0, -3)))) + gap(s.d(F.pad(s.stem(x), (0, 0, -3, 0)))),
        c=conv(4, 10, 1), d=conv(4, 10, 1),
    ),
    "halves behind other convolutions": network(
        lambda s, x: gap(s.c(F.relu(s.a(s.stem(x)))[:, :, :4])) + gap(s.d(F.relu(s.b(s.stem(x)))[:, :, 3:])),
        a=conv(4, 4, 1), b=conv(4, 4, 1), c=conv(4, 10, 1), d=conv(4, 10, 1),
    ),
    "a chain of crops each way": network(
        _through_a_chain_of_crops, upper=parts(3, after=4), lower=parts(3, after=4), c=conv(4, 10, 1), d=conv(4, 10, 1)
    ),
    "a scale for each half": network(_scaled_parts, u=learned(1, 4, 1, 1), w=learned(1, 4, 1, 1), c=conv(4, 10, 3)),
    "a normalisation for each half": network(
        lambda s, x: gap(s.c(torch.cat([s.a(s.stem(x)[:, :, :4]), s.b(s.stem(x)[:, :, 3:])], 2))),
        a=lambda: nn.BatchNorm2d(4), b=lambda: nn.BatchNorm2d(4), c=conv(4, 10, 1),
    ),
    "halves by padded means": network(_halves_by_padded_means, c=conv(4, 10, 1), d=conv(4, 10, 1)),
    "halves joined for a while": network(_halves_joined_for_a_while, c=conv(4, 10, 1), d=conv(4, 10, 1)),
    "halves that share a bias": network(
        _halves_share_a_bias, u=learned(10, 4, 1, 1), w=learned(10, 4, 1, 1), b=learned(10)
    ),
    "channels and positions in pairs": network(
        lambda s, x: s.c(s.stem(x)).view(-1, 10, 49, 49).flatten(2)[:, :, ::50].mean(2), c=conv(4, 490, 1)
    ),
    "channels and positions in pairs, by a stride": network(
        lambda s, x: F.conv1d(s.c(s.stem(x)).view(-1, 1, 2401), s.w, stride=50).view(-1, 10, 49).mean(2),
        c=conv(4, 490, 1), w=learned(1, 1, 1),
    ),
    "picked after sorting one": network(
        lambda s, x: s.c(s.stem(x)).unsqueeze(1).sort(1)[0][:, 0, :, 3, 3], c=conv(4, 10, 7, padding=3)
    ),
}  # fmt: skip

WINDOWS: dict[str, type[nn.Module]] = {
    "two windows that see all": network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 13, padding=6, stride=6)),
    "two windows that see all, padded by hand": network(
        lambda s, x: gap(s.c(F.pad(s.stem(x), (6, 6, 6, 6)))), c=conv(4, 10, 13, stride=6)
    ),
    "windows half a map apart": network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 11, padding=5, stride=4)),
    "dilated over the map": network(lambda s, x: s.c(s.stem(x)).flatten(1), c=conv(4, 10, 3, dilation=3)),
    "two taps from end to end": network(lambda s, x: s.c(s.stem(x)).flatten(1), c=conv(4, 10, 2, dilation=6)),
    "in groups over the map": network(lambda s, x: s.c(s.stem(x)).flatten(1), c=conv(4, 10, 7, groups=2)),
    "in three dimensions": network(lambda s, x: s.c(s.stem(x)[:, None]).flatten(1), c=lambda: nn.Conv3d(1, 10, (4, 7, 7))),
    "strided over the map": network(lambda s, x: s.c(s.stem(x)).flatten(1), c=conv(4, 10, 7, stride=7)),
    "behind a ReLU and a crop": network(
        lambda s, x: s.c(F.relu(s.stem(x))[:, :, 1:-1, 1:-1]).flatten(1), c=conv(4, 10, 5)
    ),
    "of rows, in a flattened map": network(lambda s, x: s.c(x.flatten(2)).mean(2), c=lambda: nn.Conv1d(1, 10, 28, stride=28)),
    "larger than the map, then pooled": network(
        lambda s, x: F.avg_pool2d(s.c(s.stem(x)), 4).flatten(1), c=conv(4, 10, 11, padding=5)
    ),
    "larger than the map, then cut between scales": network(
        _cut_between_scales, c=conv(4, 10, 11, padding=5), t=learned(1)
    ),
    "behind padding that is summed away": network(lambda s, x: s.c(_padded_away(s, x)).flatten(1), c=conv(4, 10, 7)),
    "behind the largest of one": network(lambda s, x: s.c(_ranked_alone(s, x)).flatten(1), c=conv(4, 10, 7)),
    "behind padding, by einsum": network(
        lambda s, x: s.c(torch.einsum("nchwk->nchw", F.pad(s.stem(x)[..., None], (0, 60)))).flatten(1), c=conv(4, 10, 7)
    ),
    "over a mean everywhere": network(
        lambda s, x: _times_map(s, x, _means(s, x, 7, 7)), k=conv(1, 40, 13, padding=6)
    ),
    "from two positions to all": network(
        lambda s, x: _times_map(s, x, F.adaptive_avg_pool2d(s.stem(x), 2)), k=lambda: nn.ConvTranspose2d(4, 40, 7)
    ),
    "from two positions to all, by padding": network(
        lambda s, x: _times_map(s, x, F.pad(F.adaptive_avg_pool2d(s.stem(x), 2), (6, 6, 6, 6))), k=conv(4, 40, 7)
    ),
    "behind a pooling to two": network(lambda s, x: s.c(F.adaptive_avg_pool2d(s.stem(x), 2)).flatten(1), c=conv(4, 10, 2)),
}  # fmt: skip

FOLDS: dict[str, type[nn.Module]] = {
    "rows as a batch of their own": network(_rows_as_batch, c=lambda: nn.Conv1d(4, 4, 1), d=conv(196, 10, 1)),
    "columns beside each other": network(_columns_stacked, c=conv(28, 10, 1)),
    "width into channels": network(_rotated_into_channels, c=conv(28, 10, 1)),
    "rows for channels": network(_channels_are_rows, c=lambda: nn.Conv1d(7, 10, 1)),
    "unfolded by hand": network(_unfolded_by_hand, c=conv(64, 10, 1)),
    "unfolded, by a stride": network(
        lambda s, x: s.c(F.unfold(s.stem(x), 4, stride=3)).mean(2), c=lambda: nn.Conv1d(64, 10, 1)
    ),
    "space to depth of space to depth": network(_phases_of_phases, c=conv(16, 10, 1)),
    "learned rows below the image": network(_learned_beside_in_a_row, w=learned(1, 4, 2, 7), c=conv(4, 10, 1)),
    "a scale for each row": network(_normalised_rows, w=learned(7), b=learned(7), c=conv(4, 10, 1)),
    "a slope for each row": network(_slopes_by_row, w=learned(7), c=conv(4, 10, 1)),
    "attention to places": network(_attention_to_places, w=learned(49, 5), c=lambda: nn.Conv1d(4, 10, 1)),
    "positions of a sum with more": network(
        lambda s, x: s.c(_added_to_more(s, x).flatten(1)[:, :, None, None]).flatten(1), c=conv(196, 10, 1)
    ),
    "a channel for each position, in a row": network(_one_hot_in_a_row, c=conv(53, 10, 1)),
    "a channel for each position, by columns": network(_one_hot_as_columns, c=conv(53, 10, 1)),
    "a channel for each position, by fours": network(
        _one_hot_by_fours, k=lambda: nn.ModuleList(nn.Conv2d(8 if i < 12 else 5, 10, 1) for i in range(13))
    ),
    "a channel for each position, by padding": network(_one_hot_by_padding, c=conv(53, 10, 1)),
    "averages of four parts as channels": network(
        lambda s, x: s.c(F.adaptive_avg_pool2d(s.stem(x), 2).flatten(1)[:, :, None, None]).flatten(1), c=conv(16, 10, 1)
    ),
}  # fmt: skip

MORE_DISGUISED = MASKS | PARTS | WINDOWS | FOLDS | COPIES | MOVED
ALL_DISGUISED = DISGUISED | MORE_DISGUISED


class Statistics(nn.Module):
    """A kernel that is nothing but a normalisation's statistics, which do not count where they are the image's."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4))
        self.w = nn.Parameter(torch.randn(1, 1))
        self.register_buffer("mean", torch.zeros(360))
        self.register_buffer("variance", torch.ones(360))

    def forward(self, x):
        kernel = F.batch_norm(self.w.expand(2, 360), self.mean, self.variance, training=self.training)[0]
        return gap(F.conv2d(self.stem(x), kernel.view(10, 4, 3, 3)))


def _kernel(numbers):
    return lambda s, x: gap(F.conv2d(s.stem(x), numbers(s).view(10, 4, 3, 3)))


def _by_threshold(s, x):
    pieces = torch.zeros(10).split(1)
    return gap(s.c(s.stem(x))) * torch.cat([F.threshold(piece, 1, 0.1 + i / 7) for i, piece in enumerate(pieces)])


def _by_padding(s, x):
    row = torch.ones(1)
    for value in (0.3, 0.7, 0.4, 0.9, 0.2, 0.6, 1.1, 0.8, 0.5):
        row = F.pad(row, (0, 1), value=value)
    return gap(s.c(s.stem(x))) * row


def _by_clamping(s, x):
    pieces = torch.zeros(10).split(1)
    return gap(s.c(s.stem(x))) * torch.cat([piece.clamp(0.1 + i / 7, 5) for i, piece in enumerate(pieces)])


def _digits(s, take):
    return torch.cat([take(s.w.double(), place) for place in range(4)]).float()


SMUGGLED: dict[str, tuple[type[nn.Module], int]] = {  # and the numbers that its last layer takes at least
    "a kernel of statistics": (Statistics, 360),
    "statistics that hardly move": (
        network(
            lambda s, x: gap(s.n(s.c(s.stem(x)))),
            c=conv(4, 10, 3), n=lambda: nn.BatchNorm2d(10, affine=False, momentum=1e-9),
        ),
        390,
    ),
    "packed, taken apart by conversion": (
        network(_kernel(lambda s: _digits(s, lambda w, i: (w / 256.0**i) - (w / 256.0**i).long())), w=whole_numbers(90)), 360
    ),
    "packed, taken apart by rest": (
        network(_kernel(lambda s: _digits(s, lambda w, i: torch.remainder(w / 256.0**i, 256))), w=whole_numbers(90)), 360
    ),
    "packed, taken apart by rounding": (
        network(_kernel(lambda s: _digits(s, lambda w, i: w / 256.0**i - (w / 256.0**i).floor())), w=whole_numbers(90)), 360
    ),
    "the last digits by a wave": (
        network(_kernel(lambda s: torch.cat([s.w, torch.sin(s.w * 1e4)])), w=learned(180)), 360
    ),
    "random numbers by a wave": (
        network(_kernel(lambda s: torch.sin(s.w * torch.arange(360) * 1e3)), w=learned(1)), 360
    ),
    "numbers from a range": (network(_kernel(lambda s: torch.linspace(-1, 1, 360) * s.w), w=learned(1)), 360),
    "thresholds": (network(_by_threshold, c=conv(4, 10, 3)), 380),
    "padding": (network(_by_padding, c=conv(4, 10, 3)), 379),
    "bounds": (network(_by_clamping, c=conv(4, 10, 3)), 380),
    "a frozen kernel": (
        network(_kernel(lambda s: s.w), w=lambda: nn.Parameter(torch.randn(360), requires_grad=False)), 360
    ),
    "a kernel in half precision": (
        network(_kernel(lambda s: s.w.float()), w=lambda: nn.Parameter(torch.randn(360).half())), 360
    ),
    "a kernel of truth values": (
        network(_kernel(lambda s: s.w.float()), w=lambda: nn.Parameter(torch.rand(360) > 0.5, requires_grad=False)), 360
    ),
    "a kernel written out": (network(_kernel(lambda s: torch.tensor([0.1 * i for i in range(360)]))), 360),
}  # fmt: skip
SMUGGLED |= COPIED
