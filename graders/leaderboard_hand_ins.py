"""What the leaderboard checks of each learner's capstone, whatever the others handed in."""

import hashlib
from pathlib import Path

from course.errors import CourseError, SubmissionError, one_line
from course.file_sizes import LARGEST_FILE
from graders.class_hand_ins import grader_version
from graders.intake import take_in
from graders.verdict import Verdict, not_graded

CAPSTONE = "11_capstone"


def read_hand_ins(folder: Path, places: dict[str, Path]) -> tuple[dict[str, Path], dict[str, str], dict[str, Verdict]]:
    """Of each learner what is checked and its digest, or a verdict that says why nothing can be."""
    files, digests, broken = {}, {}, {}
    for learner, place in places.items():
        try:
            take_in(folder, CAPSTONE, learner)
            path = _file(place)
            digests[learner] = _digest(path)
            files[learner] = path
        except Exception as error:  # one learner's folder must not stop the others
            said = str(error) if isinstance(error, CourseError) else f"the hand-in cannot be read ({one_line(error)})"
            broken[learner] = not_graded(CAPSTONE, "submission", said)
    return files, digests, broken


def _file(place: Path) -> Path:
    """What is checked of a hand-in: the saved run; without one the notebook, whose structure is all that can be known."""
    run = place / f"{CAPSTONE}.safetensors"
    return run if run.is_file() and not run.is_symlink() else place / f"{CAPSTONE}.ipynb"


def _digest(path: Path) -> str:
    """Of a file and of the grader."""
    if not path.is_file():
        return hashlib.sha256(grader_version().encode()).hexdigest()
    if (size := path.stat().st_size) > LARGEST_FILE:
        raise SubmissionError(f"{path.name} has {size:,} bytes, the most is {LARGEST_FILE:,}: hand in what run.save(…) wrote")
    with path.open("rb") as file:
        return hashlib.sha256(f"{grader_version()} {hashlib.file_digest(file, 'sha256').hexdigest()}".encode()).hexdigest()
