"""What each lever of the training's speed is worth alone: one is left out, or put in, and the digits a second are counted."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from unittest import mock

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torchvision import transforms
from torchvision.transforms import functional as pil

from course import Data, RandomRotation, Recipe, training
from course.data import MNIST_MEAN, MNIST_STD
from course.device import cpu_has_bfloat16
from course.graph import Graph
from course.rebuild import FASTER, Network
from course.seeds import fit_seeds
from course.training import begin, train
from solutions.growth import few_digits
from solutions.modules import solution

ROUNDS = 5  # of which the median counts; the levers take turns, so that a slow minute slows all alike
DIGITS = 6_400  # fifty batches of 128
DEGREES = 7  # iteration 9's rotation

Setting = tuple[Recipe, Data]
Lever = Callable[[Recipe, Data], AbstractContextManager[Setting]]  # within it, training is as it says


class OneByOne:
    """Digits that are fetched as a DataLoader fetches them: each from memory, through Pillow, transformed, then stacked."""

    def __init__(self, images: Tensor):
        self.images = images
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((MNIST_MEAN,), (MNIST_STD,))])

    def to(self, device) -> "OneByOne":
        return self

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, chosen: Tensor) -> Tensor:
        return torch.stack([self.transform(Image.fromarray(self.images[i].numpy())) for i in chosen])


@contextmanager
def _all(recipe: Recipe, data: Data) -> Iterator[Setting]:
    yield recipe, data


@contextmanager
def _pytorchs_dropout(recipe: Recipe, data: Data) -> Iterator[Setting]:
    with mock.patch.dict(FASTER, clear=True):
        yield recipe, data


@contextmanager
def _pytorchs_layout(recipe: Recipe, data: Data) -> Iterator[Setting]:
    def build(graph: Graph, weights: dict[str, Tensor]) -> Network:
        return Network(graph, weights).to(memory_format=torch.contiguous_format)

    with mock.patch.object(Graph, "build", build):
        yield recipe, data


@contextmanager
def _one_thread(recipe: Recipe, data: Data) -> Iterator[Setting]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield recipe, data
    torch.set_num_threads(threads)


@contextmanager
def _loaded_one_by_one(recipe: Recipe, data: Data) -> Iterator[Setting]:
    with mock.patch.object(training, "normalize", lambda images: images):  # each was normalised as it was fetched
        yield recipe, replace(data, train_images=OneByOne(data.train_images))


@contextmanager
def _normalized_once(recipe: Recipe, data: Data) -> Iterator[Setting]:
    images = training.normalize(data.train_images)  # four times the memory
    with mock.patch.object(training, "normalize", lambda images: images):
        yield recipe, replace(data, train_images=images)


@contextmanager
def _asked_every_batch(recipe: Recipe, data: Data) -> Iterator[Setting]:
    def cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
        loss = F.cross_entropy(logits, truth)
        loss.item(), (logits.argmax(dim=1) == truth).sum().item()
        return loss

    with mock.patch.object(training, "F", mock.Mock(cross_entropy=cross_entropy)):
        yield recipe, data


@contextmanager
def _rotated(recipe: Recipe, data: Data) -> Iterator[Setting]:
    yield replace(recipe, augment=RandomRotation(DEGREES)), data


@contextmanager
def _rotated_one_by_one(recipe: Recipe, data: Data) -> Iterator[Setting]:
    turn = transforms.RandomRotation(DEGREES, fill=(0,))

    def augment(batch: Tensor, generator: torch.Generator) -> Tensor:
        return torch.cat([pil.pil_to_tensor(turn(Image.fromarray(digit.numpy()))) for digit in batch])

    changed = replace(recipe)
    object.__setattr__(changed, "augment", (augment,))  # a recipe would refuse it: it is no data
    yield changed, data


@contextmanager
def _compiled(recipe: Recipe, data: Data) -> Iterator[Setting]:
    def build(graph: Graph, weights: dict[str, Tensor]) -> Network:
        network = Network(
            graph, weights, instead={}
        )  # PyTorch's dropout: the compiler fuses it, and stumbles over ours
        network.compile()
        return network

    with mock.patch.object(Graph, "build", build):
        yield recipe, data
    torch.compiler.reset()  # the next one starts up as anew


@contextmanager
def _bfloat16(recipe: Recipe, data: Data) -> Iterator[Setting]:
    yield replace(recipe, precision="bfloat16"), data


LEVERS: dict[str, Lever] = {
    "all as it is": _all,
    "without: the cheap mask of dropout": _pytorchs_dropout,
    "without: (N, H, W, C) in memory": _pytorchs_layout,
    "without: all threads but one": _one_thread,
    "without: batches from memory (each digit loaded alone)": _loaded_one_by_one,
    "without: few questions (loss and hits asked for every batch)": _asked_every_batch,
    f"with: rotation of ±{DEGREES}°, a batch at a time": _rotated,
    f"with: rotation of ±{DEGREES}°, each digit alone by Pillow": _rotated_one_by_one,
    "with: all digits normalised beforehand": _normalized_once,
    "with: torch.compile, its start-up aside": _compiled,
    "with: bfloat16": _bfloat16,
}
SIDE_BY_SIDE = "with: two seeds side by side, a thread each"


def possible() -> dict[str, Lever]:
    """The levers that this machine has: a CPU may lack bfloat16, and torch.compile needs a C++ compiler."""
    lacks: list[Lever] = []
    if not cpu_has_bfloat16():
        lacks.append(_bfloat16)
    if not shutil.which("g++"):
        lacks.append(_compiled)
    return {name: lever for name, lever in LEVERS.items() if lever not in lacks}


def lever_rates(data: Data, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Digits a second of iteration 8's training, round by round, with one thing changed at a time."""
    module, few = solution(8), few_digits(data, DIGITS)
    recipe = replace(module.recipe, epochs=2)  # the first epoch prepares PyTorch's kernels, or compiles
    rates: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, lever in possible().items():
            run, weights = begin(module.Net, recipe, few)
            with lever(recipe, few) as (run.recipe, digits):
                _, second = (epoch.seconds for epoch in train(run, weights, digits, progress=False))
            rates.setdefault(name, []).append(DIGITS / second)
        pair = fit_seeds(module.Net, recipe, few, [1, 2], progress=False)
        rates.setdefault(SIDE_BY_SIDE, []).append(sum(DIGITS / run.last.seconds for run in pair))
    return rates
