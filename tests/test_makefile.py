"""The two commands of the README on a fresh machine: what `make` does before the first package is there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Path:
    """A folder with the Makefile and the project file alone."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(root / name, tmp_path)
    return tmp_path


def make(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `make` in `checkout`, undisturbed by a `make` that may have started these tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env=inherited | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def with_module(checkout: Path, name: str, source: str) -> dict[str, str]:
    """The environment in which Python finds module `name` with this source before its own."""
    folder = checkout / "modules"
    folder.mkdir()
    (folder / f"{name}.py").write_text(source)
    return {"PYTHONPATH": str(folder)}


def fake_environment(checkout: Path, *, pip_status: int) -> Path:
    """An environment whose Python notes each `-m pip install` in calls.txt and ends it with `pip_status`."""
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(
        f"""#!/bin/sh
case "$*" in
*"pip --version"*) ;;
*"pip install"*) echo "$@" >> "{checkout}/calls.txt"; exit {pip_status} ;;
*) exec "{sys.executable}" "$@" ;;
esac
"""
    )
    python.chmod(0o755)
    return checkout / "calls.txt"


def test_a_missing_venv_module_is_answered_by_one_sentence_that_names_the_package(checkout: Path) -> None:
    no_ensurepip = with_module(checkout, "ensurepip", "raise ImportError")
    answer = make(checkout, "test", f"PYTHON={sys.executable}", **no_ensurepip)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert answer.returncode != 0
    assert f"sudo apt install python{version}-venv" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_python_that_is_too_old_is_answered_by_one_sentence_that_names_it(checkout: Path) -> None:
    old = with_module(checkout, "sitecustomize", "import sys; sys.version_info = (3, 10, 4, 'final', 0)")
    answer = make(checkout, "test", f"PYTHON={sys.executable}", **old)
    assert answer.returncode != 0
    assert "needs Python 3.11 or newer and found 3.10" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_no_python_at_all_is_answered_by_one_sentence(checkout: Path) -> None:
    answer = make(checkout, "test", "PYTHON=no-such-python")
    assert answer.returncode != 0
    assert "needs Python 3.11 or newer and found none" in answer.stderr


def test_the_first_python_that_can_make_environments_is_taken(checkout: Path) -> None:
    answer = make(checkout, "environment", f"PYTHON=no-such-python {sys.executable} no-such-python-either")
    assert answer.returncode == 0, answer.stderr
    assert (checkout / ".venv" / "bin" / "python").exists()


def test_an_install_that_failed_is_tried_again(checkout: Path) -> None:
    calls = fake_environment(checkout, pip_status=1)
    assert make(checkout, "install").returncode != 0
    assert make(checkout, "install").returncode != 0
    assert len(calls.read_text().splitlines()) == 2


def test_a_second_run_installs_nothing(checkout: Path) -> None:
    calls = fake_environment(checkout, pip_status=0)
    assert make(checkout, "install").returncode == 0
    assert make(checkout, "install").returncode == 0
    assert len(calls.read_text().splitlines()) == 1


def test_a_changed_project_file_is_installed_again(checkout: Path) -> None:
    calls = fake_environment(checkout, pip_status=0)
    make(checkout, "install")
    with (checkout / "pyproject.toml").open("a") as project:
        project.write("# another line\n")
    make(checkout, "install")
    assert len(calls.read_text().splitlines()) == 2


def test_an_environment_that_lost_its_python_is_installed_again(checkout: Path) -> None:
    fake_environment(checkout, pip_status=0)
    make(checkout, "install")
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(checkout / "a-python-that-was-removed")
    make(checkout, "install", f"PYTHON={sys.executable}", PIP_NO_INDEX="1")  # stops at the packages
    assert python.resolve() == Path(sys.executable).resolve()


def test_another_index_serves_torch_and_torchvision_together(checkout: Path) -> None:
    calls = fake_environment(checkout, pip_status=0)
    make(checkout, "install", "TORCH_INDEX=https://example.org/cpu")
    first, second = calls.read_text().splitlines()
    assert first.endswith("--index-url https://example.org/cpu torch torchvision")
    assert "--index-url" not in second


def test_arguments_reach_the_command(checkout: Path) -> None:
    fake_environment(checkout, pip_status=0)
    answer = make(checkout, "test", "ARGS=--version")
    assert "pytest" in answer.stdout.splitlines()[-1]
