"""What is shown of the results is what the records say."""

import json
from dataclasses import replace
from pathlib import Path

from course.comparison import BEST, LAST
from course.iterations import iteration, iterations
from course.recorded import RECORDED, Recorded, spread
from solutions.ledger import Record, append
from solutions.modules import graph_of, solution
from solutions.speed_page import PAGE, speed_page
from solutions.tables import PUBLISHED, README, SECURITY, iterations_table, published, readme, security, summary


def test_the_lessons_summary_is_rendered_from_the_ledger() -> None:
    assert RECORDED.read_text() == summary(), "python -m solutions tables renders it anew"


def test_the_readmes_table_is_rendered_from_the_data() -> None:
    assert README.read_text() == readme(), "python -m solutions tables renders it anew"


def test_what_the_grader_knows_of_published_weights_is_rendered_from_them() -> None:
    assert PUBLISHED.read_text() == published(), "python -m solutions tables renders it anew"


def test_the_tables_on_security_are_rendered_from_the_code_and_the_ledger() -> None:
    assert SECURITY.read_text() == security(), "python -m solutions tables renders it anew"


def test_the_page_of_speed_is_rendered_from_the_last_measurement() -> None:
    assert PAGE.read_text() == speed_page(), "python -m solutions tables renders it anew"


def test_the_readmes_table_has_a_row_an_iteration() -> None:
    assert len(iterations_table().splitlines()) == 2 + len(iterations())


def record(seed: int, epochs: int) -> Record:
    recipe = replace(solution(6).recipe, seed=seed, epochs=epochs)
    figures = [{"test_correct": 9800 + 10 * seed + e, "train_accuracy": 98.0} for e in range(epochs)]
    return Record(6, seed, graph_of(solution(6)).hash, recipe.hash, 6070, figures, "cpu", 2, {})


def test_only_runs_of_the_documented_length_are_summed_up(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    for one in (record(2, 20), record(1, 20), record(3, 2)):
        append(one, ledger)
    found = json.loads(summary(ledger))
    assert list(found) == ["6"]
    assert found["6"]["seeds"] == [1, 2]
    assert found["6"]["last"] == [98.29, 98.39]
    assert (found["6"]["curve_low"][0], found["6"]["curve_high"][0]) == (98.1, 98.2)


def test_a_seed_beyond_a_gap_is_not_shown(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    for one in (record(1, 20), record(3, 20)):
        append(one, ledger)
    assert json.loads(summary(ledger))["6"]["seeds"] == [1]


def test_a_collapsed_run_is_named_and_not_averaged(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    collapsed = record(2, 20)
    collapsed.epochs[-1]["train_accuracy"] = 11.0
    for one in (record(1, 20), collapsed, record(3, 20)):
        append(one, ledger)
    found = json.loads(summary(ledger))["6"]
    assert (found["seeds"], found["collapsed"]) == ([1, 3], [2])
    assert len(found["last"]) == 2


def test_several_seeds_show_their_mean_and_their_range() -> None:
    assert spread((98.0, 99.0)) == "98.50% (98.00 to 99.00)"
    assert spread((98.0,)) == "98.00%"


def test_a_comparison_has_a_column_for_what_is_recorded() -> None:
    recorded = Recorded(20, (1, 2), (99.0, 99.1), (98.5, 98.6), (98.5, 98.6), (98.4, 98.5))
    assert recorded.title == "recorded, mean of 2 seeds"
    assert replace(recorded, collapsed=(3,)).title == "recorded, mean of 2 seeds (1 more collapsed)"
    assert recorded.column()[LAST] == "98.45% (98.40 to 98.50)"
    assert iteration(6).header().columns[0][1][BEST] == "98.54%"
