"""How long a class takes: `python -m graders class` on a hundred hand-ins of the final network, each with its own weights."""

import contextlib
import csv
import io
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import torch

from course import Data
from course.errors import CourseError
from course.iterations import iteration
from course.submission_file import load_submission, save_submission
from graders.course_folder import build_course
from solutions.demo import run_nbgrader
from solutions.fill import fill
from solutions.modules import weights_path

LESSON = 8  # whose network takes longest to evaluate of those that rule 1 lets through
LEARNERS = 100
ROUNDS = 3  # of which the median counts
NOISE = 1e-4  # of a weight: no two files are the same, so that none is answered by the cache, and the accuracy stays


def class_times(data: Data | None = None, learners: int = LEARNERS, rounds: int = ROUNDS) -> dict:
    """Seconds from the command's start to its tables, of several turns, each in a course folder that was never graded.

    Raises CourseError where a hand-in did not get all its marks: a class that is not marked takes no time.
    """
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "course"
        with contextlib.redirect_stdout(io.StringIO()):  # what it tells an instructor to do next is done here
            build_course(folder, [LESSON])
        run_nbgrader(folder, "generate_assignment", iteration(LESSON).slug)
        _hand_in(folder, iteration(LESSON).slug, learners)
        turns = [seconds_of_grading(shutil.copytree(folder, Path(home) / f"turn-{turn}"), learners) for turn in range(rounds)]
    return {"lesson": LESSON, "learners": learners, "turns": turns, "seconds": statistics.median(turns)}


def _hand_in(folder: Path, slug: str, learners: int) -> None:
    notebook = fill(folder / "release" / slug / f"{slug}.ipynb", LESSON)
    submission = load_submission(weights_path(LESSON))
    for learner in range(learners):
        target = folder / "submitted" / f"learner-{learner:03d}" / slug
        target.mkdir(parents=True)
        nbformat.write(notebook, target / f"{slug}.ipynb")
        torch.manual_seed(learner)
        weights = {
            name: tensor * (1 + NOISE * torch.randn_like(tensor)) if tensor.is_floating_point() else tensor
            for name, tensor in submission.weights.items()
        }
        save_submission(replace(submission, weights=weights), target / f"{slug}.safetensors")


def seconds_of_grading(folder: Path, learners: int) -> float:
    """Grade a course folder by the command, and see that all have all marks. Raises CourseError."""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "graders", "class", str(folder)], capture_output=True, text=True)
    seconds = time.monotonic() - started
    if done.returncode:
        raise CourseError(f"the class could not be graded:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
    rows = list(csv.DictReader((folder / "class" / "marks.csv").read_text(encoding="utf-8").splitlines()))
    full = [row for row in rows if row["marks"] == row["points"] and not row["error"]]
    if len(full) != learners:
        raise CourseError(f"{len(full)} of {learners} hand-ins have all their marks, which each of them is due")
    return seconds
