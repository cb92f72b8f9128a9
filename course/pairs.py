"""Lessons are scripts; the notebooks beside them are derived, and must say the same."""

import hashlib
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

LESSONS = Path(__file__).parent / "lessons"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def scripts(folder: Path = LESSONS) -> list[Path]:
    """The lessons' scripts, in order."""
    return sorted(folder.glob("[0-9][0-9]_*.py"))


def as_notebook(script: Path) -> NotebookNode:
    """The notebook of a script; cell ids follow from grade ids and contents, so that the same script gives the same file."""
    notebook = jupytext.read(script, fmt="py:percent")
    seen: set[str] = set()
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id") or _digest(cell)
        while name in seen:  # two cells with the same text
            name = f"{name}-2"
        seen.add(name)
        cell["id"] = name
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def as_text(notebook: NotebookNode) -> str:
    """A notebook file's contents."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT) + "\n"


def write_notebooks(folder: Path = LESSONS) -> list[Path]:
    """Derive every lesson's notebook from its script; returns those that changed."""
    changed = []
    for script in scripts(folder):
        path, text = script.with_suffix(".ipynb"), as_text(as_notebook(script))
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def out_of_step(folder: Path = LESSONS) -> list[str]:
    """A sentence for each pair whose contents differ, and for each file without a partner."""
    problems = []
    for script in scripts(folder):
        path = script.with_suffix(".ipynb")
        if not path.exists():
            problems.append(f"{script.name} has no notebook beside it: python -m course pairs makes it")
        elif _contents(nbformat.read(path, as_version=4)) != _contents(as_notebook(script)):
            problems.append(
                f"{path.name} does not say what {script.name} says: python -m course pairs brings them in step"
            )
    for path in sorted(folder.glob("*.ipynb")):
        if not path.with_suffix(".py").exists():
            problems.append(f"{path.name} has no script beside it")
    return problems


def _contents(notebook: NotebookNode) -> list[tuple]:
    return [
        (cell.cell_type, cell.source, cell.metadata.get("nbgrader"), cell.get("outputs") or None, cell.id)
        for cell in notebook.cells
    ]


def _digest(cell: NotebookNode) -> str:
    return hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
