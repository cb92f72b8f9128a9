"""What a notebook or a script defines, without what it does: the statements that given names depend on.

A lesson trains, plots and prints; a grader wants its `Net` and its `recipe`. Only the statements that these need are
run: imports, functions, classes, assignments, and calls of methods on what they need.
"""

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class Definitions:
    """Source of the statements that the names need, in order; and what could not be read, a sentence each."""

    source: str
    problems: tuple[str, ...] = ()


def definitions(cells: list[str], names: set[str]) -> Definitions:
    """The part of a notebook's code cells (or of one script) that `names` depend on."""
    statements, problems = [], []
    for number, cell in enumerate(cells, start=1):
        try:
            statements += ast.parse(_without_magics(cell)).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            problems.append(f"code cell {number}{line} is not Python: {getattr(error, 'msg', error)}")
    needed, chosen = set(names), set()
    while True:
        more = {
            i for i, statement in enumerate(statements) if i not in chosen and _touches(statement, needed)
        }  # fmt: skip
        if not more:
            break
        chosen |= more
        for i in more:
            needed |= _used(statements[i])
    source = "\n\n".join(ast.unparse(statements[i]) for i in sorted(chosen))
    return Definitions(source, tuple(problems))


def _without_magics(cell: str) -> str:
    """IPython's own lines (%magic, !shell, help?) are no part of a definition."""
    if cell.lstrip().startswith("%%"):
        return ""
    kept = []
    for line in cell.splitlines():
        bare = line.strip()
        magic = bare.startswith(("%", "!")) or (bare.endswith("?") and "#" not in bare and " " not in bare)
        kept.append(line[: len(line) - len(line.lstrip())] + "pass" if magic else line)
    return "\n".join(kept)


def _touches(statement: ast.stmt, needed: set[str]) -> bool:
    """Whether a statement defines or changes one of the names."""
    if isinstance(statement, ast.ImportFrom) and any(alias.name == "*" for alias in statement.names):
        return True
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return True
    if isinstance(statement, ast.Expr):
        call = statement.value
        if not isinstance(call, ast.Call):
            return False
        if isinstance(call.func, ast.Name) and call.func.id == "setattr" and call.args:
            return _base(call.args[0]) in needed
        return isinstance(call.func, ast.Attribute) and _base(call.func) in needed
    return bool(_bound(statement) & needed)


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    bound: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            bound.add(_base(node))
    return bound


def _used(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _base(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
