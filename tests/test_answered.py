"""What the probes answered for one hand-in."""

import pytest

from course.errors import GraphError, RecipeError
from course.graph import Graph
from graders.answered import Answered
from graders.probes import ask
from solutions.modules import solution


def answers(number: int) -> dict:
    defined = vars(solution(number))
    return {name: ask(name, defined, {"seed": 0}) for name in ("network", "recipe")}


def test_the_network_is_read_once_for_all_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    answered, read, reads = Answered(answers(8)), Graph.from_json, []
    monkeypatch.setattr(Graph, "from_json", lambda data: reads.append(1) or read(data))
    assert answered.graph is answered.graph and not answered.output_problem
    assert len(reads) == 1


def test_what_is_no_network_and_no_recipe_is_refused_at_each_asking() -> None:
    answered = Answered({"network": {"graph": {}}, "recipe": {"recipe": {}}})
    for _ in range(2):
        with pytest.raises(GraphError):
            answered.graph  # noqa: B018
        with pytest.raises(RecipeError):
            answered.recipe  # noqa: B018
