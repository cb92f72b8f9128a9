"""The reference solution as one more learner: the released notebook, its answers filled in from the module."""

import ast
import inspect
from pathlib import Path
from types import ModuleType

import nbformat
from nbformat import NotebookNode

from course.errors import CourseError
from solutions.modules import solution


def fill(release: Path, number: int) -> NotebookNode:
    """The notebook at `release` with every answer cell answered by the definition of its name in the solution's module."""
    notebook = nbformat.read(release, as_version=4)
    module = solution(number)
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution"):
            cell.source = answer(module, about["grade_id"])
    return notebook


def answer(module: ModuleType, name: str) -> str:
    """The source of a definition: a class, a function, an assignment; or the text of a written answer."""
    if not hasattr(module, name):
        raise CourseError(f"{module.__name__} does not define {name}, which a lesson asks for")
    value = getattr(module, name)
    if isinstance(value, str):
        return value.strip()
    if inspect.isclass(value) or inspect.isfunction(value):
        return inspect.getsource(value).strip()
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            return str(ast.get_source_segment(source, node))
    raise CourseError(f"{module.__name__} defines {name} in a way that fill() does not know")
