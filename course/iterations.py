"""The ten iterations as data: what is documented, what the public logs say, and what a lesson claims."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from course.errors import UsageError

if TYPE_CHECKING:
    from course.training import Run

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

    def header(self) -> "Comparison":
        """The documented results, for the top of a lesson."""
        return Comparison((("documented", self._documented()),), self.note)

    def compare(self, run: "Run") -> "Comparison":
        """The documented results, the log's and this run's, side by side."""
        log = {
            "test accuracy, best epoch": f"{self.log.best():.2f}% (epoch {self.log.best_epoch})",
            "test accuracy, best of 19": f"{self.log.best(19):.2f}%",
            "test accuracy, last epoch": f"{self.log.last:.2f}%",
            "training accuracy, best": f"{max(self.log.train):.2f}%",
            "epochs": str(len(self.log.test)),
        }
        yours = {
            "parameters": f"{run.graph.parameters:,}",
            "test accuracy, best epoch": f"{run.best.test_accuracy:.2f}% (epoch {run.best.epoch})",
            "test accuracy, best of 19": f"{max(e.test_accuracy for e in run.history[:19]):.2f}%",
            "test accuracy, last epoch": f"{run.last.test_accuracy:.2f}%",
            "training accuracy, best": f"{max(e.train_accuracy for e in run.history):.2f}%",
            "epochs": str(len(run.history)),
        }
        data = "yours" if run.data["name"] == "MNIST" else f"yours, on {run.data['name']}"
        return Comparison((("documented", self._documented()), ("its log", log), (data, yours)), self.note)

    def _documented(self) -> dict[str, str]:
        return {
            "parameters": f"{self.documented.parameters:,}",
            "test accuracy, best epoch": f"{self.documented.test:.2f}%",
            "training accuracy, best": f"{self.documented.train:.2f}%",
            "epochs": str(self.epochs),
        }


@dataclass(frozen=True)
class Comparison:
    """Columns of results that print as text in a terminal and as a table in a notebook."""

    columns: tuple[tuple[str, dict[str, str]], ...]
    note: str = field(default="", repr=False)

    def rows(self) -> list[tuple[str, ...]]:
        """The head, then a row a figure; a figure that a column lacks is left empty."""
        order = ["parameters", "training accuracy, best", "test accuracy, best epoch", "test accuracy, best of 19"]
        order += ["test accuracy, last epoch", "epochs"]
        wanted = [name for name in order if any(name in figures for _, figures in self.columns)]
        head = ("", *(title for title, _ in self.columns))
        return [head, *((name, *(figures.get(name, "") for _, figures in self.columns)) for name in wanted)]

    def __repr__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, *([self.note] if self.note else [])])

    def _repr_html_(self) -> str:
        head, *body = self.rows()
        top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
        rest = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body)
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        return f"<table><caption>Results</caption><tr>{top}</tr>{rest}</table>{note}"


@cache
def iterations() -> tuple[Iteration, ...]:
    """All ten, in order."""
    text = (Path(__file__).parent / "iterations.toml").read_text(encoding="utf-8")
    return tuple(_iteration(entry) for entry in tomllib.loads(text)["iteration"])


def iteration(number: int) -> Iteration:
    """The iteration of this number, 1 to 10."""
    for item in iterations():
        if item.number == number:
            return item
    raise UsageError(f"there are iterations 1 to {len(iterations())}, saw {number!r}")


def _iteration(entry: dict) -> Iteration:
    test = tuple(100 * correct / TEST_DIGITS for correct in entry.pop("log_test_correct"))
    log = Log(test, tuple(entry.pop("log_train")))
    documented = Documented(**entry.pop("documented"))
    return Iteration(**entry | {"claims": tuple(entry["claims"])}, documented=documented, log=log)
