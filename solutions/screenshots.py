"""The pictures that the README shows of the course at work: a solved lesson in JupyterLab, and a page of feedback."""

import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

from course.errors import UsageError
from course.lab import prepare
from course.pairs import LESSONS
from solutions.browser import SIZE, cell, chromium, jupyterlab, open_notebook, run_all
from solutions.fill import fill
from solutions.modules import weights_path

FOLDER = Path(__file__).parent.parent / "docs" / "figures"
LESSON, SLUG = 8, "08_final_model"
SHOWN = "pooling"  # the check that the picture of the lesson begins with
SETTLE = 1000  # milliseconds for what moves to come to rest


def take(demo: Path) -> list[Path]:
    """Take both; the feedback is the demonstration's, on the hidden layer. Raises UsageError where there is none."""
    feedback = demo / "feedback" / "hidden_linear" / SLUG / f"{SLUG}.html"
    if not feedback.is_file():
        raise UsageError(f"{demo} holds no demonstration; python -m solutions demo --folder {demo} makes it, in a few minutes")
    FOLDER.mkdir(exist_ok=True)
    lesson, page_of_feedback = FOLDER / "lesson.png", FOLDER / "feedback.png"
    with tempfile.TemporaryDirectory() as home, chromium() as browser:
        workspace = Path(home) / "workspace"
        prepare(workspace)
        notebook = fill(LESSONS / f"{SLUG}.ipynb", LESSON)
        (workspace / f"{SLUG}.py").unlink()  # or it would be older than the notebook
        nbformat.write(notebook, workspace / f"{SLUG}.ipynb")
        shutil.copy(weights_path(LESSON), workspace)
        names = [one.metadata.get("nbgrader", {}).get("grade_id") for one in notebook.cells]
        page = browser.new_page(viewport=SIZE)
        command = [sys.executable, "-m", "course", "lab", "--folder", str(workspace)]
        with jupyterlab(command, Path(home)) as address:
            open_notebook(page, address, f"{SLUG}.ipynb")
            run_all(page)
            cell(page, names.index(SHOWN)).evaluate("cell => cell.scrollIntoView({block: 'start'})")
            page.wait_for_timeout(SETTLE)
            page.screenshot(path=lesson)
        page.goto(feedback.resolve().as_uri())
        page.get_by_text("fully_connected").last.scroll_into_view_if_needed()
        page.wait_for_timeout(SETTLE)
        page.screenshot(path=page_of_feedback)
    return [lesson, page_of_feedback]
