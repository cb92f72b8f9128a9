"""The capstone's answers, lesson 11: a table of what the last epochs of their runs gave."""

from collections.abc import Sequence

from course.comparison import BEST, LAST
from course.tables import markdown_table
from solutions.judge import sample
from solutions.ledger import Record
from solutions.modules import CAPSTONE, answers, graph_of, name_of
from solutions.recorded_runs import runs_of


def capstone_answers(records: Sequence[Record]) -> str:
    """The answers to lesson 11, each with what the last epochs of its runs gave."""
    head = ("answer", "goes for", "parameters", "epochs", "runs", "last epoch: mean", "lowest", "highest", "best: mean")
    body = []
    for module in answers(CAPSTONE):
        runs = runs_of(CAPSTONE, module, records).counted
        figures = [f"{graph_of(module).parameters:,}", str(module.recipe.epochs), str(len(runs))]
        if runs:
            last, best = (sample(runs, quantity) for quantity in (LAST, BEST))
            figures += [f"**{last.mean:.3f}%**", f"{min(last.values):.2f}%", f"{max(last.values):.2f}%", f"{best.mean:.2f}%"]
        body.append((f"`solutions/{name_of(module)}.py`", module.goal, *figures, *[""] * (7 - len(figures))))
    return (
        "Networks of our own within the four constraints, each in a direction of its own. What counts is the last epoch, "
        "which nothing chose, and the mean over the seeds 1, 2, 3, …, collapsed runs included.\n\n" + markdown_table(head, body)
    )
