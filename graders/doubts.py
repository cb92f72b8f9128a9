"""Signs that weights were not earned by an honest training: each with its figures, and each a reason to retrain.

None is a proof, so none costs a mark: a retraining, from fresh weights, decides.
"""

import torch
from torch import Tensor

from course.augment import RandomRotation
from course.data import Data
from course.evaluation import accuracy
from course.rebuild import Network

SAMPLE = 1_000  # training digits: a gap of one point, as weights fitted to the test digits show, is six standard errors
MOVED = 300  # test digits that are shifted, and as many that are rotated
DEGREES = 7  # a rotation that lesson 9 trains with; nobody would call the digit another
ERRORS = 3  # standard errors
COLLAPSE = 5.0  # percentage points; the course's networks, trained without either movement, lose less than half of it


def find_doubts(network: Network, data: Data, test_accuracy: float) -> tuple[str, ...]:
    """A sentence for each sign; `test_accuracy` is the one counted, in percent."""
    doubts = [_better_than_on_training(network, data, test_accuracy)]
    images, labels = _sample(data.test_images, data.test_labels, MOVED)
    moved = {"shifted by a pixel": _shifted(images), f"rotated by up to {DEGREES}°": _rotated(images)}
    for how, others in moved.items():
        seen = accuracy(network, others, labels)
        if seen < test_accuracy - COLLAPSE:
            doubts.append(f"{test_accuracy:.2f}% of the test digits, {seen:.1f}% of {len(labels):,} of them {how}")
    return tuple(filter(None, doubts))


def _better_than_on_training(network: Network, data: Data, test_accuracy: float) -> str:
    images, labels = _sample(data.train_images, data.train_labels, SAMPLE)
    seen = accuracy(network, images, labels)
    n, m = len(data.test_labels), len(labels)
    pooled = (test_accuracy * n + seen * m) / (n + m) / 100
    error = 100 * (pooled * (1 - pooled) * (1 / n + 1 / m)) ** 0.5  # of the difference, if both were drawn alike
    if test_accuracy - seen <= ERRORS * error:
        return ""
    return (
        f"{test_accuracy:.2f}% of the test digits, {seen:.2f}% of {m:,} plain training digits: "
        f"better by {(test_accuracy - seen) / error:.1f} standard errors on what it should not have seen"
    )


def _sample(images: Tensor, labels: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The same digits every time, from all over the set."""
    chosen = torch.randperm(len(labels), generator=torch.Generator().manual_seed(count))[:count]
    return images[chosen], labels[chosen]


def _shifted(images: Tensor) -> Tensor:
    """A quarter of them each up, down, left and right; MNIST's border is empty, so what leaves on one side is black."""
    ways = ((1, 1), (-1, 1), (1, 2), (-1, 2))
    return torch.cat([part.roll(*way) for part, way in zip(images.tensor_split(4), ways, strict=True)])


def _rotated(images: Tensor) -> Tensor:
    return RandomRotation(DEGREES)(images, torch.Generator().manual_seed(DEGREES))
