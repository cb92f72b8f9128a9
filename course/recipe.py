"""How to train a network, as data, written with PyTorch's own names.

Recipe(epochs=19, batch_size=128, optimizer=partial(SGD, lr=0.01, momentum=0.9),
       schedule=partial(StepLR, step_size=6, gamma=0.1), augment=RandomRotation(7), seed=1)
"""

import dataclasses
import hashlib
import inspect
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
                    f"augment holds {_or(AUGMENTATIONS)} of the course, ready made as RandomRotation(7); saw {_kind(item)}"
                )
        optimizer = _settings(self.optimizer, "optimizer", torch.optim, OPTIMIZERS)
        schedule = None if self.schedule is None else _settings(self.schedule, "schedule", lr_scheduler, SCHEDULES)
        self._try_out(optimizer, schedule)

    def _try_out(self, optimizer, schedule):
        """Let PyTorch itself refuse a negative rate or a setting that is missing, as for one of MNIST's epochs."""
        _leave_out_the_compiler()
        parameter = torch.nn.Parameter(torch.zeros(1))
        parameter.grad = torch.zeros(1)
        try:
            built = self.build_optimizer([parameter])
            built.step()
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
            "optimizer": _settings(self.optimizer, "optimizer", torch.optim, OPTIMIZERS),
            "schedule": None if self.schedule is None else _settings(self.schedule, "schedule", lr_scheduler, SCHEDULES),
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
        values["optimizer"] = _partial(data["optimizer"], torch.optim, OPTIMIZERS)
        if data["schedule"] is not None:
            values["schedule"] = _partial(data["schedule"], lr_scheduler, SCHEDULES)
        if not isinstance(data["augment"], list):
            raise RecipeError("augment is a list")
        augment = [_partial(item, augmentations, AUGMENTATIONS) for item in data["augment"]]
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


def _settings(given, what: str, module, names) -> dict:
    """A class, or a `partial` of one, as {"name": …, setting: number, …}."""
    function, keywords = given, {}
    if isinstance(given, partial):
        function, keywords = given.func, given.keywords
        if given.args:
            example = "lr=0.01" if what == "optimizer" else "gamma=0.1"
            raise RecipeError(f"{what}: write its settings by name, as {example} in partial({_name(function)}, {example})")
    allowed = {getattr(module, name): name for name in names}
    if not isinstance(function, type) or function not in allowed:
        raise RecipeError(f"{what} is a class, {_or(names)}, alone or in a partial; saw {_kind(given)}")
    keywords = {key: plain(value) for key, value in keywords.items()}
    known = set(inspect.signature(function).parameters) - {"params", "optimizer"}
    for key, value in keywords.items():
        if key not in known:
            raise RecipeError(f"{what}: {allowed[function]} has no setting {key!r}; it has {_or(sorted(known))}")
        if not _is_plain(value):
            raise RecipeError(f"{what}: {key} should be a finite number, a name or a list of numbers; saw {value!r}")
    return {"name": allowed[function]} | {k: list(v) if isinstance(v, tuple) else v for k, v in keywords.items()}


def _partial(data, module, names):
    if not isinstance(data, dict) or data.get("name") not in names:
        raise RecipeError(f"expected one of {_or(names)} with its settings, saw {str(data)[:80]}")
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k != "name"}
    if not all(isinstance(k, str) and _is_plain(v) for k, v in settings.items()):
        raise RecipeError(f"{data['name']} has a setting that is no finite number: {str(settings)[:80]}")
    function = getattr(module, data["name"])
    try:
        inspect.signature(function).bind_partial(**settings)
    except TypeError as error:
        raise RecipeError(f"{data['name']}: {error}") from None
    return partial(function, **settings)


def _is_plain(value) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= 100 and all(type(item) in (int, float) and _is_plain(item) for item in value)
    if type(value) is int:
        return abs(value) < 2**63  # JSON has longer ones, PyTorch hasn't
    return value is None or type(value) in (bool, str) or (type(value) is float and math.isfinite(value))


def _whole(value, name: str, least: int, most: int):
    if type(value) is not int or not least <= value <= most:
        raise RecipeError(f"{name} should be a whole number from {least} to {most}, saw {value!r}")


def _short(error: Exception) -> str:
    text = one_line(error)
    return text if isinstance(error, ValueError) else f"{type(error).__name__}, {text}"


def _name(thing) -> str:
    if isinstance(thing, partial):
        thing = thing.func
    return str(getattr(thing, "__name__", type(thing).__name__))


def _kind(thing) -> str:
    """What was given in the place of something else, so that its like is not taken for it."""
    if isinstance(thing, partial):
        return f"a partial of {_name(thing)}"
    if isinstance(thing, type) or inspect.isroutine(thing):
        return _name(thing)
    return f"a {_name(thing)} object of {type(thing).__module__}"


def _or(names) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}" if len(names) > 1 else names[0]
