"""The rules of judging, against oracles that share no code with them: simulation, sums of binomials, printed tables."""

import math

import numpy as np
import pytest

from course.comparison import BEST, BEST_OF_19, LAST, TRAIN
from course.iterations import iterations
from solutions.judge import (
    DOCUMENTED,
    LOGGED,
    MEASURED,
    NO_RUN,
    NOT_REPRODUCED,
    REPRODUCED,
    SINGLE,
    TWO,
    Frequency,
    Sample,
    differences,
    frequency,
    judge,
    meets_with_best,
    meets_with_last,
    sample,
)
from solutions.ledger import Record
from solutions.recorded_runs import recorded_runs


def run(correct: list[int], seed: int = 1, train: float = 99.0) -> Record:
    epochs = [{"test_correct": c, "train_accuracy": train - e / 100} for e, c in enumerate(correct)]
    return Record(8, seed, "graph", "recipe", 13_808, epochs, "cpu", 1, {})


def test_the_interval_is_the_one_of_the_printed_tables() -> None:
    """Five runs: t at 97.5% with 4 degrees of freedom is 2.776 in every table."""
    low, high = Sample((99.1, 99.2, 99.3, 99.4, 99.5)).prediction() or (0, 0)
    half = 2.776 * math.sqrt(0.025) * math.sqrt(1 + 1 / 5) + 0.005
    assert (low, high) == pytest.approx((99.3 - half, 99.3 + half), abs=1e-4)


@pytest.mark.parametrize("n", [3, 5, 20])
def test_one_more_run_lies_in_the_interval_19_times_in_20(n: int) -> None:
    """Simulated: normal runs, so far apart that the rounding widens the interval by next to nothing."""
    draws = np.random.default_rng(n).normal(90, 3, (4000, n + 1))
    inside = [judge(float(more), Sample(tuple(map(float, runs)))) == REPRODUCED for *runs, more in draws]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)  # 3.5 standard errors of 4,000 draws


def test_the_means_interval_holds_the_mean_19_times_in_20() -> None:
    draws = np.random.default_rng(1).normal(0.1, 3, (4000, 5))
    intervals = [Sample(tuple(map(float, runs))).mean_interval() or (9, 9) for runs in draws]
    assert np.mean([low <= 0.1 <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize(
    ("values", "verdict"), [((), NO_RUN), ((99.0,), SINGLE), ((99.0, 99.0), TWO), ((99.0,) * 3, REPRODUCED)]
)
def test_fewer_than_three_runs_are_not_judged(values: tuple[float, ...], verdict: str) -> None:
    assert judge(99.0, Sample(values)) == verdict


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [(99.365, REPRODUCED), (99.355, REPRODUCED), (99.366, NOT_REPRODUCED), (99.354, NOT_REPRODUCED)],
)
def test_where_runs_agree_only_the_rounding_is_left(figure: float, verdict: str) -> None:
    assert judge(figure, Sample((99.36,) * 4)) == verdict


@pytest.mark.parametrize(("met", "of"), [(0, 5), (3, 5), (5, 5), (19, 20), (1, 1)])
def test_the_exact_interval_is_where_a_count_as_extreme_has_a_chance_of_one_in_forty(met: int, of: int) -> None:
    """Clopper and Pearson's definition, summed up from the binomial probabilities."""

    def chance(counts: range, p: float) -> float:
        return sum(math.comb(of, k) * p**k * (1 - p) ** (of - k) for k in counts)

    low, high = Frequency(met, of).interval()
    if met:
        assert chance(range(met, of + 1), low) == pytest.approx(0.025, abs=1e-6)
    else:
        assert low == 0
    if met < of:
        assert chance(range(met + 1), high) == pytest.approx(0.025, abs=1e-6)
    else:
        assert high == 1


def test_without_a_run_any_probability_may_be() -> None:
    assert Frequency(0, 0).interval() == (0, 1)


def test_the_four_quantities_are_read_off_a_run() -> None:
    one = run([9000, *[9930] * 17, 9935, 9941], train=98.5)  # 20 epochs: the best is the twentieth
    found = {quantity: sample([one], quantity).values for quantity in MEASURED}
    assert found == {TRAIN: (98.5,), BEST: (99.41,), BEST_OF_19: (99.35,), LAST: (99.41,)}


def test_the_log_is_asked_for_the_same_quantities_as_a_run() -> None:
    assert set(LOGGED) == set(MEASURED) and set(DOCUMENTED) < set(MEASURED)
    for item in iterations():
        correct = [round(100 * accuracy) for accuracy in item.log.test]
        one = run(correct)
        for quantity in (BEST, BEST_OF_19, LAST):
            assert LOGGED[quantity](item) == pytest.approx(MEASURED[quantity](one))


def test_the_twentieth_epoch_does_not_meet_the_constraints() -> None:
    assert not meets_with_best(run([9939] * 19 + [9950]))
    assert meets_with_best(run([9940] + [9900] * 19)) and not meets_with_last(run([9940] + [9900] * 19))
    assert meets_with_last(run([9900] * 18 + [9940, 9900]))


def test_a_collapsed_run_counts_as_one_that_does_not_meet_them() -> None:
    found = frequency([run([9950] * 20), run([980] * 20, seed=2, train=11.0)], meets_with_best)
    assert (found.met, found.of) == (1, 2)


def test_differences_are_taken_seed_by_seed() -> None:
    before = [run([9900] * 20, 1), run([9910] * 20, 2), run([9000] * 20, 4)]
    after = [run([9930] * 20, 2), run([9905] * 20, 1), run([9999] * 20, 3)]
    assert sorted(differences(before, after, MEASURED[LAST]).values) == pytest.approx([0.05, 0.20])


def test_without_a_record_every_iteration_has_no_run() -> None:
    assert {number: len(runs.counted) for number, runs in recorded_runs([]).items()} == dict.fromkeys(range(1, 12), 0)
