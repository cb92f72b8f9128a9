"""How far a learner's copy of the lessons has come, as its saved files tell; nothing is run, and no mark is given.

Whether a saved run is one of the network that the notebook defines, and what the answers are worth, only the grader can say.
"""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from course.errors import CourseError, UsageError, counted, one_line
from course.iterations import Lesson, lessons
from course.tables import text_table

LESSONS = Path(__file__).parent / "lessons"
UNWRITTEN = re.compile(r"^\s*raise NotImplementedError", re.M)
HEAD = ("lesson", "answers", "checks", "saved run")


@dataclass(frozen=True)
class Progress:
    """One lesson: answers that are still to be written, checks whose saved output is full marks, and what its saved run says."""

    item: Lesson
    answers: int = 0
    unwritten: tuple[str, ...] = ()
    checks: int = 0
    correct: int = 0
    run: str = ""
    run_is_whole: bool = True
    trains: bool = True
    problem: str = ""

    @property
    def done(self) -> bool:
        """Everything that can be told from files: all answers written, all checks correct when they were last run."""
        return not self.problem and bool(self.answers) and not self.unwritten and self.correct == self.checks

    def cells(self) -> tuple[str, ...]:
        """Its line of the table."""
        name = f"{self.item.number:2} {self.item.title}"
        if self.problem:
            return name, self.problem, "", self.run
        written = self.answers - len(self.unwritten)
        return name, f"{written} of {self.answers}", f"{self.correct} of {self.checks}", self.run


def progress(folder, item: Lesson) -> Progress:
    """What the files of one lesson in `folder` tell."""
    path = Path(folder) / f"{item.slug}.ipynb"
    release = _cells(LESSONS / path.name)
    trains = any(f"{item.slug}.safetensors" in _source(cell) for cell in release if cell["cell_type"] == "code")
    run, whole = _run(path.with_suffix(".safetensors")) if trains else ("none asked for", True)
    known = Progress(item, run=run, run_is_whole=whole, trains=trains)
    if not path.is_file():
        return replace(known, problem="no notebook")
    try:
        mine = {_about(cell).get("grade_id"): cell for cell in _cells(path)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return replace(known, problem=f"unreadable ({type(error).__name__})")
    answers = {_about(cell)["grade_id"]: cell for cell in release if _about(cell).get("solution")}
    checks = {_about(cell)["grade_id"]: cell for cell in release if _about(cell).get("grade")}
    checks = {name: cell for name, cell in checks.items() if name not in answers}
    unwritten = tuple(name for name, cell in answers.items() if not _is_written(mine.get(name), cell))
    correct = sum(_marks(mine.get(name)) == _about(cell)["points"] for name, cell in checks.items())
    return replace(known, answers=len(answers), unwritten=unwritten, checks=len(checks), correct=correct)


def report(folder) -> str:
    """Every lesson in a line, what comes next, and whom to ask for the rest. Raises UsageError where there is no folder."""
    folder = Path(folder)
    if not folder.is_dir():
        if any((Path.cwd() / f"{item.slug}.ipynb").is_file() for item in lessons()):
            raise UsageError(
                f"there is no folder {folder} here, and the lessons are in this folder itself: go one folder up (cd ..) and "
                "ask again, or say --folder ."
            )
        raise UsageError(
            f"there is no folder {folder}: python -m course lab --folder {folder} makes it, with the lessons"
        )
    found = [progress(folder, item) for item in lessons()]
    lines = [text_table(HEAD, [one.cells() for one in found]), "", _next(found)]
    lines.append(
        "Read from saved files: nothing was run, nothing marked. A check counts if it was correct when it was last run."
    )
    asked = [one for one in found if one.trains and "accuracy" in one.item.claims and not one.problem]
    last = next((one for one in reversed(asked) if one.run and one.run_is_whole and not one.unwritten), None)
    if last:
        path = (folder / f"{last.item.slug}.ipynb").as_posix()
        lines.append(
            "Does the run fit the notebook, and do both meet the four constraints? "
            f"The grader says: python -m graders check {path}"
        )
    return "\n".join(lines)


def _next(lessons: list[Progress]) -> str:
    for one in lessons:
        if one.done and one.run and one.run_is_whole:
            continue
        if one.problem:
            what = "python -m course lab brings its notebook back, unless there is a script of that name"
        elif one.unwritten:
            what = f"write {', '.join(one.unwritten)}"
        elif not one.run:
            what = "train, which saves the run beside the notebook"
        elif not one.run_is_whole:
            what = "delete its .safetensors, which cannot be read, and train again"
        else:
            what = "run its checks again, save the notebook, and read what those that are not correct say"
        return f"Next: lesson {one.item.number}, {one.item.title}: {what}."
    return "Next: hand in what you have not handed in yet; as far as files can tell, every lesson is done."


def _run(path: Path) -> tuple[str, bool]:
    """What a saved run says of itself, empty where there is none, and whether it can be read."""
    if not path.exists():
        return "", True
    from course.submission_file import read_metadata  # takes PyTorch's import, so only where it is needed

    try:
        about = read_metadata(path)
        history = json.loads(about["history"])
        epochs, data = json.loads(about["recipe"])["epochs"], json.loads(about["data"])["name"]
        best = max(history, key=lambda epoch: epoch["test_correct"])
        said = f"best {best['test_accuracy']:.2f}% in epoch {best['epoch']}, {len(history)} of {counted(epochs, 'epoch')}"
        return said if data == "MNIST" else f"{said}, on {one_line(data, 40)}", True
    except CourseError as error:
        return f"unreadable: {one_line(error, 100)}", False
    except (KeyError, TypeError, ValueError) as error:
        return f"unreadable: {type(error).__name__} in {path.name}", False


def _is_written(mine: dict | None, released: dict) -> bool:
    if mine is None or _source(mine).strip() == _source(released).strip():
        return False
    return mine["cell_type"] != "code" or not UNWRITTEN.search(_source(mine))


def _marks(cell: dict | None) -> float | None:
    """The value of a check cell's last run, which is its marks; None where there is none."""
    try:
        values = [output["data"]["text/plain"] for output in (cell or {})["outputs"] if "data" in output]
        return float("".join(values[-1]))
    except (LookupError, TypeError, ValueError):
        return None


def _cells(path: Path) -> list[dict]:
    """A notebook's cells; read as JSON, for speed."""
    return json.loads(path.read_text(encoding="utf-8-sig"))["cells"]


def _source(cell: dict) -> str:
    return "".join(cell.get("source", ""))


def _about(cell: dict) -> dict:
    return cell["metadata"].get("nbgrader", {})
