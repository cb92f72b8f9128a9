"""What nbgrader's configuration file of a course calls: all that differs from stock nbgrader, and why."""

import logging
import warnings
from pathlib import Path

from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import Execute, SaveAutoGrades

from course.errors import SandboxError
from graders.bubblewrap import choose, describe
from graders.execution import BudgetExecute
from graders.feedback import ExplainGrades, PageStyle
from graders.harmless import Harmless
from graders.intake import take_in
from graders.limits import BEST, BUBBLEWRAP
from graders.printable_log import make_printable
from graders.settling import SettleMarks


def configure(c, folder, *, practice: bool = False, sandbox: str = BEST) -> None:
    """Set up `c`, nbgrader's configuration, for the course in `folder`.

    `sandbox` is where learner code runs: "best" is bubblewrap where it works and a plain limited process elsewhere,
    "bubblewrap" refuses to grade where it doesn't work, "plain" does without it.
    """
    folder = Path(folder).resolve()
    c.CourseDirectory.root = str(folder)
    c.CourseDirectory.db_url = (
        f"sqlite:///{folder / 'gradebook.db'}?timeout=60"  # two commands at once wait for each other
    )
    c.ClearSolutions.enabled = False  # lessons are released as they are; this step would wipe their scaffolds
    c.OverwriteCells.add_missing_cells = True
    c.Autograde.autograde_preprocessors = _steps()
    c.Execute.timeout = 120  # seconds a cell, within the budget of the notebook
    c.SettleMarks.practice = practice
    c.SettleMarks.sandbox = c.BudgetExecute.sandbox = sandbox
    c.GenerateFeedback.preprocessors = [ExplainGrades, PageStyle]
    c.HTMLExporter.preprocessors = [Harmless]  # Formgrader's pages, which the instructor's browser trusts
    # nbgrader builds its database rows in an order that SQLAlchemy 2 remarks on, three times a run; the rows are right.
    warnings.filterwarnings("ignore", message=r"Object of type <\w+> not in session")
    _take_in_first(sandbox)


def _steps() -> list:
    """The stock steps, with ours for the running, and the settling just before marks are saved."""
    steps = [BudgetExecute if step is Execute else step for step in Autograde.autograde_preprocessors.default()]
    steps.insert(steps.index(SaveAutoGrades), SettleMarks)
    return steps


def _take_in_first(sandbox: str) -> None:
    """Let Autograde take hand-ins in before it looks for notebooks: its own hook comes after that, and never for a hand-in that
    has none. The commands and Formgrader both pass through here. Before anything else, the sandbox is chosen and named.
    """
    stock = getattr(Autograde.init_notebooks, "stock", Autograde.init_notebooks)  # a server may configure twice

    def init_notebooks(self) -> None:
        make_printable(self.log)
        try:
            chosen = choose(sandbox)
        except SandboxError as error:
            self.log.error("%s", error)
            raise NbGraderException(str(error)) from None
        self.log.log(logging.INFO if chosen == BUBBLEWRAP else logging.WARNING, "%s", describe(chosen))
        root, course = Path(self.coursedir.root), self.coursedir
        pattern = course.format_path(course.submitted_directory, course.student_id, course.assignment_id)
        for path in sorted(root.glob(str(Path(pattern).relative_to(root)))):
            try:
                for intake in take_in(root, path.name, path.parent.name):
                    for note in intake.notes:
                        self.log.warning("intake of %s, %s: %s", intake.student, intake.notebook, note)
            except Exception:  # one hand-in must not stop the others; nbgrader reports what is left of it
                self.log.exception("intake of %s failed", path)
        stock(self)

    init_notebooks.stock = stock  # type: ignore[attr-defined]
    Autograde.init_notebooks = init_notebooks
