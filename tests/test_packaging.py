"""What an installation holds, where its packages come from, and on which Pythons."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def project(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def declared_pythons(project: dict) -> list[str]:
    return re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))


def test_solutions_cannot_be_imported_from_another_folder(tmp_path: Path) -> None:
    names = ("course", "graders", "solutions")
    question = f"from importlib.util import find_spec; print(*filter(find_spec, {names}))"
    answer = subprocess.run(
        [sys.executable, "-c", question],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == ["course", "graders"]


def test_a_wheel_holds_all_of_course_and_graders_and_nothing_else(
    tmp_path: Path, root: Path, committed_files: list[Path]
) -> None:
    names = [path.relative_to(root) for path in committed_files]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((root / name).read_bytes())
    build = "from setuptools import build_meta; print(build_meta.build_wheel('wheels'))"
    (tmp_path / "wheels").mkdir()
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, capture_output=True, check=True)
    (wheel,) = (tmp_path / "wheels").iterdir()
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == {name.as_posix() for name in names if name.parts[0] in {"course", "graders"}}


def test_conda_takes_every_package_from_the_project(root: Path) -> None:
    listed = re.findall(r"^ +- (?!pip:)(\S+)", (root / "environment.yml").read_text(), re.M)
    assert listed == ["conda-forge", "python", "make", "pip", "-e"]


def test_conda_and_make_install_every_extra(root: Path, project: dict) -> None:
    install = re.compile(r"(?:-e|--editable) '?\.\[([\w,]+)\]")
    extras = [install.findall((root / name).read_text()) for name in ("environment.yml", "Makefile")]
    assert extras == [[",".join(project["optional-dependencies"])]] * 2


def test_the_lowest_declared_python_is_the_required_one(project: dict, declared_pythons: list[str]) -> None:
    assert project["requires-python"] == f">={declared_pythons[0]}"


def test_ci_runs_every_declared_python(root: Path, declared_pythons: list[str]) -> None:
    matrix = re.findall(r"python: \[(.*)\]", (root / ".github" / "workflows" / "ci.yml").read_text())
    assert [re.findall(r"3\.\d+", pythons) for pythons in matrix] == [declared_pythons]


def test_make_looks_for_every_declared_python(root: Path, declared_pythons: list[str]) -> None:
    (names,) = re.findall(r"^PYTHON = (.*)", (root / "Makefile").read_text(), re.M)
    assert set(declared_pythons) <= set(re.findall(r"python(3\.\d+)", names))
