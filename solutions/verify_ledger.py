"""Is every run in the ledger one of the network and the recipe that the solutions have now, and is it whole?"""

import math
from collections.abc import Sequence
from dataclasses import fields
from types import ModuleType

from course.submission import Epoch
from solutions.ledger import Record
from solutions.modules import answers, graph_of, parameters_fault, precisions, recipe_of, recorded_epochs


def again(number: int, seeds: int = 1) -> str:
    """The commands that record the seeds 1 to `seeds` of an iteration, and show what came out."""
    return f"python -m solutions reproduce --iterations {number} --seeds {seeds}, then python -m solutions tables"


def ledger_fault(number: int, records: Sequence[Record]) -> str | None:
    """What is wrong with the first bad run of an iteration, in a sentence; None where all hold.

    A run of an older network or recipe is no fault where the same seed was trained anew: it stays as history.
    """
    mine = [record for record in records if record.iteration == number]
    current = {(record.seed, len(record.epochs)) for record in mine if not _outdated(record)}
    for record in mine:
        command = again(number, record.seed)
        wrong, broken = _outdated(record), _broken(record)
        if wrong and (record.seed, len(record.epochs)) not in current:
            return f"the {wrong} has changed since the ledger's run of seed {record.seed}; run {command}"
        if broken and not wrong:
            return f"the ledger's run of seed {record.seed} {broken}; take its line out of the ledger and run {command}"
    return None


def _outdated(record: Record) -> str | None:
    """What of a run is no longer the solution's: "network", "recipe" or None."""
    modules = _answers(record)
    if not modules:
        return "network"
    number = record.iteration
    lengths = {len(record.epochs)}  # a run may lack an epoch
    lengths |= {epochs for module in modules for epochs in (module.recipe.epochs, recorded_epochs(number, module))}
    return None if any(record.recipe in _hashes(record, length) for length in lengths) else "recipe"


def _hashes(record: Record, epochs: int) -> set[str]:
    """The recipes by which a run of so many epochs may have been trained."""
    chosen = precisions(record.iteration)
    return {recipe_of(module, record.seed, epochs, one).hash for module in _answers(record) for one in chosen}


def _answers(record: Record) -> list[ModuleType]:
    """The lesson's answers whose network is the record's."""
    return [module for module in answers(record.iteration) if graph_of(module).hash == record.graph]


def _broken(record: Record) -> str | None:
    """What a run should have and has not: its parameters, its epochs one after the other, finite figures that agree."""
    if fault := parameters_fault(record.iteration, record.parameters):
        return f"has {fault}"
    if [epoch.get("epoch") for epoch in record.epochs] != list(range(1, len(record.epochs) + 1)):
        return "does not have its epochs 1, 2, 3, …"
    if record.recipe not in _hashes(record, len(record.epochs)):
        return f"has {len(record.epochs)} epochs, which is not what its recipe says"
    names = {field.name for field in fields(Epoch)}
    for epoch in record.epochs:
        where = f"in epoch {epoch['epoch']}"
        if set(epoch) != names or not all(math.isfinite(value) for value in epoch.values()):
            return f"lacks a figure, or has one that is no number, {where}"
        if not math.isclose(epoch["test_accuracy"], epoch["test_correct"] / 100, abs_tol=1e-6):
            return f"counts {epoch['test_correct']:,} right answers and says {epoch['test_accuracy']:.2f}%, {where}"
    return None
