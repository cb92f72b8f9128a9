"""The answers: their modules, networks, recipes, and where their trained weights are."""

import importlib
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

from course import Graph, Recipe
from course.iterations import Iteration, lesson
from course.recipe import PRECISIONS

RESULTS = Path(__file__).parent / "results"
CAPSTONE = 11
ANSWERS = ("fast", "small", "accurate")  # the capstone's, a module a direction; the first fills its notebook
WITH_WEIGHTS = range(2, 12)  # iteration 1's 6.4 million weights take 26 MB and stay out of the repository


def answers(number: int) -> list[ModuleType]:
    """The module `solutions.iteration_NN`; of the capstone one for each of its answers."""
    names = ANSWERS if number == CAPSTONE else (f"iteration_{number:02}",)
    return [importlib.import_module(f"solutions.{name}") for name in names]


def solution(number: int) -> ModuleType:
    """The answer that fills a lesson's notebook."""
    return answers(number)[0]


def name_of(module: ModuleType) -> str:
    """An answer's name, such as iteration_08 or fast."""
    return module.__name__.rpartition(".")[2]


def recipe_of(module: ModuleType, seed: int, epochs: int | None = None, precision: str = "float32") -> Recipe:
    """An answer's recipe with a seed, and with so many epochs or another precision instead of its own."""
    recipe = module.recipe
    return replace(recipe, seed=seed, epochs=epochs or recipe.epochs, precision=precision)


def recorded_epochs(number: int, module: ModuleType) -> int:
    """How many epochs a record has: those that are documented; of the capstone, where nothing is, the recipe's own."""
    return module.recipe.epochs if number == CAPSTONE else lesson(number).epochs


def precisions(number: int) -> tuple[str, ...]:
    """In which precisions a lesson may be recorded: single; the first two, which take longest, in bfloat16 as well."""
    return PRECISIONS if number in (1, 2) else PRECISIONS[:1]


def graph_of(module: ModuleType) -> Graph:
    """An answer's network as it is now."""
    return _traced(module.Net)


def parameters_fault(number: int, parameters: int) -> str | None:
    """A sentence where this is not an iteration's documented number of parameters; the capstone has none to hold it against."""
    facts = lesson(number)
    if not isinstance(facts, Iteration) or parameters == facts.documented.parameters:
        return None
    return f"{parameters:,} parameters, documented {facts.documented.parameters:,}"


@cache
def _traced(network: type) -> Graph:
    return Graph.trace(network)


def weights_path(number: int, results: Path | None = None) -> Path:
    """The submission of a lesson in a folder of results: the committed one, unless another folder is named."""
    return (results or RESULTS) / "weights" / f"{lesson(number).slug}.safetensors"
