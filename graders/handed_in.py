"""Read what a learner handed in: a notebook in any state, or a script in percent format."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from course.errors import one_line

LARGEST = 50_000_000  # bytes of a notebook with its pictures
LONGEST = 200_000  # characters of one cell; a long answer has 3,000
MOST_CELLS = 2_000
LONGEST_SCRIPT = 1_000_000  # characters: a lesson's has 20,000


@dataclass(frozen=True)
class Cell:
    """One cell of a hand-in; `grade_id` is nbgrader's, `id` Jupyter's, each empty where there is none."""

    kind: str
    source: str
    grade_id: str = ""
    id: str = ""


def read_hand_in(path: Path, notes: list[str]) -> list[Cell]:
    """Its cells; none, and a note, where it cannot be read."""
    if path.stat().st_size > LARGEST:
        notes.append(f"{path.name} has {path.stat().st_size:,} bytes, the most is {LARGEST:,}: nothing could be marked")
        return []
    text = _decode(path.read_bytes(), path.name, notes)
    try:
        cells = _script(text) if path.suffix.lower() == ".py" else _notebook(text.rstrip("\0"))  # a disk's torn end
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = one_line(error, 150)
        marks = " (it has the marks of an unresolved merge)" if re.search(r"^<{7} ", text, re.M) else ""
        notes.append(f"{path.name} is not a notebook{marks}: {type(error).__name__}: {what}; nothing could be marked")
        return []
    if len(cells) > MOST_CELLS:
        notes.append(f"{path.name} has {len(cells):,} cells; only the first {MOST_CELLS:,} were read")
    long = [cell for cell in cells[:MOST_CELLS] if len(cell.source) > LONGEST]
    if long:
        notes.append(f"{len(long)} cells with more than {LONGEST:,} characters were left out")
    return [cell for cell in cells[:MOST_CELLS] if len(cell.source) <= LONGEST]


def _decode(content: bytes, name: str, notes: list[str]) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        notes.append(f"{name} is in UTF-16 and was read as that")
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.append(f"{name} is not in UTF-8 and was read as Latin-1")
        return content.decode("latin-1")


def _notebook(text: str) -> list[Cell]:
    notebook = json.loads(text)
    if "worksheets" in notebook:  # nbformat 3
        cells = [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
    else:
        cells = notebook["cells"]
    return [_cell(cell) for cell in cells if isinstance(cell, dict)]


def _cell(cell: dict) -> Cell:
    source = cell.get("source", cell.get("input", ""))
    source = "".join(map(str, source)) if isinstance(source, list) else str(source)
    metadata = cell.get("metadata")
    graded = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = graded.get("grade_id") if isinstance(graded, dict) else None
    kind = cell.get("cell_type")
    return Cell("code" if kind == "code" else "markdown", source, _word(grade_id), _word(cell.get("id")))


def _script(text: str) -> list[Cell]:
    import jupytext

    if len(text) > LONGEST_SCRIPT:  # beyond these two jupytext takes minutes
        raise ValueError(f"a script of {len(text):,} characters, the most is {LONGEST_SCRIPT:,}")
    if (count := text.count("\n# %%")) > MOST_CELLS:
        raise ValueError(f"a script of {count:,} cells, the most is {MOST_CELLS:,}")
    return [_cell(dict(cell)) for cell in jupytext.reads(text, fmt="py:percent").cells]


def _word(value) -> str:
    return value if isinstance(value, str) and len(value) < 200 else ""
