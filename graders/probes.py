"""Questions that are put to learner code, in the process that runs it: in the sandbox, or in the learner's notebook.

A probe turns what the code defines into plain data. It decides nothing: judges, elsewhere, look at the data.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

NOT_ATTEMPTED, FAILED = "not attempted", "failed"


def probe_network(defined: dict, request: dict) -> dict:
    """The graph of `Net`, and two numbers for each of its fresh tensors."""
    import torch

    from course.trace import trace_with_weights

    network = _defined(defined, "Net")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        graph, weights = trace_with_weights(network)
    initial = {
        name: [tensor.double().mean().item(), tensor.double().std(correction=0).item()]
        for name, tensor in weights.items()
    }
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
    except NotImplementedError:
        return {"state": NOT_ATTEMPTED, "message": "nothing is written here yet"}
    except _Missing as error:
        return {"state": NOT_ATTEMPTED, "message": f"there is no {error.args[0]} yet"}
    except CourseError as error:
        return {"state": FAILED, "message": str(error), "kind": error.kind}
    except MemoryError:
        return {"state": FAILED, "message": "the code ran out of memory", "kind": "sandbox"}
    except Exception as error:
        text = " ".join(str(error).split())[:300]
        return {"state": FAILED, "message": f"{type(error).__name__}: {text}", "kind": "code"}


class _Missing(Exception):
    pass


def _defined(defined: dict, name: str):
    if name not in defined or defined[name] is ...:
        raise _Missing(name)
    return defined[name]


def _run(source: str) -> tuple[dict, list[str]]:
    """Run statement by statement, so that one failure leaves the rest; returns the names and the failures."""
    import ast

    defined: dict = {"__name__": "submission"}
    failures = []
    for statement in ast.parse(source).body:
        try:
            code = compile(ast.Module([statement], []), "submission", "exec")
            exec(code, defined)  # the learner's code, in the sandbox's own process
        except NotImplementedError:
            continue  # a scaffold that nobody has filled in
        except Exception as error:
            text = " ".join(str(error).split())[:300]
            failures.append(f"line {statement.lineno}: {type(error).__name__}: {text}")
    return defined, failures


def main(task: str, result: str) -> None:
    """The sandbox's side: run the code of a task file, and write every probe's answer to a result file."""
    import linecache
    import types

    request = json.loads(Path(task).read_text())
    source = request.pop("source")
    linecache.cache["submission"] = (len(source), None, source.splitlines(keepends=True), "submission")
    sys.modules["submission"] = types.ModuleType("submission")  # for code that asks for its own module
    defined, failures = _run(source)
    sys.modules["submission"].__dict__.update(defined)
    answers = {name: ask(name, defined, request) for name in request["probes"]}
    Path(result).write_text(json.dumps({"answers": answers, "failures": failures[:20]}, allow_nan=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
