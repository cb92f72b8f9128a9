"""How fast training and grading are: measured on one machine in one run, printed, and kept as data."""

import json
import os
import platform
import statistics
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import torch

from course import load_mnist
from course.device import cpu_has_bfloat16
from course.submission import environment
from course.tables import text_table
from solutions import class_times, growth, levers, timings
from solutions.modules import RESULTS

BENCH = RESULTS / "bench.json"


def bench(parts: list[str], path: Path = BENCH) -> None:
    """Measure these parts (all of PARTS where none is named), print each, and put them into the file of results."""
    data, parts = load_mnist(), parts or list(PARTS)
    for name in parts:
        measure, show = PARTS[name]
        print(f"{name} …", flush=True)
        found = {"machine": machine(), "found": measure(data)}
        print(text_table(*show(found["found"])), flush=True)
        kept = read_bench(path) | {name: found}
        path.write_text(json.dumps(kept, indent=1) + "\n")
    if "growth" in parts:
        growth.draw(read_bench(path)["growth"]["found"], path.with_name("growth.svg"))


def read_bench(path: Path = BENCH) -> dict:
    """What was measured last, by part: `machine` and `found`."""
    return json.loads(path.read_text()) if path.exists() else {}


def machine() -> dict:
    """What a time depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "date": date.today().isoformat(),
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "bfloat16": cpu_has_bfloat16(),
        **environment(),
    }


Table = tuple[Sequence[str], Sequence[Sequence[str]]]  # a head, and rows


def _epochs(found: dict) -> Table:
    head = ["one epoch, seconds", "standard loop"]
    rows = [[what, f"{row['seconds']['standard']:.1f}"] for what, row in found.items()]
    for precision in measured_precisions(found):
        head += [f"fit, {precision}", "times as fast"]
        for cells, row in zip(rows, found.values(), strict=True):
            cells += [f"{row['seconds'][precision]:.1f}", f"{times_as_fast(row, precision):.2f}"]
    return head, rows


def measured_precisions(found: dict) -> list[str]:
    """In which precisions epochs were measured."""
    return [name for name in next(iter(found.values()))["seconds"] if name != "standard"]


def times_as_fast(row: dict, precision: str) -> float:
    """How many of `fit`'s epochs one of the standard loop's lasts."""
    return row["seconds"]["standard"] / row["seconds"][precision]


def _levers(found: dict) -> Table:
    rates = {what: (statistics.median(turns), min(turns), max(turns)) for what, turns in found.items()}
    before, _, _ = next(iter(rates.values()))
    rows = [
        (what, f"{rate:,.0f}", f"{low:,.0f} to {high:,.0f}", f"{100 * (rate / before - 1):+.0f}%")
        for what, (rate, low, high) in rates.items()
    ]
    return ("training", "digits a second", "slowest and fastest turn", "against as it is"), rows


def _evaluation(seconds: float) -> Table:
    return ("evaluation", "seconds"), [("10,000 digits, final network", f"{seconds:.2f}")]


def _class(found: dict) -> Table:
    turns = ", ".join(f"{seconds:.0f}" for seconds in found["turns"])
    row = (f"{found['learners']} hand-ins of lesson {found['lesson']}", turns, f"{found['seconds']:.0f}")
    return ("grading", "seconds, turn by turn", "median"), [row]


def _recipe(found: dict) -> Table:
    standard = found["standard"]
    rows = [
        ("standard loop, 19 epochs of iteration 8", f"{standard['seconds']:.0f}", f"{standard['accuracy'][-1]:.2f}%")
    ]
    rows += [
        (f"fast recipe, {precision}, seed {run['seed']}", f"{run['seconds']:.0f}", f"{run['last']:.2f}%")
        for precision, runs in found["fast"].items()
        for run in runs
    ]
    return ("training", "seconds", "test, last epoch"), rows


def _growth(found: dict) -> Table:
    rows = [
        (
            f"iteration {row['iteration']}, batches of {row['batch_size']}",
            f"{row['parameters']:,}",
            f"{row['multiply_adds'] / 1e6:.2f}",
            f"{row['microseconds']:.0f}",
            f"{row['memory_mb']:,.0f}",
        )
        for row in [*found["iterations"], *found["batches"]]
    ]
    for row in found["seeds"]:
        name = f"{row['seeds']} seeds side by side" if row["seeds"] > 1 else "one seed"
        rows.append((f"iteration 8, {name}", "", "", f"{row['microseconds']:.0f}", ""))
    return ("training", "parameters", "million multiply-adds", "µs a digit and seed", "peak memory, MB"), rows


# What is measured, and how it is shown.
PARTS: dict[str, tuple[Callable, Callable[..., Table]]] = {
    "epochs": (timings.epoch_times, _epochs),
    "levers": (levers.lever_rates, _levers),
    "evaluation": (timings.evaluation_time, _evaluation),
    "class": (class_times.class_times, _class),
    "growth": (growth.growth, _growth),
    "recipe": (timings.fast_recipe_times, _recipe),
}
