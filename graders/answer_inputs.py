"""What code answers are asked with. It follows from a seed, so that probe and judge, in two processes, have the same."""

import random

import torch
from torch import Tensor, nn


def draw(seed: int) -> tuple[random.Random, torch.Generator]:
    """The two sources of a check's inputs."""
    return random.Random(seed), torch.Generator().manual_seed(seed)


def digits(seed: int, count: int) -> tuple[Tensor, Tensor]:
    """Noise in the shape of digits: uint8 (count, 28, 28) and labels (count,)."""
    _, generator = draw(seed)
    images = torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)
    return images, torch.randint(0, 10, (count,), generator=generator)


def pictures(seed: int) -> Tensor:
    """Noise that is brighter from picture to picture, so that they differ in mean and deviation: uint8 (40, 28, 28)."""
    share = torch.linspace(0.1, 1, 40).view(-1, 1, 1)
    return (digits(seed, 40)[0] * share).to(torch.uint8)


def small_network(seed: int) -> nn.Module:
    """(N, 1, 28, 28) to log-probabilities (N, 10); its BatchNorm shows in which mode it runs."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 4, 5, stride=3), nn.BatchNorm2d(4), nn.ReLU(),
            nn.Conv2d(4, 10, 8), nn.Flatten(), nn.LogSoftmax(1),
        )  # fmt: skip


def batches(seed: int) -> tuple[Tensor, Tensor]:
    """50 digits for batches of 16, the last one of two: float32 (50, 1, 28, 28) and labels (50,)."""
    images, labels = digits(seed, 50)
    return images.float().unsqueeze(1) / 128 - 1, labels


BATCH = 16  # of the two loops


def convolution_settings(seed: int) -> list[tuple[int, int, int, bool]]:
    """Kernel, channels in, channels out, bias."""
    chance, _ = draw(seed)
    return [(chance.choice([1, 3, 5, 7]), chance.randint(1, 64), chance.randint(1, 64), bool(i % 2)) for i in range(6)]


def layer_lists(seed: int) -> list[list[tuple[int, int]]]:
    """Lists of (kernel, stride); the first has only strides of 1."""
    chance, _ = draw(seed)
    plain = [[(3, 1), (3, 1), (1, 1)]]
    return plain + [
        [(chance.choice([1, 2, 3, 5, 7]), chance.choice([1, 1, 2, 3])) for _ in range(chance.randint(2, 8))]
        for _ in range(5)
    ]


def normalisation_inputs(seed: int) -> tuple[Tensor, Tensor, Tensor, float]:
    """x (4, 3, 5, 5), weight (3,), bias (3,), eps; an eps large enough to be noticed."""
    _, generator = draw(seed)
    x = torch.randn(4, 3, 5, 5, generator=generator) * 2 + 1
    return x, torch.rand(3, generator=generator) + 0.5, torch.randn(3, generator=generator), 0.1


def schedule_settings(seed: int) -> list[tuple[int, float, int, float]]:
    """Epochs, rate, step size, gamma."""
    chance, _ = draw(seed)
    return [(19, 0.01, 6, 0.1), (11, 0.05, 3, 0.5)] + [
        (chance.randint(5, 25), chance.choice([0.1, 0.05, 0.02]), chance.randint(2, 7), chance.choice([0.5, 0.1, 0.3]))
        for _ in range(3)
    ]
