"""Which records count: an iteration's runs as documented, in order of seeds, so that none is shown because it was liked."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count, takewhile

from course.iterations import lesson, lessons
from solutions.ledger import Record
from solutions.modules import recipe_of

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
    """The runs that count, of every iteration and of the capstone's answer."""
    found: dict[int, dict[int, Record]] = {item.number: {} for item in lessons()}
    for record in records:
        if as_documented(record):
            found[record.iteration][record.seed] = record  # the last: the network may have been changed and run again
    return {number: _in_order(by_seed) for number, by_seed in found.items()}


def as_documented(record: Record) -> bool:
    """Trained by the solution's recipe for the documented number of epochs; other experiments stay in the ledger."""
    epochs = lesson(record.iteration).epochs
    recipe = recipe_of(record.iteration, record.seed, epochs)
    return record.recipe == recipe.hash and len(record.epochs) == epochs


def _in_order(by_seed: dict[int, Record]) -> Runs:
    counted = [by_seed[seed] for seed in takewhile(by_seed.__contains__, count(1))]
    return Runs(tuple(counted), tuple(sorted(seed for seed in by_seed if seed > len(counted))))
