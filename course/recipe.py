"""How to train a network, as data, written with PyTorch's own names.

Recipe(epochs=19, batch_size=128, optimizer=partial(SGD, lr=0.01, momentum=0.9),
       schedule=partial(StepLR, step_size=6, gamma=0.1), augment=RandomRotation(7), seed=1)
"""

import dataclasses
import hashlib
import json
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.optim import SGD, Optimizer, lr_scheduler

from course import augment as augmentations
from course.augment import plain
from course.errors import RecipeError, one_line
from course.settings import kind_of, one_of, partial_of, settings_of

OPTIMIZERS = "SGD Adam AdamW NAdam RAdam Adamax Adadelta Adagrad RMSprop Rprop ASGD".split()
SCHEDULES = """StepLR MultiStepLR ConstantLR LinearLR ExponentialLR PolynomialLR CosineAnnealingLR
CosineAnnealingWarmRestarts OneCycleLR""".split()
AUGMENTATIONS = "RandomRotation RandomShift RandomScale".split()
PRECISIONS = ("float32", "bfloat16")
MOST_EPOCHS = 1000  # a slip of a few zeros should not train for a week


@dataclass(frozen=True)
class Recipe:
    """Optimiser, schedule, augmentation, batch size, epochs and seed; names and numbers only.

    Raises RecipeError, in a sentence, for whatever is not data or makes no sense. Schedules step once an epoch;
    OneCycleLR steps every batch and gets its `total_steps` from `fit`.
    """

    epochs: int
    batch_size: int = 128
    optimizer: Callable[..., Optimizer] = partial(SGD, lr=0.01, momentum=0.9)
    schedule: Callable[..., lr_scheduler.LRScheduler] | None = None
    augment: Any = ()
    seed: int = 1
    precision: str = "float32"

    def __post_init__(self):
        for name in ("epochs", "batch_size", "seed"):
            object.__setattr__(self, name, plain(getattr(self, name)))
        _whole(self.epochs, "epochs", 1, MOST_EPOCHS)
        _whole(self.batch_size, "batch_size", 1, 60_000)
        _whole(self.seed, "seed", 0, 2**63 - 1)
        if self.precision not in PRECISIONS:
            raise RecipeError(f"precision is {' or '.join(PRECISIONS)}, saw {self.precision!r}")
        given = self.augment if isinstance(self.augment, tuple | list) else (self.augment,)
        object.__setattr__(self, "augment", tuple(item for item in given if item is not None))
        for item in self.augment:
            if type(item) not in [getattr(augmentations, name) for name in AUGMENTATIONS]:
                raise RecipeError(
                    f"augment holds {one_of(AUGMENTATIONS)} of the course, ready made as RandomRotation(7); saw {kind_of(item)}"
                )
        optimizer = settings_of(self.optimizer, "optimizer", torch.optim, OPTIMIZERS)
        schedule = None if self.schedule is None else settings_of(self.schedule, "schedule", lr_scheduler, SCHEDULES)
        self._try_out(optimizer, schedule)

    def _try_out(self, optimizer, schedule):
        """Let PyTorch itself refuse a negative rate or a setting that is missing, as for one of MNIST's epochs."""
        _leave_out_the_compiler()
        try:
            built = self.build_optimizer([torch.nn.Parameter(torch.zeros(1))])
        except Exception as error:
            raise RecipeError(f"optimizer {optimizer['name']}: {_short(error)}") from None
        try:
            built_schedule = self.build_schedule(built, steps_per_epoch=math.ceil(60_000 / self.batch_size))
            if built_schedule:
                with warnings.catch_warnings(action="ignore"):  # of a schedule that steps before its optimiser
                    built_schedule.step()  # a step_size of 0 shows only here
        except Exception as error:
            raise RecipeError(f"schedule {schedule['name']}: {_short(error)}") from None

    def build_optimizer(self, parameters) -> Optimizer:
        """The optimiser for these parameters."""
        return self.optimizer(parameters)

    def build_schedule(self, optimizer: Optimizer, steps_per_epoch: int) -> lr_scheduler.LRScheduler | None:
        """The schedule for this optimiser, or None; OneCycleLR is given its number of steps."""
        if self.schedule is None:
            return None
        if self.steps_every_batch:
            return self.schedule(optimizer, total_steps=self.epochs * steps_per_epoch)
        return self.schedule(optimizer)

    @property
    def steps_every_batch(self) -> bool:
        """Whether the schedule moves after every batch, as OneCycleLR does, instead of after every epoch."""
        return getattr(self.schedule, "func", self.schedule) is lr_scheduler.OneCycleLR

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that change when the recipe does."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict:
        """Plain dicts, lists, strings and numbers."""
        augment = [{"name": type(a).__name__, **dataclasses.asdict(a)} for a in self.augment]
        return {
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "optimizer": settings_of(self.optimizer, "optimizer", torch.optim, OPTIMIZERS),
            "schedule": None if self.schedule is None else settings_of(self.schedule, "schedule", lr_scheduler, SCHEDULES),
            "augment": augment,
            "seed": self.seed,
            "precision": self.precision,
        }

    @classmethod
    def from_json(cls, data) -> "Recipe":
        """Read a recipe from untrusted data; RecipeError says what is wrong with it."""
        fields = {f.name for f in dataclasses.fields(cls)}
        if not isinstance(data, dict) or set(data) != fields:
            raise RecipeError(f"a recipe holds {', '.join(sorted(fields))}, and nothing else")
        values = dict(data)
        values["optimizer"] = partial_of(data["optimizer"], torch.optim, OPTIMIZERS)
        if data["schedule"] is not None:
            values["schedule"] = partial_of(data["schedule"], lr_scheduler, SCHEDULES)
        if not isinstance(data["augment"], list):
            raise RecipeError("augment is a list")
        augment = [partial_of(item, augmentations, AUGMENTATIONS) for item in data["augment"]]
        try:
            values["augment"] = tuple(item() for item in augment)
        except TypeError as error:
            raise RecipeError(f"augment: {one_line(error)}") from None
        return cls(**values)


def _leave_out_the_compiler() -> None:
    """Building an optimiser would import PyTorch's compiler, for two seconds, only to be left alone by it: say so beforehand."""
    function = getattr(Optimizer.add_param_group, "__wrapped__", None)
    if function is not None and not hasattr(function, "__dynamo_disable"):
        function.__dynamo_disable = function


def _whole(value, name: str, least: int, most: int):
    if type(value) is not int or not least <= value <= most:
        raise RecipeError(f"{name} should be a whole number from {least} to {most}, saw {value!r}")


def _short(error: Exception) -> str:
    text = one_line(error)
    return text if isinstance(error, ValueError) else f"{type(error).__name__}, {text}"
