"""The parts of a submission that was read: each of its form, and all of them in agreement."""

import json
import sys
from dataclasses import fields

import torch

from course.errors import SubmissionError
from course.output import expect_ten_scores
from course.rebuild import check_weights
from course.submission import Epoch, Submission


def parse_json(text: str, key: str):
    """What an entry of the metadata says; SubmissionError where it holds NaN or infinity."""

    def refuse(constant):
        raise SubmissionError(f"its {key} holds {constant}; every number should be finite")

    return json.loads(text, parse_constant=refuse)


def epoch_of(item) -> Epoch:
    """An epoch's figures from untrusted data."""
    whole = {"epoch", "test_correct"}
    if not isinstance(item, dict) or set(item) != {f.name for f in fields(Epoch)}:
        raise SubmissionError("an epoch of its history has missing or unknown figures")
    for key, value in item.items():
        if not _is_finite(value) or value < 0 or (key in whole and type(value) is not int):
            raise SubmissionError(f"its history says {key} = {str(value)[:40]}, which is no such figure")
    return Epoch(**item)


def list_of(items) -> list:
    """A list from untrusted data."""
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


def texts_of(items) -> dict[str, str]:
    """Short texts by name, from untrusted data."""
    if not all(isinstance(k, str) and isinstance(v, str) and len(v) < 500 for k, v in items.items()):
        raise SubmissionError("its data and environment should be short texts")
    return dict(items)


def expect_agreement(submission: Submission) -> None:
    """Raise an error, in a sentence, unless what a submission says of itself holds together."""
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
