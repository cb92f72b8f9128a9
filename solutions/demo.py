"""The main job, in a few minutes: release a lesson, let three learners hand in, autograde them with nbgrader, show the marks."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat

from course.data import load_mnist
from course.errors import CourseError, DataError
from course.iterations import iteration
from graders.course_folder import build_course
from solutions.fill import fill
from solutions.modules import weights_path

LESSON = 8
LEARNERS = ("reference", "blank", "hidden_linear")

# A fully connected layer in disguise: a convolution as large as its map, behind a network that is right in all else.
HIDDEN = """
class Disguised(Net):
    def __init__(self):
        super().__init__()
        self.layers[-2] = nn.Conv2d(16, 16, 6, groups=16, bias=False)


Net = Disguised
"""


def demo(folder: Path) -> int:
    """Run it in `folder`, which is emptied first if it is an earlier demonstration's; 0 if every learner got what is due."""
    started = time.monotonic()
    practice = not _mnist()
    if (folder / "nbgrader_config.py").exists():
        shutil.rmtree(folder)
    slug = iteration(LESSON).slug
    print(f"1. A course with one assignment, {slug}")
    build_course(folder, [LESSON], practice=practice)
    run_nbgrader(folder, "generate_assignment", slug)
    print(f"2. {len(LEARNERS)} learners hand in: {', '.join(LEARNERS)}")
    for learner in LEARNERS:
        _hand_in(folder, learner, slug)
    print("3. nbgrader autogrades them, which takes a minute or two")
    run_nbgrader(folder, "autograde", slug, "--force")
    run_nbgrader(folder, "generate_feedback", slug, "--force")
    run_nbgrader(folder, "export")
    print("4. The marks\n")
    marks = read_marks(folder, slug)
    print_marks(marks, practice)
    print("\nFeedback pages, as each learner gets them:")
    for learner in LEARNERS:
        print(f"  {folder / 'feedback' / learner / slug / f'{slug}.html'}")
    print(f"All marks: {folder / 'grades.csv'}. It took {time.monotonic() - started:.0f} s.")
    wrong = _unexpected(marks)
    for sentence in wrong:
        print(f"NOT AS EXPECTED: {sentence}")
    return 1 if wrong else 0


def read_marks(folder: Path, slug: str) -> dict[str, list[tuple[str, float, float, str]]]:
    """For each learner the autograded cells, in order: check, marks, points, the grader's sentence."""
    from nbgrader.api import Gradebook

    marks: dict[str, list[tuple[str, float, float, str]]] = {}
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for learner in LEARNERS:
            notebook = nbformat.read(folder / "autograded" / learner / slug / f"{slug}.ipynb", as_version=4)
            marks[learner] = []
            for cell in notebook.cells:
                about = cell.metadata.get("nbgrader", {})
                if about.get("grade") and not about.get("solution"):
                    grade = gradebook.find_grade(about["grade_id"], slug, slug, learner)
                    said = next(iter(cell.outputs)).text.strip()
                    marks[learner].append(
                        (about["grade_id"], float(grade.auto_score or 0), float(about["points"]), said)
                    )
    return marks


def print_marks(marks: dict[str, list[tuple[str, float, float, str]]], practice: bool) -> None:
    """One table of marks, then the reasons where marks are missing."""
    names = [name for name, *_ in marks[LEARNERS[0]]]
    width = max(map(len, names))
    print(" " * width + "".join(f"{learner:>16}" for learner in LEARNERS))
    for i, name in enumerate(names):
        cells = [f"{marks[learner][i][1]:g} of {marks[learner][i][2]:g}" for learner in LEARNERS]
        if practice and marks[LEARNERS[0]][i][2] == 0:
            cells = ["not assessed"] * len(LEARNERS)
        print(f"{name:<{width}}" + "".join(f"{cell:>16}" for cell in cells))
    totals = [f"{sum(m[1] for m in marks[learner]):g} of {sum(m[2] for m in marks[learner]):g}" for learner in LEARNERS]
    print(f"{'automatic marks':<{width}}" + "".join(f"{total:>16}" for total in totals))
    print("(prediction and analysis are graded by hand, out of the 100 as well)")
    for learner in LEARNERS:
        print(f"\n{learner}:")
        reasons: dict[str, list[str]] = {}
        for name, _, points, said in marks[learner]:
            sentence = said.split("): ", 1)[-1]
            if said.startswith("correct") and name not in ("accuracy", "fully_connected"):
                continue
            if points or practice:
                reasons.setdefault(f"{said.split(' (')[0]}: {sentence}", []).append(name)
        for sentence, checks in reasons.items():
            print(f"  {', '.join(checks)}\n    {sentence}")


def _mnist() -> bool:
    try:
        load_mnist()
    except DataError as error:
        print("=" * 100)
        print(f"PRACTICE DIGITS, NOT MNIST: {error}.")
        print("Accuracy is not assessed in this demonstration, and marks are out of a total without it.")
        print("=" * 100)
        return False
    return True


def _hand_in(folder: Path, learner: str, slug: str) -> None:
    released = folder / "release" / slug / f"{slug}.ipynb"
    target = folder / "submitted" / learner / slug
    target.mkdir(parents=True)
    if learner == "blank":
        shutil.copy(released, target)
        return
    notebook = fill(released, LESSON)
    if learner == "hidden_linear":
        cell = next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "Net")
        cell.source += "\n" + HIDDEN
    nbformat.write(notebook, target / f"{slug}.ipynb")
    shutil.copy(weights_path(LESSON), target)


def run_nbgrader(folder: Path, *arguments: str) -> None:
    """One of nbgrader's commands in a course folder; CourseError, with its last lines, where it fails."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # it calls alembic by name
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CourseError(f"nbgrader {arguments[0]} failed:\n{done.stderr[-3000:]}")


def _unexpected(marks: dict[str, list[tuple[str, float, float, str]]]) -> list[str]:
    def of(learner):
        return {name: (got, points) for name, got, points, _ in marks[learner]}

    wrong = [
        f"the reference has {got:g} of {points:g} for {name}"
        for name, (got, points) in of("reference").items()
        if got < points
    ]
    wrong += [f"the blank notebook has {got:g} for {name}" for name, (got, _) in of("blank").items() if got]
    if of("hidden_linear")["fully_connected"][0]:
        wrong.append("the hidden fully connected layer was not found")
    return wrong
