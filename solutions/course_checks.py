"""What the solutions ask of a lesson: they answer every cell, get every mark, and run from top to bottom."""

import shutil
import tempfile
from pathlib import Path

from course.data import mnist_available
from course.errors import CourseError
from course.iterations import Lesson
from course.pairs import LESSONS
from graders.marking import mark
from graders.outcome import NOT_ASSESSED
from solutions.fill import fill
from solutions.modules import WITH_WEIGHTS, weights_path
from solutions.run_through import run_through


def full_marks_when_solved(item: Lesson) -> list[str]:
    """The solution answers every cell and passes every check; accuracy is left out where MNIST is not at hand."""
    practice = not mnist_available()
    try:
        solved = fill(LESSONS / f"{item.slug}.ipynb", item.number)
    except CourseError as error:
        return [str(error)]
    with tempfile.TemporaryDirectory() as folder:
        put_weights(item, Path(folder))
        outcomes = mark(solved, folder, number=item.number, practice=practice)
    return [
        f"{name}: the solution is short of full marks: {one.message}"
        for name, one in outcomes.items()
        if one.fraction < 1 and not (practice and one.state == NOT_ASSESSED)
    ]


def runs_from_top_to_bottom(item: Lesson) -> list[str]:
    """The solved notebook runs without an error, a warning or a check that fails, trained on practice digits."""
    with tempfile.TemporaryDirectory() as folder:
        return run_through(item, Path(folder), practice=True)


def put_weights(item: Lesson, folder: Path) -> None:
    """Copy an iteration's recorded submission, where there is one, to where its notebook looks for it."""
    if item.number in WITH_WEIGHTS and weights_path(item.number).exists():
        shutil.copy(weights_path(item.number), folder)


CHECKS = {"full marks when solved": full_marks_when_solved, "runs from top to bottom": runs_from_top_to_bottom}
