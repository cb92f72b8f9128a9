"""The ledger: what every recorded training gave, one JSON line a run."""

import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch

from course.errors import CourseError
from course.files import write_whole
from course.run import Run
from course.submission import environment
from solutions.modules import RESULTS

LEDGER = RESULTS / "ledger.jsonl"


@dataclass(frozen=True)
class Record:
    """One run; `epochs` holds every epoch's figures, in the order of `course.submission.Epoch`'s fields."""

    iteration: int
    seed: int
    graph: str
    recipe: str
    parameters: int
    epochs: list[dict]
    device: str
    threads: int
    environment: dict[str, str]

    @property
    def key(self) -> tuple:
        """Runs with the same key are repetitions of one another."""
        return self.iteration, self.seed, self.graph, self.recipe

    @property
    def name(self) -> str:
        """As it is called in a line of text; the capstone has several networks."""
        return f"lesson {self.iteration}, {self.parameters:,} parameters, seed {self.seed}"

    @property
    def correct(self) -> list[int]:
        """Right answers of 10,000 after each epoch."""
        return [epoch["test_correct"] for epoch in self.epochs]


def record(number: int, run: Run, device: str) -> Record:
    """A finished run as it goes into the ledger."""
    return Record(
        iteration=number,
        seed=run.recipe.seed,
        graph=run.graph.hash,
        recipe=run.recipe.hash,
        parameters=run.graph.parameters,
        epochs=[asdict(epoch) for epoch in run.history],
        device=torch.cuda.get_device_name() if device == "cuda" else platform.machine(),
        threads=torch.get_num_threads(),
        environment=environment(),
    )


def read_ledger(path: Path = LEDGER) -> list[Record]:
    """Every record; a last line that was cut off in writing is left out, any other bad line is an error."""
    lines = path.read_text().splitlines() if path.exists() else []
    names = {field.name for field in fields(Record)}
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            records.append(Record(**{name: entry[name] for name in names}))
        except (ValueError, KeyError, TypeError):
            if number < len(lines):
                raise CourseError(f"{path.name}, line {number} is not a record; take it out and run again") from None
    return records


def append(new: Record, path: Path = LEDGER) -> None:
    """Add one record: written in one piece, after repairing a line that an earlier kill cut off."""
    write(path, [*read_ledger(path), new])


def write(path: Path, records: Iterable[Record]) -> None:
    """Replace the ledger as a whole, or not at all."""
    write_whole(path, "".join(json.dumps(asdict(item), sort_keys=True) + "\n" for item in records))
