"""The documentation is true: its commands run, in their order, in a copy of the checkout; what it names is there."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import yaml

from course.__main__ import parser as course_parser
from course.data import FILES, cache_folder, original_files
from course.pairs import LESSONS
from graders.__main__ import parser as graders_parser
from solutions.__main__ import parser as solutions_parser
from solutions.fill import fill
from solutions.modules import weights_path

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "README.md"])
PARSERS = {"course": course_parser, "graders": graders_parser, "solutions": solutions_parser}
SLUG = "08_final_model"

NOT_RUN = {  # how a line begins, and why it isn't run
    "make ": "installs gigabytes first; tests/test_makefile.py asks what make does",
    ".ci/run": "runs all tests, this one among them",
    "MNIST_DIR=/path/to/mnist": "runs all tests, this one among them",
    "source ": "the environment of the tests is active already",
    "python3 -m venv": "the environment of the tests is active already",
    "python -m pip install": "the packages are installed already",
    "python -m pip wheel --wheel-dir carry": "downloads gigabytes",
    "python -m solutions verify": "takes most of a minute; tests/test_verify.py asks the same",
    "python -m solutions reproduce": "trains on all of MNIST",
    "nbgrader autograde 08_final_model --force": "grades the whole class a second time; tests/test_class.py asks that of a class",
    "python -m graders check submitted/ada/08_final_model/08_final_model.safetensors --retrain": "trains for half an hour",
}
INSTEAD = {  # what would wait for a person, or take ten minutes
    "python -m course check": "python -m course check --lessons 3",
    "python -m course lab": "python -c \"from course.lab import prepare; prepare('workspace')\" && cp learner/* workspace/",
}
BEFORE = {  # what others have done by then: here, a learner who fetches and hands in what was released, unsolved
    "nbgrader collect": (
        "(mkdir ../bob && cd ../bob && nbgrader fetch_assignment 08_final_model --course mnist --Exchange.root=../exchange"
        " && nbgrader submit 08_final_model --course mnist --Exchange.root=../exchange)"
    ),
    "python -m graders leaderboard": (
        "mkdir -p submitted/ada/11_capstone"
        " && cp ../inbox/ada/08_final_model.safetensors submitted/ada/11_capstone/11_capstone.safetensors"
    ),
}
FAILS = {"python -m graders check net.py --json": 1}  # exit statuses that are right: it has no weights yet


def blocks(page: Path, *languages: str) -> list[str]:
    """The fenced blocks of a page in these languages."""
    found = re.findall(r"^```(\w+)\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    return [code for language, code in found if language in languages]


def code(page: Path) -> list[str]:
    """All code of a page, fenced or within a line."""
    text = page.read_text(encoding="utf-8")
    return [*blocks(page, "sh", "powershell", "yaml"), *re.findall(r"`([^`\n]+)`", text)]


def rule(table: dict, line: str):
    return next((table[beginning] for beginning in table if line.startswith(beginning)), None)


def script(page: Path) -> Iterator[str]:
    """The lines of a page's shell commands, as the test runs them."""
    for line in "".join(blocks(page, "sh")).splitlines():
        if rule(NOT_RUN, line):
            continue
        before, instead, status = rule(BEFORE, line), rule(INSTEAD, line), rule(FAILS, line)
        if before:
            yield before
        yield instead or (f"{line} || test $? -eq {status}" if status else line)


@pytest.fixture
def checkout(tmp_path: Path, committed_files: list[Path]) -> Path:
    """A copy of the checkout, with what the pages take for granted: a learner's files, and in ci.md the script net.py."""
    folder = tmp_path / "checkout"
    for path in committed_files:
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for home in ("learner", "inbox/ada"):
        (folder / home).mkdir(parents=True)
        nbformat.write(fill(LESSONS / f"{SLUG}.ipynb", 8), folder / home / f"{SLUG}.ipynb")
        shutil.copy(weights_path(8), folder / home)
    (folder / "net.py").write_text(next(iter(blocks(ROOT / "docs" / "ci.md", "python"))))
    return folder


@pytest.fixture
def cache(mnist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST as a download leaves it, whatever folder names it on this machine."""
    content = original_files(download=False)
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache_folder().mkdir(parents=True)
    for (name, _), zipped in zip(FILES, content, strict=True):
        (cache_folder() / name).write_bytes(zipped)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name == "docs"], ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_in_their_order(
    page: Path, checkout: Path, cache: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(checkout))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    lines = list(script(page))
    answer = subprocess.run(
        ["bash", "-euvc", "\n".join(lines)], cwd=checkout, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr[-3000:]
    assert "Traceback" not in answer.stderr


def test_every_exception_is_made_use_of() -> None:
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    for table in (NOT_RUN, INSTEAD, BEFORE, FAILS):
        assert [beginning for beginning in table if not any(line.startswith(beginning) for line in lines)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_ours_is_one(page: Path) -> None:
    for package, command in {
        pair for text in code(page) for pair in re.findall(r"python -m (course|graders|solutions) ([a-z]\w*)", text)
    }:
        commands = next(action.choices for action in PARSERS[package]()._actions if action.dest == "command")
        assert command in commands, f"python -m {package} {command}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_target_of_make_is_one(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for targets in (found for text in code(page) for found in re.findall(r"^(?:.* )?make ([a-z][a-z -]*)", text, re.M)):
        for target in targets.split():
            assert re.search(rf"^{target}:", makefile, re.M), f"make {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = {
        text for text in code(page) if re.fullmatch(r"(course|graders|solutions|tests|docs|\.github)/[\w./]*", text)
    }
    assert [
        path
        for path in sorted(named)
        if "NN" not in path and not (ROOT / path).exists()
    ] == []
    linked = re.findall(r"\]\(((?!http)[^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [path for path in linked if not (page.parent / path).exists()] == []


def test_every_page_is_reached_from_the_readme() -> None:
    linked = re.findall(r"\]\(([^)]+\.md)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {ROOT / path for path in linked} >= set(PAGES) - {ROOT / "README.md"}


def test_the_workflows_call_what_is_there() -> None:
    """Each line that a workflow runs, of ours and of the page's example, is parsed by the command that it calls."""
    texts = [path.read_text() for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
    texts += blocks(ROOT / "docs" / "ci.md", "yaml")
    called = []
    for job in (job for text in texts for job in yaml.safe_load(text)["jobs"].values()):
        for line in (step["run"] for step in job["steps"] if "run" in step):
            ours = re.search(r"python -m (course|graders|solutions) (.*)", re.sub(r"\$\{\{.*?\}\}", "3", line))
            if ours:
                PARSERS[ours[1]]().parse_args(ours[2].split())
                called.append(ours[1])
            elif make := re.match(r"make ([a-z-]+)", line):
                assert re.search(rf"^{make[1]}:", (ROOT / "Makefile").read_text(), re.M), line
                called.append("make")
    assert {"make", "graders", "solutions"} <= set(called)
