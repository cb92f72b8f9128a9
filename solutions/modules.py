"""The ten answers: their modules, networks, recipes, and where their trained weights are."""

import importlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

from course import Graph, Recipe
from course.iterations import iteration

RESULTS = Path(__file__).parent / "results"
WITH_WEIGHTS = range(2, 11)  # iteration 1's 6.4 million weights take 26 MB and stay out of the repository


def solution(number: int) -> ModuleType:
    """The module `solutions.iteration_NN`."""
    return importlib.import_module(f"solutions.iteration_{number:02}")


def recipe_of(number: int, seed: int, epochs: int | None = None) -> Recipe:
    """The solution's recipe with a seed, and with so many epochs instead of its own."""
    recipe = solution(number).recipe
    return replace(recipe, seed=seed, epochs=epochs or recipe.epochs)


def graph_of(number: int) -> Graph:
    """The solution's network as it is now."""
    return _traced(solution(number).Net)


@cache
def _traced(network: type) -> Graph:
    return Graph.trace(network)


def weights_path(number: int) -> Path:
    """The committed submission of an iteration."""
    return RESULTS / "weights" / f"{iteration(number).slug}.safetensors"
