"""How training's cost grows: seconds and memory against the network's size, the batch's size and the number of seeds."""

import multiprocessing
import re
import resource
import statistics
import sys
from dataclasses import replace
from pathlib import Path

from joblib import cpu_count

from course import load_mnist
from course.data import Data
from course.seeds import fit_seeds
from course.speed import probe_seconds
from course.training import begin, train
from solutions.modules import solution

ITERATIONS = range(1, 11)  # 6.4 million to 6,000 parameters
BATCHES = (32, 64, 128, 256, 512)
SEEDS = (1, 2, 4)
STEPS = 40  # batches of 128: iteration 1 takes a second each
EPOCHS = 4  # of so many steps: the first prepares PyTorch's kernels, the median of the others counts
CLOSE = 1.4  # times: on the axes of the figure, the height of a name
FIGURE = Path(__file__).parent / "results" / "growth.svg"


def growth(data: Data | None = None) -> dict:
    """Microseconds a digit and the process's largest memory, each training in a fresh process of its own."""
    sizes = [_apart(number, 128) for number in ITERATIONS]
    batches = [_apart(8, batch) for batch in BATCHES]
    seeds = [_measure_seeds(count) for count in SEEDS]  # here: a pool's process may have none of its own
    return {"iterations": sizes, "batches": batches, "seeds": seeds, "probe_seconds": probe_seconds()}


def _apart(number: int, batch_size: int) -> dict:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (number, batch_size))


def _measure(number: int, batch_size: int) -> dict:
    """Train for a few short epochs, the whole of MNIST in memory."""
    module, data = solution(number), load_mnist()
    digits = STEPS * 128
    few = few_digits(data, digits)
    recipe = replace(module.recipe, epochs=EPOCHS, batch_size=batch_size)
    run, weights = begin(module.Net, recipe, few)
    _, *seconds = (epoch.seconds for epoch in train(run, weights, few, progress=False))
    rows = run.graph.rows
    return {
        "iteration": number,
        "batch_size": batch_size,
        "parameters": run.graph.parameters,
        "multiply_adds": sum(row.multiply_adds for row in rows),
        "microseconds": 1e6 * statistics.median(seconds) / digits,
        "memory_mb": _peak_mb(),
    }


def _measure_seeds(count: int) -> dict:
    """The same for several seeds at once: as long as the slowest process takes, shared by the seeds."""
    module, digits = solution(8), STEPS * 128
    recipe, few = replace(module.recipe, epochs=EPOCHS), few_digits(load_mnist(), digits)
    runs = fit_seeds(module.Net, recipe, few, range(1, count + 1), progress=False)
    a_run = statistics.median(epoch.seconds for run in runs for epoch in run.history[1:])
    return {"seeds": count, "microseconds": 1e6 * a_run / digits / min(count, cpu_count())}


def few_digits(data: Data, digits: int) -> Data:
    """The first so many training digits, and a hundred to evaluate on: an epoch that is training and little else."""
    few = replace(data, train_images=data.train_images[:digits], train_labels=data.train_labels[:digits])
    return replace(few, test_images=data.test_images[:100], test_labels=data.test_labels[:100])


def _peak_mb() -> float:
    """The most memory that this process has held, in megabytes."""
    if sys.platform == "linux":  # getrusage begins with what the process held that started this one
        return int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _neighbours(rows: list[dict]) -> list[list[dict]]:
    """The rows in groups that lie so close in a plot that their names would cover each other."""
    groups: list[list[dict]] = []
    for row in ({**row, "millions": row["multiply_adds"] / 1e6} for row in rows):
        for group in groups:
            if all(1 / CLOSE < row[what] / group[0][what] < CLOSE for what in ("millions", "microseconds")):
                group.append(row)
                break
        else:
            groups.append([row])
    return groups


def draw(found: dict, path: Path = FIGURE) -> Path:
    """Plot what `growth` found."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    for group in _neighbours(found["iterations"]):
        x, y = ([row[what] for row in group] for what in ("millions", "microseconds"))
        left.loglog(x, y, "ko")
        names = ", ".join(str(row["iteration"]) for row in group)
        left.annotate(names, (max(x), statistics.geometric_mean(y)), (7, 0), textcoords="offset points", va="center")
    left.set(xlabel="million multiply-adds a digit", ylabel="microseconds a digit", title="Iterations, by work")
    left.margins(0.12)
    for axis in (left.xaxis, left.yaxis):
        axis.set_major_formatter("{x:,.0f}")
        axis.set_minor_formatter("")
    right.plot(
        [row["batch_size"] for row in found["batches"]], [row["microseconds"] for row in found["batches"]], "ko-"
    )
    right.set_xscale("log", base=2)
    right.set_xticks(BATCHES, [str(batch) for batch in BATCHES])
    right.set(xlabel="digits a batch", ylim=(0, None), title="Iteration 8, by batch size")
    figure.savefig(path, metadata={"Date": None})
    return path
