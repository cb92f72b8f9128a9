"""A course folder's hand-ins, as the class command sees them: taken in, read, and known by the digest of their content."""

import hashlib
import json
from base64 import b64encode
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path

import nbformat

import course
from course.errors import UsageError, some_of
from course.iterations import lessons, number_of
from course.tables import printable
from graders.grading import Task
from graders.intake import KEPT, take_in
from graders.limits import LARGEST_FILE, MOST_FILES
from graders.points import asks_for_weights

MOST_SAID = 3
LARGEST_FILES = 2 * LARGEST_FILE  # bytes of a hand-in's runs, all of which go to its grading at once


@dataclass(frozen=True)
class HandIn:
    """One learner's work for one lesson.

    `key` is a digest of all that its automatic marks rest on, `files` of its weights alone, `whole` of all that nbgrader records:
    the notebook with its written answers, and when it came.
    """

    student: str
    assignment: str
    number: int
    folder: Path
    key: str
    files: str
    whole: str
    notes: tuple[str, ...]

    def task(self, **settings) -> Task:
        """It as data, to be graded anywhere."""
        paths = weights_of(self.folder, self.number)
        content = {path.name: b64encode(path.read_bytes()).decode() for path in paths}
        return Task(self.key, self.number, code_of(self.folder), content, **settings)


def find_hand_ins(folder: Path, only: list[str] | None) -> tuple[list[tuple[str, str]], list[str]]:
    """Learner and lesson of every hand-in in `submitted/`, and a sentence for all else that is there and is not graded.

    Raises UsageError where there is nothing to grade.
    """
    if not (folder / "nbgrader_config.py").is_file():
        raise UsageError(f"{folder} is no course folder; `python -m graders course {folder}` makes one")
    found = sorted(
        (path.parent.name, path.name)
        for path in folder.glob("submitted/*/*")
        if path.is_dir() and not path.name.startswith(".") and (not only or path.name in only)
    )
    graded = [(student, assignment) for student, assignment in found if number_of(assignment)]
    others = [(student, assignment) for student, assignment in found if not number_of(assignment)]
    astray = list(dict.fromkeys(_not_graded(folder, *one) for one in others)) + _loose(folder)
    if not graded:
        wanted = f" of {', '.join(only)}" if only else ""
        said = "".join(f"; {printable(sentence)}" for sentence in astray[:MOST_SAID])
        raise UsageError(
            f"there are no hand-ins{wanted} in {folder / 'submitted'}; they go to submitted/LEARNER/ASSIGNMENT/{said}"
        )
    return graded, astray


def _not_graded(folder: Path, student: str, assignment: str) -> str:
    """What is said of a hand-in for what is no lesson: an instructor's own assignment, or a folder whose name is not right."""
    if any((folder / kind / assignment).is_dir() for kind in ("source", "release")):
        return f"{assignment} is no lesson: nbgrader autograde {assignment} grades it"
    meant = get_close_matches(assignment, [lesson.slug for lesson in lessons()], 1, 0.5)
    return (
        f"{student} handed in {assignment}, which is no assignment, and it was not graded: rename the folder"
        f"{f'; was {meant[0]} meant?' if meant else ''}"
    )


def _loose(folder: Path) -> list[str]:
    """A sentence for each learner whose files lie outside an assignment's folder, where nothing is graded."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("submitted/*/*")):
        if path.is_file() and not path.name.startswith("."):
            found.setdefault(path.parent.name, []).append(path.name)
    return [
        f"{student} has files outside an assignment's folder, which are not graded ({some_of(names)}): move them to "
        f"submitted/{student}/ASSIGNMENT/"
        for student, names in found.items()
    ]


def read_hand_in(folder: Path, student: str, assignment: str, about: str) -> HandIn:
    """Take a hand-in in and read it; `about` says what else its marks rest on. May raise OSError, ValueError."""
    take_in(folder, assignment, student)
    number, place = number_of(assignment), folder / "submitted" / student / assignment
    assert number
    files = hashlib.sha256()
    paths = weights_of(place, number)
    for path in paths:
        with path.open("rb") as file:
            files.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    cells = json.dumps([about, grader_version(), number, files.hexdigest(), code_of(place)])
    key = hashlib.sha256(cells.encode()).hexdigest()
    return HandIn(
        student,
        assignment,
        number,
        place,
        key,
        files.hexdigest() if paths else key,
        _digest(place / f"{assignment}.ipynb", place / "timestamp.txt"),
        _notes(folder, student, assignment),
    )


def _digest(*paths: Path) -> str:
    """One digest of several files, of which some may be missing."""
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "" for path in paths]
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest()


def weights_of(folder: Path, number: int) -> list[Path]:
    """The files that may be a lesson's trained network; none for a lesson that asks for none."""
    if not asks_for_weights(number):
        return []
    paths = [path for path in sorted(folder.glob("*.safetensors")) if path.is_file() and not path.is_symlink()]
    paths.sort(key=lambda path: path.stem != folder.name)
    sizes = [(path, path.stat().st_size) for path in paths[:MOST_FILES]]
    fitting = [(path, size) for path, size in sizes if size <= LARGEST_FILE]
    totals = accumulate(size for _, size in fitting)
    return [path for (path, _), total in zip(fitting, totals, strict=True) if total <= LARGEST_FILES]


def code_of(folder: Path) -> tuple[str, ...]:
    """The code cells of a hand-in that was taken in."""
    notebook = nbformat.read(folder / f"{folder.name}.ipynb", as_version=4)
    return tuple(cell.source for cell in notebook.cells if cell.cell_type == "code")


@cache
def grader_version() -> str:
    """A digest of our own code and of PyTorch's version: what another grader has found does not count."""
    digest = hashlib.sha256(version("torch").encode())
    for package in (Path(str(course.__file__)).parent, Path(__file__).parent):
        for path in sorted(path for path in package.rglob("*") if path.suffix in (".py", ".toml", ".json")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _notes(folder: Path, student: str, assignment: str) -> tuple[str, ...]:
    """What the intake has noted of a hand-in, now or in an earlier grading."""
    try:
        kept = json.loads((folder / KEPT / student / assignment / f"{assignment}.json").read_text())
        return tuple(map(str, kept["notes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ()
