"""Train the reference solutions as documented, and write down what comes out."""

import importlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from joblib import Parallel, delayed

from course.data import Data, load_mnist
from course.recipe import Recipe
from course.run import Run
from course.training import begin, train
from solutions.committed import comes_first
from solutions.ledger import LEDGER, Record, append, read_ledger, record
from solutions.modules import (
    WITH_WEIGHTS,
    answers,
    graph_of,
    name_of,
    parameters_fault,
    recipe_of,
    recorded_epochs,
    solution,
    weights_path,
)
from solutions.unfinished import Unfinished


@dataclass(frozen=True)
class Task:
    """A run to train; processes are handed the module's name."""

    number: int
    module: str
    recipe: Recipe


def reproduce(
    numbers: list[int],
    seeds: int,
    epochs: int | None = None,
    device: str = "cpu",
    ledger: Path = LEDGER,
    processes: int = 1,
    precision: str = "float32",
) -> bool:
    """Train every answer of each lesson with the seeds 1 to `seeds`, skipping what the ledger has; whether all counts are right.

    With several `processes` as many runs go on side by side, one thread each. What was broken off goes on where it stopped.
    """
    data, known = load_mnist(), {record.key for record in read_ledger(ledger)}
    holds, waiting = True, []
    for number in numbers:
        for module in answers(number):
            graph = graph_of(module)
            if fault := parameters_fault(number, graph.parameters):
                print(f"{name_of(module)}: {fault}")
                holds = False
                continue
            for seed in range(1, seeds + 1):
                recipe = recipe_of(module, seed, epochs or recorded_epochs(number, module), precision)
                if (number, seed, graph.hash, recipe.hash) in known:
                    print(f"{name_of(module)}, seed {seed}: in the ledger already")
                else:
                    waiting.append(Task(number, module.__name__, recipe))
    if processes == 1:
        finished = (_train(task, data, device, ledger, progress=True) for task in waiting)
    else:
        work = (delayed(_train_alone)(task, data, device, ledger) for task in waiting)
        finished = Parallel(n_jobs=processes, return_as="generator_unordered")(work)
    for one in finished:
        append(one, ledger)  # only here: two processes never write it at once
        Unfinished(ledger, one.graph, one.recipe).remove()
        best, last = max(one.correct) / 100, one.correct[-1] / 100
        print(f"{one.name}: best {best:.2f}%, last {last:.2f}%", flush=True)
    return holds


def _train_alone(task: Task, data: Data, device: str, ledger: Path) -> Record:
    torch.set_num_threads(1)
    return _train(task, data, device, ledger, progress=False)


def _train(task: Task, data: Data, device: str, ledger: Path, progress: bool) -> Record:
    """Train an answer by a recipe, or what is left of it, as `course.fit` would; says after each epoch what it gave."""
    module, epochs = importlib.import_module(task.module), task.recipe.epochs
    name = f"{name_of(module)}, seed {task.recipe.seed}"
    run, weights = begin(module.Net, task.recipe, data)
    unfinished = Unfinished(ledger, run.graph.hash, run.recipe.hash)
    unfinished.load(run)
    begun = f", {len(run.history)} of them done before" if run.history else ""
    print(f"{name}: {epochs} epochs{begun}", flush=True)
    for epoch in train(run, weights, data, device=device, progress=progress):
        if module is solution(task.number):
            _save_weights(task.number, run, weights_path(task.number, ledger.parent))
        unfinished.save(run)
        left = (epochs - epoch.epoch) * epoch.seconds / 60
        figures = f"train {epoch.train_accuracy:.2f}%, test {epoch.test_accuracy:.2f}%"
        print(f"{name}: epoch {epoch.epoch}, {figures}, {left:.0f} min left", flush=True)
    return record(task.number, run, device)


def _save_weights(number: int, run: Run, path: Path) -> None:
    """Keep a run of the module's own length as the reference submission beside the ledger, if it comes first.

    A longer run passes through that length, so its weights at that epoch are those of the shorter recipe.
    """
    epochs = solution(number).recipe.epochs
    if number in WITH_WEIGHTS and len(run.history) == epochs:
        short = replace(run, recipe=replace(run.recipe, epochs=epochs))
        if comes_first(path, number, short.graph.hash, short.recipe, short.best.test_accuracy):
            path.parent.mkdir(parents=True, exist_ok=True)
            short.save(path)
