"""nbgrader's autograding, first step: run a hand-in for its feedback, within a budget."""

import math
import secrets
import time

from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute
from traitlets import Enum, Integer

from graders.bubblewrap import choose
from graders.kernel import ConfinedKernelManager
from graders.limits import BEST, BUBBLEWRAP, PLAIN


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


def _error(name: str, message: str):
    return new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])
