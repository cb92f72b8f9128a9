"""A class's marks as a table on the screen, as CSV for a spreadsheet, and as JSON with every check's sentence."""

import csv
import json
import os
from dataclasses import asdict
from pathlib import Path

from course.errors import some_of
from course.tables import printable, text_table
from graders.classroom import PLACE, Graded, Row


def report(folder: Path, graded: Graded) -> str:
    """Write both files; returns the table, and a line for everything that wants a look."""
    csv_path, json_path = folder / PLACE / "marks.csv", folder / PLACE / "marks.json"
    with _whole(csv_path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("learner", "assignment", "marks", "points", "error", "check marks", "notes", "reasons to look")
        )
        for row in graded.rows:
            marks, points = totals(row)
            checks = "; ".join(f"{name} {got:g}/{most:g}" for name, (got, most) in row.marks.items())
            line = (row.student, row.assignment, f"{marks:g}", f"{points:g}", row.error, checks, *_texts(row))
            writer.writerow([_plain(cell) for cell in line])
    about = {"left": graded.left, "remarks": graded.remarks, "hand_ins": [asdict(row) for row in graded.rows]}
    _whole(json_path).write_text(json.dumps(about, indent=1), encoding="utf-8")
    for path in (csv_path, json_path):
        os.replace(_whole(path), path)
    return "\n".join([_table(graded.rows), *_lines(graded), f"Tables: {csv_path}, {json_path}"])


def totals(row: Row) -> tuple[float, float]:
    """Automatic marks and points."""
    return sum(got for got, _ in row.marks.values()), sum(most for _, most in row.marks.values())


def _table(rows: list[Row]) -> str:
    body = []
    for row in rows:
        marks, points = totals(row)
        short = [name for name, (got, most) in row.marks.items() if got < most]
        missing = "could not be graded" if row.error else some_of(short, 4)
        body.append((printable(row.student)[:40], row.assignment, f"{marks:g}", f"{points:g}", missing))
    return text_table(("learner", "assignment", "marks", "of", "short of full marks in"), body)


def _lines(graded: Graded) -> list[str]:
    lines = [f"{_who(row)}: could not be graded: {printable(row.error)}" for row in graded.rows if row.error]
    lines += [f"{_who(row)}: a reason to look: {printable(doubt)}" for row in graded.rows for doubt in row.doubts]
    lines += [f"{_who(row)}: intake: {printable(note)}" for row in graded.rows for note in row.notes]
    lines += map(printable, graded.remarks)
    return ["", *lines] if lines else []


def _who(row: Row) -> str:
    return f"{printable(row.student)}, {row.assignment}"


def _texts(row: Row) -> tuple[str, str]:
    return "; ".join(row.notes), "; ".join(row.doubts)


def _whole(path: Path) -> Path:
    """The name under which a file is written before it takes the place of the old one, whole."""
    return path.with_name(f".{path.name}.writing")


def _plain(cell: str) -> str:
    """What a learner wrote must be no formula in a spreadsheet."""
    cell = printable(cell)
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell
