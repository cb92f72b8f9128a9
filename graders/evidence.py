"""The trained network that stands beside a notebook: whether it is a run of that notebook's code, and how good it is."""

from dataclasses import dataclass, replace
from pathlib import Path

from course.data import Data, load_mnist, load_practice_digits
from course.errors import CourseError
from course.evaluation import scores
from course.graph import Graph
from course.iterations import lesson
from course.recipe import Recipe
from course.submission import Submission
from course.submission_file import load_submission
from graders.constraints import judge_accuracy
from graders.doubts import find_doubts
from graders.limits import MOST_FILES
from graders.outcome import Outcome, correct, not_assessed, not_attempted, not_yet
from graders.verdict import Constraint

GRADUATED = 40  # digits below the line within which accuracy still earns marks: half of them and more


@dataclass(frozen=True)
class Evidence:
    """A submission that fits the notebook's own graph and recipe, or a sentence that says why there is none."""

    submission: Submission | None
    problem: str = ""


def find_evidence(folder: Path, number: int, graph: Graph, recipe: Recipe) -> Evidence:
    """The run of this graph and this recipe in a folder: the lesson's own file name first, then any other."""
    slug = lesson(number).slug
    paths = sorted(Path(folder).glob("*.safetensors"), key=lambda path: (path.stem != slug, path.name))
    if not paths:
        return Evidence(None, f"there is no {slug}.safetensors beside the notebook; train, and run.save(…) writes it")
    problems = []
    for path in paths[:MOST_FILES]:
        if path.is_symlink():
            problems.append((f"{path.name} is a link", "hand in the file itself"))
            continue
        try:
            submission = load_submission(path)
        except (CourseError, OSError) as error:
            problems.append((str(error), ""))
            continue
        if submission.graph.hash != graph.hash:
            problems.append((f"{path.name} is a run of another network", "train again after the last change of Net"))
        elif submission.recipe.hash != recipe.hash:
            problems.append((f"{path.name} is a run of another recipe", "train again after the last change of recipe"))
        else:
            return Evidence(submission)
    seen, advice = problems[0]
    if paths[0].stem != slug:
        return Evidence(None, f"there is no {slug}.safetensors yet: train first, and run.save(…) writes it ({seen})")
    return Evidence(None, f"{seen}; {advice}" if advice else seen)


def judge_evidence(evidence: Evidence, data: Data, floor: float | None = None) -> Outcome:
    """The accuracy's outcome: against rule 1, or against a lesson's floor in percent. Both are counted here, on MNIST."""
    if evidence.submission is None:
        return not_attempted(evidence.problem)
    submission = evidence.submission
    network = submission.graph.build(submission.weights)
    verdict = judge_accuracy(network, data, submission.history, submission.carries, submission.epoch)
    elsewhere = f"{trained_elsewhere(submission)}; " if submission.data.get("digest") != data.digest else ""
    if floor is None:
        outcome = _graduated(verdict, len(data.test_labels))
        outcome = replace(outcome, message=f"{elsewhere}{outcome.message}")
        if verdict.passed and verdict.value:
            return outcome.doubting(find_doubts(network, data, verdict.value))
        return outcome
    if verdict.value is None:
        return not_yet(verdict.message)
    if verdict.value >= floor:
        outcome = correct(f"trained: {verdict.value:.2f}% of MNIST's test digits, at least {floor:g}% asked for")
        return outcome.doubting(find_doubts(network, data, verdict.value))
    advice = "" if elsewhere else "; another epoch or two helps"
    return not_yet(f"{elsewhere}trained to {verdict.value:.2f}% of MNIST's test digits, {floor:g}% asked for{advice}")


def trained_elsewhere(submission: Submission) -> str:
    """What is said first of a run that, by its own word, was trained on other data than this MNIST."""
    name = submission.data.get("name", "unnamed data")
    what = "other data of that name" if name == "MNIST" else name
    return f"this run was trained on {what}, not on this MNIST: train it on MNIST, which load_mnist() gives"


def without_mnist(evidence: Evidence, data: Data) -> Outcome:
    """What is said where only practice digits are at hand; accuracy is never graded on them."""
    if evidence.submission is None:
        return not_attempted(evidence.problem)
    network = evidence.submission.graph.build(evidence.submission.weights)
    right = (scores(network, data.test_images).argmax(dim=1) == data.test_labels).sum().item()
    return not_assessed(
        f"MNIST is not at hand (on {data.name}: {right} of {len(data.test_labels)} right, which says little)"
    )


def accuracy_outcome(evidence: Evidence, floor: float | None, *, practice: bool) -> Outcome:
    """Judge on MNIST; where `practice` allows it and MNIST is missing, say "not assessed". Raises DataError otherwise."""
    if evidence.submission is None:
        return not_attempted(evidence.problem)
    try:
        data = load_mnist(download=not practice)
    except CourseError:
        if not practice:
            raise
        return without_mnist(evidence, load_practice_digits())
    return judge_evidence(evidence, data, floor)


def _graduated(verdict: Constraint, total: int) -> Outcome:
    if verdict.passed:
        return correct(verdict.message)
    if verdict.value is None:
        return not_yet(verdict.message)
    short = round(total * (verdict.limit - verdict.value) / 100)
    if short > GRADUATED:
        return not_yet(verdict.message)
    return not_yet(f"{verdict.message}; so near the line it earns a part of the marks", 0.9 - 0.4 * short / GRADUATED)
