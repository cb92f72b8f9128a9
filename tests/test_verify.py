"""Does verify find what no longer holds, and say which command mends it?"""

from dataclasses import replace
from functools import partial

import pytest
from recorded import invented, run_of
from torch import nn
from torch.optim import SGD

from course.submission_file import load_submission
from solutions import verify as verification
from solutions.ledger import Record, read_ledger
from solutions.modules import solution, weights_path
from solutions.verify import faults, history_fault
from solutions.verify_ledger import ledger_fault

NUMBER = 6  # the lightest
AGAIN = f"run python -m solutions reproduce --iterations {NUMBER} --seeds 1, then python -m solutions tables"


@pytest.fixture
def run() -> Record:
    """A faultless run of the lightest solution."""
    return invented(NUMBER, 1, [9800 + epoch for epoch in range(20)])


@pytest.mark.mnist
@pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.slow), *range(3, 11)])  # 2 is evaluated for long
def test_what_is_recorded_holds(number: int) -> None:
    assert faults(number, read_ledger()) == []


def test_a_changed_recipe_fails_with_the_command_that_trains_it(monkeypatch: pytest.MonkeyPatch, run: Record) -> None:
    monkeypatch.setattr(solution(NUMBER), "recipe", replace(solution(NUMBER).recipe, optimizer=partial(SGD, lr=0.02)))
    ledger, weights = faults(NUMBER, [run])
    assert "recipe has changed" in ledger and ledger.endswith(AGAIN)
    assert "recipe has changed" in weights and weights.endswith(AGAIN)


def test_a_changed_network_fails_with_the_command_that_trains_it(monkeypatch: pytest.MonkeyPatch, run: Record) -> None:
    class Net(solution(NUMBER).Net):
        def forward(self, x):
            return nn.functional.relu(super().forward(x))

    monkeypatch.setattr(solution(NUMBER), "Net", Net)
    ledger, weights = faults(NUMBER, [run])
    assert "network has changed" in ledger and ledger.endswith(AGAIN)
    assert "network has changed" in weights and weights.endswith(AGAIN)


def test_the_command_fails_where_one_iteration_does(monkeypatch: pytest.MonkeyPatch, capsys, tmp_path) -> None:
    monkeypatch.setattr(verification, "weights_fault", lambda number, records: "wrong" if number == NUMBER else None)
    assert not verification.verify(tmp_path / "ledger.jsonl")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("]")[0] for line in lines] == ["[FAIL" if n == NUMBER else "[OK" for n in range(1, 12)]


def test_a_faultless_run_is_let_pass(run: Record) -> None:
    assert ledger_fault(NUMBER, [run]) is None


def test_an_older_run_stays_where_its_seed_was_trained_anew(run: Record) -> None:
    older = replace(run, graph="older")
    assert ledger_fault(NUMBER, [older, run]) is None
    assert "network has changed" in (ledger_fault(NUMBER, [older, replace(run, seed=2)]) or "")


def broken_epoch(run: Record, **figures) -> Record:
    return replace(run, epochs=[*run.epochs[:-1], run.epochs[-1] | figures])


@pytest.mark.parametrize(
    ("breaking", "said"),
    [
        (lambda run: replace(run, parameters=6071), "6,071 parameters, documented 6,070"),
        (lambda run: replace(run, epochs=run.epochs[:-1]), "19 epochs, which is not what its recipe says"),
        (lambda run: replace(run, epochs=run.epochs[1:]), "does not have its epochs 1, 2, 3"),
        (lambda run: broken_epoch(run, test_correct=9900), "counts 9,900 right answers and says 98.19%, in epoch 20"),
        (lambda run: broken_epoch(run, train_loss=float("nan")), "no number, in epoch 20"),
    ],
)
def test_a_broken_record_is_found(run: Record, breaking, said: str) -> None:
    found = ledger_fault(NUMBER, [breaking(run)]) or ""
    assert said in found and AGAIN in found


def test_the_committed_run_has_the_ledgers_figures() -> None:
    submission, run = load_submission(weights_path(NUMBER)), run_of(NUMBER, load_submission(weights_path(NUMBER)))
    assert history_fault(NUMBER, submission, [run]) is None
    other = broken_epoch(run, test_correct=run.correct[-1] + 1)
    assert "not the run that the ledger has of seed 1" in (history_fault(NUMBER, submission, [other]) or "")


def test_an_earlier_seed_that_meets_the_constraints_should_be_committed() -> None:
    submission = load_submission(weights_path(9))
    later = replace(submission, recipe=replace(submission.recipe, seed=3))
    earlier = invented(9, 1, [9940] * 20)
    short = invented(9, 2, [9939] * 19 + [9950])
    assert history_fault(9, later, [short]) is None
    assert "seed 1 meets the constraints, too" in (history_fault(9, later, [short, earlier]) or "")
