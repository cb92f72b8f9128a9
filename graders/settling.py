"""nbgrader's autograding, second step: settle a hand-in's marks outside the kernel."""

import json
import math
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Enum

from course.errors import SandboxError, writable
from course.iterations import number_of
from graders.bubblewrap import choose
from graders.likeness import reasons_to_look
from graders.limits import BEST, BUBBLEWRAP, PLAIN, Limits
from graders.marking_process import MarkingProcess
from graders.outcome import Outcome, not_yet


class SettleMarks(NbGraderPreprocessor):
    """Replace what check cells printed by what the grader found, so that nbgrader records just that."""

    practice = Bool(False, help="Leave accuracy unassessed where MNIST is not at hand, instead of refusing.").tag(
        config=True
    )

    sandbox = Enum((BEST, BUBBLEWRAP, PLAIN), BEST, help="Where learner code runs.").tag(config=True)

    def __init__(self, **settings):
        super().__init__(**settings)
        self.marking = MarkingProcess()

    def preprocess(self, nb, resources):
        """Settle every autograded cell of a lesson; in other assignments, let only sound values pass."""
        nb, resources = self.settle(nb, resources)
        return _whole(nb), resources

    def settle(self, nb, resources):
        """The same, with whatever characters the learner's code made."""
        about = resources["nbgrader"]
        student, number = about["student"], number_of(about["assignment"])
        cells = [c for c in nb.cells if utils.is_grade(c) and not utils.is_solution(c) and c.cell_type == "code"]
        if number is None:
            for cell in cells:
                _sound(cell)
            return nb, resources
        course = CourseDirectory(config=self.config)
        folder = Path(course.format_path(course.submitted_directory, student, about["assignment"]))
        sources = [cell.source for cell in nb.cells if cell.cell_type == "code"]
        try:
            outcomes = self.outcomes(sources, folder, number)
            unknown = not_yet("the grader knows no such check")
        except SandboxError as error:
            outcomes, unknown = {}, not_yet(str(error))
            self.log.warning("%s: nothing could be marked: %s", student, error)
        claims = []
        for cell in cells:
            name, points = cell.metadata.nbgrader["grade_id"], float(cell.metadata.nbgrader["points"])
            outcome = outcomes.get(name, unknown)
            marks = round(min(max(points * outcome.fraction, 0.0), points), 2)
            if not min(_value(cell), points) <= marks:
                claims.append(f"{name} ({_result(cell)[:20]}, settled {marks:g})")
            said = f"{outcome.state} ({marks:g} of {points:g}): {outcome.message}"
            _settle(cell, marks, said, outcome.table)
            self.log.info("%s, %s: %s", student, name, said)
        if claims:
            self.log.warning("%s: its own checks claim more than was settled: %s", student, ", ".join(claims))
        doubts = reasons_to_look(folder, outcomes)
        if doubts:
            self.log.warning("%s: reasons to retrain: %s", student, "; ".join(doubts))
        return nb, resources

    def outcomes(self, sources: list[str], folder: Path, number: int) -> dict[str, Outcome]:
        """The outcome of every check, by check, of a notebook's code cells; raises SandboxError where it cannot be marked."""
        limits = Limits(sandbox=choose(self.sandbox))
        return self.marking.mark(sources, folder, number=number, practice=self.practice, limits=limits)


def _value(cell) -> float:
    """What the notebook itself says that a check is worth; 0 where it says nothing, NaN where that is no number."""
    try:
        return float(_result(cell) or 0)
    except ValueError:
        return math.nan


def _result(cell) -> str:
    """The first value that a cell gave, as nbgrader looks at it: as text."""
    results = [output for output in cell.outputs if output.output_type == "execute_result"]
    return str(results[0].get("data", {}).get("text/plain", "")) if results else ""


def _settle(cell, marks: float, said: str, table: str = "") -> None:
    cell.outputs = [
        new_output("stream", name="stdout", text=said + "\n"),
        *([new_output("display_data", data={"text/plain": table})] if table else []),
        new_output("execute_result", data={"text/plain": repr(marks)}, execution_count=cell.get("execution_count")),
    ]


def _whole(nb: NotebookNode) -> NotebookNode:
    """The notebook, without halves of characters in it: with these nbgrader could not write it."""
    text = json.dumps(nb, ensure_ascii=False)
    return nb if writable(text) == text else nbformat.from_dict(json.loads(writable(text)))


def _sound(cell) -> None:
    """A value must be a plain finite number from 0 to the points; what else nbgrader would take for full marks earns 0."""
    points = float(cell.metadata.nbgrader["points"])
    if not 0 <= _value(cell) <= points:
        _settle(cell, 0.0, f"the cell's value should be a number from 0 to {points:g}, saw {_result(cell)[:100]}")
