"""Evidence of the strongest kind: we train the graph with the recipe, in our own loop, and count.

Fresh weights are drawn from our seed, tensor by tensor, with the mean and the standard deviation that the learner's
fresh network had; the submitted weights play no part. The figure is the mean over seeds of each run's best epoch, which
is the documented practice and what the learner's own figure means.
"""

from dataclasses import replace

import torch

from course.data import Data
from course.errors import SubmissionError, UsageError
from course.graph import Graph
from course.recipe import Recipe
from course.run import Run
from course.submission import two_numbers
from course.training import Diverged, train
from graders.constraints import judge_epochs
from graders.verdict import ACCURACY_LIMIT, EPOCHS_LIMIT, Constraint

FIRST_SEED = 1_000_003  # not one that a recipe is likely to have been tuned on
MOST_EPOCHS = 40  # a longer recipe has failed rule 3 already, and is not worth the hours


def judge_retraining(graph: Graph, recipe: Recipe, initial: dict, data: Data, seeds: int) -> dict[str, Constraint]:
    """The accuracy and the epochs of `seeds` trainings of this graph by this recipe; the code's word for neither counts."""
    if seeds < 1:
        raise UsageError(f"--seeds should be at least 1, saw {seeds}")
    if recipe.epochs > MOST_EPOCHS:
        raise UsageError(f"the recipe asks for {recipe.epochs} epochs; retraining is for at most {MOST_EPOCHS}")
    best, last = [], []  # right answers of each training's best and last epoch
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        run = Run(graph, replace(recipe, seed=seed), {"name": data.name, "digest": data.digest}, initial)
        try:
            for _ in train(run, fresh_weights(graph, initial, seed), data):
                pass
        except Diverged as error:
            said = f"our {error}"
            return {"accuracy": Constraint(False, None, ACCURACY_LIMIT, said), "epochs": judge_epochs(recipe)}
        best.append(run.best.test_correct)
        last.append(run.last.test_correct)
    total = seeds * len(data.test_labels)
    mean = 100 * sum(best) / total
    said = (
        f"{mean:.2f}% in the best epoch and {100 * sum(last) / total:.2f}% in the last, mean of {seeds} "
        f"training{'s' if seeds > 1 else ''} of {recipe.epochs} epochs from fresh weights"
    )
    epochs = recipe.epochs  # each was walked through: a training that breaks off gives no figure
    return {
        "accuracy": Constraint(mean >= ACCURACY_LIMIT, mean, ACCURACY_LIMIT, said),
        "epochs": Constraint(epochs < EPOCHS_LIMIT, epochs, EPOCHS_LIMIT, f"{epochs} epochs, counted by us"),
    }


def fresh_weights(graph: Graph, initial: dict, seed: int) -> dict[str, torch.Tensor]:
    """Tensors of the graph's shapes, normally distributed with the given mean and deviation; zero means constant."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, spec in graph.tensors.items():
        if name not in initial:
            raise SubmissionError(f"the mean and deviation of the fresh tensor {name} are missing")
        mean, deviation = two_numbers(initial[name])
        drawn = torch.randn(spec.shape, generator=generator) * deviation + mean
        weights[name] = drawn.to(getattr(torch, spec.dtype))
    return weights
