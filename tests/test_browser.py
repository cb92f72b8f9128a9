"""The course in JupyterLab, for real: what learners and instructors click, in Chromium."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from course.pairs import LESSONS
from graders.course_folder import build_course
from graders.lessons import checks
from solutions.fill import fill
from solutions.modules import weights_path

SLUG, NUMBER = "04_batch_norm", 4
PRACTICE = {"MNIST_DIR": "/nonexistent"}  # practice digits: an epoch takes a second

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """Chromium; where there is none the tests are skipped with a reason, and fail where the environment says that there is."""
    playwright = pytest.importorskip("playwright.sync_api")
    from solutions.browser import chromium, find_chromium

    if not find_chromium():
        reason = "no Chromium here (Debian, Ubuntu: sudo apt install chromium)"
        if os.environ.get("REQUIRE_CHROMIUM") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    playwright.expect.set_options(timeout=30_000)
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser, tmp_path: Path) -> Iterator:
    from solutions.browser import SIZE

    context = browser.new_context(viewport=SIZE)
    context.set_default_timeout(30_000)
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """A learner's JupyterLab, as `make lab` starts it, with the lessons in `workspace`."""
    from solutions.browser import jupyterlab

    command = [sys.executable, "-m", "course", "lab", "--folder", "workspace"]
    with jupyterlab(command, tmp_path, **PRACTICE) as address:
        yield address


def test_a_learner_fills_a_lesson_in_trains_and_sees_every_check_answer(page, lab: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    from solutions.browser import cell, open_notebook, run_all, save, write

    solved = fill(LESSONS / f"{SLUG}.ipynb", NUMBER)
    open_notebook(page, lab, f"{SLUG}.ipynb")
    for index, answer in enumerate(solved.cells):
        about = answer.metadata.get("nbgrader", {})
        if about.get("solution"):
            write(page, index, re.sub(r"epochs=\d+", "epochs=2", answer.source))
    run_all(page)

    for index, one in enumerate(solved.cells):
        about = one.metadata.get("nbgrader", {})
        output = cell(page, index).locator(".jp-OutputArea")
        if about.get("grade") and not about.get("solution"):
            practice = checks(NUMBER)[about["grade_id"]].kind == "evidence"
            expect(output).to_contain_text("○ not assessed" if practice else "✔ correct")
        if "fit(Net" in one.source:
            expect(output).to_contain_text("epoch 2/2: 100%")
        if "plot_history" in one.source and "import" not in one.source:
            picture = output.locator("img")
            assert len(picture.get_attribute("alt")) > 20
            assert picture.evaluate("image => image.naturalWidth") > 300
    expect(page.locator(".jp-OutputArea [data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)

    notebook = tmp_path / "workspace" / f"{SLUG}.ipynb"
    save(page, notebook, notebook.with_suffix(".py"))
    assert "epochs=2" in notebook.with_suffix(".py").read_text()
    page.get_by_role("button", name="Validate").click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("The following cell failed", timeout=120_000)
    assert re.findall(r'check\("(\w+)"', dialog.inner_text()) == ["trained"]  # on practice digits accuracy is not assessed


def test_a_script_opens_as_a_notebook(page, lab: str) -> None:
    page.goto(lab.format(""))
    page.locator(".jp-DirListing-item", has_text=f"{SLUG}.py").dblclick()
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()


@pytest.mark.long
def test_a_lesson_goes_out_comes_back_and_is_graded_in_the_browser(page, mnist, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    from solutions.browser import formgrader, jupyterlab, menu

    course, learner, exchange = (tmp_path / name for name in ("course", "learner", "exchange"))
    build_course(course, [NUMBER])
    learner.mkdir()
    exchange.mkdir()
    exchange.chmod(0o777)
    names = f'c = get_config()\nc.CourseDirectory.course_id = "mnist"\nc.Exchange.root = "{exchange}"\n'
    (learner / "nbgrader_config.py").write_text(names)
    with (course / "nbgrader_config.py").open("a") as config:
        config.write(names)

    def press(frame, column: str) -> None:
        """Press the button in this column, and read that it succeeded."""
        frame.locator(f"td.{column} a").click()
        expect(frame.locator(".modal.in .modal-title")).to_have_text("Success", timeout=180_000)
        frame.locator(".modal.in").get_by_role("button", name="OK").click()
        expect(frame.locator(".modal.in")).to_have_count(0)

    command = [sys.executable, "-m", "jupyterlab"]
    with jupyterlab(command, course) as teaching, jupyterlab(command, learner) as learning:
        page.goto(teaching.format(""))
        frame = formgrader(page)
        press(frame, "assign")
        press(frame, "release")

        ada = page.context.new_page()
        ada.goto(learning.format(""))
        menu(ada, "Nbgrader", "Assignment List")
        ada.locator("#released_assignments_list").get_by_role("button", name="Fetch").click()
        ada.locator("#fetched_assignments_list").get_by_role("button", name="Submit").wait_for()
        home = learner / SLUG
        nbformat.write(fill(home / f"{SLUG}.ipynb", NUMBER), home / f"{SLUG}.ipynb")
        shutil.copy(weights_path(NUMBER), home)
        ada.locator("#fetched_assignments_list").get_by_role("button", name="Submit").click()
        expect(ada.locator("#submitted_assignments_list")).to_contain_text(SLUG)

        press(frame, "collect")
        frame.locator("td.num-submissions a").click()
        press(frame, "autograde")
        marks = sum(check.points for check in checks(NUMBER).values())
        expect(frame.locator("td.score")).to_have_text(f"{marks} / 100")
        press(frame, "generate-feedback")
        press(frame, "release-feedback")

        ada.locator("#refresh_assignments_list").click()
        ada.get_by_role("button", name="Fetch Feedback").click()
        ada.get_by_text("view feedback").first.click()

    feedback = next((course / "feedback").glob(f"*/{SLUG}/{SLUG}.html"))
    page.goto(feedback.as_uri())
    expect(page.locator("body")).to_contain_text("correct")
