"""A submission: one `.safetensors` file with weights, and in its metadata the graph, the recipe and the history.

The format is safetensors because reading it runs no code. Everything read here is untrusted: sizes are bounded, unknown
keys are refused, and so are NaN and infinity.
"""

import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import safetensors
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from course.errors import CourseError, SubmissionError, one_line
from course.graph import Graph
from course.output import expect_ten_scores
from course.rebuild import check_weights
from course.recipe import Recipe

FORMAT, VERSION = "mnist-course-submission", "1"
LARGEST_FILE = 250_000_000  # bytes: iteration 1's 6.4 million float32 numbers take 26 MB
LARGEST_HEADER = 5_000_000  # bytes: iteration 8's takes 20 kB
LONGEST_SENTENCE = 600  # characters: a message may quote the file


@dataclass(frozen=True)
class Epoch:
    """One epoch's figures: losses are means a digit, accuracies are percent, training's measured while training."""

    epoch: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    test_correct: int
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class Submission:
    """What a learner hands in. `carries` is "best" or "last": which epoch's weights these are; `epoch` is its number.

    `initial` has two numbers a tensor, the mean and the standard deviation of the fresh network's.
    """

    graph: Graph
    recipe: Recipe
    weights: dict[str, Tensor]
    history: tuple[Epoch, ...]
    initial: dict[str, tuple[float, float]]
    data: dict[str, str]
    carries: str
    epoch: int
    environment: dict[str, str]


def environment() -> dict[str, str]:
    """The versions that a result depends on."""
    from course import __version__

    return {"course": __version__, "torch": torch.__version__, "python": platform.python_version()}


def fresh_statistics(weights: dict[str, Tensor]) -> dict[str, tuple[float, float]]:
    """A submission's `initial`: each fresh tensor's mean and standard deviation."""
    numbers = {name: tensor.double() for name, tensor in weights.items()}
    return {name: (n.mean().item(), n.std(correction=0).item()) for name, n in numbers.items()}


def save_submission(submission: Submission, path) -> Path:
    """Write a submission; the file appears whole or not at all."""
    path = Path(path)
    if path.suffix != ".safetensors":
        raise SubmissionError(f"a submission's name ends in .safetensors, saw {path.name}")
    about = {
        "graph": submission.graph.to_json(),
        "recipe": submission.recipe.to_json(),
        "history": [asdict(epoch) for epoch in submission.history],
        "initial": {name: list(two) for name, two in submission.initial.items()},
        "data": submission.data,
        "carries": submission.carries,
        "epoch": submission.epoch,
        "environment": submission.environment,
    }
    metadata = {"format": FORMAT, "version": VERSION}
    metadata |= {key: json.dumps(value, allow_nan=False) for key, value in about.items()}
    content = save_tensors({name: t.contiguous() for name, t in submission.weights.items()}, metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".saving-", delete=False) as file:
        try:
            file.write(content)
            file.close()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
    return path


def load_submission(path) -> Submission:
    """Read a submission; SubmissionError says what is wrong with a file that is not one, or that contradicts itself."""
    path = Path(path)
    metadata, content = _read_file(path)
    try:
        weights = load_tensors(content)
        about = {key: _parse(metadata[key], key) for key in set(metadata) - {"format", "version"}}
        submission = Submission(
            graph=Graph.from_json(about["graph"]),
            recipe=Recipe.from_json(about["recipe"]),
            weights=weights,
            history=tuple(_epoch(item) for item in _list(about["history"])),
            initial={str(name): two_numbers(two) for name, two in about["initial"].items()},
            data=_texts(about["data"]),
            carries=about["carries"],
            epoch=about["epoch"],
            environment=_texts(about["environment"]),
        )
        _check(submission)
    except CourseError as error:
        raise SubmissionError(f"{path.name}: {one_line(error, LONGEST_SENTENCE)}") from None
    except Exception as error:  # the file is a stranger's: whatever it trips over, it is not what run.save writes
        text = one_line(error, 200)
        raise SubmissionError(
            f"{path.name} is not a submission that run.save wrote ({type(error).__name__}: {text}); save the run again"
        ) from None
    return submission


def read_metadata(path) -> dict[str, str]:
    """Only the metadata of a safetensors file, cheaply; SubmissionError where it is not one of ours."""
    return _read_file(Path(path), weights=False)[0]


def _read_file(path: Path, weights: bool = True) -> tuple[dict[str, str], bytes]:
    what = "expected the file that run.save(…) wrote"
    try:
        if not path.is_file():
            raise SubmissionError(f"there is no file {path}; {what}")
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise SubmissionError(f"{path.name} has {size:,} bytes, the most is {LARGEST_FILE:,}")
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
    except OSError as error:
        raise SubmissionError(f"{path.name} cannot be read ({error.strerror}); {what}") from None
    if size < 10 or length > min(LARGEST_HEADER, size - 8):
        raise SubmissionError(f"{path.name} is empty, cut short or no safetensors file; {what}")
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise SubmissionError(f"{path.name} is damaged or no safetensors file ({error}); {what}") from None
    if metadata.get("format") != FORMAT:
        raise SubmissionError(f"{path.name} holds tensors, but was not written by run.save(…)")
    if metadata.get("version") != VERSION:
        raise SubmissionError(
            f"{path.name} is a submission of version {str(metadata.get('version'))[:20]!r}; this course reads version {VERSION}"
        )
    wanted = {f.name for f in fields(Submission)} - {"weights"} | {"format", "version"}
    if set(metadata) != wanted:
        odd = ", ".join(sorted(set(metadata) ^ wanted))
        raise SubmissionError(f"{path.name}: its metadata has missing or unknown entries: {odd[:200]}")
    return metadata, path.read_bytes() if weights else b""


def _parse(text: str, key: str):
    def refuse(constant):
        raise SubmissionError(f"its {key} holds {constant}; every number should be finite")

    return json.loads(text, parse_constant=refuse)


def _epoch(item) -> Epoch:
    whole = {"epoch", "test_correct"}
    if not isinstance(item, dict) or set(item) != {f.name for f in fields(Epoch)}:
        raise SubmissionError("an epoch of its history has missing or unknown figures")
    for key, value in item.items():
        if not _is_finite(value) or value < 0 or (key in whole and type(value) is not int):
            raise SubmissionError(f"its history says {key} = {str(value)[:40]}, which is no such figure")
    return Epoch(**item)


def _list(items) -> list:
    if not isinstance(items, list):
        raise SubmissionError("its history is not a list of epochs")
    return items


def two_numbers(two) -> tuple[float, float]:
    """A fresh tensor's mean and deviation from untrusted data; SubmissionError where they are none."""
    if not isinstance(two, list | tuple) or len(two) != 2 or not all(map(_is_finite, two)) or two[1] < 0:
        raise SubmissionError(f"a tensor's mean and deviation cannot be {str(two)[:60]}")
    return float(two[0]), float(two[1])


def _is_finite(number) -> bool:
    """Whether this is a number that a float can hold; JSON has whole numbers of any length."""
    return type(number) in (int, float) and abs(number) <= sys.float_info.max


def _texts(items) -> dict[str, str]:
    if not all(isinstance(k, str) and isinstance(v, str) and len(v) < 500 for k, v in items.items()):
        raise SubmissionError("its data and environment should be short texts")
    return dict(items)


def _check(submission: Submission) -> None:
    """What it says of itself must hold together."""
    expect_ten_scores(submission.graph)
    check_weights(submission.graph, submission.weights)
    if set(submission.initial) != set(submission.graph.tensors):
        raise SubmissionError("the means and deviations of its fresh tensors do not fit its graph")
    for name, tensor in submission.weights.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise SubmissionError(f"the tensor {name} holds NaN or infinity; did training diverge? Lower the rate")
    history, epoch = submission.history, submission.epoch
    if [e.epoch for e in history] != list(range(1, len(history) + 1)):
        raise SubmissionError("its history should count the epochs 1, 2, 3, …")
    if not history:
        raise SubmissionError("its history is empty; it should have an entry an epoch")
    if len(history) > submission.recipe.epochs:
        raise SubmissionError(
            f"its history has {len(history)} epochs, its recipe says {submission.recipe.epochs}; both should be true"
        )
    if any(e.train_accuracy > 100 or e.test_accuracy > 100 for e in history):
        raise SubmissionError("its history has an accuracy above 100 percent")
    if submission.carries not in ("best", "last") or type(epoch) is not int or not 1 <= epoch <= len(history):
        raise SubmissionError(f"it says that it carries the {submission.carries!r} epoch, number {epoch!r}")
    best = max(history, key=lambda e: e.test_correct).epoch
    if epoch != (best if submission.carries == "best" else len(history)):
        raise SubmissionError(
            f"it says that it carries the {submission.carries} epoch, number {epoch}; by its history that is "
            f"{best if submission.carries == 'best' else len(history)}"
        )
