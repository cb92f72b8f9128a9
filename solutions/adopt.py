"""Take over what was trained elsewhere: the runs that the ledger lacks, and the weights that come first."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from course.errors import CourseError
from course.submission_file import load_submission
from solutions.committed import comes_first
from solutions.ledger import LEDGER, Record, append, read_ledger
from solutions.modules import WITH_WEIGHTS, solution, weights_path
from solutions.verify import same_figures
from solutions.verify_ledger import ledger_fault


def adopt(folders: Sequence[Path], ledger: Path = LEDGER) -> bool:
    """Take over the results in each folder, `ledger.jsonl` and `weights/`, and say what; whether nothing had to be left out."""
    for folder in folders:
        if not (folder / LEDGER.name).is_file():
            raise CourseError(f"{folder} holds no {LEDGER.name}; name folders such as another checkout's solutions/results")
    return all([_adopt(folder, ledger) for folder in folders])


def _adopt(folder: Path, ledger: Path) -> bool:
    theirs, known = read_ledger(folder / LEDGER.name), {record.key for record in read_ledger(ledger)}
    sound, new = True, []
    for one in theirs:
        if one.key in known:
            continue
        if fault := ledger_fault(one.iteration, [one]):
            print(f"{one.name}: left out, for {fault}")
            sound = False
            continue
        append(one, ledger)
        known.add(one.key)
        new.append(one)
        print(f"{one.name}: {len(one.epochs)} epochs, the last {one.correct[-1] / 100:.2f}%")
    for number in WITH_WEIGHTS:
        sound &= _adopt_weights(number, weights_path(number, folder), new)
    return sound


def _adopt_weights(number: int, path: Path, new: Sequence[Record]) -> bool:
    """Copy a submission that is one of the new runs and comes before what is committed."""
    runs = [record for record in new if record.iteration == number]
    if not runs or not path.exists():
        return True
    try:
        submission = load_submission(path)
    except CourseError as error:
        print(f"lesson {number}: {error}")
        return False
    recipe, history = submission.recipe, submission.history
    mine = any(record.seed == recipe.seed and same_figures(submission, record) for record in runs)
    best = max(epoch.test_accuracy for epoch in history)
    if mine and len(history) == recipe.epochs and comes_first(weights_path(number), number, submission.graph.hash, recipe, best):
        shutil.copyfile(path, weights_path(number))
        print(f"lesson {number}: the weights of seed {recipe.seed}")
        if solution(number).recipe.seed != recipe.seed:
            print(f"lesson {number}: now write seed={recipe.seed} into the recipe of {solution(number).__name__}")
    return True
