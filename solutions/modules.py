"""The answers: their modules, networks, recipes, and where their trained weights are."""

import importlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

from course import Graph, Recipe
from course.iterations import Iteration, lesson

RESULTS = Path(__file__).parent / "results"
CAPSTONE = 11
WITH_WEIGHTS = range(2, 12)  # iteration 1's 6.4 million weights take 26 MB and stay out of the repository


def solution(number: int) -> ModuleType:
    """The module `solutions.iteration_NN`, or that of the capstone's answer."""
    return importlib.import_module(f"solutions.{'fast' if number == CAPSTONE else f'iteration_{number:02}'}")


def recipe_of(number: int, seed: int, epochs: int | None = None) -> Recipe:
    """The solution's recipe with a seed, and with so many epochs instead of its own."""
    recipe = solution(number).recipe
    return replace(recipe, seed=seed, epochs=epochs or recipe.epochs)


def graph_of(number: int) -> Graph:
    """The solution's network as it is now."""
    return _traced(solution(number).Net)


def parameters_fault(number: int, parameters: int) -> str | None:
    """A sentence where this is not an iteration's documented number of parameters; the capstone has none to hold it against."""
    facts = lesson(number)
    if not isinstance(facts, Iteration) or parameters == facts.documented.parameters:
        return None
    return f"{parameters:,} parameters, documented {facts.documented.parameters:,}"


@cache
def _traced(network: type) -> Graph:
    return Graph.trace(network)


def weights_path(number: int) -> Path:
    """The committed submission of a lesson."""
    return RESULTS / "weights" / f"{lesson(number).slug}.safetensors"
