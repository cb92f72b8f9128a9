"""Where the ten answers and their trained weights are."""

import importlib
from pathlib import Path
from types import ModuleType

from course.iterations import iteration

RESULTS = Path(__file__).parent / "results"
WITH_WEIGHTS = range(2, 11)  # iteration 1's 6.4 million weights take 26 MB and stay out of the repository


def solution(number: int) -> ModuleType:
    """The module `solutions.iteration_NN`."""
    return importlib.import_module(f"solutions.iteration_{number:02}")


def weights_path(number: int) -> Path:
    """The committed submission of an iteration."""
    return RESULTS / "weights" / f"{iteration(number).slug}.safetensors"
