"""What the reference solutions gave when they were trained as documented: a summary, rendered from the ledger of all runs."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean

from course.comparison import BEST, BEST_OF_19, EPOCHS, LAST, TRAIN

RECORDED = Path(__file__).parent / "recorded.json"


@dataclass(frozen=True)
class Recorded:
    """One iteration's runs, an entry a seed; accuracies are percent, of the best epoch, the best of 19, the last.

    `collapsed` are further seeds whose runs never got away from the start: named, and not averaged. The three curves are
    test accuracy after each epoch over the runs.
    """

    epochs: int
    seeds: tuple[int, ...]
    train: tuple[float, ...]
    best: tuple[float, ...]
    best_of_19: tuple[float, ...]
    last: tuple[float, ...]
    collapsed: tuple[int, ...] = ()
    curve_mean: tuple[float, ...] = ()
    curve_low: tuple[float, ...] = ()
    curve_high: tuple[float, ...] = ()

    @property
    def title(self) -> str:
        """The head of its column: figures of one run, or means with the smallest and the largest."""
        title = "recorded, one seed" if len(self.seeds) == 1 else f"recorded, mean of {len(self.seeds)} seeds"
        return title + (f" ({len(self.collapsed)} more collapsed)" if self.collapsed else "")

    def column(self) -> dict[str, str]:
        """Its figures for a Comparison."""
        return {
            TRAIN: spread(self.train),
            BEST: spread(self.best),
            BEST_OF_19: spread(self.best_of_19),
            LAST: spread(self.last),
            EPOCHS: str(self.epochs),
        }


@cache
def recorded_results() -> dict[int, Recorded]:
    """What is recorded, by iteration; an iteration without a run is left out."""
    entries = json.loads(RECORDED.read_text(encoding="utf-8"))
    return {
        int(number): Recorded(one.pop("epochs"), **{key: tuple(values) for key, values in one.items()})
        for number, one in entries.items()
    }


def spread(accuracies: tuple[float, ...]) -> str:
    """One accuracy, or the mean of several with the smallest and the largest."""
    if len(set(accuracies)) == 1:
        return f"{accuracies[0]:.2f}%"
    return f"{mean(accuracies):.2f}% ({min(accuracies):.2f} to {max(accuracies):.2f})"
