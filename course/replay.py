"""Show a training that has been done before, instead of doing it again."""

import os
import sys
from pathlib import Path

from course.errors import CourseError
from course.submission import environment
from course.submission_file import load_submission, read_metadata


class TrainFirst(CourseError):
    """nbgrader runs this notebook, and there is no finished training to show."""

    kind = "train_first"


def is_graded_run() -> bool:
    """Whether nbgrader runs this kernel, to validate or to autograde; it sets a variable for that."""
    return bool(os.environ.get("NBGRADER_EXECUTION"))


def expect_training() -> None:
    """Raise TrainFirst where nbgrader runs this kernel."""
    if is_graded_run():
        raise TrainFirst("train first: nbgrader never trains, and no saved run fits this network, recipe and data")


def find_run(run, folder="."):
    """The saved run of the same graph, recipe, data and course version, or None; says so if it finds one."""
    for path in sorted(Path(folder).glob("*.safetensors")):
        try:
            if '"' + run.data["digest"] + '"' not in read_metadata(path)["data"]:
                continue
            saved = load_submission(path)
        except (CourseError, OSError):
            continue  # somebody else's file, or a damaged one: training makes a good one
        same = (saved.graph.hash, saved.recipe.hash) == (run.graph.hash, run.recipe.hash)
        same = same and saved.environment.get("course") == environment()["course"]
        finished = len(saved.history) == saved.recipe.epochs
        if same and (finished or is_graded_run()):
            run.history = list(saved.history)
            run.weights = {saved.carries: saved.weights}
            run.initial = dict(saved.initial)
            print(f"replaying {path.name}: same network, recipe and data; delete it to train again", file=sys.stdout)
            return run
    return None
