"""Hold what is recorded against the solutions as they are now: the ledger's runs, and every committed submission."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from course.errors import CourseError
from course.iterations import lesson, lessons
from course.submission import Submission
from course.submission_file import load_submission
from graders.check import check
from graders.verdict import LIMITS
from solutions.judge import meets_with_best
from solutions.ledger import LEDGER, Record, read_ledger
from solutions.modules import WITH_WEIGHTS, graph_of, parameters_fault, recipe_of, solution, weights_path
from solutions.verify_ledger import again, ledger_fault

MOST_APART = 2  # digits of 10,000 that another processor's rounding may turn


def verify(ledger: Path = LEDGER) -> bool:
    """Print a line for each lesson; whether all hold."""
    records, threads = read_ledger(ledger), torch.get_num_threads()
    torch.set_num_threads(1)  # beside other work two threads wait for one another, and take four times as long as one
    try:
        return all([_report(item.number, records) for item in lessons()])
    finally:
        torch.set_num_threads(threads)


def faults(number: int, records: Sequence[Record]) -> list[str]:
    """What is wrong with an iteration's records and weights, a sentence each, with the command that mends it."""
    found = [ledger_fault(number, records)]
    if number in WITH_WEIGHTS:
        found.append(weights_fault(number, records))
    return [sentence for sentence in found if sentence]


def weights_fault(number: int, records: Sequence[Record]) -> str | None:
    """What is wrong with a committed submission: cheap questions first, then the grader counts."""
    path, graph = weights_path(number), graph_of(solution(number))
    try:
        submission = load_submission(path)
    except CourseError as error:
        return f"{error}; run {again(number)}"
    seed = submission.recipe.seed
    if submission.graph.hash != graph.hash:
        return f"the network has changed since {path.name} was recorded; run {again(number, seed)}"
    if submission.recipe.hash != recipe_of(solution(number), seed).hash:
        return f"the recipe has changed since {path.name} was recorded; run {again(number, seed)}"
    fault = parameters_fault(number, graph.parameters)
    return fault or history_fault(number, submission, records) or _miscounted(number, submission)


def history_fault(number: int, submission: Submission, records: Sequence[Record]) -> str | None:
    """Whether the ledger has the same run with other figures, or an earlier seed that should have been committed."""
    seed, name = submission.recipe.seed, weights_path(number).name
    mine = [record for record in records if (record.iteration, record.graph) == (number, submission.graph.hash)]
    same_run = [record for record in mine if len(record.epochs) >= len(submission.history) and _by_its_recipe(submission, record)]
    if same_run and not any(same_figures(submission, record) for record in same_run):
        return (
            f"{name} is not the run that the ledger has of seed {seed}; take away the file, and the run's line in the ledger, "
            f"and run {again(number, seed)}"
        )
    if "accuracy" in lesson(number).claims:
        for record in mine:
            if record.seed < seed and meets_with_best(record):
                return (
                    f"the committed seed is {seed}, and by the ledger seed {record.seed} meets the constraints, too, and comes "
                    f"first; take its line out of the ledger, and run {again(number, record.seed)}"
                )
    return None


def _miscounted(number: int, submission: Submission) -> str | None:
    """Let the ordinary grader count."""
    verdict = check(weights_path(number))
    if verdict.error:
        return verdict.error["message"]
    value = verdict.constraints["accuracy"].value
    recorded = _recorded(submission)
    counted = round((value or 0) * 100)
    if abs(counted - recorded) > MOST_APART:
        return f"{counted:,} right answers, recorded {recorded:,}; run {again(number, submission.recipe.seed)}"
    claims = [name for name in lesson(number).claims if name in LIMITS]
    failed = [name for name in claims if not verdict.constraints[name].passed]
    return f"claims {', '.join(failed)} and does not meet it" if failed else None


def _report(number: int, records: Sequence[Record]) -> bool:
    wrong = faults(number, records)
    if wrong:
        print(f"[FAIL] lesson {number}: {'. '.join(wrong)}", flush=True)
        return False
    runs = sum(record.iteration == number for record in records)
    said = f"{graph_of(solution(number)).parameters:,} parameters, {runs} {'run' if runs == 1 else 'runs'} in the ledger"
    if number in WITH_WEIGHTS:
        submission = load_submission(weights_path(number))
        said += f", {_recorded(submission):,} of 10,000 right, as recorded (seed {submission.recipe.seed})"
        done, epochs = len(submission.history), submission.recipe.epochs
        if done < epochs:  # what it claims holds; it is short of the record that it is to be
            said += f", interrupted after {done} of {epochs} epochs: {again(number, submission.recipe.seed)} trains it whole"
    print(f"[OK] lesson {number}: {said}", flush=True)
    return True


def _by_its_recipe(submission: Submission, record: Record) -> bool:
    """Whether a record was trained as the submission, seed and precision included, but for the number of epochs."""
    return replace(submission.recipe, epochs=len(record.epochs)).hash == record.recipe


def _recorded(submission: Submission) -> int:
    return submission.history[submission.epoch - 1].test_correct


def same_figures(submission: Submission, record: Record) -> bool:
    """Whether the submission's epochs are the first of the record's; a longer run passes through a shorter one's."""
    figures = [(epoch.test_correct, epoch.train_accuracy, epoch.learning_rate) for epoch in submission.history]
    recorded = [(epoch["test_correct"], epoch["train_accuracy"], epoch["learning_rate"]) for epoch in record.epochs]
    return figures == recorded[: len(figures)]
