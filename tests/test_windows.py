"""What a learner on Windows does, on a system that has been made to lack what Windows lacks."""

import subprocess
import sys
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from course.iterations import iteration
from course.pairs import LESSONS
from graders.points import POINTS
from solutions.fill import fill

LACKING = """
import os, signal, sys
for module in ("resource", "fcntl", "pwd", "grp", "termios"):
    sys.modules[module] = None  # importing it raises ModuleNotFoundError
for name in ("fork", "forkpty", "killpg", "setsid", "sched_getaffinity", "getloadavg"):
    delattr(os, name)
del signal.SIGKILL
"""


def without_unix(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", LACKING + code], cwd=folder, capture_output=True, text=True)


def test_all_that_learners_import_can_be_imported(tmp_path: Path) -> None:
    code = "import course, graders\nfor name in dir(course): getattr(course, name)\nfrom graders import lesson_checks, check"
    answer = without_unix(code, tmp_path)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.slow
def test_a_lesson_is_solved_and_checked_in_the_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of lesson 8 up to its training, on whatever digits are at hand."""
    notebook = fill(LESSONS / f"{iteration(8).slug}.ipynb", 8)
    trains = next(i for i, cell in enumerate(notebook.cells) if "fit(" in cell.source and cell.cell_type == "code")
    notebook.cells = [new_code_cell(LACKING), *notebook.cells[:trains]]
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        out.text for cell in notebook.cells for out in cell.get("outputs", []) if out.get("name") == "stdout"
    )
    assert printed.count("correct (") == len(set(POINTS[8]) - {"accuracy"})


@pytest.mark.mnist
def test_a_saved_run_is_graded(tmp_path: Path, root: Path) -> None:
    weights = root / "solutions" / "results" / "weights" / "08_final_model.safetensors"
    code = f"from graders.__main__ import main; sys.exit(main(['check', {str(weights)!r}]))"
    answer = without_unix(code, tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_code_is_not_graded_there_and_a_sentence_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("Net = recipe = ...\n")
    answer = without_unix("from graders.__main__ import main; sys.exit(main(['check', 'net.py']))", tmp_path)
    assert answer.returncode == 2
    assert "needs Linux or macOS" in answer.stdout and "WSL" in answer.stdout
    assert "Traceback" not in answer.stderr


def test_the_doctor_and_the_status_answer(tmp_path: Path) -> None:
    code = (
        "from course.__main__ import main; from course.lab import prepare; from course import doctor\n"
        "prepare('workspace'); doctor.EXAMINATIONS.pop('minutes'); main(['doctor']); sys.exit(main(['status']))"
    )
    answer = without_unix(code, tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "[OK]   device" in answer.stdout and "Next: lesson 1" in answer.stdout
