"""What a notebook or a script defines, without what it does: the statements that given names depend on.

A lesson trains, plots and prints; a grader wants its `Net` and its `recipe`. Only the statements that these need are
run: those that bind the names, those that change the values (`LAYERS.append(8)`, `Net.forward = forward`), and so on for
every name that these read. Calls of a module's functions (`torch.save(…)`) are what a script does, not what it defines.
"""

import ast
import re
import warnings
from dataclasses import dataclass, replace

from graders.statements import Statement, aliases, base, calls, changed_by_calling, own_nodes, read_statement

MOST_STATEMENTS = 3_000  # outside functions and classes; a lesson has 200, and what depends on what takes their square
PYTHON_CELLS = ("%%time", "%%timeit", "%%capture", "%%prun")  # magics with Python below them
PYTHON_LINES = r"%(time|timeit|prun)\s+(?!-)"  # and with Python behind them


@dataclass(frozen=True)
class Definitions:
    """Source of the statements that the names need, in order; and what could not be read, a sentence each."""

    source: str
    problems: tuple[str, ...] = ()


def definitions(cells: list[str], names: set[str]) -> Definitions:
    """The part of a notebook's code cells (or of one script) that `names` depend on; the last definition counts."""
    statements: list[Statement] = []
    problems = []
    for number, cell in enumerate(cells, start=1):
        try:
            statements += [read_statement(node) for node in _parse(cell)]
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            place = [f"code cell {number}"] if len(cells) > 1 else []
            place += [f"line {error.lineno}"] if isinstance(error, SyntaxError) and error.lineno else []
            problems.append(
                f"{', '.join(place) or 'the code'} is not Python: {getattr(error, 'msg', error) or 'too deeply nested'}"
            )
            statements += [read_statement(node) for node in _unwritten(cell, names)]
    if len(statements) > MOST_STATEMENTS:
        said = f"the code has {len(statements):,} statements, the most that is read is {MOST_STATEMENTS:,}"
        return Definitions("", (f"{said}; hand in what defines the network, without the rest",))
    chosen = _needed(_with_far_effects(statements), names)
    source = "\n\n".join(ast.unparse(statements[i].node) for i in sorted(chosen))
    return Definitions(source, tuple(problems))


def _parse(cell: str) -> list[ast.stmt]:
    """The statements of a cell; those behind `if __name__ == "__main__":` are statements like the others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in the learner's string is no matter of ours
        try:
            statements = ast.parse(cell).body
        except SyntaxError:
            statements = ast.parse(without_magics(cell)).body
    inner = [
        one for node in statements for one in (node.body if isinstance(node, ast.If) and _is_main(node) else [node])
    ]
    return [one for node in inner for one in _one_by_one(node)]


def _one_by_one(node: ast.stmt) -> list[ast.stmt]:
    """`import torch, seaborn` as two statements, so that one package that is missing does not take the other with it."""
    if isinstance(node, ast.Import):
        return [ast.copy_location(ast.Import([alias]), node) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [ast.copy_location(ast.ImportFrom(node.module, [alias], node.level), node) for alias in node.names]
    return [node]


def _is_main(node: ast.If) -> bool:
    return ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__")


def _unwritten(cell: str, names: set[str]) -> list[ast.stmt]:
    """`Net = ...` for a name that a broken cell would define: an earlier definition is not what the learner meant."""
    broken = [n for n in sorted(names) if re.search(rf"^[ \t]*((class|def)[ \t]+{n}\b|{n}[ \t]*(:.*)?=(?!=))", cell, re.M)]
    return ast.parse("\n".join(f"{name} = ..." for name in broken)).body


def without_magics(cell: str) -> str:
    """IPython's own lines (%magic, !shell, help?) are no part of a definition."""
    if cell.lstrip().startswith("%%"):
        first, _, rest = cell.lstrip().partition("\n")
        return without_magics(rest) if first.split()[0] in PYTHON_CELLS else ""
    kept = []
    for line in cell.replace("\r\n", "\n").split("\n"):
        bare = line.strip()
        indent = line[: len(line) - len(line.lstrip())]
        if re.match(PYTHON_LINES, bare):
            line = indent + re.sub(PYTHON_LINES, "", bare, count=1)
        elif bare.startswith(("%", "!", "?")) or re.fullmatch(r"[\w.]+\?{1,2}", bare):
            line = indent + "pass"
        elif shell := re.match(r"([\w, ]+=)\s*[!%]", bare):
            line = f"{indent}{shell[1]} None"
        kept.append(line)
    return "\n".join(kept)


def _needed(statements: list[Statement], names: set[str]) -> set[int]:
    """Numbers of the statements that the final values of the names depend on.

    A name is asked for as it is before some statement, or at the end. What a function reads, it reads when it is
    called: where the function is asked for, or at the end.
    """
    modules = _modules(statements)
    wanted = [(name, len(statements)) for name in names]
    seen, chosen = set(wanted), set()
    while wanted:
        name, before = wanted.pop()
        for i in reversed(range(before)):
            statement = statements[i]
            if not (name in statement.binds or _changes(statement, name, modules)):
                continue
            chosen.add(i)
            more = {(read, i) for read in statement.reads}
            more |= {(read, place) for read in statement.reads_later for place in (before, len(statements))}
            wanted += more - seen
            seen |= more
            if name in statement.surely_binds:
                break
    stars = {i for i, statement in enumerate(statements) if "*" in statement.binds or _is_future(statement.node)}
    return chosen | stars


def _modules(statements: list[Statement]) -> set[str]:
    """Names of imported modules, as far as their spelling shows it: `import torch`, `from torch.nn import functional as F`."""
    found = set()
    for statement in statements:
        for node in own_nodes(statement.node):
            if isinstance(node, ast.Import):
                found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {alias.asname or alias.name for alias in node.names if alias.name.islower()}
    return found


def _changes(statement: Statement, name: str, modules: set[str]) -> bool:
    if name not in statement.changes:
        return False
    match statement.node:
        case _ if name not in modules:
            return True
        case ast.Assign(targets=targets):
            return name in map(base, targets)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=function))):
            return function.startswith("set_")  # torch.set_default_dtype
    return False


def _with_far_effects(statements: list[Statement]) -> list[Statement]:
    """The statements, where what one changes through another name or through a function is among its changes."""
    functions: dict[str, tuple[list[str], set[str]]] = {}
    shared: dict[str, set[str]] = {}
    told = []
    for statement in statements:
        changes = set(statement.changes)
        for name, other in aliases(statement.node):
            shared.setdefault(name, set()).add(other)
        for function, arguments, keywords in calls(statement.node):
            parameters, changed = functions.get(function, ([], set()))
            given = dict(zip(parameters, arguments, strict=False)) | keywords
            changes |= {given.get(name, "") if name in parameters else name for name in changed}
        changes |= set().union(*(shared.get(name, ()) for name in changes if name))
        told.append(replace(statement, changes=frozenset(changes)))
        if isinstance(statement.node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions[statement.node.name] = changed_by_calling(statement.node)
    return told


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
