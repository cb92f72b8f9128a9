"""What nbgrader could not copy, or would choke on, is taken out of a hand-in before anything else is done with it."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

from nbgrader.utils import parse_utc

from course.file_sizes import LARGEST_FILE
from course.tables import printable

LARGEST_HAND_IN = 1_000_000_000  # bytes, all of which nbgrader copies: a run has 26 million, MNIST 55 million
LONGEST_TIMESTAMP = 100  # bytes: nbgrader's own have 30
DEEPEST = 20  # folders within each other: nbgrader walks through them by recursion
LONGEST_PATH = 1_000  # bytes below the hand-in: a system opens 4,096 in all
TIMESTAMP = "timestamp.txt"
MOST_NOTES = 20
LONGEST_NAME = 100  # characters of it in a note
NO_TEXT = re.compile("[\udc80-\udcff]")  # a byte of a file's name that is not UTF-8, as Python has it


def tidy(folder: Path) -> list[str]:
    """Take out links, what is no file, and what is too large or too deep; mend names; returns a note for each."""
    notes: list[str] = []
    for path in _named(folder, notes):
        about, name, depth = path.lstat(), _said(path, folder), len(path.relative_to(folder).parts)
        if stat.S_ISLNK(about.st_mode):  # nbgrader would copy what it names, which need not be the learner's
            notes.append(f"{name} was a link and was taken out")
        elif not stat.S_ISDIR(about.st_mode) and not stat.S_ISREG(about.st_mode):
            notes.append(f"{name} was neither a file nor a folder and was taken out")
        elif stat.S_ISDIR(about.st_mode) and (depth > DEEPEST or len(os.fsencode(path.relative_to(folder))) > LONGEST_PATH):
            notes.append(f"{name} lay too deep ({DEEPEST} folders are the most) and was taken out")
        elif stat.S_ISREG(about.st_mode) and about.st_size > LARGEST_FILE:
            notes.append(f"{name} had {about.st_size:,} bytes, the most is {LARGEST_FILE:,}, and was taken out")
        elif depth == 1 and path.name == TIMESTAMP and (wrong := _wrong_with(path)):
            notes.append(f"{TIMESTAMP} {wrong} and was taken out: the hand-in counts as one without a time")
        else:
            continue
        remove(path)
    notes += _too_much(folder)
    more = len(notes) - MOST_NOTES
    return notes if more <= 0 else [*notes[:MOST_NOTES], f"of {more} more files and folders the same could be said"]


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder of any depth."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    trash = Path(mkdtemp(prefix=".removing-", dir=path.parent))
    waiting, count = [_moved(path, trash / "0")], 0
    while waiting:  # what lies deeper is moved up before its turn, so that no path is too long for the system
        deeper = []
        with os.scandir(waiting[-1]) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    deeper.append(Path(entry.path))
                else:
                    os.unlink(entry.path)
        if not deeper:
            waiting.pop().rmdir()
        for place in deeper:
            count += 1
            waiting.append(_moved(place, trash / str(count)))
    trash.rmdir()


def _moved(folder: Path, to: Path) -> Path:
    folder.chmod(0o700)  # one that may not be written in can be neither moved nor emptied
    return folder.rename(to)


def _named(folder: Path, notes: list[str]) -> Iterator[Path]:
    """All that is in a folder, each folder before what is in it; names that are not UTF-8 are mended."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            names = sorted(os.listdir(place))
        except OSError:  # a folder that may not be read: nobody else reads it, either
            continue
        for name in names:
            path = place / name
            if NO_TEXT.search(name):
                mended = NO_TEXT.sub(lambda one: f"_{ord(one[0]) - 0xDC00:02X}", name)[-60:]
                path = path.replace(_free(place / mended))
                notes.append(f"{_said(path, folder)} had a name that is not UTF-8 and has this one now")
            yield path
            if not path.is_symlink() and path.is_dir():
                waiting.append(path)


def _free(path: Path) -> Path:
    """This path, or one beside it that nothing has yet."""
    tried, number = path, 1
    while os.path.lexists(tried):
        number += 1
        tried = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return tried


def _wrong_with(timestamp: Path) -> str:
    """Why nbgrader must not read it: it would stop there, or take hours."""
    if not timestamp.is_file():
        return "was no file"
    if (size := timestamp.stat().st_size) > LONGEST_TIMESTAMP:
        return f"had {size:,} bytes, the most is {LONGEST_TIMESTAMP},"
    try:
        text = timestamp.read_text(encoding="utf-8").strip()
        if text:
            parse_utc(text)
    except Exception:  # dateutil's, of several kinds
        return "held no time, such as 2026-01-31 12:00:00 UTC,"
    return ""


def _too_much(folder: Path) -> list[str]:
    """Take out files that are too much together, with a note for each: the deeper ones first, and of these the largest."""
    files = [path for path in _named(folder, []) if path.is_file() and not path.is_symlink()]
    notes, total = [], 0
    for path in sorted(files, key=lambda path: (path.parent != folder, path.stat().st_size, path)):
        total += path.stat().st_size
        if total > LARGEST_HAND_IN:
            path.unlink()
            notes.append(f"{_said(path, folder)} was taken out: the files had more than {LARGEST_HAND_IN:,} bytes together")
    return notes


def _said(path: Path, folder: Path) -> str:
    name = printable(str(path.relative_to(folder)))
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
