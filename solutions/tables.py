"""What is shown of the records, rendered from them: the lessons' summary and the README's table."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import count, takewhile
from pathlib import Path

from scipy.stats import binomtest

from course.iterations import Iteration, iterations
from course.recorded import RECORDED, Recorded, recorded_results, spread
from graders.bubblewrap import SMALL
from graders.doubts import COLLAPSE, DEGREES, ERRORS, MOVED, SAMPLE
from graders.kernel import WORK_SIZE
from graders.likeness import PUBLISHED, tensor_digests
from graders.limits import LARGEST_FILE, MEMORY, SECONDS
from graders.verdict import ACCURACY_LIMIT, EPOCHS_LIMIT
from solutions.ledger import LEDGER, Record, read_ledger
from solutions.modules import WITH_WEIGHTS, solution, weights_path

README = Path(__file__).parent.parent / "README.md"
SECURITY = README.with_name("SECURITY.md")
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
    pages = ((RECORDED, summary), (PUBLISHED, published), (README, readme), (SECURITY, security), (PAGE, speed_page))
    for path, render in pages:
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


def published() -> str:
    """Digests of the reference solutions' recorded weights, by which the grader knows them."""
    paths = [weights_path(number) for number in WITH_WEIGHTS]
    digests = {path.stem: sorted(tensor_digests(path)) for path in paths if path.exists()}
    return json.dumps(digests, indent=1) + "\n"


def readme() -> str:
    """The README with its table of the iterations as the data say."""
    return _with_table(README.read_text(encoding="utf-8"), "iterations", iterations_table())


def security() -> str:
    """SECURITY.md with its tables: limits and signs as the code has them, false alarms as the ledger says."""
    text = SECURITY.read_text(encoding="utf-8")
    tables = {"limits": limits_table(), "signs": signs_table(), "false alarms": false_alarms_table()}
    for name, table in tables.items():
        text = _with_table(text, name, table)
    return text


def _with_table(text: str, name: str, table: str) -> str:
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    before, rest = text.split(begin)
    return before + begin + table + end + rest.split(end)[1]


def limits_table() -> str:
    """What learner code is limited to."""
    from graders.preprocessors import BudgetExecute

    rows = (
        ("a file's or a notebook's definitions", f"{SECONDS} seconds"),
        ("a notebook that is run for its feedback", f"{BudgetExecute.budget.default_value} seconds"),
        ("each process", f"{MEMORY // 2**30} GiB of data"),
        ("what definitions write, in bubblewrap", f"{SMALL // 2**20} MiB in all"),
        ("what a notebook writes, in bubblewrap", f"{WORK_SIZE // 2**20} MiB in all, its copied files among them"),
        ("a file that a notebook writes", f"{LARGEST_FILE // 10**6} MB"),
        ("a cell's text in the feedback", f"{BudgetExecute.most_output.default_value:,} characters"),
    )
    return markdown_table(("of", "at most"), rows)


def signs_table() -> str:
    """From where on a sign is reported."""
    rows = (
        ("better on test digits", f"{SAMPLE:,} training digits", f"more than {ERRORS} standard errors"),
        ("shifted by a pixel", f"{MOVED:,} test digits", f"more than {COLLAPSE:g} points lost"),
        (f"rotated by up to {DEGREES}°", f"{MOVED:,} test digits", f"more than {COLLAPSE:g} points lost"),
    )
    return markdown_table(("sign", "looked at", "reported from"), rows)


def false_alarms_table(ledger: Path = LEDGER) -> str:
    """How often a training of an honest network misses rule 1 within its epochs: as recorded, and the rate at 95%."""
    rows: list[tuple[str, ...]] = []
    head = ("iteration", "recorded trainings", "of them short of the line", "rate for one seed", "for three seeds")
    records = read_ledger(ledger)
    for item in iterations():
        runs = [r for r in records if r.iteration == item.number and _as_documented(r)]
        if "accuracy" in item.claims and runs:
            short = sum(max(run.correct[: EPOCHS_LIMIT - 1]) < ACCURACY_LIMIT * 100 for run in runs)
            low, high = binomtest(short, len(runs)).proportion_ci()
            rates = (f"{low**seeds:.0%} to {high**seeds:.0%}" for seeds in (1, 3))  # all of them have to fall short
            rows.append((item.title, str(len(runs)), str(short), *rates))
    return markdown_table(head, rows)


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
