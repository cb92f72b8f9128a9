"""Who judges each check of a lesson, and on what."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from course.graph import Graph
from course.iterations import iteration
from course.iterations import number_of as number_of
from course.recipe import Recipe
from graders import judges, output_judges
from graders.answer_judges import JUDGE
from graders.answers import ASK
from graders.constraints import judge_epochs, judge_fully_connected, judge_parameters
from graders.outcome import Outcome, correct, not_yet
from graders.points import OF_WEIGHTS, POINTS
from graders.recipe_judges import judge_augmentation, judge_schedule
from graders.verdict import Constraint

# Percent: what `trained` asks for. It asks whether training happened, not how well: all get there within a few epochs. Networks
# that take minutes an epoch (2) or start late (3), or whose normalisation is upset by a quarter of dropout before the max-pool
# (5 to 7), are asked for less.
FLOORS = {2: 97.0, 3: 97.0, 5: 97.0, 6: 95.0, 7: 96.0}
FLOOR = 98.0

# What can be said of a network that does not give ten scores a digit yet: these look at its layers one by one.
BEFORE_THE_OUTPUT = ("parameters", "layers", "activations", "pooling", "normalisation", "dropout", "gap")


@dataclass(frozen=True)
class Check:
    """One check. `kind` says what it is judged on: "network" (a graph), "recipe", "answer" or "evidence"."""

    name: str
    points: int
    kind: str
    judge: Callable[..., Outcome] | None = None
    answer: str = ""  # of kind "answer": the definition that is asked
    floor: float | None = None  # of kind "evidence": percent, or None for rule 1

    @property
    def needs_ten_scores(self) -> bool:
        """Whether it asks something that makes no sense before the network gives ten scores a digit."""
        return self.kind in ("network", "evidence") and self.name not in BEFORE_THE_OUTPUT


@cache
def checks(number: int) -> dict[str, Check]:
    """The checks of a lesson by name, in the lesson's order."""
    return {name: _check(name, points, number) for name, points in POINTS[number].items()}


def needed(number: int) -> set[str]:
    """The names that a lesson's answers define."""
    names = {check.answer for check in checks(number).values() if check.answer} | {"Net"}
    return names | ({"recipe"} if number > 1 else set())


def _check(name: str, points: int, number: int) -> Check:
    if name in ASK:
        return Check(name, points, "answer", JUDGE[name], answer=ASK[name][0])
    if name in OF_WEIGHTS:
        return Check(name, points, "evidence", floor=FLOORS.get(number, FLOOR) if name == "trained" else None)
    if name == "parameters":
        judge = partial(judges.judge_parameters, number=number, expected=iteration(number).documented.parameters)
        return Check(name, points, "network", judge)
    if name in ("constraint_parameters", "fully_connected"):
        rule = judge_parameters if name == "constraint_parameters" else judge_fully_connected
        return Check(name, points, "network", lambda graph: _outcome(rule(graph)))
    of_recipe: dict[str, Callable[[Recipe], Outcome]] = {
        "epochs": lambda recipe: _outcome(judge_epochs(recipe)),
        "augmentation": judge_augmentation,
        "schedule": judge_schedule,
    }
    if name in of_recipe:
        return Check(name, points, "recipe", of_recipe[name])
    if name == "layers":
        return Check(name, points, "network", partial(_judge_layers, number=number))
    return Check(name, points, "network", partial(getattr(judges, f"judge_{name}"), number=number))


def _judge_layers(graph: Graph, number: int) -> Outcome:
    """The convolutions, and of what stands between them and behind them whatever the lesson has no check of its own for."""
    asked = {
        "activations": judges.judge_activations,
        "pooling": judges.judge_pooling,
        "normalisation": judges.judge_normalisation,
        "dropout": judges.judge_dropout,
        "output": output_judges.judge_softmax,
    }
    rest = [judge for name, judge in asked.items() if name not in POINTS[number]]
    if not POINTS[number].keys() & {"output", "trained", "accuracy"}:  # in the first lesson, nothing else asks how scores lie
        rest.append(output_judges.judge_ten_scores)
    outcome = judges.judge_layers(graph, number)
    return outcome if outcome.fraction < 1 else judges.first_difference(rest, graph, number) or outcome


def _outcome(constraint: Constraint) -> Outcome:
    return correct(constraint.message) if constraint.passed else not_yet(constraint.message)
