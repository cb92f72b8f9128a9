"""The code of a notebook or a script that is to be graded, and what its definitions give in the sandbox."""

import io
import json
import tokenize
from collections.abc import Callable
from pathlib import Path

from course.errors import GraphError, RecipeError, SandboxError, SubmissionError, UsageError
from course.iterations import number_of
from graders.definitions import definitions
from graders.missing import explain_missing
from graders.sandbox import NOT_OUR_FORM, Limits, run_probes

LARGEST_SOURCE = 50_000_000  # bytes of a notebook, with its pictures
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin")  # what torch.save is asked to write
MOST_CODE = 500_000  # characters of code: a lesson has 10,000


def code_cells(path: Path) -> list[str]:
    """The code cells of a notebook; a script is one cell."""
    if path.suffix.lower() in PICKLES:
        raise UsageError(
            f"{path.name} is a pickle, and reading one would run whatever code is in it; "
            f'run.save("{path.stem}.safetensors") writes the form that is graded, which holds data only'
        )
    if path.suffix.lower() not in (".py", ".ipynb"):
        raise UsageError(f"expected a .safetensors, .ipynb or .py file, saw {path.name or path}")
    try:
        if not path.is_file():
            raise UsageError(f"there is no file {path}")
        if path.stat().st_size > LARGEST_SOURCE:
            raise UsageError(f"{path.name} has {path.stat().st_size:,} bytes, the most is {LARGEST_SOURCE:,}")
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read ({error.strerror})") from None
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)  # a script may name its own
        text = content.decode(encoding if path.suffix.lower() == ".py" else "utf-8-sig")
    except (UnicodeDecodeError, SyntaxError):
        raise UsageError(f"{path.name} is not text in UTF-8; save it from JupyterLab or an editor again") from None
    cells = [text] if path.suffix.lower() == ".py" else _notebook_cells(path, text)
    if sum(map(len, cells)) > MOST_CODE:
        raise UsageError(f"{path.name} has {sum(map(len, cells)):,} characters of code, the most is {MOST_CODE:,}")
    return cells


def _notebook_cells(path: Path, text: str) -> list[str]:
    try:
        cells = json.loads(text)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"{path.name} is not a notebook ({type(error).__name__}: {str(error)[:200]})") from None


def read_code(
    path: Path, limits: Limits | None = None, meanwhile: Callable[[], object] = lambda: None
) -> tuple[dict, dict]:
    """Run a file's definitions in the sandbox: what it answers of `Net`, and of the recipe, which is the learner's word.

    `meanwhile` is called while the sandbox runs.
    """
    cells = code_cells(path)
    found = definitions(cells, {"Net", "recipe"})
    given = run_probes(found.source, {"probes": ["network", "recipe"]}, limits, meanwhile)
    answers, failures = given.get("answers"), given.get("failures")
    problems = [*found.problems, *(str(f)[:400] for f in (failures if isinstance(failures, list) else []))]
    if number_of(path.stem) == 1 and _is_missing(answers, "recipe"):
        raise SubmissionError(
            f"{path.name}: lesson 1 has no recipe, and no constraints to meet; it is graded by the checks in its notebook"
        )
    return _answer(answers, "network", problems, cells), _answer(answers, "recipe", problems, cells)


def _is_missing(answers, name: str) -> bool:
    answer = answers.get(name) if isinstance(answers, dict) else None
    return isinstance(answer, dict) and answer.get("state") == "not attempted"


def _answer(answers, name: str, problems: list[str], cells: list[str]) -> dict:
    answer = answers.get(name) if isinstance(answers, dict) else None
    if not isinstance(answer, dict):
        raise SandboxError(NOT_OUR_FORM)
    if "state" in answer:
        what = {"network": "Net", "recipe": "recipe"}[name]
        said = str(answer.get("message"))[:600]
        because = f" ({problems[0]})" if problems else ""
        if not problems and said.startswith("there is no"):
            because = f"; {explain_missing(what, cells)}"
        kind = {"network": GraphError, "recipe": RecipeError}[name]
        if answer["state"] == "not attempted":
            kind = SubmissionError
        raise kind(f"{what}: {said}{because}")
    return answer
