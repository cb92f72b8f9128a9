"""Marks into nbgrader's gradebook, by nbgrader's own Autograde with all its steps but one: the notebook is not run.

So rows, `autograded/` notebooks, late penalties and written answers that wait for a person are what `nbgrader autograde`
leaves, and Formgrader, feedback and export go on from there. The notebook shows what the grader found, and no other outputs.
"""

import glob
import logging
from functools import cache
from pathlib import Path

from nbgrader import api
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from course.errors import CourseError, SandboxError, UsageError, one_line
from graders.execution import BudgetExecute
from graders.outcome import Outcome
from graders.settling import SettleMarks


class SettleKnown(SettleMarks):
    """Settle marks as they were found already."""

    found: dict[str, Outcome] | str = {}

    def outcomes(self, sources, folder, number) -> dict[str, Outcome]:
        """What was found; SandboxError with the sentence that says why nothing was."""
        if isinstance(self.found, str):
            raise SandboxError(self.found)
        return self.found


class GradebookWriter:
    """The gradebook of a course folder. Raises UsageError for a folder whose configuration cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.config: Config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
        except Exception as error:  # whatever an instructor wrote there
            raise UsageError(f"{folder / 'nbgrader_config.py'} cannot be read: {one_line(error)}") from None
        self.practice = bool(self.config.SettleMarks.get("practice", False))
        self.sandbox = str(self.config.SettleMarks.get("sandbox", "best"))
        self.url = CourseDirectory(config=self.config).db_url
        _share_engines()

    def expect_assignments(self, names: set[str]) -> None:
        """Raise UsageError, with the commands to run, unless each was generated."""
        with Gradebook(self.url) as gradebook:
            known = {one.name for one in gradebook.assignments}
        missing = sorted(
            name
            for name in names
            if name not in known or not (self.folder / "release" / name / f"{name}.ipynb").is_file()
        )
        if missing:
            commands = "; ".join(f"nbgrader generate_assignment {name}" for name in missing)
            raise UsageError(f"nbgrader has not released {', '.join(missing)} yet: in {self.folder}, run {commands}")

    def has(self, student: str, assignment: str) -> bool:
        """Whether it holds a submission, with the notebook that its feedback is made from."""
        if not (self.folder / "autograded" / student / assignment / f"{assignment}.ipynb").is_file():
            return False
        with Gradebook(self.url) as gradebook:
            try:
                return bool(gradebook.find_submission(assignment, student))
            except MissingEntry:
                return False

    def write(self, student: str, assignment: str, found: dict[str, Outcome] | str) -> dict[str, tuple[float, float]]:
        """Record what was found; returns marks and points by check. Raises CourseError where nbgrader refuses."""
        log, said = _quiet_log()
        directory = CourseDirectory(config=self.config)
        directory.student_id, directory.assignment_id = glob.escape(student), glob.escape(assignment)
        converter = Autograde(coursedir=directory, config=self.config, log=log, force=True)
        steps = [step for step in converter.autograde_preprocessors if step is not BudgetExecute]
        known = SettleKnown(parent=converter, enabled=True, log=log)
        known.found = found
        converter.autograde_preprocessors = [known if step is SettleMarks else step for step in steps]
        try:
            converter.start()
        except Exception as error:  # nbgrader's, SQLAlchemy's, the disk's
            last = said[-1] if said else one_line(error)
            raise CourseError(f"nbgrader did not take the marks ({one_line(last, 300)})") from None
        return self.marks(student, assignment)

    def marks(self, student: str, assignment: str) -> dict[str, tuple[float, float]]:
        """The automatic marks and the points of each check, as the gradebook has them; none where it has no submission."""
        with Gradebook(self.url) as gradebook:
            try:
                submission = gradebook.find_submission_notebook(assignment, assignment, student)
            except MissingEntry:
                return {}
            return {
                grade.name: (float(grade.auto_score), float(grade.max_score))
                for grade in submission.grades
                if grade.auto_score is not None and grade.cell.cell_type == "code"
            }

    def still_holds(self, student: str, assignment: str) -> str:
        """What to say of the marks that it holds where a hand-in could not be recorded; nothing where it holds none."""
        try:
            marks = self.marks(student, assignment).values()
        except Exception as error:  # the gradebook's, which may be what failed
            return f"; the gradebook cannot be read, either ({one_line(error, 100)})"
        if not marks:
            return ""
        held = f"{sum(got for got, _ in marks):g} of {sum(most for _, most in marks):g}"
        return f"; the gradebook still holds {held}, maybe an earlier hand-in's marks: grade again before you export them"


def _share_engines() -> None:
    """nbgrader opens its gradebook ten times a hand-in, each time with an engine that compiles every query anew: a quarter of
    the recording's time.
    """
    if not hasattr(api.create_engine, "cache_info"):
        api.create_engine = cache(api.create_engine)


def _quiet_log() -> tuple[logging.Logger, list[str]]:
    """A logger that prints nothing, and the errors it was told."""
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    log = logging.Logger("graders.class")
    handler = Keep(logging.ERROR)
    log.addHandler(handler)
    return log, said
