"""What nbgrader's configuration file of a course calls: all that differs from stock nbgrader, and why."""

import warnings
from pathlib import Path

from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute, SaveAutoGrades

from graders.feedback import ExplainGrades, TableStyle
from graders.intake import take_in
from graders.preprocessors import BudgetExecute, SettleMarks


def configure(c, folder, *, practice: bool = False) -> None:
    """Set up `c`, nbgrader's configuration, for the course in `folder`."""
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
    c.GenerateFeedback.preprocessors = [ExplainGrades, TableStyle]
    # nbgrader builds its database rows in an order that SQLAlchemy 2 remarks on, three times a run; the rows are right.
    warnings.filterwarnings("ignore", message=r"Object of type <\w+> not in session")
    _take_in_first()


def _steps() -> list:
    """The stock steps, with ours for the running, and the settling just before marks are saved."""
    steps = [BudgetExecute if step is Execute else step for step in Autograde.autograde_preprocessors.default()]
    steps.insert(steps.index(SaveAutoGrades), SettleMarks)
    return steps


def _take_in_first() -> None:
    """Let Autograde take hand-ins in before it looks for notebooks: its own hook comes after that, and never for a hand-in that
    has none. The commands and Formgrader both pass through here.
    """
    stock = Autograde.init_notebooks
    if getattr(stock, "takes_in", False):
        return

    def init_notebooks(self) -> None:
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

    init_notebooks.takes_in = True  # type: ignore[attr-defined]
    Autograde.init_notebooks = init_notebooks
