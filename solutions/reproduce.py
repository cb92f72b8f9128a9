"""Train the reference solutions as documented, and write down what comes out."""

from dataclasses import replace
from pathlib import Path

import torch
from joblib import Parallel, delayed

from course.data import Data, load_mnist
from course.errors import CourseError
from course.iterations import lesson
from course.recipe import Recipe
from course.run import Run
from course.submission import load_submission
from course.training import begin, train
from graders.verdict import ACCURACY_LIMIT
from solutions.ledger import LEDGER, Record, append, read_ledger, record
from solutions.modules import WITH_WEIGHTS, graph_of, parameters_fault, recipe_of, solution, weights_path
from solutions.unfinished import Unfinished


def reproduce(
    numbers: list[int],
    seeds: int,
    epochs: int | None = None,
    device: str = "cpu",
    ledger: Path = LEDGER,
    processes: int = 1,
) -> bool:
    """Train each iteration with the seeds 1 to `seeds`, skipping what the ledger has; whether every parameter count is right.

    With several `processes` as many runs go on side by side, one thread each. What was broken off goes on where it stopped.
    """
    data, known = load_mnist(), {record.key for record in read_ledger(ledger)}
    holds, waiting = True, []
    for number in numbers:
        facts, graph = lesson(number), graph_of(number)
        if fault := parameters_fault(number, graph.parameters):
            print(f"iteration {number}: {fault}")
            holds = False
            continue
        for seed in range(1, seeds + 1):
            recipe = recipe_of(number, seed, epochs or facts.epochs)
            if (number, seed, graph.hash, recipe.hash) in known:
                print(f"iteration {number}, seed {seed}: in the ledger already")
            else:
                waiting.append((number, recipe))
    if processes == 1:
        finished = (_train(task, data, device, ledger, progress=True) for task in waiting)
    else:
        work = (delayed(_train_alone)(task, data, device, ledger) for task in waiting)
        finished = Parallel(n_jobs=processes, return_as="generator_unordered")(work)
    for one in finished:
        append(one, ledger)  # only here: two processes never write it at once
        Unfinished(ledger, one.graph, one.recipe).remove()
        best, last = max(one.correct) / 100, one.correct[-1] / 100
        print(f"iteration {one.iteration}, seed {one.seed}: best {best:.2f}%, last {last:.2f}%", flush=True)
    return holds


def _train_alone(task: tuple[int, Recipe], data: Data, device: str, ledger: Path) -> Record:
    torch.set_num_threads(1)
    return _train(task, data, device, ledger, progress=False)


def _train(task: tuple[int, Recipe], data: Data, device: str, ledger: Path, progress: bool) -> Record:
    """Train an iteration by a recipe, or what is left of it, as `course.fit` would; says after each epoch what it gave."""
    number, recipe = task
    seed, epochs = recipe.seed, recipe.epochs
    run, weights = begin(solution(number).Net, recipe, data)
    unfinished = Unfinished(ledger, run.graph.hash, run.recipe.hash)
    unfinished.load(run)
    begun = f", {len(run.history)} of them done before" if run.history else ""
    print(f"iteration {number}, seed {seed}: {epochs} epochs{begun}", flush=True)
    for epoch in train(run, weights, data, device=device, progress=progress):
        _save_weights(number, run)
        unfinished.save(run)
        left = (epochs - epoch.epoch) * epoch.seconds / 60
        figures = f"train {epoch.train_accuracy:.2f}%, test {epoch.test_accuracy:.2f}%"
        print(f"iteration {number}, seed {seed}: epoch {epoch.epoch}, {figures}, {left:.0f} min left", flush=True)
    return record(number, run, device)


def _save_weights(number: int, run: Run) -> None:
    """Keep a run of the module's own length as the reference submission: the first seed that meets the lesson's accuracy.

    A longer run passes through that length, so its weights at that epoch are those of the shorter recipe. The same seed's file is
    written anew: another processor rounds otherwise, and file and ledger are to be one run.
    """
    module, path = solution(number), weights_path(number)
    if number not in WITH_WEIGHTS or len(run.history) != module.recipe.epochs:
        return
    if "accuracy" in lesson(number).claims and run.best.test_accuracy < ACCURACY_LIMIT:
        return
    short = replace(run, recipe=replace(run.recipe, epochs=module.recipe.epochs))
    if path.exists():
        try:
            saved = load_submission(path)
            same_recipe = replace(saved.recipe, seed=run.recipe.seed).hash == short.recipe.hash
            finished = len(saved.history) == saved.recipe.epochs
            if finished and saved.graph.hash == run.graph.hash and same_recipe and saved.recipe.seed < run.recipe.seed:
                return
        except CourseError:
            pass  # damaged or of an older version: write it anew
    short.save(path)
