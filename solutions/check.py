"""Is the course in order: its lessons by themselves, no marks for any as it is released, all marks for every solution."""

import shutil
import tempfile
from pathlib import Path

import nbformat

from course.check import check_lessons
from course.iterations import Iteration, iterations
from course.pairs import LESSONS
from graders.lessons import POINTS
from graders.marking import mark
from solutions.fill import fill
from solutions.modules import WITH_WEIGHTS, weights_path


def check_course(numbers: list[int] | None = None) -> bool:
    """Print a line a lesson; True where all holds."""
    lessons = check_lessons()
    problems = lessons["scripts and notebooks"]
    for item in iterations():
        if numbers and item.number not in numbers:
            continue
        found = lessons[item.slug] or check_marks(item)
        print(f"[{'FAIL' if found else 'OK'}] lesson {item.number}, {item.slug}", flush=True)
        problems += found
    for problem in problems:
        print(f"  {problem}")
    return not problems


def check_marks(item: Iteration) -> list[str]:
    """A sentence for each check of a lesson that does not give what is due, to the release or to the solution."""
    notebook = LESSONS / f"{item.slug}.ipynb"
    released = nbformat.read(notebook, as_version=4)
    problems = _points(released, item.number)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        blank = mark(released, folder, number=item.number)
        problems += [f"{item.slug} as released has marks for {check}" for check, one in blank.items() if one.fraction]
        if item.number in WITH_WEIGHTS and weights_path(item.number).exists():
            shutil.copy(weights_path(item.number), folder)
        solved = mark(fill(notebook, item.number), folder, number=item.number)
        problems += [
            f"{item.slug}, {check}: the solution is short of full marks: {one.message}"
            for check, one in solved.items()
            if one.fraction < 1
        ]
    return problems


def _points(notebook, number: int) -> list[str]:
    """The lesson's check cells are those that the graders know, with the same points."""
    about = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    given = {one.grade_id: one.points for one in about if one.grade and not one.solution}
    if given == POINTS[number]:
        return []
    return [f"lesson {number} has the checks {given}, the graders know {POINTS[number]}"]
