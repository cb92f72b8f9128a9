"""What one statement reads, binds and changes, found without running it."""

import ast
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

CHANGING = frozenset(  # methods of Python's containers that change them
    """append extend insert add update setdefault pop popitem remove discard clear sort reverse appendleft
    extendleft""".split()
)
COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp", "genexpr")  # they run at once, unlike the other inner scopes
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Statement:
    """A statement of a module: names that it reads now, or later when its functions are called; binds; or changes.

    `surely_binds` are names that have a new value afterwards whatever happened; `binds` includes those that may.
    """

    node: ast.stmt
    reads: frozenset[str]
    reads_later: frozenset[str]
    binds: frozenset[str]
    surely_binds: frozenset[str]
    changes: frozenset[str]


def read_statement(node: ast.stmt) -> Statement:
    """A statement by its own text; RecursionError where it is nested too deeply."""
    now, later = _names_read(ast.unparse(node))
    binds = frozenset(_bound(node))
    return Statement(node, now, later, binds, binds if _is_simple(node) else frozenset(), frozenset(_changed(node)))


def base(node: ast.AST | None) -> str:
    """The variable that `layers[0].width` is a part of: layers; empty where it is a part of no variable."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def aliases(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Pairs of names that may share a value, so that changing the first changes the second.

    (b, a) and (a, b) in `b = a["block"]`; (b, a) in `for b in a.values()`.
    """
    if isinstance(node, ast.Assign):
        pairs = [(target.id, base(node.value)) for target in node.targets if isinstance(target, ast.Name)]
        yield from pairs + [(a, b) for b, a in pairs]
    for loop in own_nodes(node):
        if isinstance(loop, ast.For):
            sources = {name.id for name in ast.walk(loop.iter) if isinstance(name, ast.Name)}
            targets = {name.id for name in ast.walk(loop.target) if isinstance(name, ast.Name)}
            yield from ((target, source) for target in targets for source in sources)


def calls(node: ast.stmt) -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """The functions that a statement calls itself: name, and the variables among its arguments."""
    for child in own_nodes(node):
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name):
            keywords = {keyword.arg: base(keyword.value) for keyword in child.keywords if keyword.arg}
            yield child.func.id, [base(argument) for argument in child.args], keywords
    for decorator in getattr(node, "decorator_list", []):
        if isinstance(decorator, ast.Name):
            yield decorator.id, [], {}


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """A statement's nodes without the bodies of the functions and classes in it, and a comprehension's own variables."""
    yield node
    skipped = "body" if isinstance(node, FUNCTIONS | ast.ClassDef | ast.Lambda) else ""
    skipped = "target" if isinstance(node, ast.comprehension) else skipped
    for field, value in ast.iter_fields(node):
        if field == skipped:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from own_nodes(child)


def changed_by_calling(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[list[str], set[str]]:
    """A function's parameters in order, and the names, parameters or globals, that its body changes."""
    settings = function.args
    parameters = [a.arg for a in (*settings.posonlyargs, *settings.args, *settings.kwonlyargs)]
    declared = {name for child in ast.walk(function) if isinstance(child, ast.Global) for name in child.names}
    bound = {name for child in function.body for name in _bound(child)}
    changed = {name for child in function.body for name in _changed(child)}
    return parameters, (bound & declared) | {n for n in changed if n in parameters or n in declared or n not in bound}


def _names_read(text: str) -> tuple[frozenset[str], frozenset[str]]:
    now: set[str] = set()
    later: set[str] = set()

    def visit(table: symtable.SymbolTable, names: set[str]):
        if table.get_type() == "function" and table.get_name() not in COMPREHENSIONS:
            names = later
        top = table.get_type() == "module"
        names |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())}
        for inner in table.get_children():
            visit(inner, names)

    visit(symtable.symtable(text, "submission", "exec"), now)
    return frozenset(now), frozenset(later)


def _is_simple(node: ast.stmt) -> bool:
    """Whether the statement binds whatever happens: no branch, no loop, no `with` that may swallow an error."""
    definition = isinstance(node, FUNCTIONS | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign)
    return definition or (isinstance(node, ast.AnnAssign) and node.value is not None)


def _bound(node: ast.stmt) -> Iterator[str]:
    for child in own_nodes(node):
        match child:
            case ast.Import() | ast.ImportFrom():
                yield from ((alias.asname or alias.name).partition(".")[0] for alias in child.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.ExceptHandler():
                yield child.name or ""
            case ast.Name(ctx=ast.Store()):  # what is deleted afterwards was there when it was needed
                yield child.id


def _changed(node: ast.stmt) -> Iterator[str]:
    """Names whose value is changed in place: by a part that is set or deleted, by a method, by setattr."""
    for child in own_nodes(node):
        match child:
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                yield base(child)
            case ast.AugAssign():
                yield base(child.target)
            case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):  # called for what it does
                yield base(method)
            case ast.Call(func=ast.Attribute(attr=name) as method) if name in CHANGING or name.endswith("_"):
                yield base(method)
            case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[first, *_]):
                yield base(first)
            case ast.FunctionDef(decorator_list=[*decorators]) | ast.ClassDef(decorator_list=[*decorators]):
                yield from (base(d.func) for d in decorators if isinstance(d, ast.Call))  # @BLOCKS.register("conv")
