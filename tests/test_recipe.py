"""Recipes: what PyTorch would train with is taken, and what it would trip over is refused before a training begins."""

from functools import partial

import pytest
import torch
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, StepLR

from course.errors import RecipeError
from course.recipe import Recipe


@pytest.mark.parametrize("epochs, share", [(10, 0.1), (5, 0.2), (20, 0.05), (2, 0.5), (1, 0.3)])
def test_one_cycle_may_rise_for_exactly_one_epoch(epochs: int, share: float) -> None:
    schedule = partial(OneCycleLR, max_lr=0.1, pct_start=share)
    assert Recipe(epochs, optimizer=partial(SGD, lr=0.1, momentum=0.9), schedule=schedule).steps_every_batch


REFUSED = {
    "a rate below zero": dict(optimizer=partial(SGD, lr=-1)),
    "a setting of another kind": dict(optimizer=partial(Adam, betas="0.9")),
    "a schedule that cannot step": dict(schedule=partial(StepLR, step_size=0)),
    "a schedule without its length": dict(schedule=CosineAnnealingLR),
    "a schedule that is a number": dict(schedule=0),
    "an empty schedule": dict(schedule=()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_fail_in_training_is_refused_at_once(name: str) -> None:
    with pytest.raises(RecipeError, match=next(iter(REFUSED[name]))):
        Recipe(5, **REFUSED[name])


WEIGHT = torch.nn.Parameter(torch.zeros(1))
READY_MADE = {
    "an optimizer": (dict(optimizer=SGD([WEIGHT], lr=0.1)), "saw a ready-made SGD, .*partial\\(SGD, lr=0.01, momentum=0.9\\)"),
    "a schedule": (dict(schedule=StepLR(SGD([WEIGHT], lr=0.1), 6)), "saw a ready-made StepLR, .*partial\\(StepLR, step_size=6"),
    "a number": (dict(schedule=0), "saw an int$"),
}  # fmt: skip


@pytest.mark.parametrize("name", READY_MADE)
def test_what_is_no_class_is_named_with_what_to_write(name: str) -> None:
    given, said = READY_MADE[name]
    with pytest.raises(RecipeError, match=said):
        Recipe(5, **given)


def test_an_augmentation_without_its_setting_is_refused_when_read() -> None:
    data = Recipe(5).to_json() | {"augment": [{"name": "RandomRotation"}]}
    with pytest.raises(RecipeError, match="degrees"):
        Recipe.from_json(data)
