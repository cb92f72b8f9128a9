"""Many seeds of one recipe, trained by one call: `runs = fit_seeds(Net, recipe, data, range(1, 6))`.

A small network keeps two threads busy badly: on two cores, two seeds side by side with a thread each take less time than one
after the other with two. Networks travel to the other processes as data, so a class from a notebook will do.
"""

import time
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from course.data import Data
from course.recipe import Recipe
from course.replay import expect_training
from course.run import Run
from course.training import Diverged, begin, train


def fit_seeds(
    network: type[nn.Module],
    recipe: Recipe,
    data: Data,
    seeds: Iterable[int],
    *,
    device: str | torch.device = "cpu",
    processes: int | None = None,
    progress: bool = True,
) -> list[Run]:
    """Train a network class by a recipe once for each seed; the runs, in the seeds' order.

    On a CPU as many run at once as `processes` says (one a core), one thread each; one alone has all threads, and on a GPU they
    run one after the other. A run whose loss became no number keeps the epochs before that. Figures may differ from `fit`'s in
    the last digits: sums of one thread are rounded in another order than sums of two. Ctrl-C ends it, and the runs that are
    finished come back. Raises CourseError.
    """
    expect_training()
    seeds = list(seeds)
    begun = [begin(network, recipe, data, seed) for seed in seeds]
    runs: dict[int, Run] = {}
    started = time.perf_counter()
    try:
        for done, (index, run) in enumerate(_finished(begun, data, device, processes), start=1):
            runs[index] = run
            if progress:
                result = f"test {run.last.test_accuracy:.2f}%" if run.history else "diverged in its first epoch"
                left = (time.perf_counter() - started) / done * (len(seeds) - done)
                print(f"seed {seeds[index]}: {result} ({done} of {len(seeds)}, {_minutes(left)} left)", flush=True)
    except KeyboardInterrupt:
        if not runs:
            raise
        print(f"interrupted: the runs of the seeds {', '.join(str(seeds[index]) for index in sorted(runs))} are finished")
    return [runs[index] for index in sorted(runs)]


def _finished(begun: list[tuple[Run, dict[str, Tensor]]], data: Data, device, processes) -> Iterator[tuple[int, Run]]:
    """Every run with its place in the list, as soon as it is trained."""
    from joblib import Parallel, cpu_count, delayed  # its processes start from scripts and notebooks, no __main__ guard

    at_once = max(1, min(processes or cpu_count(), len(begun)))
    if at_once == 1 or torch.device(device).type != "cpu":
        for index, (run, weights) in enumerate(begun):
            yield _train(index, run, weights, data, device)
        return
    yield from Parallel(n_jobs=at_once, return_as="generator_unordered")(
        delayed(_train_alone)(index, run, weights, data) for index, (run, weights) in enumerate(begun)
    )


def _train_alone(index: int, run: Run, weights: dict[str, Tensor], data: Data) -> tuple[int, Run]:
    torch.set_num_threads(1)
    return _train(index, run, weights, data, "cpu")


def _train(index: int, run: Run, weights: dict[str, Tensor], data: Data, device) -> tuple[int, Run]:
    try:
        with torch.random.fork_rng(devices=[]):
            for _ in train(run, weights, data, device=device, progress=False):
                pass
    except Diverged:
        pass  # the epochs before it are kept
    return index, run


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
