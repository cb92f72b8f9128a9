"""What the grader expects of a code answer of lessons 2 to 10, a formula by hand, computed from the same inputs.

`JUDGE` has the judges of all lessons' code answers, by check.
"""

import torch
from torch.nn import functional as F

from course.errors import counted
from graders import answer_inputs
from graders.data_judges import judge_dataset, judge_loaders, judge_statistics, judge_transform
from graders.loop_judges import judge_test_loop, judge_train_loop
from graders.near import near
from graders.outcome import Outcome, correct, not_yet

ROUNDING = 1e-6  # of single precision, or of six decimals


def judge_receptive_field(seen: dict, seed: int) -> Outcome:
    """r grows by (k - 1) times the jump, and the jump by the stride."""
    for layers, value in zip(answer_inputs.layer_lists(seed), seen["values"], strict=True):
        size, jump = 1, 1
        for kernel, stride in layers:
            size, jump = size + (kernel - 1) * jump, jump * stride
        if value != size:
            return not_yet(
                f"for (kernel, stride) {layers} saw {value:g}, expected {size}: "
                "add (kernel - 1) · jump to the size, then multiply the jump by the stride"
            )
    return correct("receptive fields are right, with strides too")


def judge_count_by_hand(seen: dict, seed: int) -> Outcome:
    """kernel² · in · out, and a bias for each channel out."""
    for (kernel, before, after, bias), value in zip(
        answer_inputs.convolution_settings(seed), seen["values"], strict=True
    ):
        expected = sum(p.numel() for p in torch.nn.Conv2d(before, after, kernel, bias=bias).parameters())
        if value != expected:
            return not_yet(
                f"for a {kernel}×{kernel} convolution {before} → {after}, bias={bias}, saw {value:g}, "
                f"PyTorch's has {expected:,}"
            )
    return correct("the same numbers as PyTorch's own convolutions have")


def judge_batch_norm(seen: dict, seed: int) -> Outcome:
    """What torch's batch_norm gives in training mode."""
    x, weight, bias, eps = answer_inputs.normalisation_inputs(seed)
    if seen["shape"] != list(x.shape):
        return not_yet(f"saw shape {tuple(seen['shape'])}, expected the input's, {tuple(x.shape)}")
    expected = F.batch_norm(x, None, None, weight, bias, training=True, eps=eps).double().flatten().tolist()
    if near(seen["values"], expected, 1e-4):
        return correct("the same as F.batch_norm in training mode")
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True)
    w, b = weight.view(1, -1, 1, 1), bias.view(1, -1, 1, 1)
    deviation = x.std((0, 2, 3), keepdim=True, correction=0)
    guesses = {
        "the variance divides by n - 1; BatchNorm divides by n: correction=0": (x - mean) * (variance + eps) ** -0.5 * w + b,
        "weight and bias are not applied yet": F.batch_norm(x, None, None, training=True, eps=eps),
        "eps stands inside the root, under the variance": (x - mean) / (deviation + eps) * w + b,
        "it is divided by the variance; BatchNorm divides by its root": (x - mean) / (deviation**2 + eps) * w + b,
        f"eps is an argument, {eps:g} here: use it in place of a number of your own": (x - mean) / deviation * w + b,
    }  # fmt: skip
    for message, guess in guesses.items():
        if near(seen["values"], guess.double().flatten().tolist(), 1e-4):
            return not_yet(message)
    return not_yet(
        "the values differ from F.batch_norm's: mean and variance over batch, height and width, for each channel"
    )


def judge_rates(seen: dict, seed: int) -> Outcome:
    """The rate of each epoch under StepLR."""
    settings = answer_inputs.schedule_settings(seed)
    for (epochs, lr, step, gamma), rates in zip(settings, seen["values"], strict=True):
        expected = [lr * gamma ** (epoch // step) for epoch in range(epochs)]
        said = f"for {epochs} epochs from {lr} with step_size={step}, gamma={gamma}"
        if len(rates) != epochs:
            return not_yet(f"{said} saw {counted(len(rates), 'rate')}, expected one an epoch")
        if near(rates, expected, ROUNDING):
            continue
        if len(set(rates)) == 1:
            return not_yet(
                f"{said} the rate never changed: is scheduler.step() called, once an epoch, of one scheduler that is made before "
                "the loop?"
            )
        if near(rates[:-1], expected[1:], ROUNDING):
            return not_yet(
                f"{said} every drop comes one epoch early: the first epoch has the rate at the start; with a scheduler, note the "
                "rate before scheduler.step()"
            )
        if near(rates[1:], expected[:-1], ROUNDING):
            return not_yet(f"{said} every drop comes one epoch late: the epoch after step_size epochs has the next rate")
        first = next(i for i, (a, b) in enumerate(zip(rates, expected, strict=True)) if not near([a], [b], ROUNDING))
        return not_yet(f"{said} saw {rates[first]:g} in epoch {first + 1}, expected {expected[first]:g}")
    for rates, trained in zip(seen["values"], seen["trained"], strict=True):
        if len(trained) == len(rates) and not near(trained, rates, ROUNDING):
            return not_yet("the rates are right, but optimizer.step() trains with the next ones: the schedule steps last", 0.8)
    return correct("the rate of every epoch is right")


JUDGE = {
    "statistics": judge_statistics,
    "transform": judge_transform,
    "dataset": judge_dataset,
    "loaders": judge_loaders,
    "train_loop": judge_train_loop,
    "test_loop": judge_test_loop,
    "field_by_hand": judge_receptive_field,
    "count_by_hand": judge_count_by_hand,
    "batch_norm_by_hand": judge_batch_norm,
    "rates": judge_rates,
}
