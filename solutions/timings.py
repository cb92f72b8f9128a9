"""What takes how long: an epoch against the standard loop, evaluation, the fast recipe; in bfloat16 too where the CPU has it."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace

import torch

from course import Data, fit
from course.device import cpu_has_bfloat16
from course.evaluation import scores
from course.recipe import PRECISIONS
from course.training import begin, train
from solutions import fast
from solutions.modules import solution
from solutions.standard import standard_loop

ROUNDS = 3  # of which the median counts; what is compared takes turns, so that a slow minute slows all alike
FAST_SEEDS = range(1, 6)


def precisions_here() -> list[str]:
    """Those that this machine's CPU computes at speed."""
    return [name for name in PRECISIONS if name == "float32" or cpu_has_bfloat16()]


def epoch_times(data: Data, rounds: int = ROUNDS) -> dict:
    """Seconds of a whole epoch, its evaluation included, by the standard loop and by `fit`: iterations 8 and 9."""
    return {f"iteration {number}": _epoch_times(number, data, rounds) for number in (8, 9)}


def _epoch_times(number: int, data: Data, rounds: int) -> dict:
    module = solution(number)
    recipe = replace(module.recipe, epochs=rounds)
    degrees = recipe.augment[0].degrees if recipe.augment else 0
    torch.manual_seed(recipe.seed)
    loops: dict[str, Iterator[float]] = {
        "standard": (seconds for seconds, _ in standard_loop(module.Net(), recipe, degrees))
    }
    for precision in precisions_here():
        run = train(*begin(module.Net, replace(recipe, precision=precision), data), data, progress=False)
        loops[precision] = (epoch.seconds for epoch in run)
    turns = [{name: next(loop) for name, loop in loops.items()} for _ in range(rounds)]
    return {"turns": turns, "seconds": {name: statistics.median(turn[name] for turn in turns) for name in loops}}


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
    runs = {precision: [_fast(seed, precision, data) for seed in FAST_SEEDS] for precision in precisions_here()}
    return {"standard": standard, "fast": runs}


def _fast(seed: int, precision: str, data: Data) -> dict:
    started = time.perf_counter()
    run = fit(fast.Net, replace(fast.recipe, seed=seed, precision=precision), data, replay=False, progress=False)
    seconds = time.perf_counter() - started  # tracing and normalising included
    print(f"fast recipe, seed {seed}, {precision}: {run.last.test_accuracy:.2f}% in {seconds:.0f} s", flush=True)
    return {"seed": seed, "seconds": seconds, "last": run.last.test_accuracy, "best": run.best.test_accuracy}


def _seconds(function, *arguments) -> float:
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started
