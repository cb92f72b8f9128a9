"""docs/speed.md: what was measured of the course's speed, rendered from the bench's file."""

import math
import statistics
from collections.abc import Callable
from pathlib import Path

from course.recipe import PRECISIONS
from course.tables import markdown_table
from solutions.bench import PARTS, measured_precisions, read_bench, times_as_fast
from solutions.judge import CONFIDENCE, Sample

PAGE = Path(__file__).parent.parent / "docs" / "speed.md"
FLOORS = {"float32": 1.5, "bfloat16": 3}  # times as fast as the standard loop
CLASS_SECONDS = 120  # for a hundred hand-ins on two cores


def speed_page() -> str:
    """The page as the file of measurements has it; a part that was never measured says which command measures it."""
    found = read_bench()
    parts = [INTRODUCTION]
    for name, (title, sentences) in SECTIONS.items():
        if name not in found:
            parts.append(f"## {title}\n\nNot measured yet: `python -m solutions bench --parts {name}`.\n")
            continue
        about, result = found[name]["machine"], found[name]["found"]
        where = (
            f"*Measured {about['date']}: {about['processor']}, {about['cores']} cores, {about['threads']} threads, "
            f"PyTorch {about['torch']}, Python {about['python']}.*"
        )
        table = markdown_table(*PARTS[name][1](result))
        parts.append(f"## {title}\n\n{sentences(result)}\n\n{table}\n{where}\n")
    return "\n".join(parts)


INTRODUCTION = """\
# How fast it is

`python -m solutions bench` measures this page anew, and `python -m solutions tables` renders it; the figures are in
`solutions/results/bench.json`. The **standard loop** is what tutorials write: `torchvision.datasets.MNIST` with PIL
transforms, a `DataLoader` with its defaults, single precision (`solutions/standard.py`). What is compared runs in turns
on the same machine, and medians count. Times need a quiet machine: other work on the same cores shows in them.
"""


def _epochs(found: dict) -> str:
    text = "One epoch, 60,000 digits, evaluation on the test set included; the recipe as documented, batches of 128."
    for precision in measured_precisions(found):
        slowest = min(times_as_fast(row, precision) for row in found.values())
        verdict = "both are" if slowest >= FLOORS[precision] else "not both are"
        text += f" In {precision} {verdict} at least {FLOORS[precision]} times as fast as the standard loop, which was the aim."
    return text


def _levers(found: dict) -> str:
    return (
        "Training iteration 8 with one thing changed at a time: what each is worth. On a CPU asking for a number waits for "
        "nothing; on a GPU it would. A difference smaller than the spread of the turns counts for nothing. bfloat16 stays a "
        "choice of the recipe, for the CPUs that have it; `torch.compile` is not used."
    )


def _evaluation(seconds: float) -> str:
    return "What grading a file, and the end of every epoch, cost."


def _class(found: dict) -> str:
    verdict = "under" if max(found["turns"]) < CLASS_SECONDS else "not always under"
    return (
        "`python -m graders class`, from its start to its tables, nbgrader's gradebook included: every hand-in has weights of "
        f"its own, which are evaluated on all test digits. It is {verdict} {CLASS_SECONDS} seconds, which was the aim."
    )


def _recipe(found: dict) -> str:
    standard = found["standard"]["seconds"]
    text = "`solutions/fast.py`: from nothing to the last epoch, within the four constraints."
    for precision, runs in found["fast"].items():
        mean = statistics.mean(run["last"] for run in runs)
        ratio = standard / max(run["seconds"] for run in runs)
        text += (
            f" In {precision} the mean accuracy of the last epochs is **{mean:.2f}%**; the slowest seed is **{ratio:.1f} times "
            "as fast** as the standard loop."
        )
    if len(found["fast"]) > 1:
        single, half = ([run["last"] for run in found["fast"][precision]] for precision in PRECISIONS)
        moved = Sample(tuple(after - before for before, after in zip(single, half, strict=True)))
        low, high = moved.mean_interval() or (math.nan, math.nan)
        text += (
            f" With the same {moved.n} seeds, bfloat16 moves the last epoch's accuracy by {moved.mean:+.2f} points on average; "
            f"at {CONFIDENCE:.0%} that mean lies between {low:+.2f} and {high:+.2f}."
        )
    return text + (
        " These runs had all threads, and the same seeds on the page of results one each: sums are rounded in another order, "
        "so the accuracies differ."
    )


def _growth(found: dict) -> str:
    most = max(row["memory_mb"] for row in [*found["iterations"], *found["batches"]] if row["iteration"] == 8)
    return (
        "A digit's work grows with the multiply-adds, and for small networks with the size of their maps; parameters say little. "
        f"The final network's training never held more than {most:,.0f} MB, PyTorch and MNIST included.\n\n"
        "![Two plots. Left: microseconds a digit against multiply-adds a digit, the ten iterations, both axes "
        "logarithmic. Right: microseconds a digit against the batch size, for iteration 8.](../solutions/results/growth.svg)"
    )


SECTIONS: dict[str, tuple[str, Callable[..., str]]] = {
    "epochs": ("An epoch", _epochs),
    "levers": ("What each lever is worth", _levers),
    "evaluation": ("Evaluation", _evaluation),
    "class": ("A class", _class),
    "recipe": ("The fast recipe", _recipe),
    "growth": ("How cost grows", _growth),
}
