"""Imports run one way, and nothing that a learner gets leads to the solutions."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

OURS = {"course", "graders", "solutions", "tests"}
IMPORTERS = {"import_module", "__import__", "run_module", "find_spec"}


def imported_packages(script: Path) -> Iterator[str]:
    """Our packages that `script` imports, by statement or by a name handed to an import function."""
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        names: list[object] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rsplit(".", 1)[-1] in IMPORTERS:
            names = [argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant)]
        packages = {name.split(".")[0] for name in names if isinstance(name, str)}
        yield from packages & OURS


def strays(folder: Path, allowed: set[str]) -> list[str]:
    """Imports of ours in `folder`, beyond the allowed ones, as `file imports package`."""
    scripts = sorted(folder.rglob("*.py"))
    assert scripts, f"no scripts in {folder}"
    lessons = folder / "lessons"
    return [
        f"{script.relative_to(folder.parent)} imports {package}"
        for script in scripts
        if not script.is_relative_to(lessons)
        for package in imported_packages(script)
        if package not in allowed
    ]


def test_the_lab_kit_imports_nothing_of_ours(root: Path) -> None:
    assert strays(root / "course", {"course"}) == []


def test_lessons_import_course_and_graders_only(root: Path) -> None:
    assert strays(root / "course" / "lessons", {"course", "graders"}) == []


def test_graders_import_course_only(root: Path) -> None:
    assert strays(root / "graders", {"course", "graders"}) == []


def test_solutions_import_course_and_graders_only(root: Path) -> None:
    assert strays(root / "solutions", {"course", "graders", "solutions"}) == []


def test_nothing_that_learners_get_runs_the_solutions(root: Path) -> None:
    """Neither as a command (`-m solutions`) nor as a file (`solutions/iteration_08.py`)."""
    runs = re.compile(r"-m[\"', ]+solutions\b|\bsolutions[./]iteration_\d")
    files = [path for name in ("course", "graders") for path in (root / name).rglob("*")]
    texts = [path for path in files if path.suffix in {".py", ".ipynb", ".toml"}]
    assert [path.name for path in texts if runs.search(path.read_text(encoding="utf-8"))] == []


def test_a_folder_named_course_where_the_grader_works_is_not_taken_for_the_package(tmp_path: Path, root: Path) -> None:
    (tmp_path / "course").mkdir()  # as instructors call theirs
    code = "import graders, course, graders.limits as l; print(course.__file__, l.with_our_path()['PYTHONPATH'])"
    installed = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=installed, capture_output=True, text=True)
    file, paths = answer.stdout.split()
    assert Path(file) == root / "course" / "__init__.py", answer.stderr
    assert paths.split(os.pathsep)[0] == str(root)


@pytest.mark.parametrize("module", ["graders.nbgrader_config", "graders.class_command", "graders.course_folder"])
def test_what_each_nbgrader_command_imports_is_not_pytorch(module: str) -> None:
    """Whose import takes two seconds, and which marks in processes of its own."""
    code = f"import sys, {module}; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "False", answer.stderr


def test_reading_a_notebook_builds_no_grammars() -> None:
    """What jsonschema does from 4.25 on, in one to two seconds of each nbgrader command; pyproject.toml names an earlier one."""
    code = "import sys, nbformat; print('rfc3987_syntax' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "False", answer.stderr
