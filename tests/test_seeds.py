"""Many seeds by one call."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from networks import conv, gap, network
from torch.optim import SGD

from course import Recipe, fit, fit_seeds, seeds
from course.data import Data, load_practice_digits
from course.run import Run

Small = network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 3))
RECIPE = Recipe(epochs=2, batch_size=64, optimizer=partial(SGD, lr=0.05, momentum=0.9))
SEEDS = [3, 1, 2]


@pytest.fixture(scope="module")
def data() -> Data:
    return load_practice_digits()


@pytest.fixture(scope="module")
def runs(data: Data) -> list[Run]:
    return fit_seeds(Small, RECIPE, data, SEEDS, progress=False)


def test_the_runs_come_in_the_order_of_the_seeds(runs: list[Run]) -> None:
    assert [run.recipe.seed for run in runs] == SEEDS


def test_each_run_is_the_one_that_fit_would_give(runs: list[Run], data: Data) -> None:
    for seed, run in zip(SEEDS, runs, strict=True):
        alone = fit(Small, replace(RECIPE, seed=seed), data, replay=False, progress=False)
        for name, tensor in alone.weights["last"].items():
            torch.testing.assert_close(run.weights["last"][name], tensor, atol=2e-4, rtol=1e-2)


def test_a_run_that_diverges_leaves_the_others_alone(data: Data) -> None:
    wild = replace(RECIPE, optimizer=partial(SGD, lr=1e9))
    assert [run.history for run in fit_seeds(Small, wild, data, [1, 2], progress=False)] == [[], []]


def test_an_interruption_gives_back_what_is_finished(data: Data, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    train, begun = seeds.train, []

    def interrupted(*given, **more):
        begun.append(1)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return train(*given, **more)

    monkeypatch.setattr(seeds, "train", interrupted)
    finished = fit_seeds(Small, replace(RECIPE, epochs=1), data, SEEDS, processes=1, progress=False)
    assert [run.recipe.seed for run in finished] == SEEDS[:2]
    assert "the seeds 3, 1 are finished" in capsys.readouterr().out


def test_seeds_one_after_the_other_use_the_threads_that_there_are(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    train = seeds.train
    monkeypatch.setattr(seeds, "train", lambda *given, **more: seen.append(torch.get_num_threads()) or train(*given, **more))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        fit_seeds(Small, replace(RECIPE, epochs=1), data, [1, 2], processes=1, progress=False)
        assert seen == [2, 2] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_progress_names_each_seed(data: Data, capsys) -> None:
    fit_seeds(Small, replace(RECIPE, epochs=1), data, [7, 8])
    said = capsys.readouterr().out
    assert "seed 7: test" in said and "seed 8: test" in said and "2 of 2" in said


def test_no_seeds_give_no_runs(data: Data) -> None:
    assert fit_seeds(Small, RECIPE, data, []) == []
