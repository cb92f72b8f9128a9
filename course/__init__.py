"""The lab kit of the course: data, graphs, recipes, training, submissions and plots.

Names are loaded when they are first used, so that a command's `--help` need not wait for PyTorch.
"""

import importlib

__version__ = "1.0.0"

_HOMES = {
    "Data": "data",
    "load_mnist": "data",
    "load_practice_digits": "data",
    "load_data": "data",
    "hold_out": "data",
    "normalize": "data",
    "Graph": "graph",
    "RandomRotation": "augment",
    "RandomShift": "augment",
    "RandomScale": "augment",
    "Recipe": "recipe",
    "Run": "run",
    "fit": "training",
    "fit_seeds": "seeds",
    "accuracy": "evaluation",
    "predict": "evaluation",
    "load_submission": "submission_file",
    "iteration": "iterations",
    "lesson": "iterations",
    "plot_digits": "plots",
    "plot_history": "plots",
    "plot_learning_rates": "plots",
    "plot_mistakes": "plots",
    "plot_receptive_field": "plots",
    "CourseError": "errors",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(importlib.import_module(f"course.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'course' has no attribute {name!r}")


def __dir__():
    return __all__
