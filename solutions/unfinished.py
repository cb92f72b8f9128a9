"""A long training's way through an interruption: after every epoch, all that it needs to go on."""

import os
from dataclasses import asdict
from pathlib import Path

import torch

from course.run import Run
from course.submission import Epoch


class Unfinished:
    """The file beside a ledger that holds a run's finished epochs until the run is in the ledger."""

    def __init__(self, ledger: Path, graph: str, recipe: str):
        self.path = ledger.parent / "unfinished" / f"{graph}-{recipe}.pt"  # the two hashes; the seed is in the recipe's

    def save(self, run: Run) -> None:
        """Write the run down; the file is replaced whole."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        writing = self.path.with_suffix(".writing")
        history = [asdict(epoch) for epoch in run.history]
        torch.save({"history": history, "weights": run.weights, "state": run.state}, writing)
        os.replace(writing, self.path)

    def load(self, run: Run) -> None:
        """Give the run the epochs that were finished before, if there are any."""
        if self.path.exists():
            kept = torch.load(self.path, map_location="cpu", weights_only=True)
            run.history = [Epoch(**epoch) for epoch in kept["history"]]
            run.weights, run.state = kept["weights"], kept["state"]

    def remove(self) -> None:
        """The run is in the ledger."""
        self.path.unlink(missing_ok=True)
