"""What takes how long: an epoch against the standard loop, each lever alone, evaluation, the fast recipe."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from unittest import mock

import torch

from course import Data, fit
from course.evaluation import scores
from course.graph import Graph
from course.rebuild import FASTER
from course.seeds import fit_seeds
from course.training import begin, train
from solutions import fast
from solutions.growth import few_digits
from solutions.modules import solution
from solutions.standard import standard_loop

ROUNDS = 3  # of which the median counts; what is compared takes turns, so that a slow minute slows all alike
LEVER_DIGITS = 12_800  # a hundred batches of 128
FAST_SEEDS = range(1, 6)


def epoch_times(data: Data, rounds: int = ROUNDS) -> dict:
    """Seconds of a whole epoch, its evaluation included, by the standard loop and by `fit`: iterations 8 and 9."""
    return {f"iteration {number}": _epoch_times(number, data, rounds) for number in (8, 9)}


def _epoch_times(number: int, data: Data, rounds: int) -> dict:
    module = solution(number)
    recipe = replace(module.recipe, epochs=rounds)
    degrees = recipe.augment[0].degrees if recipe.augment else 0
    torch.manual_seed(recipe.seed)
    standard = standard_loop(module.Net(), recipe, degrees)
    course = train(*begin(module.Net, recipe, data), data, progress=False)
    turns = [(next(standard)[0], next(course).seconds) for _ in range(rounds)]
    plain, ours = (statistics.median(column) for column in zip(*turns, strict=True))
    return {"standard": plain, "course": ours, "ratio": plain / ours, "turns": turns}


@contextmanager
def _pytorchs_dropout() -> Iterator[None]:
    with mock.patch.dict(FASTER, clear=True):
        yield


@contextmanager
def _pytorchs_layout() -> Iterator[None]:
    build = Graph.build
    with mock.patch.object(
        Graph, "build", lambda graph, weights: build(graph, weights).to(memory_format=torch.contiguous_format)
    ):
        yield


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


LEFT_OUT: dict[str, Callable[[], AbstractContextManager]] = {
    "nothing": nullcontext,
    "the cheap mask of dropout": _pytorchs_dropout,
    "(N, H, W, C) in memory": _pytorchs_layout,
    "all threads but one": _one_thread,
}


def lever_rates(data: Data, rounds: int = ROUNDS) -> dict[str, float]:
    """Digits a second of iteration 8's training with one thing left out at a time, and of two seeds side by side."""
    module = solution(8)
    few = few_digits(data, LEVER_DIGITS)
    rates: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, left_out in LEFT_OUT.items():
            with left_out():
                epoch = next(train(*begin(module.Net, replace(module.recipe, epochs=1), few), few, progress=False))
            rates.setdefault(name, []).append(len(few.train_images) / epoch.seconds)
        pair = fit_seeds(module.Net, replace(module.recipe, epochs=1), few, [1, 2], progress=False)
        together = sum(len(few.train_images) / run.last.seconds for run in pair)
        rates.setdefault("nothing, two seeds side by side with a thread each", []).append(together)
    return {name: statistics.median(found) for name, found in rates.items()}


def evaluation_time(data: Data, rounds: int = 2 * ROUNDS) -> float:
    """Seconds that the final network takes to answer 10,000 digits."""
    run, weights = begin(solution(8).Net, solution(8).recipe, data)
    network = run.graph.build(weights)
    return statistics.median(_seconds(scores, network, data.test_images) for _ in range(rounds))


def fast_recipe_times(data: Data, rounds: int = 19) -> dict:
    """The fast recipe with five seeds, from nothing to the last epoch, against the standard loop's 19 epochs of iteration 8."""
    module = solution(8)
    torch.manual_seed(1)
    epochs = list(standard_loop(module.Net(), replace(module.recipe, epochs=rounds)))
    standard = {"seconds": sum(seconds for seconds, _ in epochs), "accuracy": [accuracy for _, accuracy in epochs]}
    runs = []
    for seed in FAST_SEEDS:
        started = time.perf_counter()
        run = fit(fast.Net, replace(fast.recipe, seed=seed), data, replay=False, progress=False)
        seconds = time.perf_counter() - started  # tracing and normalising included
        runs.append({"seed": seed, "seconds": seconds, "last": run.last.test_accuracy, "best": run.best.test_accuracy})
        print(f"fast recipe, seed {seed}: {run.last.test_accuracy:.2f}% in {seconds:.0f} s", flush=True)
    mean = statistics.mean(run["last"] for run in runs)
    slowest = max(run["seconds"] for run in runs)
    return {"standard": standard, "fast": runs, "mean_last": mean, "ratio": standard["seconds"] / slowest}


def _seconds(function, *arguments) -> float:
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started
