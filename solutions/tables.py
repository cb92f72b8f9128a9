"""What is shown of the records, rendered from them: the lessons' summary and the README's table."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import count, takewhile
from pathlib import Path

from course.iterations import Iteration, iterations
from course.recorded import RECORDED, Recorded, recorded_results, spread
from solutions.ledger import LEDGER, Record, read_ledger
from solutions.modules import solution

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- iterations:begin -->\n", "<!-- iterations:end -->"
HEAD = (
    "",
    "iteration",
    "parameters",
    "documented: train",
    "test",
    "its log: best test",
    "last",
    "recorded: best test",
    "last",
)


def write_tables() -> list[Path]:
    """Render anew what does not say what the records say; returns the files that changed."""
    from solutions.speed_page import PAGE, speed_page

    changed = []
    for path, render in ((RECORDED, summary), (README, readme), (PAGE, speed_page)):
        text = render()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            recorded_results.cache_clear()
            changed.append(path)
    return changed


def summary(ledger: Path = LEDGER) -> str:
    """The contents of the lessons' summary: of every iteration the runs of its documented length, in order of seeds."""
    records = [record for record in read_ledger(ledger) if _as_documented(record)]
    found = {}
    for item in iterations():
        by_seed = {record.seed: record for record in records if record.iteration == item.number}
        # seeds 1, 2, 3, … up to the first that is missing: none may be shown because its result was liked
        runs = [by_seed[seed] for seed in takewhile(by_seed.__contains__, count(1))]
        if runs:
            found[str(item.number)] = {
                "epochs": item.epochs,
                "seeds": [run.seed for run in runs],
                "train": [round(max(epoch["train_accuracy"] for epoch in run.epochs), 3) for run in runs],
                "best": [max(run.correct) / 100 for run in runs],
                "best_of_19": [max(run.correct[:19]) / 100 for run in runs],
                "last": [run.correct[-1] / 100 for run in runs],
            }
    return json.dumps(found, indent=1) + "\n"


def readme() -> str:
    """The README with its table of the iterations as the data say."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return before + BEGIN + iterations_table() + END + rest.split(END)[1]


def iterations_table() -> str:
    """A row an iteration, in Markdown."""
    return markdown_table(HEAD, [_row(item, recorded_results().get(item.number)) for item in iterations()])


def markdown_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Lines of cells between bars."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *body))


def _row(item: Iteration, recorded: Recorded | None) -> tuple[str, ...]:
    seen = (spread(recorded.best), spread(recorded.last)) if recorded else ("", "")
    return (
        str(item.number),
        item.title,
        f"{item.documented.parameters:,}",
        f"{item.documented.train:.2f}%",
        f"{item.documented.test:.2f}%",
        f"{item.log.best():.2f}%",
        f"{item.log.last:.2f}%",
        *seen,
    )


def _as_documented(record: Record) -> bool:
    """Trained by the solution's recipe for the documented number of epochs; other experiments stay in the ledger."""
    item = next(item for item in iterations() if item.number == record.iteration)
    recipe = replace(solution(item.number).recipe, seed=record.seed, epochs=item.epochs)
    return record.recipe == recipe.hash and len(record.epochs) == item.epochs
