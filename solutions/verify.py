"""Grade every recorded submission again: same network, same recipe, same count of right answers."""

from course.submission import load_submission
from course.trace import trace_with_weights
from graders.check import check
from graders.verdict import LIMITS
from solutions.modules import WITH_WEIGHTS, solution, weights_path

MOST_APART = 2  # digits of 10,000 that another processor's rounding may turn


def verify() -> bool:
    """Print a line for each iteration; whether all hold."""
    return all([_verify(number) for number in WITH_WEIGHTS])


def _verify(number: int) -> bool:
    from dataclasses import replace

    from course.iterations import iteration

    path, facts, module = weights_path(number), iteration(number), solution(number)
    again = f"python -m solutions reproduce --iterations {number}"
    if not path.exists():
        return _say(number, False, f"{path.name} is missing; {again}")
    submission = load_submission(path)
    graph, _ = trace_with_weights(module.Net)
    if submission.graph.hash != graph.hash:
        return _say(number, False, f"the network has changed since {path.name} was recorded; {again}")
    if submission.recipe.hash != replace(module.recipe, seed=submission.recipe.seed).hash:
        return _say(number, False, f"the recipe has changed since {path.name} was recorded; {again}")
    if graph.parameters != facts.documented.parameters:
        return _say(number, False, f"{graph.parameters:,} parameters, documented {facts.documented.parameters:,}")
    verdict = check(path)
    if verdict.error:
        return _say(number, False, verdict.error["message"])
    value = verdict.constraints["accuracy"].value
    recorded = submission.history[submission.epoch - 1].test_correct
    counted = round((value or 0) * 100)
    if abs(counted - recorded) > MOST_APART:
        return _say(number, False, f"{counted:,} right answers, recorded {recorded:,}")
    failed = [name for name in facts.claims if name in LIMITS and not verdict.constraints[name].passed]
    if failed:
        return _say(number, False, f"claims {', '.join(failed)} and does not meet it")
    return _say(
        number,
        True,
        f"{graph.parameters:,} parameters, {counted:,} of 10,000 right, as recorded (seed {submission.recipe.seed})",
    )


def _say(number: int, holds: bool, sentence: str) -> bool:
    print(f"[{'OK' if holds else 'FAIL'}] iteration {number}: {sentence}", flush=True)
    return holds
