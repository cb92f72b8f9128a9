"""Results side by side: what is documented, what its log says, what was recorded, what a run gave."""

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from course.tables import html_table, text_table

if TYPE_CHECKING:
    from course.iterations import Iteration
    from course.run import Run

PARAMETERS, EPOCHS = "parameters", "epochs"
TRAIN = "training accuracy, best"
BEST, BEST_OF_19, LAST = "test accuracy, best epoch", "test accuracy, best of the first 19", "test accuracy, last epoch"
ORDER = (PARAMETERS, TRAIN, BEST, BEST_OF_19, LAST, EPOCHS)

Column = tuple[str, dict[str, str]]  # its title, and a figure for each of these names


@dataclass(frozen=True)
class Comparison:
    """Columns of results that print as text in a terminal and as a table in a notebook."""

    columns: tuple[Column, ...]
    note: str = field(default="", repr=False)

    def rows(self) -> list[tuple[str, ...]]:
        """The head, then a row a figure; a figure that a column lacks is left empty."""
        wanted = [name for name in ORDER if any(name in figures for _, figures in self.columns)]
        head = ("", *(title for title, _ in self.columns))
        return [head, *((name, *(figures.get(name, "") for _, figures in self.columns)) for name in wanted)]

    def __repr__(self) -> str:
        head, *body = self.rows()
        return "\n".join([text_table(head, body), *([self.note] if self.note else [])])

    def _repr_html_(self) -> str:
        head, *body = self.rows()
        return html_table("Results", head, body) + (f"<p>{escape(self.note)}</p>" if self.note else "")


def documented_column(item: "Iteration") -> dict[str, str]:
    """What the document says."""
    return {
        PARAMETERS: f"{item.documented.parameters:,}",
        BEST: f"{item.documented.test:.2f}%",
        TRAIN: f"{item.documented.train:.2f}%",
        EPOCHS: str(item.epochs),
    }


def log_column(item: "Iteration") -> dict[str, str]:
    """What the documented notebook printed."""
    return {
        BEST: f"{item.log.best():.2f}% (epoch {item.log.best_epoch})",
        BEST_OF_19: f"{item.log.best(19):.2f}%",
        LAST: f"{item.log.last:.2f}%",
        TRAIN: f"{max(item.log.train):.2f}%",
        EPOCHS: str(len(item.log.test)),
    }


def run_column(run: "Run") -> dict[str, str]:
    """What a run gave."""
    return {
        PARAMETERS: f"{run.graph.parameters:,}",
        BEST: f"{run.best.test_accuracy:.2f}% (epoch {run.best.epoch})",
        BEST_OF_19: f"{max(e.test_accuracy for e in run.history[:19]):.2f}%",
        LAST: f"{run.last.test_accuracy:.2f}%",
        TRAIN: f"{max(e.train_accuracy for e in run.history):.2f}%",
        EPOCHS: str(len(run.history)),
    }
