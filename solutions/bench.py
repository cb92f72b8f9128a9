"""How fast training is, against the standard loop: measured on one machine in one run, printed, and kept as data."""

import json
import os
import platform
from collections.abc import Callable
from datetime import date
from pathlib import Path

import torch

from course import load_mnist
from course.submission import environment
from course.tables import text_table
from solutions import growth, timings
from solutions.modules import RESULTS

BENCH = RESULTS / "bench.json"


def bench(parts: list[str], path: Path = BENCH) -> None:
    """Measure these parts (all of PARTS where none is named), print each, and put them into the file of results."""
    data = load_mnist()
    for name in parts or list(PARTS):
        measure, show = PARTS[name]
        print(f"{name} …", flush=True)
        found = {"machine": machine(), "found": measure(data)}
        print(show(found["found"]), flush=True)
        kept = read_bench(path) | {name: found}
        path.write_text(json.dumps(kept, indent=1) + "\n")
    if "growth" in read_bench(path):
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
        "bfloat16": torch.cpu._is_avx512_bf16_supported(),
        **environment(),
    }


def _epochs(found: dict) -> str:
    rows = [
        (name, f"{row['standard']:.1f}", f"{row['course']:.1f}", f"{row['ratio']:.2f}") for name, row in found.items()
    ]
    return text_table(("one epoch, seconds", "standard loop", "fit", "times as fast"), rows)


def _levers(found: dict) -> str:
    base = found["nothing"]
    rows = [(name, f"{rate:,.0f}", f"{rate / base:.2f}") for name, rate in found.items()]
    return text_table(("left out", "digits a second", "share"), rows)


def _recipe(found: dict) -> str:
    standard = found["standard"]
    rows = [("standard loop", f"{standard['seconds']:.0f}", f"{standard['accuracy'][-1]:.2f}")]
    rows += [(f"fast, seed {run['seed']}", f"{run['seconds']:.0f}", f"{run['last']:.2f}") for run in found["fast"]]
    table = text_table(("training", "seconds", "last epoch, %"), rows)
    return f"{table}\nmean of the last epochs {found['mean_last']:.3f}%; {found['ratio']:.1f} times as fast\n"


def _growth(found: dict) -> str:
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
    rows += [(f"iteration 8, {row['seeds']} seeds", "", "", f"{row['microseconds']:.0f}", "") for row in found["seeds"]]
    return text_table(("training", "parameters", "million multiply-adds", "microseconds a digit", "memory, MB"), rows)


# What is measured, and how it is shown.
PARTS: dict[str, tuple[Callable, Callable]] = {
    "epochs": (timings.epoch_times, _epochs),
    "levers": (timings.lever_rates, _levers),
    "evaluation": (timings.evaluation_time, "{:.2f} s for 10,000 digits".format),
    "growth": (growth.growth, _growth),
    "recipe": (timings.fast_recipe_times, _recipe),
}
