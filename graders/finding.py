"""Which file of a hand-in is the notebook: that of its name, or another that an honest learner handed in instead."""

from collections.abc import Collection
from pathlib import Path

from course.errors import some_of
from course.iterations import lessons
from graders.handed_in import Cell, read_hand_in

NOTEBOOKS = (".ipynb", ".ipynb.txt", ".json", ".py")  # as editors, browsers and mail programs save them
MOST_TRIED = 6  # files: each may take a second to read


def find_hand_in(
    folder: Path, name: str, alone: bool, released: Collection[str], notes: list[str], *, ours: bool = False
) -> tuple[Path | None, list[Cell]]:
    """The file to take and its cells: of those that may be meant the first with an answer, that is, a cell not in `released`.

    First comes the notebook of this name, then the script of this name, and where only one notebook is asked for any other, here
    or one folder deeper, the newest first. Where none has an answer, the first one counts. What is unusual is noted. With `ours`,
    the notebook of this name is none of the learner's.
    """
    expected = folder / name
    named = [path for path in (expected, expected.with_suffix(".py")) if _is_file(path) and not (ours and path == expected)]
    others = other_files(folder, [expected, *named] if ours else named) if alone else []
    read: list[tuple[Path, list[Cell], list[str]]] = []
    for path in [*named, *others][:MOST_TRIED]:
        own: list[str] = []
        try:
            cells = read_hand_in(path, own)
        except OSError as error:
            cells, own = [], [f"{path.name} cannot be read ({error.strerror}): nothing could be marked"]
        read.append((path, cells, own))
        if any(cell.source.strip() and cell.source.strip() not in released for cell in cells):
            break
    else:
        read = read[:1]
    if not read:
        seen = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        there = f"; what is there: {some_of(seen)}" if seen else ""
        notes.append(f"there is no {name}: nothing could be marked{there}")
        return None, []
    path, cells, own = read[-1]
    if path != expected:
        why = f"{name} has no answer" if expected in named else f"there is no {name}"
        kind = "the script " if path.suffix == ".py" else ""
        several = ", the newest of several" if path in others and len(others) > 1 else ""
        notes.append(f"{why}; {kind}{path.relative_to(folder)} was taken for it{several}")
    notes += own
    return path, cells


def other_files(folder: Path, named: list[Path]) -> list[Path]:
    """Further files that may be the notebook, the newest first; what begins with a dot is a system's or an editor's own."""
    visible = _visible(folder)
    deeper = [path for one in visible if one.is_dir() and not one.is_symlink() for path in _visible(one)]
    suffixes = NOTEBOOKS[:-1] if named else NOTEBOOKS  # beside a notebook, a script is a helper
    found = [
        path
        for path in (*visible, *deeper)
        if path.name.lower().endswith(suffixes) and _is_file(path) and path not in named and not _is_of_another(path, folder.name)
    ]
    return sorted(found, key=lambda path: (path.name.lower().endswith(".py"), -path.stat().st_mtime, path.name))


def _visible(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []


def _is_of_another(path: Path, slug: str) -> bool:
    """Whether a file has the name of another lesson."""
    return any(path.name.lower().startswith(item.slug) for item in lessons() if item.slug != slug)


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
