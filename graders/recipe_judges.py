"""What lessons 9 and 10 ask of a recipe: its augmentation and its schedule."""

import torch
from torch.optim.lr_scheduler import StepLR

from course.augment import RandomRotation
from course.recipe import Recipe
from graders.near import near
from graders.outcome import Outcome, correct, not_yet

DEGREES = (5, 7)  # the document's guess: "5-7 degrees should be sufficient"
STEP_SIZE, GAMMA = 6, 0.1
EPOCHS = range(13, 20)  # as many as a recipe has are compared, but two changes of the rate at least, and three at most
DOCUMENTED: dict = {"name": "SGD", "lr": 0.01, "momentum": 0.9}
BATCH_SIZE = 128
HOW_NOT_WHAT = ("foreach", "fused", "differentiable")  # settings of how the same step is computed


def judge_augmentation(recipe: Recipe) -> Outcome:
    """One rotation by up to 5 to 7 degrees."""
    kinds = [type(item).__name__ for item in recipe.augment]
    if not kinds:
        return not_yet("the recipe has no augmentation; try augment=RandomRotation(7)")
    rotations = [item for item in recipe.augment if isinstance(item, RandomRotation)]
    if len(rotations) != 1 or len(kinds) > 1:
        return not_yet(f"saw {', '.join(kinds)}; this lesson asks for one RandomRotation and nothing else")
    degrees, fill = rotations[0].degrees, rotations[0].fill
    if not DEGREES[0] <= degrees <= DEGREES[1]:
        return not_yet(f"saw rotations of up to {degrees:g}°, expected {DEGREES[0]} to {DEGREES[1]}°")
    if fill > 1:
        return not_yet(f"saw corners filled with {fill} of 255, expected 0 or, as documented, 1: others would be seen")
    return correct(f"each digit is turned by an angle of its own, up to ±{degrees:g}°")


def judge_schedule(recipe: Recipe) -> Outcome:
    """A tenth of the documented rate after every sixth epoch, as StepLR gives it."""
    if recipe.schedule is None:
        return not_yet("the recipe has no schedule; try schedule=partial(StepLR, step_size=…, gamma=…)")
    about, rates = recipe.to_json(), _rates(recipe)
    if not rates or not near(rates, [rates[0] * GAMMA ** (epoch // STEP_SIZE) for epoch in range(len(rates))], 1e-6, 0):
        schedule = about["schedule"]
        if schedule["name"] != StepLR.__name__:
            return not_yet(f"saw {schedule['name']} with other rates than StepLR's, expected StepLR")
        step_size, gamma = schedule.get("step_size"), schedule.get("gamma", 0.1)
        return not_yet(f"saw StepLR with step_size {step_size} and gamma {gamma:g}, expected {STEP_SIZE} and {GAMMA:g}")
    used = {name: value for name, value in about["optimizer"].items() if value and name not in HOW_NOT_WHAT}
    if not _documented(used) or recipe.batch_size != BATCH_SIZE:
        return not_yet(
            f"the schedule is right, but not what it goes with: {'; '.join(_differences(used, recipe.batch_size))}",
            0.8,
        )
    return correct("a tenth of the rate after every sixth epoch")


def _differences(used: dict, batch_size: int) -> list[str]:
    """A sentence for each setting that is another than the documented one."""
    if used["name"] != DOCUMENTED["name"]:
        return [f"saw the optimizer {used['name']}, expected partial(SGD, lr=0.01, momentum=0.9)"]
    found = []
    for name, wished in DOCUMENTED.items():
        seen = used.get(name, 0)
        if name != "name" and not near([seen], [wished], 1e-6):
            found.append(f"saw {name} {seen:g}, expected {wished:g}: set {name}={wished:g}")
    found += [f"saw {name} {used[name]}, expected none: leave {name} out" for name in used if name not in DOCUMENTED]
    if batch_size != BATCH_SIZE:
        found.append(f"saw batches of {batch_size}, expected {BATCH_SIZE}: set batch_size={BATCH_SIZE}")
    return found


def _rates(recipe: Recipe) -> list[float]:
    """The rate with which each epoch begins; of a schedule that moves every batch, none."""
    if recipe.steps_every_batch:
        return []
    optimizer = recipe.build_optimizer([torch.nn.Parameter(torch.zeros(1))])
    schedule, rates = recipe.build_schedule(optimizer, steps_per_epoch=1), []
    for _ in range(min(max(recipe.epochs, EPOCHS[0]), EPOCHS[-1])):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if schedule:
            schedule.step()
    return rates


def _documented(used: dict) -> bool:
    """Whether these settings are the documented ones, but for rounding."""
    numbers = ("lr", "momentum")
    return used.keys() == DOCUMENTED.keys() and used["name"] == DOCUMENTED["name"] and near(
        [used[name] for name in numbers], [DOCUMENTED[name] for name in numbers], 1e-6
    )
