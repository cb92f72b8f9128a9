"""The verdict on a network that was read: on its structure, on its trained weights, on a training of our own."""

from dataclasses import replace
from pathlib import Path

from course.data import load_mnist
from course.errors import CourseError, GraphError, SandboxError, one_line
from course.graph import Graph
from course.output import expect_ten_scores
from course.recipe import Recipe
from course.submission import Submission
from course.submission_file import load_submission
from course.submission_parts import two_numbers
from graders.affordable import expect_affordable
from graders.constants import constant_rows, constants_beside, nearly_constant
from graders.constraints import NO_WEIGHTS, judge_accuracy, judge_fully_connected, judge_parameters, judge_structure
from graders.doubts import find_doubts
from graders.evidence import trained_elsewhere
from graders.likeness import like_published
from graders.sandbox import NOT_OUR_FORM
from graders.verdict import ACCURACY_LIMIT, Constraint, Verdict

CONSTANT_DIGITS = 20  # what is the same for all of these was not computed from them


def judge_file(path: Path, *, retrain: bool, seeds: int, keep: Path | None) -> Verdict:
    """The verdict on a `.safetensors` submission; raises CourseError where it is none, or makes no sense."""
    submission = load_submission(path)
    if retrain:
        return _retrained(path, submission.graph, submission.recipe, submission.initial, seeds, keep)
    return _weights(path, submission, path)


def judge_code(
    path: Path, network: dict, recipe: dict, *, retrain: bool, seeds: int, keep: Path | None
) -> Verdict:
    """The verdict on a notebook or a script by what the sandbox answered, and by the run beside it; raises as `judge_file`.

    The answers are read as strictly as a file.
    """
    try:
        graph = Graph.from_json(network["graph"])
        initial = {name: two_numbers(network["initial"][name]) for name in graph.tensors}
        given = Recipe.from_json(recipe["recipe"])
    except (KeyError, TypeError):
        raise SandboxError(NOT_OUR_FORM) from None
    beside = path.with_suffix(".safetensors")
    if retrain:
        return _retrained(path, graph, given, initial, seeds, keep)
    if beside.is_file() and not beside.is_symlink():
        return _code_with_weights(path, graph, given, beside)
    return Verdict(path.name, "structure", _structure(graph, given, _other_names(beside)))


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
        few = data.test_images[:CONSTANT_DIGITS]
        constants, among = nearly_constant(network, few), constants_beside(network, few)
        constraints["parameters"] = judge_parameters(submission.graph, constants, among)
        # What training has left dead is constant, too, but not in a network that is as good.
        if accuracy.passed and (rows := constant_rows(network, few)):
            constraints["fully_connected"] = judge_fully_connected(submission.graph, rows)
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
