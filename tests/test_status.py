"""Does the status tell from a learner's files how far they have come, and no more than that?"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output

from course import status
from course.__main__ import main
from course.iterations import iteration
from course.lab import prepare
from course.pairs import LESSONS
from course.status import progress, report
from solutions.fill import fill
from solutions.modules import weights_path

SLUG = "08_final_model"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    prepare(tmp_path)
    return tmp_path


def solved(checks: dict[str, float] | None = None) -> nbformat.NotebookNode:
    """Lesson 8 with its answers; each named check has been run and gave so many marks, all others their full marks."""
    notebook = fill(LESSONS / f"{SLUG}.ipynb", 8)
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("grade") and not about.get("solution"):
            marks = (checks or {}).get(about["grade_id"], float(about["points"]))
            cell.outputs = [
                new_output("stream", name="stdout", text="whatever the check said\n"),
                new_output("execute_result", data={"text/plain": repr(marks)}, execution_count=1),
            ]
    return notebook


def hand(notebook: nbformat.NotebookNode, workspace: Path) -> None:
    nbformat.write(notebook, workspace / f"{SLUG}.ipynb")


def test_a_fresh_copy_is_not_begun_and_lesson_1_comes_next(workspace: Path) -> None:
    said = report(workspace)
    assert set(re.findall(r"(\d+) of \d+", said)) == {"0"}
    assert "Next: lesson 1, Set-up: write prediction" in said


def test_an_answer_is_written_once_it_differs_from_the_release_and_raises_nothing(workspace: Path) -> None:
    notebook = nbformat.read(workspace / f"{SLUG}.ipynb", as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name == "Net":
            cell.source = cell.source.replace("# Then:", "# Next:")  # begun, but for its raise statements
        if name == "prediction":
            cell.source += "\n\nIt will get 99.4%."
    hand(notebook, workspace)
    assert progress(workspace, iteration(8)).unwritten == ("Net", "recipe", "analysis")


def test_a_check_that_gave_a_part_of_its_marks_is_not_counted(workspace: Path) -> None:
    hand(solved({"accuracy": 7.5, "gap": 0.0}), workspace)
    found = progress(workspace, iteration(8))
    assert (found.checks - found.correct, found.done) == (2, False)


def test_a_saved_run_is_quoted(workspace: Path) -> None:
    shutil.copy(weights_path(8), workspace)
    assert re.fullmatch(r"best 99\.\d\d% in epoch \d+, 19 of 19 epochs", progress(workspace, iteration(8)).run)


def test_a_run_on_practice_digits_says_so(workspace: Path) -> None:
    from dataclasses import replace

    from course.submission_file import load_submission, save_submission

    submission = load_submission(weights_path(8))
    practice = {"name": "practice digits", "digest": "0"}
    save_submission(replace(submission, data=practice), workspace / f"{SLUG}.safetensors")
    assert progress(workspace, iteration(8)).run.endswith("on practice digits")


@pytest.mark.parametrize("content", ["", "{}", '{"cells": [{"cell_type": "code"}]}', "[1]"])
def test_a_notebook_that_is_none_does_not_stop_the_others(workspace: Path, content: str) -> None:
    (workspace / f"{SLUG}.ipynb").write_text(content)
    (workspace / "09_image_augmentation.safetensors").write_bytes(b"no tensors")
    lines = report(workspace).splitlines()
    assert any("unreadable" in line for line in lines if line.startswith(" 8"))
    assert any("unreadable" in line for line in lines if line.startswith(" 9"))
    assert any(line.startswith("10 ") for line in lines)


def test_after_the_answers_come_the_training_and_then_the_next_lesson(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("course.status.lessons", lambda: (iteration(8), iteration(9)))
    hand(solved(), workspace)
    assert "Next: lesson 8, Final model: train" in report(workspace)
    shutil.copy(weights_path(8), workspace)
    said = report(workspace)
    assert "Next: lesson 9" in said
    assert "do both meet the four constraints" in said
    assert f"python -m graders check {workspace.as_posix()}/{SLUG}.ipynb" in said


def test_an_incorrect_check_comes_before_the_next_lesson(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course.status.lessons", lambda: (iteration(8), iteration(9)))
    hand(solved({"gap": 0.0}), workspace)
    shutil.copy(weights_path(8), workspace)
    assert "Next: lesson 8, Final model: run its checks again" in report(workspace)


def test_a_damaged_run_comes_before_the_next_lesson(workspace: Path) -> None:
    hand(solved(), workspace)
    (workspace / f"{SLUG}.safetensors").write_bytes(b"nonsense")
    assert not (found := progress(workspace, iteration(8))).run_is_whole
    assert "train again" in status._next([found])


def test_a_copy_that_was_broken_off_is_made_whole(tmp_path: Path) -> None:
    prepare(tmp_path)
    mine = tmp_path / "02_basic_skeleton.py"
    (tmp_path / f"{SLUG}.ipynb").unlink()
    mine.with_suffix(".ipynb").unlink()
    mine.write_text("# mine")
    assert [path.stem for path in prepare(tmp_path)] == [SLUG]
    assert mine.read_text() == "# mine" and not mine.with_suffix(".ipynb").exists()


def test_a_missing_folder_is_answered_by_what_makes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--folder", str(tmp_path / "none")]) == 2
    assert "python -m course lab --folder" in capsys.readouterr().err


def test_among_the_lessons_it_says_to_go_one_folder_up(
    workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    assert main(["status"]) == 2
    said = capsys.readouterr().err
    assert "cd .." in said and "course lab" not in said


def test_no_code_of_the_learner_is_run_and_nothing_heavy_is_loaded(workspace: Path) -> None:
    notebook = solved()
    notebook.cells[2].source = "raise SystemExit('run')"
    hand(notebook, workspace)
    code = (
        "import sys; from course.status import report; report(sys.argv[1])\n"
        "sys.exit(', '.join({'torch', 'jupytext', 'nbformat', 'IPython'} & set(sys.modules)) or 0)"
    )
    answer = subprocess.run([sys.executable, "-c", code, str(workspace)], capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")
