"""Where the document and its logs disagree, or say less than they seem to: documented, logged, measured."""

from course.comparison import BEST, BEST_OF_19, LAST
from course.iterations import iteration, iterations
from course.tables import markdown_table
from graders.verdict import EPOCHS_LIMIT
from solutions.judge import LEAST_RUNS, MEASURED, WITHIN, Sample, differences, judge
from solutions.judgments import SCHEDULED, UNSCHEDULED, Subject, contradicts_its_log
from solutions.recorded_runs import Runs

NOT_YET = "We have no run of it yet."
LATE = 8  # the last epochs, whose restlessness a schedule should calm


def digit_slip(row: Subject) -> str:
    """A documented test accuracy that its own log contradicts."""
    item, found = row.item, row.sample(BEST)
    facts = (
        f"**Iteration {item.number}** is documented at {item.documented.test:.2f}%. Its log has {item.log.best():.2f}% "
        f"(epoch {item.log.best_epoch}), {100 * (item.log.best() - item.documented.test):.0f} digits of 10,000 more. "
    )
    if not found.n:
        return facts + NOT_YET
    measured = f"Measured: {measured_words(found)}. "
    if found.n < LEAST_RUNS:
        nearer = "log" if abs(found.mean - item.log.best()) < abs(found.mean - item.documented.test) else "document"
        return facts + measured + f"Too few to judge; what was measured is nearer to the {nearer}'s figure."
    verdicts = (
        f"The document's figure is {judge(item.documented.test, found)}, the log's is {judge(item.log.best(), found)}."
    )
    return facts + measured + verdicts


def schedule_slip(found: dict[int, Runs]) -> str:
    """A schedule that was created and never stepped: what it would have changed."""
    item, before = iteration(SCHEDULED), iteration(UNSCHEDULED)
    facts = (
        f"**Iteration {SCHEDULED}** is documented at {item.documented.test:.2f}% with a learning-rate schedule. In its notebook "
        "`scheduler.step()` is commented out, so the rate stayed what it was: the same network, rotation and constant rate as "
        f"iteration {UNSCHEDULED}, whose runs therefore stand for it here. In its log the last {LATE} epochs are "
        f"{_range(item.log.test):.2f} points apart, in iteration {UNSCHEDULED}'s {_range(before.log.test):.2f}. "
    )
    stepped, constant = found[SCHEDULED].learned, found[UNSCHEDULED].learned
    if not stepped or not constant:
        missing = " and ".join(name for name, runs in (("stepped", stepped), ("never stepped", constant)) if not runs)
        return facts + f"Measured: no run counts yet, {missing}."
    calm, restless = (Sample(tuple(_range(run.correct) / 100 for run in runs)) for runs in (stepped, constant))
    changes = [
        f"{quantity}, {_difference(differences(constant, stepped, MEASURED[quantity]))}" for quantity in (BEST, LAST)
    ]
    return (
        f"{facts}Measured over the last {LATE} epochs: {calm.mean:.2f} points apart where the schedule is stepped "
        f"({runs_words(calm)}), {restless.mean:.2f} where it is not ({runs_words(restless)}). Stepped minus never stepped, seed "
        f"by seed: {'; '.join(changes)}."
    )


def twentieth_epoch(rows: list[Subject]) -> str:
    """Every documented run had 20 epochs or more; the constraint asks for fewer."""
    head = ("iteration", "documented", "log: best", f"of the first {WITHIN}", "runs", "measured: best", f"of the first {WITHIN}",
            f"best only after epoch {WITHIN}")  # fmt: skip
    body = []
    for row in rows:
        best, early = row.sample(BEST), row.sample(BEST_OF_19)
        late = sum(b > e for b, e in zip(best.values, early.values, strict=True))
        seen = (f"{best.mean:.2f}%", f"{early.mean:.2f}%", f"{late} of {best.n}") if best.n else ("", "", "")
        log = row.item.log
        logged = (f"{log.best():.2f}%", f"{log.best(WITHIN):.2f}%")
        body.append((row.label, f"{row.item.documented.test:.2f}%", *logged, str(best.n), *seen))
    least = min(len(item.log.test) for item in iterations())
    return (
        f"The document asks for fewer than {EPOCHS_LIMIT} epochs; every one of its own runs has {least} or more. What they had "
        f"reached after {WITHIN}:\n\n" + markdown_table(head, body)
    )


def best_against_last(rows: list[Subject]) -> str:
    """What choosing the best epoch on the test set is worth."""
    head = ("iteration", "log: best", "last", "best minus last", "runs", "measured: best", "last", "best minus last")
    body = []
    for row in rows:
        best, last, log = row.sample(BEST), row.sample(LAST), row.item.log
        logged = (f"{log.best():.2f}%", f"{log.last:.2f}%", f"{log.best() - log.last:.2f}")
        seen = (f"{best.mean:.2f}%", f"{last.mean:.2f}%", f"{best.mean - last.mean:.2f}") if best.n else ("", "", "")
        body.append((row.label, *logged, str(best.n), *seen))
    return (
        "All documented test accuracies are the best epoch's, chosen on the test set itself, which flatters by the points in the "
        "fourth and the last column.\n\n" + markdown_table(head, body)
    )


def slips(rows: list[Subject], found: dict[int, Runs]) -> str:
    """The section of the page."""
    digits = [digit_slip(row) for row in rows if contradicts_its_log(row.item)]
    final = [row for row in rows if "epochs" in row.item.claims]
    return "\n\n".join(
        (
            "### A digit that slipped", *digits,
            "### The schedule that never ran", schedule_slip(found),
            f"### Fewer than {EPOCHS_LIMIT} epochs", twentieth_epoch(final).rstrip(),
            "### Best against last", best_against_last(rows),
        )
    )  # fmt: skip


def measured_words(found: Sample) -> str:
    """One run's figure, or the mean with the lowest and the highest."""
    if found.n == 1:
        return f"{found.mean:.2f}% in a single run"
    return f"{found.mean:.2f}% on average, {min(found.values):.2f} to {max(found.values):.2f}, in {found.n} runs"


def runs_words(found: Sample) -> str:
    return "1 run" if found.n == 1 else f"{found.n} runs"


def _range(test) -> float:
    return max(test[-LATE:]) - min(test[-LATE:])


def _difference(found: Sample) -> str:
    if not found.n:
        return "no seed is recorded both ways"
    interval = found.mean_interval()
    between = f", between {interval[0]:+.2f} and {interval[1]:+.2f} at 95%" if interval else ", too few to judge"
    return f"{found.mean:+.2f} points ({runs_words(found)}{between})"
