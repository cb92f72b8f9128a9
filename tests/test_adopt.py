"""Results that were trained elsewhere come home: what the ledger lacks, and the weights that come first."""

from dataclasses import replace
from pathlib import Path

import pytest
from recorded import run_of

from course.errors import CourseError
from course.submission import Submission
from course.submission_file import load_submission, save_submission
from solutions import modules
from solutions.adopt import adopt
from solutions.committed import comes_first
from solutions.ledger import read_ledger, write
from solutions.modules import weights_path

FINAL = 9  # claims the accuracy, and its committed submission is a whole run


@pytest.fixture
def submission() -> Submission:
    return load_submission(weights_path(FINAL))


@pytest.fixture
def home(submission: Submission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of results with nothing in it, in the place of ours, from which `submission` was read."""
    (tmp_path / "home" / "weights").mkdir(parents=True)
    monkeypatch.setattr(modules, "RESULTS", tmp_path / "home")
    return tmp_path / "home"


def with_seed(submission: Submission, seed: int) -> Submission:
    return replace(submission, recipe=replace(submission.recipe, seed=seed))


def trained_elsewhere(folder: Path, *submissions: Submission) -> Path:
    """A folder of results with these runs, and the first one's weights."""
    weights_path(FINAL, folder).parent.mkdir(parents=True)
    write(folder / "ledger.jsonl", [run_of(FINAL, one) for one in submissions])
    save_submission(submissions[0], weights_path(FINAL, folder))
    return folder


def seeds(home: Path) -> list[int]:
    return [record.seed for record in read_ledger(home / "ledger.jsonl")]


def committed_seed() -> int:
    return load_submission(weights_path(FINAL)).recipe.seed


def test_what_the_ledger_lacks_is_added_once_with_its_weights(home: Path, submission: Submission, tmp_path: Path, capsys) -> None:
    there = trained_elsewhere(tmp_path / "there", with_seed(submission, 3), with_seed(submission, 4))
    assert adopt([there, there], home / "ledger.jsonl")
    assert (seeds(home), committed_seed()) == ([3, 4], 3)
    assert "now write seed=3 into the recipe of solutions.iteration_09" in capsys.readouterr().out


def test_an_earlier_seed_replaces_the_weights_and_a_later_does_not(home: Path, submission: Submission, tmp_path: Path) -> None:
    found = []
    for seed in (3, 5, 2):
        assert adopt([trained_elsewhere(tmp_path / str(seed), with_seed(submission, seed))], home / "ledger.jsonl")
        found.append(committed_seed())
    assert (found, seeds(home)) == ([3, 3, 2], [3, 5, 2])


def test_weights_of_a_run_that_the_ledger_has_stay_where_they_are(home: Path, submission: Submission, tmp_path: Path) -> None:
    write(home / "ledger.jsonl", [run_of(FINAL, submission)])
    assert adopt([trained_elsewhere(tmp_path / "there", submission)], home / "ledger.jsonl")
    assert not weights_path(FINAL).exists()


def test_a_run_of_another_network_is_left_out(home: Path, submission: Submission, tmp_path: Path, capsys) -> None:
    there = trained_elsewhere(tmp_path / "there", submission)
    write(there / "ledger.jsonl", [replace(run_of(FINAL, submission), graph="another")])
    assert not adopt([there], home / "ledger.jsonl")
    assert "lesson 9, 13,808 parameters, seed 1: left out, for the network has changed" in capsys.readouterr().out
    assert seeds(home) == [] and not weights_path(FINAL).exists()


def test_a_folder_without_a_ledger_is_refused_in_a_sentence(home: Path, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="holds no ledger.jsonl; name folders such as"):
        adopt([tmp_path], home / "ledger.jsonl")


def test_a_run_short_of_the_accuracy_is_not_committed(home: Path, submission: Submission) -> None:
    assert comes_first(weights_path(FINAL), FINAL, submission.graph.hash, submission.recipe, 99.4)
    assert not comes_first(weights_path(FINAL), FINAL, submission.graph.hash, submission.recipe, 99.39)


def test_a_run_in_another_precision_than_the_notebooks_is_not_committed(home: Path, submission: Submission) -> None:
    recipe = replace(submission.recipe, precision="bfloat16")
    assert not comes_first(weights_path(FINAL), FINAL, submission.graph.hash, recipe, 99.5)


def test_a_run_of_another_answers_network_or_recipe_is_not_committed(home: Path) -> None:
    """The capstone has several answers, and one notebook."""
    small, fast = modules.answers(11)[1], modules.solution(11)
    assert comes_first(weights_path(11), 11, modules.graph_of(fast).hash, fast.recipe, 99.5)
    assert not comes_first(weights_path(11), 11, modules.graph_of(small).hash, small.recipe, 99.5)
    assert not comes_first(weights_path(11), 11, modules.graph_of(fast).hash, small.recipe, 99.5)


def test_what_is_committed_gives_way_where_it_was_interrupted(home: Path, submission: Submission) -> None:
    later = replace(submission.recipe, seed=9)
    save_submission(submission, weights_path(FINAL))
    assert not comes_first(weights_path(FINAL), FINAL, submission.graph.hash, later, 99.5)
    cut = replace(submission, history=submission.history[: submission.epoch])
    save_submission(cut, weights_path(FINAL))
    assert len(cut.history) < 19 and comes_first(weights_path(FINAL), FINAL, submission.graph.hash, later, 99.5)
