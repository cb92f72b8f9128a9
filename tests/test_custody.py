"""Custody: a graded kernel gains nothing and harms nobody, and what decides a mark is out of its reach."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from sandboxes import BOTH, ends, needs_bubblewrap

from course.errors import SandboxError
from graders.execution import BudgetExecute
from graders.limits import BUBBLEWRAP, Limits
from graders.marking_process import MarkingProcess
from graders.outcome import Outcome, correct
from graders.settling import SettleMarks


def run(folder: Path, *cells: str, sandbox: str, **settings) -> list[str]:
    """What each cell of a notebook shows when it is run for its feedback, with `folder` as its place."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    step = BudgetExecute(sandbox=sandbox, **settings)
    step.preprocess(notebook, {"metadata": {"path": str(folder)}, "nbgrader": {"student": "anna"}})
    return [" ".join(map(_text, cell.outputs)) for cell in notebook.cells]


def _text(output) -> str:
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    return output.get("text") or output.get("data", {}).get("text/plain", "")


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    """A learner's folder, in a course with a gradebook."""
    (tmp_path / "gradebook.db").write_text("marks")
    folder = tmp_path / "autograded" / "anna" / "08_final_model"
    folder.mkdir(parents=True)
    (folder / "run.safetensors").write_text("weights")
    return folder


@needs_bubblewrap
def test_a_kernel_has_a_copy_of_what_was_handed_in_and_sees_nothing_else_of_the_course(handed_in: Path) -> None:
    gradebook = handed_in.parents[2] / "gradebook.db"
    seen = run(
        handed_in,
        "print(open('run.safetensors').read()); open('run.safetensors', 'w').write('forged')",
        f"import os; print(os.path.exists({str(gradebook)!r}))",
        "import socket; print([name for _, name in socket.if_nameindex()])",
        sandbox=BUBBLEWRAP,
    )
    assert seen[0].startswith("weights")
    assert (handed_in / "run.safetensors").read_text() == "weights"
    assert seen[1].startswith("False")
    assert "['lo']" in seen[2]


@needs_bubblewrap
@pytest.mark.mnist
def test_a_kernel_has_mnist_to_show_it(handed_in: Path) -> None:
    assert "MNIST" in run(handed_in, "import course; print(course.load_data().name)", sandbox=BUBBLEWRAP)[0]


@BOTH
def test_a_cell_that_swallows_interrupts_ends_only_its_notebook(handed_in: Path, sandbox: str) -> None:
    stubborn = "while True:\n  try:\n    while True: pass\n  except KeyboardInterrupt: pass"
    seen = run(handed_in, "1 + 1", stubborn, "2 + 2", sandbox=sandbox, timeout=3)
    assert seen[0] == "2"
    assert "NotRun" in seen[2]


@BOTH
def test_a_kernel_that_ends_itself_ends_only_its_notebook(handed_in: Path, sandbox: str) -> None:
    seen = run(handed_in, "1 + 1", "import os; os._exit(1)", "2 + 2", sandbox=sandbox)
    assert seen[0] == "2"
    assert "KernelDied" in seen[1] and "NotRun" in seen[2]


@BOTH
def test_what_a_kernel_leaves_running_ends_with_it(handed_in: Path, sandbox: str) -> None:
    mark = f"{time.time_ns()}"
    run(handed_in, f"import os; os.system('setsid sleep {mark} &')", sandbox=sandbox)
    assert ends(mark)


def test_a_flood_of_output_is_cut_and_reported_in_one_line(handed_in: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        seen = run(handed_in, "print('x' * 5_000_000)", sandbox="best", most_output=1000)
    assert len(seen[0]) < 2000
    assert [r.getMessage() for r in caplog.records if "anna" in r.getMessage()] == [
        "anna: the output of 1 cells was cut"
    ]


@pytest.fixture
def settle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Settle a notebook with one check, of 8 points, whose kernel says `claimed` and whose outcome is given."""

    def settled(claimed: str, found: dict[str, Outcome] | Exception):
        def found_by(*_, **__):
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr(MarkingProcess, "mark", found_by)
        cell = new_code_cell("check('parameters', Net=Net)")
        cell.metadata["nbgrader"] = {
            "grade": True, "solution": False, "locked": True, "grade_id": "parameters", "points": 8,
            "schema_version": 3, "cell_type": "code", "task": False,
        }  # fmt: skip
        cell.outputs = [new_output("execute_result", data={"text/plain": claimed}, execution_count=1)]
        notebook = new_notebook(cells=[cell])
        about = {"student": "anna", "assignment": "08_final_model"}
        SettleMarks().preprocess(notebook, {"nbgrader": about})
        return [_text(output) for output in cell.outputs]

    monkeypatch.chdir(tmp_path)
    return settled


def test_what_the_kernel_claims_is_replaced_and_reported_in_one_line(settle, caplog) -> None:
    nothing = Outcome("not yet", 0.0, "saw 5 parameters, expected 13,808")
    with caplog.at_level(logging.WARNING):
        assert settle("1000.0", {"parameters": nothing})[-1] == "0.0"
    assert [r.getMessage() for r in caplog.records] == [
        "anna: its own checks claim more than was settled: parameters (1000.0, settled 0)"
    ]


@pytest.mark.parametrize("claimed", ["True", "nan", "inf", "'full marks'", "tensor(8.)", "-1", "8.0"])
def test_a_kernels_value_settles_nothing(settle, claimed: str) -> None:
    assert settle(claimed, {"parameters": Outcome("not yet", 0.0, "")})[-1] == "0.0"


def test_a_hand_in_that_breaks_the_marking_earns_nothing_and_stops_nobody(settle, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        said = settle("8.0", SandboxError("marking took longer than 360 seconds"))
    assert said[-1] == "0.0" and "longer than 360 seconds" in said[0]
    assert "anna: nothing could be marked" in caplog.text


def test_feedback_shows_the_networks_table_below_the_parameters(settle) -> None:
    shown = settle("8.0", {"parameters": correct("13,808 parameters").showing("conv2d  16 × 26 × 26")})
    assert shown == ["correct (8 of 8): 13,808 parameters\n", "conv2d  16 × 26 × 26", "8.0"]


def test_reasons_to_retrain_are_told_to_the_instructor_alone(settle, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        shown = settle("8.0", {"parameters": correct("right").doubting(("99.9% here, 98% there",))})
    assert "anna: reasons to retrain: 99.9% here, 98% there" in caplog.text
    assert "99.9%" not in " ".join(shown)


LARGE = """
from torch import nn
from torch.nn import functional as F
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 10, 3)
    def forward(self, x):
        x = F.pad(x, (400, 400, 400, 400))
        for _ in range(30):
            x = F.relu(x)
        return self.c(F.max_pool2d(x, 100)).mean((2, 3))
"""


@pytest.fixture
def marking() -> Iterator[MarkingProcess]:
    process = MarkingProcess()
    yield process
    process.close()


def test_a_network_that_asks_for_too_much_is_refused_with_a_sentence(marking: MarkingProcess, tmp_path: Path) -> None:
    outcomes = marking.mark([LARGE], tmp_path, number=8, practice=True, limits=Limits())
    assert outcomes["parameters"].fraction == 0
    assert "the most that is graded" in outcomes["parameters"].message


@pytest.mark.slow
def test_marking_that_takes_too_long_ends_with_the_learners_code_and_the_next_is_marked(
    marking: MarkingProcess, tmp_path: Path
) -> None:
    mark = f"{time.time_ns()}"
    source = f"import subprocess\nclass Net: x = subprocess.run(['sleep', '{mark}'])"
    with pytest.raises(SandboxError, match="grading took longer than 10 seconds"):
        marking.mark([source], tmp_path, number=8, practice=True, limits=Limits(60), evaluation=-50)
    assert ends(mark)
    assert marking.mark(["x = 1"], tmp_path, number=8, practice=True, limits=Limits())["parameters"].fraction == 0


def autograde(folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", "08_final_model"],
        cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_a_course_that_wants_bubblewrap_is_not_graded_without_it(tmp_path: Path) -> None:
    from graders.course_folder import build_course

    folder = build_course(tmp_path / "course", [8])
    config = folder / "nbgrader_config.py"
    config.write_text(config.read_text().replace('SANDBOX = "plain"', 'SANDBOX = "bubblewrap"'))
    done = autograde(folder, str(Path(sys.executable).parent))
    assert done.returncode
    assert "sudo apt install bubblewrap" in done.stderr
