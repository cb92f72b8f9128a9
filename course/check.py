"""Are the lessons in order, as far as they can tell by themselves: complete, in step, unsolved, worth 100 marks each.

What else there is to ask, of the graders and of the answers, packages beside this one bring: see check_course.
"""

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.iterations import Lesson, lessons
from course.pairs import LESSONS, out_of_step

RHYTHM = ("Target", "Predict", "Build", "Check", "Train", "Compare", "Analyse", "What next")
UNSOLVED = "raise NotImplementedError"
LONGEST_BLANK = 120  # characters: a markdown answer is released as one line that says what to write
MARKS = 100


def check_lessons(folder: Path = LESSONS) -> dict[str, list[str]]:
    """For each lesson, and for the folder as a whole, a sentence for each thing that is wrong."""
    problems = {item.slug: check_lesson(folder / f"{item.slug}.ipynb", item) for item in lessons()}
    known = {f"{item.slug}{suffix}" for item in lessons() for suffix in (".py", ".ipynb")} | {"jupytext.toml"}
    strays = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name not in known)
    problems["scripts and notebooks"] = out_of_step(folder) + [f"{name} belongs to no lesson" for name in strays]
    return problems


def check_lesson(path: Path, item: Lesson) -> list[str]:
    """What is wrong with one released notebook."""
    if not path.exists():
        return [f"{path.name} is missing"]
    notebook = nbformat.read(path, as_version=4)
    answers = [cell for cell in notebook.cells if _about(cell).get("solution")]
    graded = [cell for cell in notebook.cells if _about(cell).get("grade")]
    names = [_about(cell)["grade_id"] for cell in notebook.cells if _about(cell)]
    marks = sum(_about(cell)["points"] for cell in graded)

    problems = [f"the answer {_about(cell)['grade_id']} is solved already" for cell in answers if _is_solved(cell)]
    problems += [f"the grade id {name} stands twice" for name in sorted(set(names)) if names.count(name) > 1]
    if not {"prediction", "analysis"} <= set(names):
        problems.append("a prediction and an analysis, to be graded by hand, should be asked for")
    if marks != MARKS:
        problems.append(f"its marks add up to {marks}, expected {MARKS}")
    if any(cell.get("outputs") for cell in notebook.cells):
        problems.append("a released cell has output")
    return problems + _headings(notebook, item)


def _is_solved(cell: NotebookNode) -> bool:
    return UNSOLVED not in cell.source if cell.cell_type == "code" else len(cell.source) > LONGEST_BLANK


def _headings(notebook: NotebookNode, item: Lesson) -> list[str]:
    """One title, then the rhythm that all lessons share; other headings may stand between."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^(#+) (.*)$", text, re.M)
    problems = []
    if not headings or not headings[0][1].startswith(f"Lesson {item.number}"):
        problems.append(f"its first heading should be '# Lesson {item.number}: …'")
    if [level for level, _ in headings] != ["#"] + ["##"] * (len(headings) - 1):
        problems.append("its headings should be one title and sections of the second level")
    if (seen := tuple(name for _, name in headings if name in RHYTHM)) != RHYTHM:
        problems.append(f"its sections should be {', '.join(RHYTHM)}, in this order; saw {', '.join(seen)}")
    return problems


def _about(cell: NotebookNode) -> dict:
    return cell.metadata.get("nbgrader", {})
