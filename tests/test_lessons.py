"""The lessons as they are released: in order, in step with their scripts, and running without a warning once they are solved."""

import tomllib
from pathlib import Path

import pytest
from nbclient import NotebookClient

import graders
from course.check import check_lesson, check_lessons
from course.iterations import Iteration, iteration, iterations
from course.pairs import LESSONS, out_of_step, scripts, write_notebooks
from graders.lessons import POINTS
from solutions.fill import fill
from solutions.modules import WITH_WEIGHTS, weights_path


def test_the_lessons_are_in_order() -> None:
    assert {name: problems for name, problems in check_lessons().items() if problems} == {}


def test_a_pair_out_of_step_is_noticed(tmp_path: Path) -> None:
    script = tmp_path / scripts()[-1].name
    script.write_text(scripts()[-1].read_text())
    assert "no notebook" in out_of_step(tmp_path)[0]
    write_notebooks(tmp_path)
    assert out_of_step(tmp_path) == []
    script.write_text(script.read_text().replace("# Lesson", "# A lesson", 1))
    assert "does not say" in out_of_step(tmp_path)[0]


FAULTS = {  # what is done to a released lesson, and a word of the sentence that says so
    "an answer filled in": ("raise NotImplementedError", "pass", "solved already"),
    "a mark too many": ('"points": 5', '"points": 6', "add up"),
    "a heading left out": ("## Compare", "Compare", "in this order"),
    "a grade id twice": ('"grade_id": "layers"', '"grade_id": "parameters"', "twice"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_lesson_is_noticed(fault: str, tmp_path: Path) -> None:
    old, new, said = FAULTS[fault]
    text = (LESSONS / "08_final_model.ipynb").read_text()
    assert old in text
    path = tmp_path / "08_final_model.ipynb"
    path.write_text(text.replace(old, new))
    assert any(said in problem for problem in check_lesson(path, iteration(8)))


@pytest.mark.parametrize("number", POINTS)
def test_every_check_has_two_hints(number: int) -> None:
    hints = tomllib.loads((Path(graders.__file__).parent / "hints.toml").read_text())
    given = hints[f"lesson_{number}"]
    assert list(given) == list(POINTS[number])
    assert all(len(tiers) == 2 and all(tier.strip() for tier in tiers) for tiers in given.values())


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.parametrize("item", iterations(), ids=lambda item: item.slug)
def test_a_solved_lesson_runs_from_top_to_bottom_without_a_warning(
    item: Iteration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training is replayed from the committed weights; lesson 1 trains, on a part of the data."""
    if item.number in WITH_WEIGHTS:
        (tmp_path / weights_path(item.number).name).write_bytes(weights_path(item.number).read_bytes())
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    notebook = fill(LESSONS / f"{item.slug}.ipynb", item.number)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout")
    assert "not yet" not in printed and "not attempted" not in printed
    assert printed.count("correct (") == len(POINTS[item.number])
