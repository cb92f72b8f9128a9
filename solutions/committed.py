"""Which run's weights are committed for a lesson: the first seed's that meets the lesson's accuracy."""

from dataclasses import replace
from pathlib import Path

from course.errors import CourseError
from course.iterations import lesson
from course.recipe import Recipe
from course.submission_file import load_submission
from graders.verdict import ACCURACY_LIMIT
from solutions.modules import graph_of, recipe_of, solution


def comes_first(path: Path, number: int, graph: str, recipe: Recipe, best: float) -> bool:
    """Whether a finished run of this network's hash, recipe and best accuracy should be kept in place of what lies at `path`.

    What gives way is a damaged or interrupted file, one of another network or recipe, or a later seed. So does the same seed's:
    another processor rounds otherwise, and file and ledger are to be one run.
    """
    module = solution(number)
    if (graph, recipe.hash) != (graph_of(module).hash, recipe_of(module, recipe.seed).hash):
        return False  # a lesson's notebook has the solution's network and recipe, and its file has to have the same
    if "accuracy" in lesson(number).claims and best < ACCURACY_LIMIT:
        return False
    try:
        saved = load_submission(path)
    except CourseError:
        return True  # none yet, damaged or of an older version
    same = saved.graph.hash == graph and replace(saved.recipe, seed=recipe.seed).hash == recipe.hash
    return not same or len(saved.history) < saved.recipe.epochs or saved.recipe.seed >= recipe.seed
