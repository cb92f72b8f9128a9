"""The repository as a stranger finds it: nothing is there that should not be, and the README is true."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = re.findall(r"```sh\n(.*?)```", README, re.S) + re.findall(r"`([^`\n]+)`", README)


def in_readme(pattern: str) -> list[str]:
    """What the pattern's group captures in the README's code, inline or fenced."""
    return sorted({found for code in CODE for found in re.findall(pattern, code)})


def names(files: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in files]


def test_no_mnist_file_is_committed(committed_files: list[Path]) -> None:
    """Told by content: an idx file begins with two zeros, 8 (bytes) and 1 or 3 (axes), gzip with its own."""
    magic = (b"\0\0\x08\x01", b"\0\0\x08\x03", b"\x1f\x8b")
    assert names([path for path in committed_files if path.read_bytes().startswith(magic)]) == []


def test_no_pickle_is_committed(committed_files: list[Path]) -> None:
    suffixes = {".pt", ".pth", ".pkl", ".pickle"}
    assert names([path for path in committed_files if path.suffix in suffixes]) == []


def test_no_machine_path_is_committed(committed_files: list[Path]) -> None:
    machine = re.compile(rb"/(?:root|home/\w+|Users/\w+)/|" + re.escape(str(ROOT)).encode() + rb"\b")
    assert names([path for path in committed_files if machine.search(path.read_bytes())]) == []


def test_only_ci_knows_of_a_folder_beside_the_checkout(committed_files: list[Path]) -> None:
    beside = b"../" + b"shared"
    assert names([path for path in committed_files if beside in path.read_bytes()]) == [".ci/run"]


@pytest.mark.parametrize("target", in_readme(r"\bmake ([a-z][a-z-]*)"))
def test_make_knows_the_target(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)


@pytest.mark.parametrize("command", in_readme(r"python -m ((?:course|graders|solutions) \w+)"))
def test_python_knows_the_command(command: str) -> None:
    package, name = command.split()
    answer = subprocess.run([sys.executable, "-m", package, name, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert f"{package} {name}" in answer.stdout


@pytest.mark.parametrize("path", in_readme(r"^((?:course|graders|solutions|tests|\.ci)/[\w./]*)"))
def test_the_path_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_ci_runs_the_readmes_test_command_and_then_the_slow_tests() -> None:
    parts = re.findall(r"^part (.*)$", (ROOT / ".ci" / "run").read_text(), re.M)
    assert parts == ["make lint", "make test", "make test-slow"]
    assert "test" in in_readme(r"^make \w+ +#.*\nmake (\w+) ")


def test_ci_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
