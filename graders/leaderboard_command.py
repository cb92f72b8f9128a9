"""The command `leaderboard FOLDER`: its progress, its pages, and what the instructor should look at before they are shown."""

import random
import sys
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from course.tables import printable
from graders.leaderboard import DIRECTIONS, Entry, collect, ranking
from graders.leaderboard_page import write_pages


def run_leaderboard(options) -> int:
    """0: the pages are written; 130: interrupted, and the same command goes on."""
    folder, bar = Path(options.folder).resolve(), None

    def progress(done: int, total: int) -> None:
        nonlocal bar
        bar = bar or tqdm(total=total, unit=" networks", file=sys.stderr, dynamic_ncols=True)
        bar.update(done - bar.n)

    try:
        entries = collect(folder, retrain=options.seeds if options.retrain else 0, progress=progress)
    except KeyboardInterrupt:
        print("interrupted: the verdicts so far are kept, and the same command goes on with the others", file=sys.stderr)
        return 130
    finally:
        if bar:
            bar.close()
    for direction in DIRECTIONS:
        first = ranking(entries, direction)[:1]
        print(printable(f"{direction}: {first[0].learner}") if first else f"{direction}: nobody meets the four constraints yet")
    for entry in entries:
        for reason in entry.reasons:
            print(printable(f"{entry.learner}: a reason to look: {reason}"))
    shown = _numbered(entries) if options.anonymous else entries
    for path in write_pages(folder / "class", shown):
        print(f"written: {path}")
    return 0


def _numbered(entries: list[Entry]) -> list[Entry]:
    """The same with numbers for names, in an order that tells nothing."""
    numbers = list(range(1, len(entries) + 1))
    random.shuffle(numbers)
    numbered = sorted(zip(numbers, entries, strict=True), key=lambda pair: pair[0])
    return [replace(entry, learner=f"network {number}") for number, entry in numbered]
