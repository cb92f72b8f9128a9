"""The ten iterations as data: what is documented, what the public logs say, and what a lesson claims."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from course.comparison import Comparison, documented_column, log_column, run_column
from course.errors import UsageError
from course.recorded import recorded_results

if TYPE_CHECKING:
    from course.run import Run

TEST_DIGITS = 10_000


@dataclass(frozen=True)
class Documented:
    """What the document says: parameters, and the best training and test accuracy in percent."""

    parameters: int
    train: float
    test: float


@dataclass(frozen=True)
class Log:
    """What the documented notebook printed, an entry an epoch: accuracies in percent."""

    test: tuple[float, ...]
    train: tuple[float, ...]

    def best(self, epochs: int | None = None) -> float:
        """The best test accuracy, of all epochs or of the first few."""
        return max(self.test[:epochs])

    @property
    def best_epoch(self) -> int:
        """The first epoch with the best test accuracy, counted from 1."""
        return self.test.index(self.best()) + 1

    @property
    def last(self) -> float:
        return self.test[-1]


@dataclass(frozen=True)
class Iteration:
    """One of the ten steps. `corrected_test` is the accuracy that the log supports where the document's is not it."""

    number: int
    slug: str
    title: str
    target: str
    complete: str
    epochs: int
    minutes_cpu: int
    minutes_gpu: int
    claims: tuple[str, ...]
    analysis: str
    documented: Documented
    log: Log
    corrected_test: float | None = None
    note: str = ""

    def header(self) -> Comparison:
        """The documented results, for the top of a lesson; what is wrong with them, its `note`, is for the learner to find."""
        return Comparison((("documented", documented_column(self)),))

    def compare(self, run: "Run") -> Comparison:
        """The documented results, the log's, the reference solution's where they are recorded, and this run's, side by side."""
        columns = [("documented", documented_column(self)), ("its log", log_column(self))]
        recorded = recorded_results().get(self.number)
        if recorded:
            columns.append((recorded.title, recorded.column()))
        title = "yours" if run.data["name"] == "MNIST" else f"yours, on {run.data['name']}"
        return Comparison((*columns, (title, run_column(run))), self.note)


@cache
def iterations() -> tuple[Iteration, ...]:
    """All ten, in order."""
    return tuple(_iteration(entry) for entry in _facts()["iteration"])


def measured_probe() -> float:
    """Seconds that the probe of `course.speed` took on the machine on which `minutes_cpu` was measured."""
    return _facts()["probe_seconds"]


def iteration(number: int) -> Iteration:
    """The iteration of this number, 1 to 10."""
    for item in iterations():
        if item.number == number:
            return item
    raise UsageError(f"there are iterations 1 to {len(iterations())}, saw {number!r}")


def number_of(slug: str) -> int | None:
    """The number of the iteration of this name, such as 8 for "08_final_model"; None for any other name."""
    return next((item.number for item in iterations() if item.slug == slug), None)


def _facts() -> dict:
    return tomllib.loads((Path(__file__).parent / "iterations.toml").read_text(encoding="utf-8"))


def _iteration(entry: dict) -> Iteration:
    test = tuple(100 * correct / TEST_DIGITS for correct in entry.pop("log_test_correct"))
    log = Log(test, tuple(entry.pop("log_train")))
    documented = Documented(**entry.pop("documented"))
    return Iteration(**entry | {"claims": tuple(entry["claims"])}, documented=documented, log=log)
