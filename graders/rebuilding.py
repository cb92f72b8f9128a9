"""Put a learner's answers into the released notebook."""

import ast
import re

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from graders.definitions import without_magics
from graders.handed_in import Cell

UNDONE = re.compile(r"^(raise NotImplementedError.*|%%.*)$", re.M)  # left in a part that is not the last


def rebuild(release: NotebookNode, cells: list[Cell], notes: list[str]) -> NotebookNode:
    """The release with the learner's answers in its answer cells, and the learner's own cells, plain, where they stood.

    Several cells with one grade id, as splitting a cell leaves them, are put together. Cells of the release that the learner
    deleted come back; plain code cells that the learner changed stay changed, since answers may rest on them.
    """
    answers = {_grade_id(cell): cell for cell in release.cells if _is_answer(cell)}
    fixed = {_grade_id(cell) for cell in release.cells if _grade_id(cell) and not _is_answer(cell)}
    places = {cell.get("id"): i for i, cell in enumerate(release.cells)}
    sources = {cell.source: i for i, cell in enumerate(release.cells)}
    by_name = {_grade_id(cell): i for i, cell in enumerate(release.cells) if _grade_id(cell)}

    parts: dict[str, list[str]] = {}
    changed: dict[int, str] = {}
    extras: dict[int, list[Cell]] = {}
    seen: dict[str, int] = {}
    place, known = -1, {-1}
    for cell in cells:
        name = cell.grade_id
        if name in answers:
            place = by_name[name]
            seen[name] = seen.get(name, 0) + 1
            parts.setdefault(name, []).append(cell.source)
        elif name in fixed:
            place = by_name[name]
            seen[name] = seen.get(name, 0) + 1
        elif _is_plain(release, places.get(cell.id)):
            place = places[cell.id]
            if release.cells[place].cell_type == cell.kind == "code":
                changed[place] = cell.source
        elif _is_plain(release, sources.get(cell.source)):
            place = sources[cell.source]
        else:
            extras.setdefault(place, []).append(cell)
        known.add(place)

    given = {name: _together(sources, answers[name]) for name, sources in parts.items()}
    _adopt(answers, given, extras, notes)
    for name, answer in answers.items():
        if answer.cell_type == "markdown" and given.get(name, answer.source).strip() == answer.source.strip():
            where = by_name[name] if name in given else max(at for at in known if at < by_name[name])
            _adopt_text(name, where, given, extras, notes)
    for name, count in seen.items():
        if count > 1:
            notes.append(f"the cell {name} was there {count} times; what was changed was put together")
    missing = [name for name in by_name if name not in seen and name not in given]
    if missing and cells:
        notes.append(f"cells that were missing were put back: {', '.join(missing)}")
    return _assemble(release, given, changed, extras)


def _together(sources: list[str], released: NotebookNode) -> str:
    """One answer of all that the learner changed, in order: of two definitions the last counts, as in the kernel.

    Of code that makes no sense together, the last part counts.
    """
    changed = [source for source in sources if source.strip() != released.source.strip()]
    *earlier, last = list(dict.fromkeys(reversed(changed)))[::-1] or [released.source]  # of equal ones the last
    if released.cell_type == "code":
        earlier = [UNDONE.sub("", source) for source in earlier]
    whole = "\n".join([*earlier, last])
    return last if released.cell_type == "code" and earlier and _parsed(whole) is None else whole


def _adopt(answers: dict, given: dict[str, str], extras: dict[int, list[Cell]], notes: list[str]) -> None:
    """A lost answer cell is found again where another cell defines its name; a cell's grade id is what it defines."""
    for name in answers:
        if name in given:
            continue
        for place, cells in extras.items():
            found = [cell for cell in cells if cell.kind == "code" and name in _defined(cell.source)]
            if found:
                given[name] = found[-1].source
                extras[place] = [cell for cell in cells if cell is not found[-1]]
                notes.append(f"the answer {name} was found in a cell without its grade id")
                break


def _adopt_text(name: str, where: int, given: dict[str, str], extras: dict[int, list[Cell]], notes: list[str]) -> None:
    """A written answer is what the learner wrote instead of its cell, or below it, where that was left as it was."""
    texts = [cell for cell in extras.get(where, []) if cell.kind == "markdown" and cell.source.strip()]
    if texts:
        notes.append(f"the answer {name} was found in a text {'below its cell' if name in given else 'without its grade id'}")
        given[name] = "\n\n".join(cell.source for cell in texts)
        extras[where] = [cell for cell in extras[where] if cell not in texts]


def _assemble(release: NotebookNode, given: dict, changed: dict, extras: dict) -> NotebookNode:
    cells = [_plain(cell, i) for i, cell in enumerate(extras.get(-1, []))]
    for i, cell in enumerate(release.cells):
        cell.source = given.get(_grade_id(cell), changed.get(i, cell.source))
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        cells.append(cell)
        cells += [_plain(extra, j) for j, extra in enumerate(extras.get(i, []))]
    for i, cell in enumerate(cells):
        if cell.get("id", "").startswith("extra-"):
            cell["id"] = f"extra-{i}"
    release.cells = cells
    release.nbformat, release.nbformat_minor = 4, max(5, release.nbformat_minor)
    return release


def _plain(cell: Cell, index: int) -> NotebookNode:
    node = new_code_cell(cell.source) if cell.kind == "code" else new_markdown_cell(cell.source)
    node["id"] = f"extra-{index}"
    return node


def _is_plain(release: NotebookNode, place: int | None) -> bool:
    return place is not None and not _grade_id(release.cells[place])


def _is_answer(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _grade_id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _parsed(source: str) -> list[ast.stmt] | None:
    try:
        return ast.parse(without_magics(source)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _defined(source: str) -> set[str]:
    body = _parsed(source) or []
    names = {node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    return names | {
        target.id
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
