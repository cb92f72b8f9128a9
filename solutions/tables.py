"""What is shown of the records, rendered from them: the lessons' summary and the README's table."""

import json
from pathlib import Path

from course.comparison import BEST, BEST_OF_19, LAST, TRAIN
from course.iterations import Iteration, iterations
from course.recorded import RECORDED, Recorded, recorded_results, spread
from course.tables import markdown_table
from graders.bubblewrap import SMALL
from graders.doubts import COLLAPSE, DEGREES, ERRORS, MOVED, SAMPLE
from graders.kernel import WORK_SIZE
from graders.likeness import PUBLISHED, tensor_digests
from graders.limits import LARGEST_FILE, MEMORY, SECONDS
from solutions.figures import curves, write_figures
from solutions.judge import Frequency, meets_with_best, sample
from solutions.ledger import LEDGER, read_ledger
from solutions.modules import WITH_WEIGHTS, weights_path
from solutions.recorded_runs import recorded_runs

README = Path(__file__).parent.parent / "README.md"
SECURITY = README.with_name("SECURITY.md")
HEAD = (
    "",
    "iteration",
    "parameters",
    "documented: train",
    "documented: test",
    "its log: best test",
    "its log: last test",
    "recorded: best test",
    "recorded: last test",
)


def write_tables() -> list[Path]:
    """Render anew what does not say what the records say; returns the files that changed."""
    from solutions import results_page, speed_page

    pages = {
        RECORDED: summary,
        PUBLISHED: published,
        README: readme,
        SECURITY: security,
        speed_page.PAGE: speed_page.speed_page,
        results_page.PAGE: results_page.results_page,
    }
    changed = write_figures()
    for path, render in pages.items():
        text = render()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            recorded_results.cache_clear()
            changed.append(path)
    return changed


def summary(ledger: Path = LEDGER) -> str:
    """The contents of the lessons' summary: of every iteration the runs that count, in order of seeds."""
    found = {}
    for number, runs in recorded_runs(read_ledger(ledger)).items():
        if runs.learned:
            found[str(number)] = {
                "epochs": len(runs.learned[0].epochs),
                "seeds": [run.seed for run in runs.learned],
                "collapsed": list(runs.collapsed),
                "train": [round(value, 3) for value in sample(runs.learned, TRAIN).values],
                "best": sample(runs.learned, BEST).values,
                "best_of_19": sample(runs.learned, BEST_OF_19).values,
                "last": sample(runs.learned, LAST).values,
                **{f"curve_{name}": values for name, values in curves(runs.learned).items()},
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
    from graders.execution import BudgetExecute

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
    found = recorded_runs(read_ledger(ledger))
    for item in iterations():
        if "accuracy" in item.claims:
            runs = found[item.number].counted
            short = Frequency(sum(not meets_with_best(run) for run in runs), len(runs))
            low, high = short.interval()
            rates = (f"{low**seeds:.0%} to {high**seeds:.0%}" for seeds in (1, 3))  # all of them have to fall short
            rows.append((item.title, str(short.of), str(short.met), *rates))
    return markdown_table(head, rows)


def iterations_table() -> str:
    """A row an iteration, in Markdown."""
    return markdown_table(HEAD, [_row(item, recorded_results().get(item.number)) for item in iterations()])


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
