"""Grade one submission: a `.safetensors` file, a notebook, or a script that defines `Net` and `recipe`."""

from dataclasses import replace
from pathlib import Path

from course.data import load_mnist
from course.errors import CourseError, GraphError, one_line
from course.graph import Graph
from course.output import expect_ten_scores
from course.recipe import Recipe
from course.submission import Submission
from course.submission_file import load_submission
from graders.affordable import expect_affordable
from graders.bubblewrap import choose, describe
from graders.constants import seen_constants
from graders.constraints import NO_WEIGHTS, judge_accuracy, judge_parameters, judge_structure
from graders.doubts import find_doubts
from graders.evidence import trained_elsewhere
from graders.likeness import like_published
from graders.reading_code import read_code
from graders.sandbox import Limits
from graders.verdict import ACCURACY_LIMIT, Constraint, Verdict, not_graded

CONSTANT_DIGITS = 20  # what is the same for all of these was not computed from them
LONGEST_SENTENCE = 1_000  # characters: a message may quote what it was given


def check(
    path, *, retrain: bool = False, seeds: int = 1, keep: Path | None = None, limits: Limits | None = None
) -> Verdict:
    """The verdict on a file; never raises a CourseError, which becomes the verdict's `error`.

    With `retrain` the network is trained here, up to `seeds` times; the training that counts is written to `keep`.
    """
    path, notes = Path(path), tuple[str, ...]()
    try:
        if path.suffix.lower() == ".safetensors":
            submission = load_submission(path)
            if retrain:
                return _retrained(path, submission.graph, submission.recipe, submission.initial, seeds, keep)
            return _weights(path, submission, path)
        limits = limits or Limits()
        used = choose(limits.sandbox)
        notes = (describe(used),)
        graph, recipe, initial = read_code(path, replace(limits, sandbox=used))
        beside = path.with_suffix(".safetensors")
        if retrain:
            verdict = _retrained(path, graph, recipe, initial, seeds, keep)
        elif beside.is_file() and not beside.is_symlink():
            verdict = _code_with_weights(path, graph, recipe, beside)
        else:
            verdict = Verdict(path.name, "structure", _structure(graph, recipe, _other_names(beside)))
        return replace(verdict, notes=(*verdict.notes, *notes))
    except CourseError as error:
        verdict = not_graded(path.name or str(path), error.kind, str(error)[:LONGEST_SENTENCE])
        return replace(verdict, notes=notes)


def _weights(path: Path, submission: Submission, beside: Path) -> Verdict:
    """The verdict on a submission that was read from `beside`, by the name of the file that was to be checked."""
    constraints = _structure(submission.graph, submission.recipe)
    try:
        data = load_mnist()
    except CourseError as error:
        constraints["accuracy"] = Constraint(None, None, ACCURACY_LIMIT, "not assessed: MNIST is not at hand")
        return Verdict(path.name, "structure", constraints, {"kind": error.kind, "message": str(error)})
    network = submission.graph.build(submission.weights)
    try:
        accuracy = judge_accuracy(network, data, submission.history, submission.carries, submission.epoch)
        constants = seen_constants(network, data.test_images[:CONSTANT_DIGITS])
        constraints["parameters"] = judge_parameters(submission.graph, constants)
        doubts = find_doubts(network, data, accuracy.value or 0) if accuracy.passed else ()
    except Exception as error:  # what a stranger's graph makes PyTorch say
        raise GraphError(f"the network fails on the test digits: {_short(error)}") from None
    if submission.data.get("digest") != data.digest:
        accuracy = replace(accuracy, message=f"{trained_elsewhere(submission)}; {accuracy.message}")
    notes = tuple(f"a reason to retrain: {doubt}" for doubt in (*doubts, *like_published(beside)))
    return Verdict(path.name, "weights", constraints | {"accuracy": accuracy}, notes=notes)


def _structure(graph: Graph, recipe: Recipe, accuracy: Constraint | None = None) -> dict[str, Constraint]:
    """The constraints that need no weights; GraphError for a graph that no network has, as a stranger's may be."""
    try:
        expect_ten_scores(graph)
        expect_affordable(graph)
        return judge_structure(graph, recipe, accuracy)
    except CourseError:
        raise
    except Exception as error:
        raise GraphError(f"the graph makes no sense as a network: {_short(error)}") from None


def _code_with_weights(path: Path, graph: Graph, recipe: Recipe, beside: Path) -> Verdict:
    """A notebook or a script with a saved run of the same name beside it, which counts if it is a run of this code."""
    try:
        submission = load_submission(beside)
    except CourseError as error:
        problem = str(error)
    else:
        if (submission.graph.hash, submission.recipe.hash) == (graph.hash, recipe.hash):
            return _weights(path, submission, beside)
        what = "network" if submission.graph.hash != graph.hash else "recipe"
        problem = f"{beside.name} is a run of another {what}; train again and save it under that name"
    stale = Constraint(None, None, ACCURACY_LIMIT, f"{NO_WEIGHTS}: {problem}")
    return Verdict(path.name, "structure", _structure(graph, recipe, stale))


def _other_names(beside: Path) -> Constraint | None:
    """The accuracy where no file has the expected name, but others might be the run that was meant."""
    others = sorted(path.name for path in beside.parent.glob("*.safetensors"))
    if beside.is_symlink():
        return Constraint(None, None, ACCURACY_LIMIT, f"{NO_WEIGHTS}: {beside.name} is a link; hand in the file itself")
    if not others:
        return None
    said = f"looked for {beside.name}, saw {', '.join(others[:3])}{' and others' if len(others) > 3 else ''}"
    return Constraint(
        None, None, ACCURACY_LIMIT, f"{NO_WEIGHTS}: {said}; save the run of this code under the name that is looked for"
    )


def _retrained(path: Path, graph: Graph, recipe: Recipe, initial: dict, seeds: int, keep: Path | None) -> Verdict:
    from graders.retraining import judge_retraining

    constraints = _structure(graph, recipe)
    broken = [name.replace("_", " ") for name, one in constraints.items() if one.passed is False]
    if broken:  # hours of training would change nothing
        said = f"not assessed: not trained, as the constraint on {' and '.join(broken)} is not met"
        return Verdict(path.name, "structure", constraints | {"accuracy": Constraint(None, None, ACCURACY_LIMIT, said)})
    data = load_mnist()
    try:
        constraints |= judge_retraining(graph, recipe, initial, data, seeds, keep)
    except CourseError:
        raise
    except Exception as error:  # what a stranger's graph and recipe make PyTorch say
        raise GraphError(f"training the network by its recipe fails: {_short(error)}") from None
    return Verdict(path.name, "retrained", constraints)


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {one_line(error)}"
