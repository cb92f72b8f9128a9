"""Ledgers as they could be: runs of the solutions' recipes with figures of the test's choice."""

from dataclasses import replace

from course.iterations import iteration
from course.submission import Submission
from solutions.ledger import Record
from solutions.modules import graph_of, solution


def invented(number: int, seed: int, correct: list[int], train: float = 99.0, precision: str = "float32") -> Record:
    """A run of an answer's recipe, as long as `correct`; training accuracy is the same in every epoch."""
    module = solution(number)
    recipe = replace(module.recipe, seed=seed, epochs=len(correct), precision=precision)
    epochs = [
        {
            "epoch": epoch,
            "train_loss": 0.1,
            "train_accuracy": train,
            "test_loss": 0.1,
            "test_accuracy": right / 100,
            "test_correct": right,
            "learning_rate": 0.01,
            "seconds": 1.0,
        }
        for epoch, right in enumerate(correct, start=1)
    ]
    graph = graph_of(module)
    return Record(number, seed, graph.hash, recipe.hash, graph.parameters, epochs, "cpu", 1, {})


def near_the_log(number: int, seed: int) -> Record:
    """A run whose every epoch is within 7 digits of the documented log's."""
    item = iteration(number)
    correct = [round(100 * accuracy) + (3 * seed + epoch) % 15 - 7 for epoch, accuracy in enumerate(item.log.test)]
    return invented(number, seed, correct, train=round(item.documented.train - seed / 1000, 3))


def run_of(number: int, submission: Submission) -> Record:
    """The run that a submission carries, as the ledger would have it."""
    one = invented(number, submission.recipe.seed, [epoch.test_correct for epoch in submission.history])
    figures = [
        epoch | {"train_accuracy": seen.train_accuracy, "learning_rate": seen.learning_rate}
        for epoch, seen in zip(one.epochs, submission.history, strict=True)
    ]
    return replace(one, epochs=figures)
