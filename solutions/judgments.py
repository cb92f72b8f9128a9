"""Every documented figure beside the runs that it is held against, and the sentences that follow by rule."""

from collections.abc import Callable
from dataclasses import dataclass

from course.comparison import BEST, BEST_OF_19, LAST, TRAIN
from course.iterations import Iteration, iterations
from course.tables import markdown_table
from solutions.judge import (
    CONFIDENCE,
    DOCUMENTED,
    LOGGED,
    MEASURED,
    NOT_REPRODUCED,
    REPRODUCED,
    Sample,
    judge,
    sample,
)
from solutions.recorded_runs import Runs

SCHEDULED, UNSCHEDULED = 10, 9  # iteration 10's schedule was created and never stepped: that is iteration 9's recipe

# Why a figure is not reproduced, where that was found out: (label of the row, quantity) to a sentence.
REASONS: dict[tuple[str, str], str] = {}


NO_SPREAD = "All runs agree to the digit, by chance, so the rule sees no spread at all: more seeds will show one."


@dataclass(frozen=True)
class Subject:
    """A row of judgments: an iteration's documented figures, and the runs that they are held against."""

    label: str
    item: Iteration
    runs: Runs

    def sample(self, quantity: str) -> Sample:
        return sample(self.runs.learned, quantity)


@dataclass(frozen=True)
class Judged:
    """One figure of the document, or of its log, and the verdict on it."""

    subject: Subject
    quantity: str
    source: str
    figure: float

    @property
    def verdict(self) -> str:
        return judge(self.figure, self.subject.sample(self.quantity))

    def __str__(self) -> str:
        found = self.subject.sample(self.quantity)
        low, high = found.prediction() or (0.0, 0.0)
        return (
            f"Iteration {self.subject.label}, {self.quantity}: {self.source} {self.figure:.2f}%; {found.n} runs gave "
            f"{found.mean:.2f}% on average, and one more should lie between {low:.2f}% and {high:.2f}%."
        )


def subjects(found: dict[int, Runs]) -> list[Subject]:
    """A row an iteration; iteration 10 has two, as it is documented and as it was run."""
    rows = [Subject(str(item.number), item, found[item.number]) for item in iterations()]
    *rows, last = rows
    as_run = Subject(f"{SCHEDULED}, never stepped", last.item, found[UNSCHEDULED])
    return [*rows, as_run, Subject(f"{SCHEDULED}, stepped", last.item, last.runs)]


def judged(rows: list[Subject], figures: dict[str, Callable[[Iteration], float]], source: str) -> list[Judged]:
    """The verdicts on all figures of one source."""
    return [Judged(row, quantity, source, figure(row.item)) for quantity, figure in figures.items() for row in rows]


def summary_sentences(rows: list[Subject]) -> str:
    """How many documented figures are reproduced, and each that is not, with what is known of why."""
    verdicts = judged(rows, DOCUMENTED, "documented")
    count = {verdict: sum(one.verdict == verdict for one in verdicts) for verdict in (REPRODUCED, NOT_REPRODUCED)}
    open_ones = len(verdicts) - sum(count.values())
    text = (
        f"Of {len(verdicts)} documented accuracies (best in training and in the test, iteration 10 both ways), "
        f"**{count[REPRODUCED]} are reproduced**, {count[NOT_REPRODUCED]} are not, and {open_ones} cannot be judged yet, for "
        "want of runs.\n"
    )
    if sum(count.values()):
        text += (
            f"Of figures that are all reproduced, such a rule still misses one in {1 / (1 - CONFIDENCE):.0f}: of "
            f"{sum(count.values())} judged, about {(1 - CONFIDENCE) * sum(count.values()):.1f}.\n"
        )
    return text + "".join(f"\n- {one} {why(one)}" for one in verdicts if one.verdict == NOT_REPRODUCED) + "\n"


def why(one: Judged) -> str:
    """What is known of a figure that is not reproduced."""
    known = REASONS.get((one.subject.label, one.quantity))
    slip = one.subject.item.note if one.quantity == BEST and contradicts_its_log(one.subject.item) else ""
    chance = "" if one.subject.sample(one.quantity).deviation else NO_SPREAD
    return known or slip or chance or "Why is not known yet."


def contradicts_its_log(item: Iteration) -> bool:
    """Whether the document's best test accuracy is not its own log's."""
    return round(100 * item.documented.test) != round(100 * item.log.best())


def judgment_tables(rows: list[Subject]) -> str:
    """A table a quantity: the document's figure, its log's, what the runs gave, and both verdicts."""
    return "\n".join(f"### {TITLES[quantity]}\n\n{_table(rows, quantity)}" for quantity in MEASURED)


TITLES = {
    TRAIN: "Training accuracy, best epoch",
    BEST: "Test accuracy, best epoch, as documented",
    BEST_OF_19: "Test accuracy, best of the first 19 epochs",
    LAST: "Test accuracy, last epoch",
}


def _table(rows: list[Subject], quantity: str) -> str:
    figures = {"documented": DOCUMENTED.get(quantity), "log": LOGGED[quantity]}
    shown = {name: figure for name, figure in figures.items() if figure}
    runs = ("runs", "mean", "s", "lowest", "highest", "one more run")
    head = ("iteration", *shown, *runs, *(f"{name} is" for name in shown))
    return markdown_table(head, [_row(row, quantity, list(shown.values())) for row in rows])


def _row(row: Subject, quantity: str, figures: list[Callable[[Iteration], float]]) -> tuple[str, ...]:
    found, said = row.sample(quantity), [figure(row.item) for figure in figures]
    verdicts = [judge(figure, found) for figure in said]
    shown = [row.label, *(f"{figure:.2f}%" for figure in said), str(found.n)]
    if not found.n:
        return (*shown, "", "", "", "", "", *verdicts)
    interval = found.prediction()
    spread = "" if found.deviation is None else f"{found.deviation:.3f}"
    one_more = f"{interval[0]:.2f} to {interval[1]:.2f}" if interval else ""
    return (
        *shown,
        f"{found.mean:.2f}%",
        spread,
        f"{min(found.values):.2f}",
        f"{max(found.values):.2f}",
        one_more,
        *verdicts,
    )
