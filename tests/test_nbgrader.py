"""The round trip through real nbgrader: the demonstration's three learners, and a class of learners who try everything."""

import copy
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from course.errors import UsageError
from graders import bubblewrap
from graders.course_folder import build_course
from graders.feedback import AWAITS, STYLE
from graders.points import POINTS
from solutions.demo import demo, run_nbgrader
from solutions.fill import fill
from solutions.modules import weights_path

SLUG = "08_final_model"
AUTOMATIC = sum(POINTS[8].values())


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.mnist
def test_the_demonstration_gives_each_learner_what_is_due(tmp_path: Path, capsys) -> None:
    assert demo(tmp_path / "demo") == 0
    shown = capsys.readouterr().out
    assert f"{AUTOMATIC} of {AUTOMATIC}" in shown
    assert f"0 of {AUTOMATIC}" in shown
    page = (tmp_path / "demo" / "feedback" / "hidden_linear" / SLUG / f"{SLUG}.html").read_text()
    assert "is a fully connected layer" in page


@pytest.mark.slow
@pytest.mark.long
def test_without_mnist_the_demonstration_says_so_and_assesses_the_rest(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / "nowhere"))
    assert demo(tmp_path / "demo") == 0
    shown = capsys.readouterr().out
    assert "PRACTICE DIGITS, NOT MNIST" in shown
    assert "not assessed: MNIST is not at hand" in shown


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def honest(notebook: NotebookNode) -> None:
    pass


def forging(notebook: NotebookNode) -> None:
    """An empty network, and checks that print and return full marks."""
    cell(notebook, "Net").source = "class Net(nn.Module):\n    pass"
    notebook.cells.insert(
        8,
        new_code_cell(
            "import graders, graders.notebook, graders.marking, torch\n"
            "check = lambda name, **k: (print('✔ correct'), 1000.0)[1]\n"
            "graders.lesson_checks = lambda n: (check, print)\n"
            "graders.marking.mark = lambda *a, **k: {}\n"
            "torch.nn.Module.parameters = lambda self: iter(())"
        ),
    )
    for c in notebook.cells:
        if c.cell_type == "code":
            c.outputs = [new_output("execute_result", data={"text/plain": "1000.0"}, execution_count=1)]


def odd_values(notebook: NotebookNode) -> None:
    cell(notebook, "Net").source = "check = lambda *a, **k: float('nan')"
    cell(notebook, "parameters").source = "'full marks'"


def dying(notebook: NotebookNode) -> None:
    """All answers are right, but the kernel dies in a cell of the learner's own."""
    notebook.cells.insert(4, new_code_cell("import os; os._exit(1)"))


def untidy(notebook: NotebookNode) -> None:
    """All answers are right, with warnings, a flood of output, and cells that were copied and pasted with their metadata."""
    notebook.cells.insert(4, new_code_cell("import sys; print('x' * 5_000_000); print('careful', file=sys.stderr)"))
    cell(notebook, "Net").source += "\nimport warnings; warnings.warn('careful')\n"
    for name in ("parameters", "Net", "recipe"):
        pasted = copy.deepcopy(cell(notebook, name))
        pasted["id"] = f"pasted-{name}"
        notebook.cells.insert(len(notebook.cells) - 2, pasted)


def hungry(notebook: NotebookNode) -> None:
    """All answers are right; a cell of the learner's own asks for more memory than there is."""
    notebook.cells.insert(4, new_code_cell("blocks = [b'x' * 2**28 for _ in range(100)]"))


LEARNERS = {
    honest: AUTOMATIC,
    forging: 5,
    odd_values: 5,
    dying: AUTOMATIC,
    untidy: AUTOMATIC,
    hungry: AUTOMATIC,
}


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.mnist
def test_nobody_gains_or_loses_by_what_a_notebook_does(tmp_path: Path) -> None:
    """`epochs` (5 marks) rests on the recipe alone, which every learner here has right."""
    folder = build_course(tmp_path / "course", [8])
    run_nbgrader(folder, "generate_assignment", SLUG)
    for learner in LEARNERS:
        target = folder / "submitted" / learner.__name__ / SLUG
        target.mkdir(parents=True)
        notebook = fill(folder / "release" / SLUG / f"{SLUG}.ipynb", 8)
        learner(notebook)
        nbformat.write(notebook, target / f"{SLUG}.ipynb")
        (target / f"{SLUG}.safetensors").write_bytes(weights_path(8).read_bytes())
    (folder / "submitted" / "unreadable" / SLUG).mkdir(parents=True)
    (folder / "submitted" / "unreadable" / SLUG / f"{SLUG}.ipynb").write_text("<<<<<<< HEAD")
    run_nbgrader(folder, "autograde", SLUG)
    run_nbgrader(folder, "generate_feedback", SLUG, "--student", "honest")
    page = (folder / "feedback" / "honest" / SLUG / f"{SLUG}.html").read_text()
    assert page.count(AWAITS) == 2  # prediction and analysis
    assert STYLE in page
    assert marks(folder) == {learner.__name__: due for learner, due in LEARNERS.items()} | {"unreadable": 0}


def marks(folder: Path) -> dict[str, float]:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        found = gradebook.assignment_submissions(SLUG)
        return {one.student.id: sum(g.auto_score or 0 for n in one.notebooks for g in n.grades) for one in found}


def test_a_course_is_never_built_over_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="thesis.txt"):
        build_course(tmp_path, [8])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_course_has_the_lesson_the_configuration_and_the_rubric(tmp_path: Path) -> None:
    folder = build_course(tmp_path / "course", [8])
    assert (folder / "source" / SLUG / f"{SLUG}.ipynb").exists()
    assert "configure(" in (folder / "nbgrader_config.py").read_text()
    assert "## Analysis" in (folder / "rubrics" / f"{SLUG}.md").read_text()


@pytest.mark.parametrize("problem, sandbox", [("", "bubblewrap"), ("it is for Linux only", "plain")])
def test_a_new_course_says_where_learner_code_runs_and_never_falls_back(
    problem: str, sandbox: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bubblewrap, "why_not", lambda: problem)
    folder = build_course(tmp_path / "course", [8])
    assert f'SANDBOX = "{sandbox}"\n' in (folder / "nbgrader_config.py").read_text()
    assert ("with this user's rights" in capsys.readouterr().out) == bool(problem)


def test_a_course_built_anew_keeps_what_its_instructor_configured(tmp_path: Path) -> None:
    config = build_course(tmp_path / "course", [8]) / "nbgrader_config.py"
    config.write_text(config.read_text() + 'c.Exchange.root = "/srv/exchange"\n')
    before = config.read_text()
    build_course(tmp_path / "course")
    assert config.read_text() == before
    build_course(tmp_path / "course", practice=True, sandbox="plain")
    assert config.read_text().endswith(before.partition("configure(get_config()")[2].partition("\n")[2])
    assert 'SANDBOX = "plain"\n' in config.read_text() and "sandbox=SANDBOX, practice=True)" in config.read_text()


WRITTEN = {
    "in single quotes": ("SANDBOX = 'plain'", "with this user's rights"),
    "with a remark": ('SANDBOX = "plain"  # no bwrap here', "with this user's rights"),
    "as an older course has it": ('SANDBOX = "best"', "takes less where bubblewrap does not work"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_the_configuration_says_is_what_is_printed(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written, said = WRITTEN[name]
    config = build_course(tmp_path / "course", [8], sandbox="plain") / "nbgrader_config.py"
    config.write_text(config.read_text().replace('SANDBOX = "plain"', written))
    capsys.readouterr()
    build_course(tmp_path / "course", [8])
    assert said in capsys.readouterr().out and written in config.read_text()
    build_course(tmp_path / "course", [8], sandbox="plain")
    assert 'SANDBOX = "plain"\n' in config.read_text()


def test_a_configuration_that_cannot_be_read_is_said_before_anything_is_written(tmp_path: Path) -> None:
    config = build_course(tmp_path / "course", [8]) / "nbgrader_config.py"
    config.write_bytes("# für später\n".encode("latin-1"))
    lesson = tmp_path / "course" / "source" / SLUG / f"{SLUG}.ipynb"
    lesson.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        build_course(tmp_path / "course", [8])
    assert not lesson.exists()


def test_a_setting_that_has_no_line_of_its_own_is_left_to_the_instructor(tmp_path: Path) -> None:
    config = build_course(tmp_path / "course", [8]) / "nbgrader_config.py"
    config.write_text("c = get_config()\n")
    with pytest.raises(UsageError, match='SANDBOX = "plain"'):
        build_course(tmp_path / "course", [8], sandbox="plain")
    assert config.read_text() == "c = get_config()\n"


@pytest.mark.slow
def test_nothing_that_is_released_mentions_the_solutions(tmp_path: Path) -> None:
    folder = build_course(tmp_path / "course", [8])
    run_nbgrader(folder, "generate_assignment", SLUG)
    files = [path for path in (folder / "release").rglob("*") if path.is_file()]
    assert [path.name for path in files] == [f"{SLUG}.ipynb"]
    assert "import solutions" not in files[0].read_text() and "from solutions" not in files[0].read_text()
