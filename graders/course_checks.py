"""What the graders ask of a lesson: the same checks and points as theirs, hints for all, and no marks as it is released."""

import tempfile
import tomllib
from pathlib import Path

import nbformat

from course.iterations import Lesson
from course.pairs import LESSONS
from graders.lessons import needed
from graders.marking import mark
from graders.points import POINTS

HERE = Path(__file__).parent
HINTS = 2  # tiers for each check
WRITTEN = {"prediction", "analysis"}  # answers that are graded by hand, with a rubric


def points_and_hints(item: Lesson) -> list[str]:
    """The lesson's check cells and answers are those that the graders know; every check has its hints, the lesson a rubric."""
    about = [cell.metadata.nbgrader for cell in _released(item).cells if "nbgrader" in cell.metadata]
    given = {one.grade_id: one.points for one in about if one.grade and not one.solution}
    answers = {one.grade_id for one in about if one.solution}
    problems = []
    if given != POINTS[item.number]:
        problems.append(f"lesson {item.number} has the checks {given}, the graders know {POINTS[item.number]}")
    problems += [f"no check asks for the answer {name}" for name in sorted(answers - needed(item.number) - WRITTEN)]
    hints = _read("hints.toml").get(f"lesson_{item.number}", {})
    if list(hints) != list(POINTS[item.number]):
        problems.append(f"there are hints for {', '.join(hints)}, checks {', '.join(POINTS[item.number])}")
    for name, tiers in hints.items():
        if len(tiers) != HINTS or not all(tier.strip() for tier in tiers):
            problems.append(f"the check {name} has {len(tiers)} hints, expected {HINTS}, each with words in it")
    if f"lesson_{item.number}" not in _read("rubrics.toml")["points"]:
        problems.append(f"lesson {item.number} has no rubric for its written answers")
    return problems


def no_marks_as_released(item: Lesson) -> list[str]:
    """Whoever hands the lesson in as it came gets nothing."""
    with tempfile.TemporaryDirectory() as folder:
        blank = mark(_released(item), folder, number=item.number, practice=True)
    return [f"as released it has marks for {name}" for name, one in blank.items() if one.fraction]


def _released(item: Lesson):
    return nbformat.read(LESSONS / f"{item.slug}.ipynb", as_version=4)


def _read(name: str) -> dict:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


CHECKS = {"points and hints": points_and_hints, "no marks as released": no_marks_as_released}
