"""The results' pictures in words, for those who can't see them, and the line below each."""

from statistics import mean

CAPTIONS = {
    "accuracy_by_epoch": (
        "Test accuracy by epoch. Line: mean of our runs; band: lowest to highest; crosses: the documented notebook's log."
    ),
    "accuracy_by_parameters": (
        "Parameters, on a logarithmic axis, against the best test accuracy. Rings: our runs; crosses: the log; triangles: the "
        "document, where it differs from its log."
    ),
    "gap_by_iteration": (
        "Training minus test accuracy in the last epoch. Above zero: the training digits are read better; below: training "
        "accuracy is measured with dropout and on turned digits. Rings: our runs; crosses: the log."
    ),
}


def alternative(name: str, data: dict) -> str:
    """What a picture shows, from its data."""
    return {
        "accuracy_by_epoch": _by_epoch,
        "accuracy_by_parameters": _by_parameters,
        "gap_by_iteration": _gap,
    }[name](data)


def _by_epoch(data: dict) -> str:
    said = [f"{number}, log {one['log'][0]:.2f} to {one['log'][-1]:.2f}{_runs(one)}" for number, one in data.items()]
    return "Test accuracy in percent, first to last epoch, a panel an iteration: " + "; ".join(said)


def _runs(one: dict) -> str:
    if not one["seeds"]:
        return ", no run yet"
    count = len(one["seeds"])
    return f", {'one run' if count == 1 else f'mean of {count} runs'} {one['mean'][0]:.2f} to {one['mean'][-1]:.2f}"


def _by_parameters(data: dict) -> str:
    said = [
        f"{number}, {one['parameters']:,} parameters, log {one['log']:.2f}" + _mean_of(one["runs"], ".2f")
        for number, one in data.items()
    ]
    return "Best test accuracy in percent against parameters, a point an iteration: " + "; ".join(said)


def _gap(data: dict) -> str:
    said = [f"{number}, log {one['log']:+.2f}" + _mean_of(one["runs"], "+.2f") for number, one in data.items()]
    return "Training minus test accuracy in the last epoch, in points, by iteration: " + "; ".join(said)


def _mean_of(values: list[float], form: str) -> str:
    if not values:
        return ", no run yet"
    count = "one run" if len(values) == 1 else f"mean of {len(values)} runs"
    return f", {count} {mean(values):{form}}"
