"""A submission: what a learner hands in of a trained network, in one file."""

import platform
from dataclasses import dataclass

import torch
from torch import Tensor

from course.graph import Graph
from course.recipe import Recipe


@dataclass(frozen=True)
class Epoch:
    """One epoch's figures: losses are means a digit, accuracies are percent, training's measured while training."""

    epoch: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    test_correct: int
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class Submission:
    """What a learner hands in. `carries` is "best" or "last": which epoch's weights these are; `epoch` is its number.

    `initial` has two numbers a tensor, the mean and the standard deviation of the fresh network's.
    """

    graph: Graph
    recipe: Recipe
    weights: dict[str, Tensor]
    history: tuple[Epoch, ...]
    initial: dict[str, tuple[float, float]]
    data: dict[str, str]
    carries: str
    epoch: int
    environment: dict[str, str]


def environment() -> dict[str, str]:
    """The versions that a result depends on."""
    from course import __version__

    return {"course": __version__, "torch": torch.__version__, "python": platform.python_version()}


def fresh_statistics(weights: dict[str, Tensor]) -> dict[str, tuple[float, float]]:
    """A submission's `initial`: each fresh tensor's mean and standard deviation."""
    numbers = {name: tensor.double() for name, tensor in weights.items()}
    return {name: (n.mean().item(), n.std(correction=0).item()) for name, n in numbers.items()}
