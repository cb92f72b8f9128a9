"""The lessons as they are released: in order, in step with their scripts, and running without a warning once they are solved."""

from pathlib import Path
from symtable import symtable

import nbformat
import pytest

from course.check import check_lesson, check_lessons
from course.check_course import FILE, check_course, further_checks
from course.errors import UsageError
from course.iterations import Lesson, iterations, lesson, lessons
from course.pairs import LESSONS, out_of_step, scripts, write_notebooks
from graders.course_checks import points_and_hints
from solutions.course_checks import put_weights, runs_from_top_to_bottom
from solutions.run_through import run_through


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
    "a second title": ("## Compare", "# Compare", "one title"),
    "a skipped level of headings": ("## Compare", "### Compare", "one title"),
    "a grade id twice": ('"grade_id": "layers"', '"grade_id": "parameters"', "twice"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_lesson_is_noticed(fault: str, tmp_path: Path) -> None:
    old, new, said = FAULTS[fault]
    text = (LESSONS / "08_final_model.ipynb").read_text()
    assert old in text
    path = tmp_path / "08_final_model.ipynb"
    path.write_text(text.replace(old, new))
    assert any(said in problem for problem in check_lesson(path, lesson(8)))


@pytest.mark.parametrize("item", lessons(), ids=lambda item: item.slug)
def test_the_graders_know_each_lessons_checks_and_have_hints_for_them(item: Lesson) -> None:
    assert points_and_hints(item) == []


# What a learner may call, outside the class, that of which a network is built. No cell of ours behind it calls something else so.
TEMPTING = """n k c b w p s a layers layer channels kernel kernels width widths size sizes bias padding dropout rate before after
block blocks norm pool activation in_channels out_channels hidden features stride""".split()


@pytest.mark.parametrize("item", lessons(), ids=lambda item: item.slug)
def test_no_cell_behind_an_answer_takes_a_name_that_the_answer_may_use(item: Lesson) -> None:
    cells = [cell for cell in nbformat.read(LESSONS / f"{item.slug}.ipynb", 4).cells if cell.cell_type == "code"]
    first = next(i for i, cell in enumerate(cells) if cell.metadata.get("nbgrader", {}).get("solution"))
    ours = [cell for cell in cells[first:] if not cell.metadata.get("nbgrader", {}).get("solution")]
    symbols = [symbol for cell in ours for symbol in symtable(cell.source, item.slug, "exec").get_symbols()]
    assert [symbol.get_name() for symbol in symbols if symbol.is_assigned() and symbol.get_name() in TEMPTING] == []


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.parametrize("item", iterations(), ids=lambda item: item.slug)
def test_a_solved_lesson_runs_from_top_to_bottom_with_its_recorded_weights(item: Lesson, tmp_path: Path) -> None:
    """Training is replayed; lesson 1 trains, on a part of the data. The capstone's trials are not recorded: below."""
    put_weights(item, tmp_path)
    assert run_through(item, tmp_path, practice=False) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [10, 11])  # the last and the capstone; lesson 3 is run by test_docs.py, all by `make check`
def test_a_solved_lesson_runs_from_top_to_bottom_on_practice_digits(number: int) -> None:
    assert runs_from_top_to_bottom(lesson(number)) == []


def test_a_cell_that_fails_or_warns_or_is_not_correct_is_reported(tmp_path: Path, monkeypatch) -> None:
    wordless = "from IPython.display import HTML; HTML('<img src=\"data:image/png;base64,\">')"
    cells = {"fails": "1 / 0", "warns": "import warnings; warnings.warn('careful')", "is short": "print('✘ not yet')"}
    cells["shows"] = wordless
    for name, source in cells.items():
        cell = nbformat.v4.new_code_cell(source)
        if name == "is short":
            cell.metadata["nbgrader"] = {"grade": True, "solution": False, "grade_id": "layers"}
        monkeypatch.setattr("solutions.run_through.fill", lambda *_, cell=cell: nbformat.v4.new_notebook(cells=[cell]))
        (problem,) = run_through(lesson(8), tmp_path, practice=True)
        said = {"fails": "ZeroDivisionError", "warns": "careful", "is short": "layers: expected '✔ correct'"}
        assert said.get(name, "without an alternative text") in problem


def package(folder: Path, name: str, checks: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").touch()
    (folder / name / FILE).write_text(checks)


def test_checks_that_a_package_beside_the_course_brings_are_asked(tmp_path: Path, capsys) -> None:
    package(tmp_path, "some_asker", "CHECKS = {'is it short': lambda item: [f'{item.slug} is too long']}")
    (tmp_path / "no_package").mkdir()
    (tmp_path / "no_package" / FILE).write_text("1 / 0")
    assert check_course([3], beside=tmp_path) is False
    shown = capsys.readouterr().out
    assert "Further checks: some_asker asks: is it short." in shown
    assert "[FAIL] lesson 3\n  03_lighter_model is too long" in shown


def test_without_further_checks_the_lessons_are_asked_by_themselves(tmp_path: Path, capsys) -> None:
    assert check_course(beside=tmp_path) is True
    shown = capsys.readouterr().out
    assert "Further checks: none found" in shown and "[OK] lesson 10" in shown


def test_this_checkout_brings_further_checks() -> None:
    assert set(further_checks()) == {"graders", "solutions"}


def test_an_unknown_lesson_is_refused() -> None:
    with pytest.raises(UsageError, match="lessons 1 to 11, saw 12"):
        check_course([12])
