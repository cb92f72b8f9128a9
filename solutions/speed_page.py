"""docs/speed.md: what was measured of the course's speed, rendered from the bench's file."""

from collections.abc import Callable
from pathlib import Path

from course.tables import markdown_table
from solutions.bench import PARTS, read_bench

PAGE = Path(__file__).parent.parent / "docs" / "speed.md"
FLOOR = 1.5  # times as fast as the standard loop


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
    slowest = min(row["ratio"] for row in found.values())
    verdict = "meets" if slowest >= FLOOR else "misses"
    return (
        "One epoch, 60,000 digits, evaluation on the test set included; the recipe as documented, single precision, batches of "
        f"128. The slower of the two {verdict} the least that was asked for, {FLOOR} times the standard loop."
    )


def _levers(found: dict) -> str:
    return "Training iteration 8 with one thing left out at a time: what each is worth."


def _evaluation(seconds: float) -> str:
    return "What grading a file, and the end of every epoch, cost."


def _recipe(found: dict) -> str:
    return (
        "`solutions/fast.py`: from nothing to the last epoch, within the four constraints. Mean accuracy of the last epochs "
        f"**{found['mean_last']:.2f}%**; the slowest seed is **{found['ratio']:.1f} times as fast** as the standard loop."
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
    "recipe": ("The fast recipe", _recipe),
    "growth": ("How cost grows", _growth),
}
