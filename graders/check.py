"""Grade one submission: a `.safetensors` file, a notebook, or a script that defines `Net` and `recipe`."""

import json
from pathlib import Path

from course.data import load_mnist
from course.errors import CourseError, GraphError, RecipeError, SandboxError, SubmissionError, UsageError
from course.graph import Graph
from course.recipe import Recipe
from course.submission import Submission, load_submission
from graders.constraints import NO_WEIGHTS, judge_accuracy, judge_structure
from graders.definitions import definitions
from graders.sandbox import Limits, run_probes
from graders.verdict import ACCURACY_LIMIT, Constraint, Verdict, not_graded

LARGEST_SOURCE = 50_000_000  # bytes of a notebook, with its pictures


def check(path, *, retrain: bool = False, seeds: int = 1, limits: Limits | None = None) -> Verdict:
    """The verdict on a file; never raises a CourseError, which becomes the verdict's `error`."""
    path = Path(path)
    try:
        if path.suffix == ".safetensors":
            submission = load_submission(path)
            if retrain:
                return _retrained(path, submission.graph, submission.recipe, submission.initial, seeds)
            return _weights(path, submission)
        graph, recipe, initial = read_code(path, limits)
        if retrain:
            return _retrained(path, graph, recipe, initial, seeds)
        beside = path.with_suffix(".safetensors")
        if beside.is_file():
            return _code_with_weights(path, graph, recipe, beside)
        return Verdict(path.name, "structure", judge_structure(graph, recipe))
    except CourseError as error:
        return not_graded(path.name, error.kind, str(error))


def code_cells(path: Path) -> list[str]:
    """The code cells of a notebook, or of a script in percent format; a plain script is one cell."""
    if path.suffix not in (".py", ".ipynb"):
        raise UsageError(f"expected a .safetensors, .ipynb or .py file, saw {path.name}")
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    if path.stat().st_size > LARGEST_SOURCE:
        raise UsageError(f"{path.name} has {path.stat().st_size:,} bytes, the most is {LARGEST_SOURCE:,}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path.name} is not text in UTF-8; save it from JupyterLab or an editor again") from None
    if path.suffix == ".py":
        return [text]
    try:
        cells = json.loads(text)["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return ["".join(source) for source in sources]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"{path.name} is not a notebook: {type(error).__name__}: {str(error)[:200]}") from None


def read_code(path: Path, limits: Limits | None = None) -> tuple[Graph, Recipe, dict]:
    """Run a file's definitions in the sandbox: the graph of its `Net`, its recipe, its fresh tensors' two numbers."""
    found = definitions(code_cells(path), {"Net", "recipe"})
    given = run_probes(found.source, {"probes": ["network", "recipe"]}, limits)
    problems = [*found.problems, *map(str, given.get("failures", []))]
    answers = given.get("answers", {})
    network, recipe = _answer(answers, "network", problems), _answer(answers, "recipe", problems)
    return Graph.from_json(network["graph"]), Recipe.from_json(recipe["recipe"]), network["initial"]


def _answer(answers: dict, name: str, problems: list[str]) -> dict:
    answer = answers.get(name)
    if not isinstance(answer, dict):
        raise SandboxError("the code's process answered with something that is not the grader's form")
    if "state" in answer:
        what = {"network": "Net", "recipe": "recipe"}[name]
        because = f" ({problems[0]})" if problems else ""
        kind = {"network": GraphError, "recipe": RecipeError}[name]
        if answer["state"] == "not attempted":
            kind = SubmissionError
        raise kind(f"{what}: {str(answer.get('message'))[:600]}{because}")
    return answer


def _weights(path: Path, submission: Submission) -> Verdict:
    constraints = judge_structure(submission.graph, submission.recipe)
    try:
        data = load_mnist()
    except CourseError as error:
        return Verdict(path.name, "structure", constraints, {"kind": error.kind, "message": str(error)})
    network = submission.graph.build(submission.weights)
    constraints["accuracy"] = judge_accuracy(network, data, submission.history, submission.carries, submission.epoch)
    return Verdict(path.name, "weights", constraints)


def _code_with_weights(path: Path, graph: Graph, recipe: Recipe, beside: Path) -> Verdict:
    """A notebook or a script with a saved run of the same name beside it, which counts if it is a run of this code."""
    submission = load_submission(beside)
    if (submission.graph.hash, submission.recipe.hash) == (graph.hash, recipe.hash):
        verdict = _weights(path, submission)
        return verdict
    what = "network" if submission.graph.hash != graph.hash else "recipe"
    stale = Constraint(
        None, None, ACCURACY_LIMIT,
        f"{NO_WEIGHTS}: {beside.name} is a run of another {what}; train again and save it under that name",
    )  # fmt: skip
    return Verdict(path.name, "structure", judge_structure(graph, recipe, stale))


def _retrained(path: Path, graph: Graph, recipe: Recipe, initial: dict, seeds: int) -> Verdict:
    from graders.retraining import judge_retraining

    constraints = judge_structure(graph, recipe)
    constraints |= judge_retraining(graph, recipe, initial, load_mnist(), seeds)
    return Verdict(path.name, "retrained", constraints)
