"""Two steps of nbgrader's feedback: say which marks are still to come, and make tables and long sentences readable."""

from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader import utils
from nbgrader.preprocessors import GetGrades
from traitlets import Bool

AWAITS = "This answer awaits grading by hand: the 0 above is no mark yet."
STYLE = (
    ".rendered_html table td, .rendered_html table th { padding: 0.15em 0.8em; text-align: left; } "
    ".output_stream pre { white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere; }"
)


class ExplainGrades(GetGrades):
    """Marks and comments from the gradebook; a written answer that nobody has graded yet gets a comment that says so."""

    def _get_score(self, cell, resources) -> None:
        super()._get_score(cell, resources)
        about = cell.metadata.nbgrader
        grade = self.gradebook.find_grade(about["grade_id"], self.notebook_id, self.assignment_id, self.student_id)
        if grade.needs_manual_grade and utils.is_solution(cell):
            about["comment"] = "\n\n".join(filter(None, [about.get("comment"), AWAITS]))


class PageStyle(CSSHTMLHeaderPreprocessor):
    """The page's style, and two lines: room between the columns of Markdown's tables, and sentences that break instead of ending
    at the page's edge.
    """

    enabled = Bool(True).tag(config=True)  # nbconvert's own steps are off unless asked for by name

    def preprocess(self, nb, resources):
        """Add to the styles that are put into the page."""
        nb, resources = super().preprocess(nb, resources)
        resources["inlining"]["css"].append(STYLE)
        return nb, resources
