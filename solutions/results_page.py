"""docs/results.md: what the reference solutions gave, judged against the document, rendered from the ledger."""

from collections.abc import Sequence
from pathlib import Path

from course.errors import CourseError
from course.iterations import iterations
from course.submission import Submission
from course.submission_file import load_submission
from course.tables import markdown_table
from graders.verdict import ACCURACY_LIMIT
from solutions.capstone import capstone_answers
from solutions.figures import FIGURES, figure_markdown
from solutions.judge import CONFIDENCE, LEAST_RUNS, WITHIN, Frequency, frequency, meets_with_best, meets_with_last
from solutions.judgments import SCHEDULED, UNSCHEDULED, Subject, judgment_tables, subjects, summary_sentences
from solutions.ledger import LEDGER, Record, read_ledger
from solutions.modules import weights_path
from solutions.recorded_runs import COLLAPSED_BELOW, Runs, in_bfloat16, recorded_runs
from solutions.slips import slips

PAGE = Path(__file__).parent.parent / "docs" / "results.md"


def results_page(ledger: Path = LEDGER) -> str:
    """The page as the ledger has it."""
    records = read_ledger(ledger)
    found = recorded_runs(records)
    rows = subjects(found)
    final = [item.number for item in iterations() if "accuracy" in item.claims]
    sections = {
        "": INTRODUCTION.rstrip(),
        "What is recorded": what_is_recorded(found),
        "Is it reproduced?": summary_sentences(rows).rstrip() + "\n\n" + judgment_tables(rows).rstrip(),
        "Pictures": "\n\n".join(figure_markdown(name, records) for name in FIGURES),
        "Where the document slipped": slips(rows, found).rstrip(),
        "How often one run meets the constraints": constraint_frequencies(rows).rstrip(),
        "The committed weights": committed_weights(final, records).rstrip(),
        "The capstone's answers": capstone_answers(records).rstrip(),
    }
    return "\n\n".join((f"## {title}\n\n" if title else "") + text for title, text in sections.items()) + "\n"


INTRODUCTION = f"""\
# What the reference solutions gave

`python -m solutions reproduce` trains them as documented and writes every run into `solutions/results/ledger.jsonl`;
`python -m solutions tables` renders this page and its pictures from there, and `python -m solutions verify` grades the committed
weights once more. No figure on this page was typed.

**The rule.** A documented figure counts as *reproduced* if it lies where one more run is expected, at {CONFIDENCE:.0%}: within
mean ± t · s · √(1 + 1/n) of our n runs, which differ in nothing but the seed; both ends are half a hundredth of a point further
out, for the figure's rounding. Fewer than {LEAST_RUNS} runs say too little of how far runs lie apart, and are not
judged. The seeds 1, 2, 3, … count up to the first that is missing, so that none is shown because its result was liked. A run
whose training accuracy ends below {COLLAPSED_BELOW:.0f}% has *collapsed at the start*: it is named, and kept out of the means.

**What is measured.** Training accuracy is measured while training, with dropout on; test accuracy after each epoch, on all 10,000
test digits. The *best* epoch is chosen on the test set, as documented, which flatters; the best of the first {WITHIN} keeps to
the constraint on epochs; the *last* is not chosen.
"""


def what_is_recorded(found: dict[int, Runs]) -> str:
    """How many runs of each iteration count, which collapsed, which lie behind a gap in the seeds."""
    head = ("iteration", "epochs", "runs that count", "in bfloat16", "collapsed at the start", "recorded behind a gap")
    body = []
    for item in iterations():
        runs = found[item.number]
        half = _seeds([run.seed for run in runs.counted if in_bfloat16(run)])
        counted = str(len(runs.counted))
        body.append((str(item.number), str(item.epochs), counted, half, _seeds(runs.collapsed), _seeds(runs.beyond)))
    return (
        f"Iteration {SCHEDULED} is judged both ways below. As documented its schedule was never stepped, and that is iteration "
        f"{UNSCHEDULED}'s network and recipe: iteration {UNSCHEDULED}'s runs stand for it. Stepped, it has runs of its own. The "
        "last three columns name seeds. The first two iterations take longest, and may be recorded in bfloat16; "
        "[how fast it is](speed.md) compares both precisions on a smaller network.\n\n"
        + markdown_table(head, body).rstrip()
    )


def constraint_frequencies(rows: list[Subject]) -> str:
    """For the iterations that claim the accuracy: in how many runs the best, and the last, of 19 epochs has it."""
    head = (
        "iteration",
        "runs",
        f"best of {WITHIN} epochs meets it",
        "probability",
        f"epoch {WITHIN} meets it",
        "probability",
    )
    body = []
    for row in rows:
        if "accuracy" in row.item.claims:
            best, last = (frequency(row.runs.counted, meets) for meets in (meets_with_best, meets_with_last))
            body.append((row.label, str(best.of), *_frequency(best), *_frequency(last)))
    return (
        f"The parameters, the epochs and the layers are the same in every run; whether it reaches {ACCURACY_LIMIT}% is not. Each "
        f"row counts all runs, collapsed ones included, after {WITHIN} epochs. The probability is that of a single new run, an "
        f"exact (Clopper-Pearson) interval at {CONFIDENCE:.0%}.\n\n" + markdown_table(head, body)
    )


def committed_weights(final: Sequence[int], records: Sequence[Record]) -> str:
    """Which seed is committed for those that claim the accuracy, and what the seeds before it gave."""
    head = ("iteration", "committed seed", f"its best of {WITHIN}", "its last", "seeds tried", "the seeds before it")
    text = (
        "`solutions/results/weights` holds a submission of each iteration but the first, whose millions of weights are left out. "
        f"For those that claim the accuracy it is the first seed, in order, that meets {ACCURACY_LIMIT}% within the {WITHIN} "
        "epochs of the solution's recipe: it was chosen, and here stands among how many.\n\n"
    )
    return text + markdown_table(head, [_committed(number, records) for number in final])


def _committed(number: int, records: Sequence[Record]) -> tuple[str, ...]:
    try:
        submission: Submission = load_submission(weights_path(number))
    except CourseError:
        return str(number), "none yet", "", "", "", ""
    seed, correct = submission.recipe.seed, [epoch.test_correct for epoch in submission.history[:WITHIN]]
    earlier = [_earlier(number, before, submission, records) for before in range(1, seed)]
    figures = (f"{max(correct) / 100:.2f}%", f"{correct[-1] / 100:.2f}%")
    return str(number), str(seed), *figures, str(seed), "; ".join(earlier) or "none"


def _earlier(number: int, seed: int, submission: Submission, records: Sequence[Record]) -> str:
    """What an earlier seed gave, where the ledger has it with the same network and at least as many epochs."""
    for record in records:
        same = (record.iteration, record.seed, record.graph) == (number, seed, submission.graph.hash)
        if same and len(record.epochs) >= len(submission.history):
            return f"{seed}: {max(record.correct[:WITHIN]) / 100:.2f}%"
    return f"{seed}: not in the ledger"


def _seeds(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def _frequency(found: Frequency) -> tuple[str, str]:
    if not found.of:
        return "", ""
    low, high = found.interval()
    return f"{found.met} of {found.of}", f"{low:.0%} to {high:.0%}"
