"""Mark a notebook: every check of its lesson, decided outside the process that runs the learner's code."""

import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from course.errors import CourseError, DataError
from course.graph import Graph
from course.iterations import number_of
from graders.answered import Answered
from graders.answers import ASK
from graders.definitions import definitions
from graders.evidence import Evidence, accuracy_outcome, find_evidence
from graders.judges import judge_layers, judge_pooling
from graders.lessons import Check, checks, needed
from graders.missing import explain_missing
from graders.outcome import Outcome, not_attempted, not_yet
from graders.output_judges import judge_gap
from graders.plans import plan
from graders.probes import NOT_ATTEMPTED
from graders.sandbox import Limits, run_probes

__all__ = ["mark", "number_of", "judge", "Outcome"]
MISSING = re.compile(r"there is no (\w+) yet")

# Below the first of these checks that a lesson has, the feedback shows the network's table.
SHOWS_TABLE = ("parameters", "constraint_parameters")


def mark(
    notebook,
    folder,
    *,
    number: int,
    practice: bool = False,
    limits: Limits | None = None,
    run: Callable[[str, dict, Limits | None], dict] = run_probes,
    evaluate: Callable[..., Outcome] = accuracy_outcome,
) -> dict[str, Outcome]:
    """The outcome of every check of lesson `number`, by check, for a notebook node and the folder of its other files.

    The learner's definitions are run in the sandbox, by `run`; the trained network is evaluated here, by `evaluate`. Raises
    DataError where accuracy has to be judged and MNIST is missing, unless `practice` lets it go unassessed.
    """
    cells = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    found = definitions(cells, needed(number))
    seed = secrets.randbelow(2**31)
    probes = ["network", "recipe", *(name for name in checks(number) if name in ASK)]
    try:
        given = run(found.source, {"probes": probes, "seed": seed}, limits)
        answers, failures = given.get("answers"), given.get("failures")
        answers = answers if isinstance(answers, dict) else {}
        failures = [str(item)[:400] for item in failures][:5] if isinstance(failures, list) else []
    except CourseError as error:
        answers, failures = {name: {"state": "failed", "message": str(error)} for name in probes}, []
    problems = [*found.problems, *failures]
    answered, evaluate = Answered(answers), partial(evaluate, practice=practice)
    return {
        name: _explained(judge(check, answered, seed, Path(folder), number, evaluate), problems, cells)
        for name, check in checks(number).items()
    }


def mark_as_data(cells: list[str], folder, **settings) -> dict:
    """What `mark` finds in code cells: {"outcomes": …}, {"data": sentence} for want of MNIST, or {"error": sentence}."""
    notebook = {"cells": [{"cell_type": "code", "source": source} for source in cells]}
    try:
        outcomes = mark(notebook, folder, **settings)
    except DataError as error:
        return {"data": str(error)}
    except CourseError as error:
        return {"error": str(error)}
    return {"outcomes": {name: asdict(outcome) for name, outcome in outcomes.items()}}


def judge(
    check: Check, answered: Answered, seed: int, folder: Path, number: int, evaluate: Callable[..., Outcome]
) -> Outcome:
    """One check's outcome from what the probes answered; an answer that is not of the probes' form earns nothing."""
    try:
        return _judge(check, answered, seed, folder, number, evaluate)
    except DataError:
        raise
    except CourseError as error:
        return not_yet(str(error))
    except Exception as error:  # what a stranger's graph makes PyTorch or arithmetic say
        return not_yet(f"what the code gave back could not be judged ({type(error).__name__}: {str(error)[:200]})")


def _judge(check: Check, answered: Answered, seed: int, folder: Path, number: int, evaluate: Callable) -> Outcome:
    wanted = {"network": ["network"], "recipe": ["recipe"], "answer": [check.name], "evidence": ["network", "recipe"]}
    for name in wanted[check.kind]:
        answer = answered.answers[name]
        if "state" in answer:
            said = not_attempted if answer["state"] == NOT_ATTEMPTED else not_yet
            return said(str(answer.get("message"))[:600])
    if check.kind == "answer":
        assert check.judge
        return check.judge(answered.answers[check.name], seed)
    if check.kind == "recipe":
        assert check.judge
        return check.judge(answered.recipe)
    graph = answered.graph
    if check.needs_ten_scores and answered.output_problem:
        first = next(name for name, one in checks(number).items() if one.needs_ten_scores)
        if check.name != first:
            return not_yet(f"the network gives no ten scores a digit yet, and this needs them; see the check {first!r}")
        return not_yet(f"{answered.output_problem}{_first_difference(graph, number)}")
    if check.kind == "network":
        assert check.judge
        outcome = check.judge(graph)
        return outcome.showing(str(graph.table())) if check.name == _shows_table(number) else outcome
    evidence: Evidence = find_evidence(folder, number, graph, answered.recipe)
    return evaluate(evidence, check.floor)


def _shows_table(number: int) -> str | None:
    return next((name for name in SHOWS_TABLE if name in checks(number)), None)


def _first_difference(graph: Graph, number: int) -> str:
    """Where a network whose output has another shape leaves the lesson's plan, if its layers show it."""
    for judge_one in (judge_layers, judge_pooling, judge_gap):
        if judge_one is judge_gap and not plan(number).of_kind("global_avg_pool"):
            continue
        if judge_one is judge_pooling and len(plan(number).of_kind("max_pool")) != 1:
            continue
        outcome = judge_one(graph, number)
        if outcome.fraction < 1:
            return f". First difference from the lesson's table: {outcome.message}"
    return ""


def _explained(outcome: Outcome, problems: list[str], cells: list[str]) -> Outcome:
    """A definition that is missing, or misses a name, because a cell failed is explained by that failure."""
    missing = MISSING.match(outcome.message)
    if problems and ((outcome.state == NOT_ATTEMPTED and missing) or "NameError" in outcome.message):
        return not_yet(f"{outcome.message}: {problems[0]}")
    if missing and (said := explain_missing(missing[1], cells)):
        return replace(outcome, message=f"{outcome.message}; {said}")
    return outcome
