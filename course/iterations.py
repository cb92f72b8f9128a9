"""The lessons as data: the ten iterations, with what is documented and what the public logs say, and the capstone after them."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from course.comparison import Column, Comparison, documented_column, log_column, run_column
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
class Lesson:
    """A lesson: an iteration's, or the capstone. `claims` are the constraints that its network is to meet."""

    number: int
    slug: str
    title: str
    target: str
    complete: str
    epochs: int
    minutes_cpu: int
    claims: tuple[str, ...]

    def compare(self, run: "Run") -> Comparison:
        """The reference solution's results, where they are recorded, and this run's, side by side."""
        return Comparison((*self._recorded(), self._yours(run)))

    def _recorded(self) -> list[Column]:
        recorded = recorded_results().get(self.number)
        return [(recorded.title, recorded.column())] if recorded else []

    def _yours(self, run: "Run") -> Column:
        return "yours" if run.data["name"] == "MNIST" else f"yours, on {run.data['name']}", run_column(run)


@dataclass(frozen=True)
class Iteration(Lesson):
    """One of the ten steps. `corrected_test` is the accuracy that the log supports where the document's is not it."""

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
        documented = (("documented", documented_column(self)), ("its log", log_column(self)))
        return Comparison((*documented, *self._recorded(), self._yours(run)), self.note)


One = TypeVar("One", bound=Lesson)


@cache
def iterations() -> tuple[Iteration, ...]:
    """All ten, in order."""
    return tuple(_iteration(entry) for entry in _facts()["iteration"])


def measured_probe() -> float:
    """Seconds that the probe of `course.speed` took on the machine on which `minutes_cpu` was measured."""
    return _facts()["probe_seconds"]


def iteration(number: int) -> Iteration:
    """The iteration of this number, 1 to 10."""
    return _find(number, iterations(), "iterations")


@cache
def lessons() -> tuple[Lesson, ...]:
    """Those of the ten iterations, and the capstone behind them."""
    entry = _facts()["capstone"]
    return (*iterations(), Lesson(**entry | {"claims": tuple(entry["claims"])}))


def lesson(number: int) -> Lesson:
    """The lesson of this number."""
    return _find(number, lessons(), "lessons")


def number_of(slug: str) -> int | None:
    """The number of the lesson of this name, such as 8 for "08_final_model"; None for any other name."""
    return next((item.number for item in lessons() if item.slug == slug), None)


def _find(number: int, items: tuple[One, ...], name: str) -> One:
    for item in items:
        if item.number == number:
            return item
    raise UsageError(f"there are {name} 1 to {len(items)}, saw {number!r}")


def _facts() -> dict:
    return tomllib.loads((Path(__file__).parent / "iterations.toml").read_text(encoding="utf-8"))


def _iteration(entry: dict) -> Iteration:
    test = tuple(100 * correct / TEST_DIGITS for correct in entry.pop("log_test_correct"))
    log = Log(test, tuple(entry.pop("log_train")))
    documented = Documented(**entry.pop("documented"))
    return Iteration(**entry | {"claims": tuple(entry["claims"])}, documented=documented, log=log)
