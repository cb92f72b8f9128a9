"""Two steps of nbgrader's autograding: run a hand-in within a budget, and settle its marks outside the kernel."""

import math
import secrets
import time
from pathlib import Path

from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Bool, Enum, Integer

from course.errors import SandboxError
from course.iterations import number_of
from graders.bubblewrap import choose
from graders.kernel import ConfinedKernelManager
from graders.likeness import reasons_to_look
from graders.limits import BEST, BUBBLEWRAP, PLAIN, Limits
from graders.marking_process import MarkingProcess
from graders.outcome import Outcome, not_yet


class BudgetExecute(Execute):
    """Run the notebook for its feedback: so many seconds in all, so much output a cell; a dead kernel ends only what is left.

    No mark of a lesson rests on what is run here.
    """

    budget = Integer(240, help="Seconds for a whole notebook.").tag(config=True)
    most_output = Integer(200_000, help="Characters of text output a cell.").tag(config=True)
    most_picture = Integer(3_000_000, help="Characters of other output a cell, such as a picture.").tag(config=True)
    sandbox = Enum((BEST, BUBBLEWRAP, PLAIN), BEST, help="Where the kernel runs.").tag(config=True)

    def preprocess(self, nb, resources=None, km=None):
        """Run every cell that the budget allows."""
        self._deadline = time.monotonic() + self.budget
        self._ended = ""
        self._written: dict[int, int] = {}
        self._cut: set[int] = set()
        self._kernel: ConfinedKernelManager | None = None
        self.timeout_func = lambda cell: max(1, min(self.timeout, math.ceil(self._deadline - time.monotonic())))
        self.skip_cells_with_tag = secrets.token_hex(8)  # a tag that nobody can have put on a cell
        self.shutdown_kernel = "immediate"
        try:
            return super().preprocess(nb, resources, km)
        except (DeadKernelError, RuntimeError, OSError) as error:  # it never started, or would not end
            self.log.warning("the kernel was lost: %s", error)
            return nb, resources
        finally:
            if self._kernel:
                self._kernel.clear()
            remarks = [self._ended, f"the output of {len(self._cut)} cells was cut" if self._cut else ""]
            if any(remarks):
                student = (resources or {}).get("nbgrader", {}).get("student", "the notebook")
                self.log.warning("%s: %s", student, "; ".join(filter(None, remarks)))

    def create_kernel_manager(self):
        """A kernel in the sandbox, which gets a MemoryError of its own and does no harm to others."""
        self.kernel_manager_class = ConfinedKernelManager
        self._kernel = super().create_kernel_manager()
        self._kernel.confine(choose(self.sandbox), self.budget)
        return self._kernel

    def preprocess_cell(self, cell, resources, index):
        """Run one cell, unless the budget or the kernel has come to its end."""
        if cell.cell_type != "code":
            return cell, resources
        if not self._ended and time.monotonic() > self._deadline:
            self._ended = f"the notebook's {self.budget} seconds are over"
        if self._ended:
            cell.outputs = [_error("NotRun", f"not run: {self._ended}")]
            return cell, resources
        try:
            cell, resources = super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            self._ended = "the kernel died in an earlier cell"
            cell.outputs.append(_error("KernelDied", "the kernel died in this cell"))
        except CellControlSignal as error:
            cell.outputs.append(_error(type(error).__name__, str(error)[:500]))
        if any(output.get("ename") == "CellTimeoutError" for output in cell.outputs):
            self._ended = "an earlier cell did not come to an end"
        return cell, resources

    def output(self, outs, msg, display_id, cell_index):
        """Keep an output, as long as the cell has not written too much."""
        content = msg["content"]
        if msg["msg_type"] == "stream":
            size, most = len(content.get("text", "")), self.most_output
        else:
            size, most = sum(len(str(value)) for value in content.get("data", {}).values()), self.most_picture
        before = self._written.get(cell_index, 0)
        self._written[cell_index] = before + size
        if before + size <= most:
            return super().output(outs, msg, display_id, cell_index)
        self._cut.add(cell_index)
        if before <= most:
            outs.append(new_output("stream", name="stdout", text="\n… the rest of this cell's output was cut\n"))
        return None


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


def _sound(cell) -> None:
    """A value must be a plain finite number from 0 to the points; what else nbgrader would take for full marks earns 0."""
    points = float(cell.metadata.nbgrader["points"])
    if not 0 <= _value(cell) <= points:
        _settle(cell, 0.0, f"the cell's value should be a number from 0 to {points:g}, saw {_result(cell)[:100]}")


def _error(name: str, message: str):
    return new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])
