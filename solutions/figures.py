"""What the pictures of the results show, as plain data from the ledger; beside each picture lies its data as JSON."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean

from course.iterations import iterations
from solutions.ledger import LEDGER, Record, read_ledger
from solutions.recorded_runs import recorded_runs

FOLDER = Path(__file__).parent.parent / "docs" / "figures"


def curves(runs: Sequence[Record]) -> dict[str, list[float]]:
    """Test accuracy after each epoch in percent, over runs of one length: mean, lowest, highest; empty without a run."""
    by_epoch = list(zip(*(run.correct for run in runs), strict=True))
    return {
        "mean": [round(mean(values) / 100, 4) for values in by_epoch],
        "low": [min(values) / 100 for values in by_epoch],
        "high": [max(values) / 100 for values in by_epoch],
    }


def accuracy_by_epoch(records: Sequence[Record]) -> dict:
    """Test accuracy after each epoch, iterations 2 to 10: the log's, and over our runs the mean, the lowest, the highest."""
    found = recorded_runs(records)
    return {
        str(item.number): {
            "title": item.title,
            "seeds": [run.seed for run in found[item.number].learned],
            "log": list(item.log.test),
            **curves(found[item.number].learned),
        }
        for item in iterations()[1:]  # the first takes hours a run: it has a row in every table
    }


def accuracy_by_parameters(records: Sequence[Record]) -> dict:
    """Each iteration's parameters, and its best test accuracy: the document's, its log's, each run's."""
    found = recorded_runs(records)
    return {
        str(item.number): {
            "parameters": item.documented.parameters,
            "documented": item.documented.test,
            "log": item.log.best(),
            "runs": [max(run.correct) / 100 for run in found[item.number].learned],
        }
        for item in iterations()
    }


def gap_by_iteration(records: Sequence[Record]) -> dict:
    """Training minus test accuracy in the last epoch, in points: the log's and each run's."""
    found = recorded_runs(records)
    return {
        str(item.number): {
            "log": round(item.log.train[-1] - item.log.last, 3),
            "runs": [
                round(run.epochs[-1]["train_accuracy"] - run.correct[-1] / 100, 3) for run in found[item.number].learned
            ],
        }
        for item in iterations()
    }


FIGURES: dict[str, Callable[[Sequence[Record]], dict]] = {
    "accuracy_by_epoch": accuracy_by_epoch,
    "accuracy_by_parameters": accuracy_by_parameters,
    "gap_by_iteration": gap_by_iteration,
}


def figure_json(name: str, records: Sequence[Record]) -> str:
    """The contents of the file beside a picture."""
    return json.dumps(FIGURES[name](records), indent=1) + "\n"


def digest(text: str) -> str:
    """Names the data that a picture was drawn from; it stands in the picture's file."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_figures(ledger: Path = LEDGER, folder: Path = FOLDER) -> list[Path]:
    """Draw anew each picture whose data are no longer the ledger's; returns the files that changed.

    A picture with the right data is left alone: another version of matplotlib draws it a little differently. To draw one
    anew all the same, delete it.
    """
    from solutions.drawing import draw

    changed = []
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in FIGURES.items():
        records = read_ledger(ledger)
        text = figure_json(name, records)
        picture, beside = folder / f"{name}.svg", folder / f"{name}.json"
        if not beside.exists() or beside.read_text(encoding="utf-8") != text:
            beside.write_text(text, encoding="utf-8")
            changed.append(beside)
        if not picture.exists() or digest(text) not in picture.read_text(encoding="utf-8"):
            picture.write_text(draw(name, data(records), digest(text)), encoding="utf-8")
            changed.append(picture)
    return changed


def figure_markdown(name: str, records: Sequence[Record]) -> str:
    """A picture in a page, with what it shows in words."""
    from solutions.words import CAPTIONS, alternative

    said = alternative(name, FIGURES[name](records))
    return f"![{said}](figures/{name}.svg)\n\n*{CAPTIONS[name]} [Its data](figures/{name}.json).*"
