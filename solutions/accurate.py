"""The capstone's answer in the direction of accuracy: nearly all of the 20,000 parameters, and nineteen epochs.

Against iteration 10: six 3×3 layers of nearly equal width, without a 1×1 bottleneck; padding keeps the maps large, so that each
weight is used at more positions; no dropout, as the digits, turned and shifted, are new in every epoch; weight decay; one
cycle of the rate, stepping every batch.
"""

from functools import partial

from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import OneCycleLR

from course import RandomRotation, RandomShift, Recipe

goal = "the highest accuracy"

recipe = Recipe(
    epochs=19,
    batch_size=128,
    optimizer=partial(SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4),
    schedule=partial(OneCycleLR, max_lr=0.1),
    augment=(RandomRotation(7), RandomShift(1)),
    seed=1,
)


def block(before: int, after: int, padding: int = 1) -> list[nn.Module]:
    """A 3×3 convolution, normalised, then cut off at zero."""
    return [nn.Conv2d(before, after, 3, padding=padding, bias=False), nn.BatchNorm2d(after), nn.ReLU()]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            *block(1, 16),  # (N, 16, 28, 28)
            *block(16, 16),  # (N, 16, 28, 28)
            nn.MaxPool2d(2),  # (N, 16, 14, 14)
            *block(16, 20),  # (N, 20, 14, 14)
            *block(20, 20),  # (N, 20, 14, 14)
            nn.MaxPool2d(2),  # (N, 20, 7, 7)
            *block(20, 24, padding=0),  # (N, 24, 5, 5)
            *block(24, 24),  # (N, 24, 5, 5)
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(24, 10, 1),  # (N, 10, 1, 1)
        )

    def forward(self, x):
        return self.layers(x).flatten(1)
