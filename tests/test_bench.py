"""What the bench compares does what it says; how fast it is, no test asks."""

from dataclasses import replace

import pytest
import torch

from course import load_mnist
from course.graph import Graph
from course.rebuild import FASTER
from graders.constraints import judge_structure
from solutions import timings
from solutions.bench import PARTS, bench, read_bench
from solutions.fast import Net, recipe
from solutions.modules import solution
from solutions.standard import standard_loop


@pytest.mark.slow
@pytest.mark.mnist
def test_the_standard_loop_learns() -> None:
    torch.manual_seed(1)
    module = solution(6)  # the lightest
    [(seconds, accuracy)] = standard_loop(module.Net(), replace(module.recipe, epochs=1))
    assert accuracy > 75 and seconds > 0


@pytest.mark.slow
@pytest.mark.mnist
def test_every_lever_is_measured_and_afterwards_as_before(monkeypatch) -> None:
    monkeypatch.setattr(timings, "LEVER_DIGITS", 256)
    before = dict(FASTER), Graph.build, torch.get_num_threads()
    rates = timings.lever_rates(load_mnist(), rounds=1)
    assert set(timings.LEFT_OUT) < set(rates) and all(rate > 0 for rate in rates.values())
    assert (dict(FASTER), Graph.build, torch.get_num_threads()) == before


@pytest.mark.mnist
def test_a_part_that_is_measured_again_leaves_the_others(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(PARTS, "evaluation", (lambda data: 0.5, PARTS["evaluation"][1]))
    path = tmp_path / "bench.json"
    path.write_text('{"other": 1}')
    bench(["evaluation"], path)
    assert read_bench(path)["other"] == 1
    assert read_bench(path)["evaluation"]["found"] == 0.5
    assert read_bench(path)["evaluation"]["machine"]["torch"] == torch.__version__


def test_the_fast_recipe_keeps_to_the_constraints() -> None:
    constraints = judge_structure(Graph.trace(Net), recipe)
    assert {name: item.passed for name, item in constraints.items() if name != "accuracy"} == {
        "parameters": True, "epochs": True, "fully_connected": True,
    }  # fmt: skip
