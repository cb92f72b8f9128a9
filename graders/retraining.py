"""Evidence of the strongest kind: we train the graph with the recipe, in our own loop, and count.

The rule. Fresh weights are drawn from our seed, tensor by tensor, with the mean and the standard deviation that the
learner's fresh network had; the submitted weights play no part. A training's figure is its best epoch on the test digits,
within the recipe's own number of epochs: the documented practice, and what the learner's own figure means. Of up to K
trainings, with K seeds of ours, one that meets rule 1 is enough, and no more are trained then: near the line chance decides
on which side a single training falls, and an honest network should not fail by it. SECURITY.md says how often one does.
"""

from dataclasses import replace
from pathlib import Path

import torch

from course.data import Data
from course.errors import SubmissionError, UsageError, counted
from course.evaluation import accuracy
from course.graph import Graph
from course.recipe import Recipe
from course.run import Run
from course.submission_parts import two_numbers
from course.training import Diverged, train
from graders.constraints import judge_epochs
from graders.verdict import ACCURACY_LIMIT, EPOCHS_LIMIT, Constraint

FIRST_SEED = 1_000_003  # not one that a recipe is likely to have been tuned on
MOST_WORK = 150_000_000  # multiply-adds a digit: 20,000 weights, each used twice at 56 × 56 positions, make 125 million
OTHER_SEED = FIRST_SEED - 1  # to draw once more what is good before it was trained
FEW_DIGITS = 2_000
MOST_FRESH = 30.0  # percent that a fresh network has right; ten answers by chance give 10
MOST_KEPT = 300  # means and deviations; 100 convolutions with biases have 200, and MNIST is not read with 300 numbers
MOST_EPOCHS = 40  # a longer recipe has failed rule 3 already, and is not worth the hours


def judge_retraining(
    graph: Graph, recipe: Recipe, initial: dict, data: Data, seeds: int, keep: Path | None = None
) -> dict[str, Constraint]:
    """The accuracy and the epochs of up to `seeds` trainings of this graph by this recipe; the code's word for neither counts.

    The training with the most right answers is saved as a submission to `keep`.
    """
    if seeds < 1:
        raise UsageError(f"--seeds should be at least 1, saw {seeds}")
    if recipe.epochs > MOST_EPOCHS:
        raise UsageError(f"the recipe asks for {recipe.epochs} epochs; retraining is for at most {MOST_EPOCHS}")
    work = sum(row.multiply_adds for row in graph.rows)
    if work > MOST_WORK:
        raise UsageError(f"the network takes {work:,} multiply-adds for a digit; retraining is for at most {MOST_WORK:,}")
    epochs = recipe.epochs  # each is walked through: a training that breaks off gives no figure
    walked = Constraint(epochs < EPOCHS_LIMIT, epochs, EPOCHS_LIMIT, f"{counted(epochs, 'epoch')}, counted by us")
    total, runs = len(data.test_labels), list[Run]()
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        run = Run(graph, replace(recipe, seed=seed), {"name": data.name, "digest": data.digest}, initial)
        try:
            weights = fresh_weights(graph, initial, seed)
            if said := _trained_before(graph, initial, weights, data):
                return {"accuracy": Constraint(False, None, ACCURACY_LIMIT, said), "epochs": walked}
            for _ in train(run, weights, data):
                pass
        except Diverged as error:
            said = f"our {error}"
            return {"accuracy": Constraint(False, None, ACCURACY_LIMIT, said), "epochs": judge_epochs(recipe)}
        runs.append(run)
        if 100 * run.best.test_correct >= ACCURACY_LIMIT * total:
            break
    chosen = max(runs, key=lambda run: run.best.test_correct)
    if keep:
        chosen.save(keep)
    value = 100 * chosen.best.test_correct / total
    said = (
        f"{value:.2f}% in the best epoch and {chosen.last.test_accuracy:.2f}% in the last, of a training of "
        f"{counted(epochs, 'epoch')} from fresh weights"
    )
    if len(runs) > 1:
        every = ", ".join(f"{100 * run.best.test_correct / total:.2f}%" for run in runs)
        said += f"; the best of {len(runs)} trainings, whose best epochs gave {every}"
    return {"accuracy": Constraint(value >= ACCURACY_LIMIT, value, ACCURACY_LIMIT, said), "epochs": walked}


def _trained_before(graph: Graph, initial: dict, weights: dict[str, torch.Tensor], data: Data) -> str:
    """What is said where a network's fresh numbers were trained; empty where they may have been drawn.

    A fresh tensor keeps its mean and its deviation, so thousands of tensors could hold a trained network.
    """
    kept = {two_numbers(initial[name]) for name in graph.tensors}
    if len(kept) > MOST_KEPT:
        return (
            f"not trained: its fresh tensors have {len(kept):,} different means and deviations, which a retraining would keep, "
            f"and the most is {MOST_KEPT}; keep its numbers in fewer, larger tensors"
        )
    right = _right(graph, weights, data)
    if right <= MOST_FRESH or _right(graph, fresh_weights(graph, initial, OTHER_SEED), data) <= MOST_FRESH:  # chance, once
        return ""
    return (
        f"before the first step the fresh network has {right:.0f}% right, where chance gives 10%: its numbers were trained "
        "before; a retraining starts from numbers that were drawn"
    )


def _right(graph: Graph, weights: dict[str, torch.Tensor], data: Data) -> float:
    return accuracy(graph.build(weights), data.test_images[:FEW_DIGITS], data.test_labels[:FEW_DIGITS])


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
