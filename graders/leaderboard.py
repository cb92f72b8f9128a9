"""The capstone's leaderboard: every hand-in's verdict, kept as data, and who leads in which direction.

Each verdict is that of `python -m graders check`, in a process of its own. A learner's evidence is "claimed" (no trained
weights), "weights" (accuracy counted by us, epochs the learner's word) or "retrained" (trained by us). What is only claimed is
not ranked.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from joblib import cpu_count

from course.data import original_files
from course.errors import UsageError, one_line
from course.files import write_whole
from graders.bubblewrap import choose
from graders.class_gradebook import GradebookWriter
from graders.course_config import NAME
from graders.leaderboard_hand_ins import CAPSTONE, read_hand_ins
from graders.likeness import reasons_to_look
from graders.limits import PLAIN, with_our_path
from graders.verdict import Verdict, from_json, not_graded

KEPT = Path("class") / "leaderboard.json"  # in the course folder
CLAIMED = "claimed"
EVIDENCE = {"structure": CLAIMED, "weights": "weights", "retrained": "retrained", None: CLAIMED}


@dataclass(frozen=True)
class Entry:
    """A learner's line: the verdict, and what makes it worth a second look before the board is shown."""

    learner: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()

    @property
    def evidence(self) -> str:
        return EVIDENCE[self.verdict.evidence]

    @property
    def ranked(self) -> bool:
        """All four constraints met, by weights that were evaluated or trained by us."""
        return self.verdict.passed and self.evidence != CLAIMED

    def value(self, name: str) -> float:
        """A constraint's value, such as "parameters"; only a ranked entry is sure to have it."""
        value = self.verdict.constraints[name].value
        assert value is not None
        return value


# A direction, and what it is ranked by: the first that differs counts.
DIRECTIONS: dict[str, Callable[[Entry], tuple[float, ...]]] = {
    "Fewest parameters": lambda entry: (entry.value("parameters"), -entry.value("accuracy")),
    "Fewest epochs": lambda entry: (entry.value("epochs"), -entry.value("accuracy")),
    "Highest accuracy": lambda entry: (-entry.value("accuracy"), entry.value("parameters")),
}


def ranking(entries: list[Entry], direction: str) -> list[Entry]:
    """The ranked entries, the best first."""
    return sorted((entry for entry in entries if entry.ranked), key=DIRECTIONS[direction])


def frontier(entries: list[Entry]) -> list[Entry]:
    """The ranked entries that no other beats in parameters and accuracy both, by parameters."""
    best: list[Entry] = []
    for entry in ranking(entries, "Fewest parameters"):
        if not best or entry.value("accuracy") > best[-1].value("accuracy"):
            best.append(entry)
    return best


def collect(folder: Path, *, retrain: int = 0, progress: Callable[[int, int], None] = lambda done, total: None) -> list[Entry]:
    """An entry for every learner who handed the capstone in; with `retrain`, trained by us with up to so many seeds.

    A verdict is kept with the digest of the file it is on, and asked for again only where that changed, so an interrupted call
    goes on where it was; one that could not be graded is tried again. Raises UsageError where nothing was handed in, DataError
    where MNIST is missing: verdicts without it would stand for good; SandboxError where the course's sandbox does not work here.
    """
    places = {path.parent.name: path for path in sorted(folder.glob(f"submitted/*/{CAPSTONE}")) if path.is_dir()}
    sandbox = choose(GradebookWriter(folder).sandbox) if (folder / NAME).is_file() else choose()
    if not places:
        raise UsageError(f"nobody handed in {CAPSTONE}: its place is {folder / 'submitted' / 'LEARNER' / CAPSTONE}")
    original_files()
    files, digests, broken = read_hand_ins(folder, places)
    kept = _read(folder / KEPT)
    verdicts = {
        learner: kept[learner]["verdicts"] if kept.get(learner, {}).get("digest") == digest else {}
        for learner, digest in digests.items()
    }  # by the number of seeds, "0" where nothing was trained
    waiting = [learner for learner in files if verdicts[learner].get(str(retrain), {"error": True})["error"]]
    for done, (learner, verdict) in enumerate(_verdicts(waiting, files, folder, retrain, sandbox), start=1):
        verdicts[learner][str(retrain)] = verdict
        about = {name: {"digest": digests[name], "verdicts": verdicts[name]} for name in files}
        about |= {name: kept[name] for name in broken if name in kept}  # for when it can be read again
        write_whole(folder / KEPT, json.dumps(about, indent=1))
        progress(done, len(waiting))
    found = broken | {learner: from_json(_strongest(verdicts[learner])) for learner in files}
    return [Entry(learner, found[learner], _reasons(place)) for learner, place in places.items()]


def _reasons(place: Path) -> tuple[str, ...]:
    try:
        return reasons_to_look(place, {})
    except Exception as error:  # one learner's folder must not stop the others
        return (f"whether it is like another could not be found ({one_line(error)})",)


def _verdicts(
    waiting: list[str], files: dict[str, Path], folder: Path, retrain: int, sandbox: str
) -> Iterator[tuple[str, dict]]:
    """Each learner's verdict as JSON; side by side where nothing is trained."""
    with ThreadPoolExecutor(1 if retrain else cpu_count()) as pool:
        found = pool.map(lambda learner: _check(files[learner], folder, learner, retrain, sandbox), waiting)
        try:
            yield from zip(waiting, found, strict=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _check(path: Path, folder: Path, learner: str, retrain: int, sandbox: str) -> dict:
    command = [sys.executable, "-m", "graders", "check", str(path), "--json"]
    command += ["--plain-sandbox"] if sandbox == PLAIN else []
    if retrain:
        kept = folder / "class" / "retrained" / f"{learner}.safetensors"
        kept.parent.mkdir(parents=True, exist_ok=True)
        command += ["--retrain", "--seeds", str(retrain), "--keep", str(kept)]
    said = None if retrain else subprocess.DEVNULL  # a training's progress
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=said, env=with_our_path())
    try:
        return json.loads(answer.stdout)
    except ValueError:
        return not_graded(path.name, "internal", f"the check ended with status {answer.returncode}").to_json()


def _strongest(verdicts: dict[str, dict]) -> dict:
    """Of the verdicts on a file: trained by us, with the most seeds, before evaluated."""
    return verdicts[max(verdicts, key=int)]


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise UsageError(f"{path} is damaged; take it away, and the verdicts are asked for again") from None
