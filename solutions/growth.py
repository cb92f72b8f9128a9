"""How training's cost grows: seconds and memory against the network's size, the batch's size and the number of seeds."""

import multiprocessing
import resource
import sys
from dataclasses import replace
from pathlib import Path

import torch

from course import load_mnist
from course.data import Data
from course.seeds import fit_seeds
from course.speed import probe_seconds
from course.training import begin, train
from solutions.modules import solution

ITERATIONS = range(1, 11)  # 6.4 million to 6,000 parameters
BATCHES = (32, 64, 128, 256, 512)
SEEDS = (1, 2, 4)
STEPS = 40  # batches of 128: enough for a stable rate, and iteration 1 takes a second each
FIGURE = Path(__file__).parent / "results" / "growth.svg"


def growth(data: Data | None = None) -> dict:
    """Microseconds a digit and the process's largest memory, each training in a fresh process of its own."""
    sizes = [_apart(number, 128) for number in ITERATIONS]
    batches = [_apart(8, batch) for batch in BATCHES]
    seeds = [_apart_seeds(count) for count in SEEDS]
    return {"iterations": sizes, "batches": batches, "seeds": seeds, "probe_seconds": probe_seconds()}


def _apart(number: int, batch_size: int) -> dict:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (number, batch_size))


def _apart_seeds(count: int) -> dict:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure_seeds, (count,))


def _measure(number: int, batch_size: int) -> dict:
    """Train for a few steps on the whole of MNIST in memory; the second of two short epochs counts."""
    module, data = solution(number), load_mnist()
    digits = STEPS * 128
    few = few_digits(data, digits)
    recipe = replace(module.recipe, epochs=2, batch_size=batch_size)
    run, weights = begin(module.Net, recipe, few)
    for _ in train(run, weights, few, progress=False):
        pass
    rows = run.graph.rows
    return {
        "iteration": number,
        "batch_size": batch_size,
        "parameters": run.graph.parameters,
        "multiply_adds": sum(row.multiply_adds for row in rows),
        "microseconds": 1e6 * run.last.seconds / digits,
        "memory_mb": _peak_mb(),
    }


def _measure_seeds(count: int) -> dict:
    module, data = solution(8), load_mnist()
    digits = STEPS * 128
    runs = fit_seeds(
        module.Net, replace(module.recipe, epochs=2), few_digits(data, digits), range(1, count + 1), progress=False
    )
    together = sum(run.last.seconds for run in runs) / min(count, torch.get_num_threads())
    return {"seeds": count, "microseconds": 1e6 * together / digits}


def few_digits(data: Data, digits: int) -> Data:
    """The first so many training digits, and a hundred to evaluate on: an epoch that is training and little else."""
    few = replace(data, train_images=data.train_images[:digits], train_labels=data.train_labels[:digits])
    return replace(few, test_images=data.test_images[:100], test_labels=data.test_labels[:100])


def _peak_mb() -> float:
    """The most memory that this process has held, in megabytes; Linux counts in kilobytes, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1000 if sys.platform != "darwin" else peak / 1e6


def draw(found: dict, path: Path = FIGURE) -> Path:
    """Plot what `growth` found."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    for row in found["iterations"]:
        x, y = row["multiply_adds"] / 1e6, row["microseconds"]
        left.loglog(x, y, "ko")
        left.annotate(f"  {row['iteration']}", (x, y))
    left.set(xlabel="million multiply-adds a digit", ylabel="microseconds a digit", title="Iterations, by work")
    right.plot(
        [row["batch_size"] for row in found["batches"]], [row["microseconds"] for row in found["batches"]], "ko-"
    )
    right.set_xscale("log", base=2)
    right.set(xlabel="digits a batch", ylim=(0, None), title="Iteration 8, by batch size")
    figure.savefig(path, metadata={"Date": None})
    return path
