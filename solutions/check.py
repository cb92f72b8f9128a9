"""Is the course in order: pairs in step, every lesson unsolved as it is released, every solution marked right."""

import shutil
import tempfile
from pathlib import Path

import nbformat

from course.iterations import Iteration, iterations
from course.pairs import LESSONS, out_of_step
from graders.lessons import POINTS
from graders.marking import mark
from solutions.fill import fill
from solutions.modules import WITH_WEIGHTS, weights_path


def check_course(numbers: list[int] | None = None) -> bool:
    """Print a line a lesson; True where all holds."""
    problems = out_of_step()
    for item in iterations():
        if numbers and item.number not in numbers:
            continue
        found = check_lesson(item)
        print(f"[{'FAIL' if found else 'OK'}] lesson {item.number}, {item.slug}", flush=True)
        problems += found
    for problem in problems:
        print(f"  {problem}")
    return not problems


def check_lesson(item: Iteration) -> list[str]:
    """A sentence for each thing that is wrong with a lesson."""
    notebook = LESSONS / f"{item.slug}.ipynb"
    if not notebook.exists():
        return [f"{notebook.name} is missing"]
    released = nbformat.read(notebook, as_version=4)
    problems = _points(released, item.number)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        blank = mark(released, folder, number=item.number)
        problems += [f"{item.slug} as released has marks for {check}" for check, one in blank.items() if one.fraction]
        if item.number in WITH_WEIGHTS:
            shutil.copy(weights_path(item.number), folder)
        solved = mark(fill(notebook, item.number), folder, number=item.number)
        problems += [
            f"{item.slug}, {check}: the solution is short of full marks: {one.message}"
            for check, one in solved.items()
            if one.fraction < 1
        ]
    return problems


def _points(notebook, number: int) -> list[str]:
    """The lesson's check cells are those that the graders know, with the same points, and all marks add up to 100."""
    about = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    given = {one.grade_id: one.points for one in about if one.grade and not one.solution}
    problems = []
    if given != POINTS[number]:
        problems.append(f"lesson {number} has the checks {given}, the graders know {POINTS[number]}")
    total = sum(one.points for one in about if one.grade)
    if total != 100:
        problems.append(f"lesson {number} adds up to {total} points, expected 100")
    return problems
