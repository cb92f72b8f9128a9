"""How fast training is, against the standard loop: measured in one sitting, on one machine, and kept as data."""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import torch
from torch.nn import functional as F

from course import graph as graphs
from course import rebuild
from course.data import Data, load_mnist
from course.evaluation import scores
from course.recipe import Recipe
from course.submission import environment
from course.training import begin, train
from solutions.modules import RESULTS, solution
from solutions.standard import standard_loop

BENCH = RESULTS / "bench.json"
ROUNDS = 3  # of which the median counts; both loops take turns, so that a slow minute of the machine slows both
LEVER_DIGITS = 12_800  # a hundred batches
SEEDS = range(1, 6)


@dataclass(frozen=True)
class Timing:
    """Seconds of the standard loop and of `fit`, medians."""

    standard: float
    course: float

    @property
    def ratio(self) -> float:
        return self.standard / self.course


def machine() -> dict:
    """What a time depends on."""
    processor = [line.partition(":")[2].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "processor": processor[0] if processor else platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        **environment(),
    }


def _read(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def epochs(number: int, data: Data, degrees: float = 0) -> Timing:
    """One epoch of an iteration's documented recipe, evaluation included, by both loops in turn."""
    module = solution(number)
    recipe = replace(module.recipe, epochs=ROUNDS, schedule=None)
    torch.manual_seed(1)
    standard = standard_loop(module.Net(), recipe, degrees)
    run, weights = begin(module.Net, recipe, data)
    course = train(run, weights, data, progress=False)
    pairs = [(next(standard)[0], next(course).seconds) for _ in range(ROUNDS)]
    return Timing(*(statistics.median(column) for column in zip(*pairs, strict=True)))


LEVERS = "everything|PyTorch's dropout|PyTorch's layout|two seeds side by side, a thread each".split("|")


def levers(data: Data) -> dict[str, float]:
    """Digits a second of iteration 8 with everything, and with one thing left out at a time; medians of turns."""
    module = solution(8)
    few = replace(data, train_images=data.train_images[:LEVER_DIGITS], train_labels=data.train_labels[:LEVER_DIGITS])
    few = replace(few, test_images=data.test_images[:100], test_labels=data.test_labels[:100])
    rates: dict[str, list[float]] = {name: [] for name in WITHOUT}
    for _ in range(ROUNDS):
        for name, without in WITHOUT.items():
            with without():
                run, weights = begin(module.Net, replace(module.recipe, epochs=1), few)
                rates[name].append(LEVER_DIGITS / next(train(run, weights, few, progress=False)).seconds)
    return {name: statistics.median(found) for name, found in rates.items()}
