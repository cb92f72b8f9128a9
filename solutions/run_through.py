"""Run a solved lesson from top to bottom, in a kernel of its own, as a learner would."""

import os
import re
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course.errors import one_line
from course.iterations import Lesson
from course.pairs import LESSONS
from graders.lessons import checks
from solutions.fill import fill
from solutions.modules import WITH_WEIGHTS

SECONDS = 600  # a cell; the longest trains
FEW_EPOCHS = 2  # on practice digits, where even lesson 2's network then takes seconds
WORDS = r'alt="[^"]{20,}"'
ROOT = Path(__file__).resolve().parent.parent


def run_through(item: Lesson, folder: Path, *, practice: bool) -> list[str]:
    """A sentence for each cell that fails, warns, shows a picture without words, or checks and does not say "correct".

    With `practice` it trains on practice digits, for a few epochs, and accuracy is not assessed. Without, it has MNIST and
    trains no network: what lies in `folder` is replayed.
    """
    notebook = fill(LESSONS / f"{item.slug}.ipynb", item.number)
    for cell in notebook.cells if practice else []:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "recipe":
            cell.source = re.sub(r"epochs=\d+", f"epochs={FEW_EPOCHS}", cell.source)
    environment = {name: value for name, value in os.environ.items() if name != "NBGRADER_EXECUTION"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [environment.get("PYTHONPATH")])])
    if practice:
        environment["MNIST_DIR"] = str(folder / "no-mnist")
    if not practice or item.number not in WITH_WEIGHTS:  # the heavy network trains on fewer digits then
        environment["NBGRADER_EXECUTION"] = "validate"
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],  # the kernel's own remarks are not the lesson's
    )
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        return [f"does not run to its end: {error.ename}: {one_line(error.evalue)}"]
    except (CellTimeoutError, DeadKernelError) as error:
        return [f"does not run to its end: {one_line(error)}"]
    return [
        f"{place}: {problem}"
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code"
        for place, problem in _problems(cell, number, item, practice)
    ]


def _problems(cell: NotebookNode, number: int, item: Lesson, practice: bool) -> list[tuple[str, str]]:
    about = cell.metadata.get("nbgrader", {})
    place = about.get("grade_id") or f"cell {number}"
    printed = {name: "".join(o.text for o in cell.outputs if o.get("name") == name) for name in ("stdout", "stderr")}
    problems = [(place, f"writes to stderr: {one_line(printed['stderr'])}")] if printed["stderr"] else []
    for data in (output.data for output in cell.outputs if "data" in output):
        pictures = re.findall(r"<img [^>]*>", data.get("text/html", ""))
        if any(kind.startswith("image/") for kind in data) or not all(re.search(WORDS, tag) for tag in pictures):
            problems.append(
                (place, "shows a picture without an alternative text: make it with course.plots, or a Picture")
            )
    if about.get("grade") and not about.get("solution"):
        accuracy = checks(item.number)[about["grade_id"]].kind == "evidence"
        expected = "○ not assessed" if practice and accuracy else "✔ correct"
        if not printed["stdout"].startswith(expected):
            problems.append((place, f"expected {expected!r}, saw {one_line(printed['stdout'])!r}"))
    return problems
