"""The capstone's leaderboard: every hand-in's verdict, kept as data, and who leads in which direction.

Each verdict is that of `python -m graders check`, in a process of its own. A learner's evidence is "claimed" (no trained
weights), "weights" (accuracy counted by us, epochs the learner's word) or "retrained" (trained by us). What is only claimed is
not ranked.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from joblib import cpu_count

from course.errors import UsageError
from graders.class_hand_ins import grader_version
from graders.likeness import like_others, like_published
from graders.limits import with_our_path
from graders.verdict import Verdict, from_json, not_graded

CAPSTONE = "11_capstone"
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
    goes on where it was. Raises UsageError where nothing was handed in.
    """
    places = sorted(path for path in folder.glob(f"submitted/*/{CAPSTONE}") if path.is_dir())
    if not places:
        raise UsageError(f"nobody handed in {CAPSTONE}: its place is {folder / 'submitted' / 'LEARNER' / CAPSTONE}")
    kept = _read(folder / KEPT)
    files = {place.parent.name: _file(place) for place in places}
    wanted = {learner: _key(path, retrain) for learner, path in files.items()}
    waiting = [learner for learner in files if wanted[learner] not in kept.get(learner, {})]
    for done, (learner, verdict) in enumerate(_verdicts(waiting, files, folder, retrain), start=1):
        kept[learner] = {key: value for key, value in kept.get(learner, {}).items() if _digest(key) == _digest(wanted[learner])}
        kept[learner][wanted[learner]] = verdict
        _write(folder / KEPT, {name: kept[name] for name in sorted(kept) if name in files})
        progress(done, len(waiting))
    return [_entry(place, kept[place.parent.name], _key(files[place.parent.name], 0)) for place in places]


def _verdicts(waiting: list[str], files: dict[str, Path], folder: Path, retrain: int) -> Iterator[tuple[str, dict]]:
    """Each learner's verdict as JSON; side by side where nothing is trained."""
    with ThreadPoolExecutor(1 if retrain else cpu_count()) as pool:
        found = pool.map(lambda learner: _check(files[learner], folder, learner, retrain), waiting)
        try:
            yield from zip(waiting, found, strict=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _check(path: Path, folder: Path, learner: str, retrain: int) -> dict:
    command = [sys.executable, "-m", "graders", "check", str(path), "--json"]
    if retrain:
        kept = folder / "class" / "retrained" / f"{learner}.safetensors"
        kept.parent.mkdir(parents=True, exist_ok=True)
        command += ["--retrain", "--seeds", str(retrain), "--keep", str(kept)]
    said = None if retrain else subprocess.DEVNULL  # a training's progress
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=said, text=True, env=with_our_path())
    try:
        return json.loads(answer.stdout)
    except ValueError:
        return not_graded(path.name, "internal", f"the check ended with status {answer.returncode}").to_json()


def _entry(place: Path, verdicts: dict[str, dict], plain: str) -> Entry:
    """The strongest verdict on the present file: trained by us, with the most seeds, before evaluated."""
    strongest = max(verdicts, key=lambda key: int(key.partition(" ")[2] or 0))
    assert _digest(strongest) == _digest(plain)
    published = [like_published(path) for path in sorted(place.glob("*.safetensors"))]
    reasons = (*like_others(place), *(sentence for found in published for sentence in found))
    return Entry(place.parent.name, from_json(verdicts[strongest]), reasons)


def _file(place: Path) -> Path:
    """What is checked of a hand-in: the saved run; without one the notebook, whose structure is all that can be known."""
    run = place / f"{CAPSTONE}.safetensors"
    return run if run.is_file() and not run.is_symlink() else place / f"{CAPSTONE}.ipynb"


def _key(path: Path, retrain: int) -> str:
    """The digest of a file and of the grader, and the seeds that it was retrained with."""
    content = path.read_bytes() if path.is_file() else b""
    return hashlib.sha256(grader_version().encode() + content).hexdigest() + (f" {retrain}" if retrain else "")


def _digest(key: str) -> str:
    return key.partition(" ")[0]


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise UsageError(f"{path} is damaged; take it away, and the verdicts are asked for again") from None


def _write(path: Path, kept: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".writing")
    whole.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    os.replace(whole, path)
