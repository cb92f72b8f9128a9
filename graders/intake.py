"""Before autograding: every hand-in becomes a notebook that nbgrader can grade, whatever a learner did to it.

The notebook is rebuilt from the release: the release's cells, metadata and order, the learner's answers, and the learner's
other cells as plain ones. What was handed in is kept as it was, in `originals/`, with a note of what was mended.
"""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from course.errors import writable
from graders.finding import find_hand_in, other_files
from graders.limits import MOST_FILES
from graders.rebuilding import rebuild
from graders.tidying import remove, tidy

KEPT = "originals"
LONGEST_STEM = 50  # characters of a kept file's name, of which each may be four bytes


@dataclass
class Intake:
    """What was done to one hand-in: a sentence each, for the instructor."""

    student: str
    notebook: str
    notes: list[str] = field(default_factory=list)


def take_in(course: Path, assignment: str, student: str) -> list[Intake]:
    """Rebuild a learner's hand-in from the release; one Intake for each notebook that had to be rebuilt.

    A hand-in that was taken in before, and not handed in anew since, is left alone; so is one of what was never released, but for
    what is tidied away.
    """
    folder = course / "submitted" / student / assignment
    releases = sorted((course / "release" / assignment).glob("*.ipynb"))
    if not folder.is_dir():
        return []
    done, tidied = [], tidy(folder)
    for release in releases:
        first = release == releases[0]
        intake = _take_in_one(course, folder, release, tidied if first else [], alone=len(releases) == 1)
        if intake:
            done.append(intake)
    if tidied and not releases:
        done.append(Intake(student, assignment, tidied))
    for one in done:  # a file's name may be no text
        one.notes = [writable(note) for note in one.notes]
    return done


def _take_in_one(course: Path, folder: Path, release: Path, tidied: list[str], alone: bool) -> Intake | None:
    student, assignment = folder.parent.name, folder.name
    target, kept = folder / release.name, course / KEPT / student / assignment
    before, ours = _remembered(kept, release.stem), False
    if _digest(target) and _digest(target) == before.get("rebuilt"):
        others = before.get("others")  # none where the file that is asked for was handed in
        if others is None or not _others(folder, target).items() - others.items():
            return _noted(Intake(student, release.stem, tidied), kept, before) if tidied else None
        ours = True  # what was handed in is beside it, and is another now
    intake = Intake(student, release.stem)
    released = nbformat.read(release, as_version=4)
    sources = {cell.source.strip() for cell in released.cells}
    path, cells = find_hand_in(folder, release.name, alone, sources, intake.notes, ours=ours)
    _keep(path, kept)
    brought = _bring_up(path.parent, folder, before.get("brought", {})) if path and path.parent != folder else {}
    notebook = rebuild(released, cells, intake.notes)
    intake.notes += tidied
    if intake.notes:
        notebook.cells.insert(0, _note_cell(intake.notes))
    temporary = folder / f".{release.name}.taking-in"
    for place in (target, temporary):
        if place.is_dir():
            remove(place)
    temporary.write_text(nbformat.writes(notebook), encoding="utf-8", errors="replace")  # JSON may hold half a letter
    os.replace(temporary, target)
    kept.mkdir(parents=True, exist_ok=True)
    about = {"rebuilt": _digest(target), "notes": intake.notes, "brought": brought}
    about["others"] = None if path == target else _others(folder, target)
    (kept / f"{release.stem}.json").write_text(json.dumps(about, indent=1))
    return intake


def _noted(intake: Intake, kept: Path, before: dict) -> Intake:
    """Remember its notes with those of before: what was taken in stays as it is."""
    about = before | {"notes": list(dict.fromkeys([*before.get("notes", []), *intake.notes]))}
    (kept / f"{intake.notebook}.json").write_text(json.dumps(about, indent=1))
    return intake


def _others(folder: Path, target: Path) -> dict[str, str | None]:
    """What a hand-in could be taken from besides the file that is asked for, with digests."""
    paths = [*other_files(folder, [target]), *folder.glob("*/*.safetensors")]
    return {str(path.relative_to(folder)): _digest(path) for path in sorted(paths)}


def _note_cell(notes: list[str]) -> NotebookNode:
    lines = "\n".join(f"- {note}" for note in notes)
    cell = new_markdown_cell(f"**Notes of the intake**, for learner and instructor:\n\n{lines}")
    cell["id"] = "intake-notes"
    return cell


def _bring_up(place: Path, folder: Path, before: dict[str, str]) -> dict[str, str | None]:
    """Copy saved runs that lie beside a notebook one folder too deep to where they are looked for, over those of `before`.

    Returns the digests of what was copied, by name.
    """
    brought = {}
    for run in sorted(place.glob("*.safetensors"))[:MOST_FILES]:
        if run.is_file() and not run.is_symlink():
            there = folder / run.name
            is_copy = there.exists() and before.get(run.name) == _digest(there)
            free = run.name if is_copy or not there.exists() else _beside(run)
            shutil.copyfile(run, folder / free)
            brought[free] = _digest(folder / free)
    return brought


def _beside(run: Path) -> str:
    """A name for a copy, where that of the run is another file's: with its folder's, unless that is longer than a name may be."""
    name = f"{run.stem}-{run.parent.name}"
    return f"{name if len(os.fsencode(name)) < 200 else hashlib.sha256(name.encode()).hexdigest()[:12]}{run.suffix}"


def _keep(path: Path | None, kept: Path) -> None:
    """A copy of what was handed in, under a name of its own for each version."""
    digest = _digest(path) if path else None
    if path and digest:
        kept.mkdir(parents=True, exist_ok=True)
        copy = kept / f"{path.stem[:LONGEST_STEM]}-{digest[:12]}{path.suffix}"
        if not copy.exists():
            shutil.copyfile(path, copy)


def _remembered(kept: Path, stem: str) -> dict:
    """What this intake noted last time; kept outside the hand-in, so that nobody can claim it."""
    try:
        noted = json.loads((kept / f"{stem}.json").read_text())
        return noted if isinstance(noted, dict) else {}
    except (OSError, ValueError):
        return {}


def _digest(path: Path) -> str | None:
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
