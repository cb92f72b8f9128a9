"""Checks inside a lesson: the same questions and the same judges as the grader's, asked in the learner's own kernel.

What is said here is advice. Marks are settled outside the kernel, by `graders.marking`.
"""

import hashlib
import secrets
import tomllib
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import Any

import torch

from course.errors import DataError, UsageError
from course.tryout import digits
from graders.answered import Answered
from graders.evidence import accuracy_outcome
from graders.lessons import checks
from graders.marking import judge
from graders.outcome import CORRECT, NOT_ASSESSED, NOT_ATTEMPTED
from graders.probes import ask

SIGNS = {CORRECT: "✔ correct", NOT_ATTEMPTED: "○ not attempted", NOT_ASSESSED: "○ not assessed"}


def lesson_checks(number: int) -> tuple[Callable[..., float], Callable[..., None]]:
    """The functions `check` and `hint` of a lesson.

    `check(name, Net=Net, …)` prints an outcome and returns its marks as a plain float; `hint(name)` prints a first hint,
    `hint(name, 2)` one that says more.
    """

    last: dict[str, Any] = {}  # the network that was asked about last: how it looks, and what was found

    def answer(probe: str, defined: dict, seed: int) -> dict:
        if probe != "network":
            return ask(probe, defined, {"seed": seed})
        now = _looks(defined.get("Net"))
        if now is None or now != last.get("looks"):
            last.update(looks=now, found=ask(probe, defined, {"seed": seed}))
        return last["found"]

    def check(name: str, **defined) -> float:
        known = checks(number)
        if name not in known:
            raise UsageError(f"lesson {number} has the checks {', '.join(known)}; saw {name!r}")
        one, seed = known[name], secrets.randbelow(2**31)
        probes = {"network": ["network"], "recipe": ["recipe"], "answer": [name], "evidence": ["network", "recipe"]}[
            one.kind
        ]
        answers = {probe: answer(probe, defined, seed) for probe in probes}
        try:
            outcome = judge(one, Answered(answers), seed, Path("."), number, partial(accuracy_outcome, practice=True))
        except DataError as error:
            print(f"○ not assessed: {error}")
            return 0.0
        marks = float(one.points * outcome.fraction)
        said = f"{SIGNS.get(outcome.state, '✘ not yet')} ({marks:g} of {one.points}): {outcome.message}"
        print(fill(said, 110, subsequent_indent="  ", break_on_hyphens=False))
        if outcome.state not in SIGNS:
            print(f'  A hint: hint("{name}")')
        return marks

    def hint(name: str, tier: int = 1) -> None:
        text = (Path(__file__).parent / "hints.toml").read_text(encoding="utf-8")
        found = tomllib.loads(text).get(f"lesson_{number}", {}).get(name)
        if not found:
            raise UsageError(f"lesson {number} has the checks {', '.join(checks(number))}; saw {name!r}")
        if tier not in range(1, len(found) + 1):
            raise UsageError(f"{name} has {len(found)} hints; saw tier {tier!r}")
        print(found[tier - 1])
        if tier < len(found):
            print(f'More: hint("{name}", {tier + 1})')

    return check, hint


def _looks(network) -> tuple[type, str] | None:
    """A network's class and a digest of what it answers on noise: where both are as before, so is its graph. Tracing takes a
    second, and most checks of a lesson want it; what a class calls may have changed without the class.
    """
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(0)
            module = network()
            tensors = [module.train()(digits(5)), module.eval()(digits(3)), *module.state_dict().values()]
        digest = hashlib.sha256()
        for tensor in tensors:
            digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.contiguous().view(-1).numpy().tobytes())
        return network, digest.hexdigest()
    except Exception:  # whatever is wrong with it, asking will say
        return None
