"""Which records count: an iteration's runs as documented, in order of seeds, so that none is shown because it was liked."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count, takewhile
from types import ModuleType

from course.iterations import lessons
from solutions.ledger import Record
from solutions.modules import graph_of, precisions, recipe_of, recorded_epochs, solution

COLLAPSED_BELOW = 50.0  # percent of the training digits in the last epoch: such a run never got away from its start


@dataclass(frozen=True)
class Runs:
    """`counted` has the seeds 1, 2, 3, … up to the first that is missing, `beyond` the seeds recorded behind that gap."""

    counted: tuple[Record, ...] = ()
    beyond: tuple[int, ...] = ()

    @property
    def learned(self) -> tuple[Record, ...]:
        """The counted runs whose figures are judged and shown: all but the collapsed."""
        return tuple(run for run in self.counted if not collapsed(run))

    @property
    def collapsed(self) -> tuple[int, ...]:
        """The seeds of the counted runs that collapsed at the start."""
        return tuple(run.seed for run in self.counted if collapsed(run))


def collapsed(record: Record) -> bool:
    """Whether the network knows little more than chance when its training ends."""
    return record.epochs[-1]["train_accuracy"] < COLLAPSED_BELOW


def recorded_runs(records: Iterable[Record]) -> dict[int, Runs]:
    """The runs that count, of every lesson: of the capstone those of the answer that fills its notebook."""
    return {item.number: runs_of(item.number, solution(item.number), records) for item in lessons()}


def runs_of(number: int, module: ModuleType, records: Iterable[Record]) -> Runs:
    """The runs that count of one answer to a lesson."""
    by_seed = {record.seed: record for record in records if as_documented(record, number, module)}
    return _in_order(by_seed)  # of a seed the last: the network may have been changed and run again


def as_documented(record: Record, number: int, module: ModuleType) -> bool:
    """The answer's network, trained by its recipe for the documented number of epochs; other experiments stay in the ledger."""
    epochs = recorded_epochs(number, module)
    if (record.iteration, len(record.epochs)) != (number, epochs):
        return False
    if record.graph != graph_of(module).hash:
        return False
    recipes = [recipe_of(module, record.seed, epochs, precision) for precision in precisions(number)]
    return record.recipe in {recipe.hash for recipe in recipes}


def in_bfloat16(record: Record) -> bool:
    """Whether a run that counts was trained in bfloat16."""
    recipe = recipe_of(solution(record.iteration), record.seed, len(record.epochs), "bfloat16")
    return record.recipe == recipe.hash


def _in_order(by_seed: dict[int, Record]) -> Runs:
    counted = [by_seed[seed] for seed in takewhile(by_seed.__contains__, count(1))]
    return Runs(tuple(counted), tuple(sorted(seed for seed in by_seed if seed > len(counted))))
