"""Train the reference solutions as documented, and write down what comes out."""

from dataclasses import replace
from pathlib import Path

import torch

from course.data import Data, load_mnist
from course.errors import CourseError
from course.iterations import iteration
from course.run import Run
from course.submission import load_submission
from course.training import begin, train
from graders.verdict import ACCURACY_LIMIT
from solutions.ledger import LEDGER, append, read_ledger, record
from solutions.modules import WITH_WEIGHTS, solution, weights_path
from solutions.unfinished import Unfinished


def reproduce(
    numbers: list[int], seeds: int, epochs: int | None = None, device: str = "cpu", ledger: Path = LEDGER
) -> bool:
    """Train each iteration with the seeds 1 to `seeds`, skipping what the ledger has; whether every parameter count is right."""
    data = load_mnist()
    holds = True
    for number in numbers:
        facts = iteration(number)
        for seed in range(1, seeds + 1):
            run, weights = fresh_run(number, seed, epochs or facts.epochs, data)
            if run.graph.parameters != facts.documented.parameters:
                print(
                    f"iteration {number}: {run.graph.parameters:,} parameters, documented {facts.documented.parameters:,}"
                )
                holds = False
                continue
            key = (number, seed, run.graph.hash, run.recipe.hash)
            if any(known.key == key for known in read_ledger(ledger)):
                print(f"iteration {number}, seed {seed}: in the ledger already")
                continue
            unfinished = Unfinished(ledger, run)
            unfinished.load(run)
            begun = f", {len(run.history)} of them done before" if run.history else ""
            print(f"iteration {number}, seed {seed}: {run.recipe.epochs} epochs{begun}", flush=True)
            for _ in train(run, weights, data, device=device):
                _save_weights(number, run)
                unfinished.save(run)
            append(record(number, run, device), ledger)
            unfinished.remove()
            print(
                f"iteration {number}, seed {seed}: best {run.best.test_accuracy:.2f}%, last {run.last.test_accuracy:.2f}%"
            )
    return holds


def fresh_run(number: int, seed: int, epochs: int, data: Data) -> tuple[Run, dict[str, torch.Tensor]]:
    """A run that is still to be trained, exactly as `course.fit` would begin it, and its fresh weights."""
    module = solution(number)
    return begin(module.Net, replace(module.recipe, seed=seed, epochs=epochs), data)


def _save_weights(number: int, run: Run) -> None:
    """Keep a run of the module's own length as the reference submission: the first seed that meets the lesson's accuracy.

    A longer run passes through that length, so its weights at that epoch are those of the shorter recipe.
    """
    module, path = solution(number), weights_path(number)
    if number not in WITH_WEIGHTS or len(run.history) != module.recipe.epochs:
        return
    if "accuracy" in iteration(number).claims and run.best.test_accuracy < ACCURACY_LIMIT:
        return
    short = replace(run, recipe=replace(run.recipe, epochs=module.recipe.epochs))
    if path.exists():
        try:
            saved = load_submission(path)
            same_recipe = replace(saved.recipe, seed=run.recipe.seed).hash == short.recipe.hash
            finished = len(saved.history) == saved.recipe.epochs
            if finished and saved.graph.hash == run.graph.hash and same_recipe and saved.recipe.seed <= run.recipe.seed:
                return
        except CourseError:
            pass  # damaged or of an older version: write it anew
    short.save(path)
