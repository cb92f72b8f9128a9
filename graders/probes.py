"""Questions that are put to learner code, in the process that runs it: in the sandbox, or in the learner's notebook.

A probe turns what the code defines into plain data. It decides nothing: judges, elsewhere, look at the data.
"""

import __future__

import ast
import json
import linecache
import math
import sys
import types
from collections.abc import Callable
from pathlib import Path

from course.errors import is_unwritten, one_line

NOT_ATTEMPTED, FAILED = "not attempted", "failed"
UNWRITTEN = "nothing is written here yet: `raise NotImplementedError` still stands where your code belongs"


def probe_network(defined: dict, request: dict) -> dict:
    """The graph of `Net`, and two numbers for each of its fresh tensors."""
    import torch

    from course.errors import GraphError
    from course.submission import fresh_statistics
    from course.trace import trace_half_built

    network = _defined(defined, "Net")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        graph, weights = trace_half_built(network)  # judges look at its output
    initial = fresh_statistics(weights)
    for name, two in initial.items():
        if not all(map(math.isfinite, two)):
            raise GraphError(f"the fresh tensor {name} is empty, or holds NaN or infinity; give it numbers in __init__")
    return {"graph": graph.to_json(), "initial": initial}


def probe_recipe(defined: dict, request: dict) -> dict:
    """The recipe named `recipe`."""
    from course.errors import RecipeError
    from course.recipe import Recipe

    recipe = _defined(defined, "recipe")
    if not isinstance(recipe, Recipe):
        raise RecipeError(f"recipe should be a Recipe(epochs=…, …), saw {type(recipe).__name__}")
    return {"recipe": recipe.to_json()}


PROBES: dict[str, Callable[[dict, dict], dict]] = {"network": probe_network, "recipe": probe_recipe}


def ask(probe: str, defined: dict, request: dict | None = None) -> dict:
    """One probe's answer; what goes wrong becomes {"state": "not attempted" | "failed", "message": …}."""
    from course.errors import CourseError

    try:
        if probe in PROBES:
            return PROBES[probe](defined, request or {})
        from graders.answers import ASK

        name, question = ASK[probe]
        return question(_defined(defined, name), (request or {})["seed"])
    except _Missing as error:
        return {"state": NOT_ATTEMPTED, "message": f"there is no {error.args[0]} yet"}
    except CourseError as error:
        return {"state": FAILED, "message": str(error), "kind": error.kind}
    except MemoryError:
        return {"state": FAILED, "message": "the code ran out of memory", "kind": "sandbox"}
    except (Exception, SystemExit) as error:
        if is_unwritten(error):
            return {"state": NOT_ATTEMPTED, "message": UNWRITTEN}
        return {"state": FAILED, "message": f"{type(error).__name__}: {one_line(error)}", "kind": "code"}


class _Missing(Exception):
    pass


def _defined(defined: dict, name: str):
    if name not in defined or defined[name] is ...:
        raise _Missing(name)
    return defined[name]


def run_statements(source: str) -> tuple[dict, list[str]]:
    """Run statement by statement, so that one failure leaves the rest; returns the names and the failures."""
    module = types.ModuleType("submission")
    sys.modules["submission"] = module  # for code that asks for its own module, as dataclasses do
    module.__dict__["__file__"] = "submission"
    linecache.cache["submission"] = (len(source), None, source.splitlines(keepends=True), "submission")
    failures = []
    flags = 0
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            flags |= sum(getattr(__future__, alias.name).compiler_flag for alias in statement.names)
        try:
            code = compile(ast.Module([statement], []), "submission", "exec", flags, dont_inherit=True)
            exec(code, module.__dict__)  # the learner's code, in the sandbox's own process
        except (Exception, SystemExit) as error:
            if is_unwritten(error):
                continue  # a scaffold that nobody has filled in
            advice = "; the grader has this file and the course's packages: put what is needed into it, leave out other imports"
            advice = advice if isinstance(error, ModuleNotFoundError) else ""
            begins = ast.unparse(statement).splitlines()[0][:80]
            failures.append(f"`{begins}` gave {type(error).__name__}: {one_line(error)}{advice}")
    return module.__dict__, failures


def main(task: str, result: str) -> None:
    """The sandbox's side: run the code of a task file, and write every probe's answer to a result file."""
    Path(result).write_text(json.dumps(answer(json.loads(Path(task).read_text())), allow_nan=False))


def answer(request: dict) -> dict:
    """Run the source of a request, and give every probe's answer."""
    sys.argv = ["submission"]  # for code that reads its command line: the defaults count
    defined, failures = run_statements(request.pop("source"))
    answers = {name: ask(name, defined, request) for name in request["probes"]}
    return {"answers": answers, "failures": failures[:20]}


if __name__ == "__main__":
    main(*sys.argv[1:])
