"""Grade a class: every hand-in of a course folder, side by side, each once, and its marks into nbgrader's gradebook."""

import hashlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.errors import CourseError, DataError, one_line
from graders.class_gradebook import GradebookWriter
from graders.class_hand_ins import HandIn, find_hand_ins, read_hand_in
from graders.executors import Executor
from graders.grading import grade, server_says
from graders.journal import Journal
from graders.likeness import reasons_to_look
from graders.outcome import Outcome, outcome_of

PLACE = "class"  # the folder, in the course folder, of the journal and the tables


@dataclass
class Row:
    """One hand-in's line of the table. `error` says why it could not be graded; `doubts` are reasons to look."""

    student: str
    assignment: str
    marks: dict[str, tuple[float, float]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    error: str = ""
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    graded: bool = False  # now, and not in an earlier grading


@dataclass
class Graded:
    """What a grading came to; `interrupted` if it was ended before its time."""

    rows: list[Row]
    left: int = 0
    interrupted: bool = False
    remarks: tuple[str, ...] = ()


def grade_class(
    folder: Path,
    executor: Executor,
    *,
    only: list[str] | None = None,
    seconds: float,
    sandbox: str | None = None,
    progress: Callable[[int, int, Row], None] = lambda done, total, row: None,
) -> Graded:
    """Grade what is not graded yet, as many at a time as the executor wants.

    Raises CourseError where the class as a whole cannot be graded. `progress` is called for each hand-in that is done, with
    how many are, and of how many.
    """
    found, astray = find_hand_ins(folder, only)
    writer = GradebookWriter(folder)
    writer.expect_assignments({assignment for _, assignment in found})
    sandbox = sandbox or writer.sandbox
    said = executor.submit_to_all(server_says, sandbox)
    says = next(iter(executor.as_completed(said))).result()
    if says["problem"] and not writer.practice:
        raise DataError(says["problem"])
    about = f"{says['data']} {says['torch']} {writer.practice}"
    remarks = (says["sandbox"], *astray)
    journal = Journal(folder / PLACE / "journal.jsonl")
    settings = {"practice": writer.practice, "seconds": seconds, "sandbox": sandbox}
    grading = _Grading(folder, journal, writer, progress, len(found), [])
    try:
        hand_ins = [one for student, assignment in found if (one := grading.read(student, assignment, about))]
        grading.run(hand_ins, executor, settings)
    except KeyboardInterrupt:
        pass
    finally:
        journal.close()
    rows = sorted(grading.rows, key=lambda row: (row.assignment, row.student))
    left = len(found) - len(rows)
    return Graded(rows, left, left > 0, remarks)


@dataclass
class _Grading:
    folder: Path
    journal: Journal
    writer: GradebookWriter
    progress: Callable[[int, int, Row], None]
    total: int
    rows: list[Row]

    def read(self, student: str, assignment: str, about: str) -> HandIn | None:
        """A hand-in that can be read; of any other the row says why not."""
        try:
            return read_hand_in(self.folder, student, assignment, about)
        except Exception as error:  # one learner's folder must not stop the others
            said = f"the hand-in cannot be read ({one_line(error)})"
            self._done(Row(student, assignment, error=said + self.writer.still_holds(student, assignment)))
            return None

    def run(self, hand_ins: list[HandIn], executor: Executor, settings: dict) -> None:
        """Send out what is new, and record each result as it comes; what is known already is recorded meanwhile."""
        waiting, known, active = deque(hand_ins), deque[HandIn](), dict[Any, HandIn]()
        tried: set[str] = set()  # a hand-in that could not be graded is tried once a run
        while waiting or known or active:
            busy = {name for one in active.values() for name in (one.key, one.files)}
            for _ in range(len(waiting)):
                one = waiting.popleft()
                result = self.journal.results.get(one.key)
                if result and ("error" not in result or one.key in tried):
                    known.append(one)
                elif len(active) >= executor.width or one.key in busy or one.files in busy:
                    waiting.append(one)  # the same weights are being evaluated: their result will do
                else:
                    evaluations = self.journal.evaluations.get(one.files, {})
                    active[executor.submit(grade, one.task(known=evaluations, **settings))] = one
                    busy |= {one.key, one.files}
            if known:
                self.record(known.popleft(), graded=False)
            ready = [future for future in active if future.done()]
            if not ready and not known and active:
                ready = [next(iter(executor.as_completed(list(active))))]
            for future in ready:
                one = active.pop(future)
                tried.add(one.key)
                self.journal.add_result(one.key, _result(future), one.files)
                self.record(one, graded=True)

    def record(self, one: HandIn, graded: bool) -> None:
        """Put a result into the gradebook, unless it is there, and say so."""
        row = Row(one.student, one.assignment, notes=one.notes, graded=graded)
        result = self.journal.results[one.key]
        row.error = result.get("error") or "; ".join(result.get("trouble", ()))
        row.outcomes = {name: outcome_of(about) for name, about in result.get("outcomes", {}).items()}
        row.doubts = reasons_to_look(one.folder, row.outcomes)
        try:
            if result.get("machine"):  # earlier marks are not lost by it; the same command tries again
                row.error += self.writer.still_holds(one.student, one.assignment)
            elif self._is_recorded(one):
                row.marks = self.writer.marks(one.student, one.assignment)
            else:
                row.marks = self.writer.write(one.student, one.assignment, row.outcomes or row.error)
                self.journal.add_recorded(one.student, one.assignment, self._stamp(one))
        except CourseError as error:
            said = f"{error}{self.writer.still_holds(one.student, one.assignment)}"
            row.error = "; ".join(filter(None, (row.error, said)))
        self._done(row)

    def _is_recorded(self, one: HandIn) -> bool:
        same = self.journal.recorded.get((one.student, one.assignment)) == self._stamp(one)
        return same and self.writer.has(one.student, one.assignment)

    def _stamp(self, one: HandIn) -> str:
        """A digest of all that was recorded: the hand-in, and its key's result, of which a second try may give another."""
        return hashlib.sha256(json.dumps([one.key, one.whole, self.journal.results[one.key]]).encode()).hexdigest()

    def _done(self, row: Row) -> None:
        self.rows.append(row)
        self.progress(len(self.rows), self.total, row)


def _result(future) -> dict:
    """What a future gives; what the machine lacks stops the class, what a hand-in does is its own result."""
    try:
        return future.result()
    except CourseError:
        raise
    except Exception as error:  # a lost worker, a full disk
        return {"error": f"{type(error).__name__}: {one_line(error)}", "machine": True}
