"""How long the lessons' trainings will take on this machine, from two seconds of training a network of noise.

The probe is an ordinary stack of convolutions that no lesson asks for. It goes through the lessons' own loop, so that whatever
makes that fast or slow here (cores, memory, the build of PyTorch) is measured with it. Each lesson's documented minutes, measured
on one machine, are scaled by how much longer or shorter the probe took than there.
"""

import time
from functools import partial

import torch
from torch import nn
from torch.optim import SGD

from course.data import Data
from course.iterations import Iteration, iterations, measured_probe
from course.recipe import Recipe
from course.training import begin, train

BATCH, STEPS = 128, 2  # an epoch of the probe: short, so that one of them falls between what else the machine does
SECONDS = 2.0
MOST_EPOCHS = 1_000


class Probe(nn.Module):
    """Four convolutions on the whole picture, each normalised: what a lesson's network spends its time on."""

    def __init__(self):
        super().__init__()
        widths = [1, 8, 16, 16, 10]
        blocks = [
            (nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in zip(widths, widths[1:], strict=False)
        ]
        self.layers = nn.Sequential(*(layer for block in blocks for layer in block))

    def forward(self, x):
        return self.layers(x).mean((2, 3))


def probe_seconds(device: str = "cpu", seconds: float | None = None) -> float:
    """Seconds that the probe takes for an epoch of 256 digits: the least of all that fit into `seconds` (2).

    The first prepares PyTorch's kernels and does not count; after it there is one at least, however slow the machine.
    """
    recipe, data = Recipe(epochs=MOST_EPOCHS, batch_size=BATCH, optimizer=partial(SGD, lr=0.01), seed=1), _noise()
    taken: list[float] = []
    with torch.random.fork_rng(devices=[]):
        for epoch in train(*begin(Probe, recipe, data), data, device=device, progress=False):
            if epoch.epoch == 1:
                deadline = time.perf_counter() + (SECONDS if seconds is None else seconds)
                continue
            taken.append(epoch.seconds)
            if time.perf_counter() > deadline:
                break
    return min(taken)


def predicted_minutes(seconds: float) -> list[tuple[Iteration, float]]:
    """Every lesson with the minutes that its documented epochs take where the probe takes so many seconds."""
    return [(item, item.minutes_cpu * seconds / measured_probe()) for item in iterations()]


def _noise() -> Data:
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(256, (STEPS * BATCH, 28, 28), generator=generator).to(torch.uint8)
    labels = torch.randint(10, (STEPS * BATCH,), generator=generator)
    return Data("noise", "noise", images, labels, images[:16], labels[:16])
