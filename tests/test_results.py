"""The page of results and its pictures say what the ledger says, of no run, of one, and of many."""

import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from recorded import invented, near_the_log

from course.iterations import iteration
from graders.constraints import judge_structure
from solutions.drawing import DRAWN, draw
from solutions.figures import FIGURES, FOLDER, digest, figure_json, write_figures
from solutions.judge import REPRODUCED
from solutions.judgments import subjects
from solutions.ledger import Record, read_ledger, write
from solutions.modules import answers, graph_of, name_of, solution
from solutions.recorded_runs import recorded_runs
from solutions.results_page import PAGE, results_page
from solutions.slips import best_against_last, digit_slip, schedule_slip
from solutions.words import alternative

MANY = [near_the_log(number, seed) for number in range(2, 11) for seed in range(1, 6)]


def page(tmp_path: Path, records: list[Record]) -> str:
    path = tmp_path / "ledger.jsonl"
    write(path, records)
    return results_page(path)


def row(text: str, section: str, label: str) -> list[str]:
    """The cells of a table's row under a heading."""
    after = re.split(rf"^#+ {re.escape(section)}$", text, flags=re.M)[1]
    (line,) = re.findall(rf"^\| {re.escape(label)} \|.*$", re.split(r"^#+ ", after, flags=re.M)[0], re.M)
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_is_rendered_from_the_ledger() -> None:
    assert PAGE.read_text(encoding="utf-8") == results_page(), "python -m solutions tables renders it anew"


@pytest.mark.parametrize("name", FIGURES)
def test_a_pictures_data_are_the_ledgers(name: str) -> None:
    beside = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert beside == figure_json(name, read_ledger()), "python -m solutions tables renders it anew"


@pytest.mark.parametrize("name", FIGURES)
def test_a_picture_was_drawn_from_the_data_beside_it(name: str) -> None:
    """The digest of the data stands in the picture's metadata."""
    beside = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    picture = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert f"<dc:identifier>{digest(beside)}</dc:identifier>" in picture, (
        "delete it; python -m solutions tables draws it anew"
    )


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("records", [[], MANY[:1], MANY], ids=["none", "one", "many"])
def test_a_picture_comes_out_the_same_each_time(name: str, records: list[Record]) -> None:
    data = FIGURES[name](records)
    first, second = draw(name, data, "digest"), draw(name, data, "digest")
    assert first == second
    assert first.startswith("<?xml") and "<dc:date>" not in first


def test_the_curves_are_the_means_of_the_runs_with_the_log_on_them() -> None:
    data = FIGURES["accuracy_by_epoch"](MANY)
    panel = DRAWN["accuracy_by_epoch"](data).axes[8 - 2]
    ours, log = panel.lines
    runs = [record.correct for record in MANY if record.iteration == 8]
    assert list(ours.get_ydata()) == pytest.approx([sum(epoch) / 500 for epoch in zip(*runs, strict=True)])
    assert list(log.get_ydata()) == list(iteration(8).log.test)
    assert log.get_marker() != ours.get_marker() and log.get_linestyle() != ours.get_linestyle()
    band = panel.collections[0].get_paths()[0].get_extents()
    assert (band.ymin, band.ymax) == pytest.approx((min(map(min, runs)) / 100, max(map(max, runs)) / 100))


def test_the_gap_is_the_last_epochs() -> None:
    data = FIGURES["gap_by_iteration"]([invented(6, 1, [9700] * 19 + [9800], train=98.75)])
    assert data["6"] == {"log": pytest.approx(98.73 - 98.06), "runs": [0.75]}


def test_parameters_stand_against_every_runs_best() -> None:
    data = FIGURES["accuracy_by_parameters"](MANY)
    assert data["1"] == {"parameters": 6_379_786, "documented": 99.36, "log": 99.36, "runs": []}
    assert data["4"]["runs"] == [max(r.correct) / 100 for r in MANY if r.iteration == 4]


@pytest.mark.parametrize("name", FIGURES)
def test_the_alternative_text_says_which_iterations_have_no_run(name: str) -> None:
    said = alternative(name, FIGURES[name]([near_the_log(3, 1)]))
    panels = 9 if name == "accuracy_by_epoch" else 10
    assert (said.count("no run yet"), said.count("one run")) == (panels - 1, 1)


def test_pictures_are_drawn_anew_only_where_their_data_changed(tmp_path: Path) -> None:
    ledger, folder = tmp_path / "ledger.jsonl", tmp_path / "figures"
    write(ledger, MANY[:3])
    assert len(write_figures(ledger, folder)) == 2 * len(FIGURES)
    assert write_figures(ledger, folder) == []
    write(ledger, MANY[:4])
    assert len(write_figures(ledger, folder)) == 2 * len(FIGURES)
    assert json.loads((folder / "accuracy_by_epoch.json").read_text())["2"]["seeds"] == [1, 2, 3, 4]


def test_many_runs_near_the_log_reproduce_what_it_says_and_not_what_slipped(tmp_path: Path) -> None:
    text, section = page(tmp_path, MANY), "Test accuracy, best epoch, as documented"
    assert row(text, section, "7")[-2:] == [REPRODUCED, REPRODUCED]
    assert row(text, section, "4")[-2:] == ["not reproduced", REPRODUCED]
    assert "Iteration 4, test accuracy, best epoch: documented 98.34%; 5 runs gave" in text
    assert iteration(4).note in text


def test_one_run_is_shown_and_not_judged(tmp_path: Path) -> None:
    cells = row(page(tmp_path, [near_the_log(3, 1)]), "Test accuracy, last epoch", "3")
    assert cells[2] == "1" and cells[4] == "" and cells[-1] == "single run"


def test_a_collapsed_run_is_named_and_kept_out_of_the_means(tmp_path: Path) -> None:
    runs = [near_the_log(3, 1), invented(3, 2, [1135] * 20, train=11.2), near_the_log(3, 3)]
    text = page(tmp_path, runs)
    assert row(text, "What is recorded", "3") == ["3", "20", "3", "", "2", ""]
    assert row(text, "Test accuracy, last epoch", "3")[2] == "2"


def test_seeds_behind_a_gap_are_named_and_not_counted(tmp_path: Path) -> None:
    text = page(tmp_path, [near_the_log(3, 1), near_the_log(3, 3), near_the_log(3, 4)])
    assert row(text, "What is recorded", "3") == ["3", "20", "1", "", "", "3, 4"]


def test_iteration_ten_as_documented_is_judged_by_iteration_nines_runs(tmp_path: Path) -> None:
    text = page(tmp_path, [near_the_log(9, seed) for seed in (1, 2, 3, 4)])
    section = "Test accuracy, last epoch"
    never, nine = row(text, section, "10, never stepped"), row(text, section, "9")
    assert never[2:7] == nine[2:7]
    assert (never[2], row(text, section, "10, stepped")[2]) == ("4", "0")


def test_the_frequency_counts_runs_and_not_epochs(tmp_path: Path) -> None:
    runs = [invented(8, seed, [9900] * 10 + [9940 + seed] + [9930] * 9) for seed in (1, 2, 3)]
    runs.append(invented(8, 4, [9939] * 19 + [9960]))
    text = page(tmp_path, runs)
    assert row(text, "How often one run meets the constraints", "8") == [
        "8",
        "4",
        "3 of 4",
        "19% to 99%",
        "0 of 4",
        "0% to 60%",
    ]


def test_a_slipped_digit_is_set_against_what_was_measured() -> None:
    def said(records: list[Record]) -> str:
        return digit_slip(subjects(recorded_runs(records))[3])

    assert "98.34%" in said([]) and "99.34%" in said([]) and "no run" in said([])
    assert "nearer to the log's" in said([near_the_log(4, 1)])
    assert "The document's figure is not reproduced, the log's is reproduced." in said(
        [near_the_log(4, s) for s in (1, 2, 3)]
    )


def test_a_schedule_is_compared_seed_by_seed() -> None:
    constant = [invented(9, seed, [9900 + 10 * seed] * 19 + [9920 + 10 * seed]) for seed in (1, 2, 3)]
    stepped = [invented(10, seed, [9905 + 10 * seed] * 20) for seed in (1, 2, 3)]
    said = schedule_slip(recorded_runs([*constant, *stepped]))
    assert "0.00 points apart where the schedule is stepped (3 runs), 0.20 where it is not (3 runs)" in said
    assert "test accuracy, last epoch, -0.15 points (3 runs, between -0.15 and -0.15 at 95%)" in said


def test_the_worth_of_choosing_the_best_is_the_difference_of_the_means() -> None:
    runs = [invented(6, seed, [9800] * 5 + [9840] + [9800] * 14) for seed in (1, 2)]
    table = best_against_last(subjects(recorded_runs(runs)))
    assert "| 6 | 98.54% | 98.06% | 0.48 | 2 | 98.40% | 98.00% | 0.40 |" in table


@pytest.mark.parametrize("module", answers(11), ids=name_of)
def test_the_capstones_answers_keep_to_the_constraints(module: ModuleType) -> None:
    constraints = judge_structure(graph_of(module), module.recipe)
    assert {name: item.passed for name, item in constraints.items() if name != "accuracy"} == {
        "parameters": True, "epochs": True, "fully_connected": True,
    }  # fmt: skip


def test_the_capstones_answers_are_shown_by_the_mean_of_their_last_epochs(tmp_path: Path) -> None:
    fast = solution(11)
    runs = [invented(11, seed, [9960] * (fast.recipe.epochs - 1) + [9930 + 10 * seed]) for seed in (1, 2, 4)]
    section, label = "The capstone's answers", "`solutions/fast.py`"
    assert row(page(tmp_path, runs), section, label)[4:] == ["2", "**99.450%**", "99.40%", "99.50%", "99.60%"]
    assert row(page(tmp_path, []), section, label)[4:] == ["0", "", "", "", ""]


def test_only_the_first_two_iterations_may_be_recorded_in_bfloat16_and_it_is_said(tmp_path: Path) -> None:
    text = page(tmp_path, [invented(number, 1, [9900] * 20, precision="bfloat16") for number in (1, 2, 3)])
    assert [row(text, "What is recorded", label)[2:4] for label in "123"] == [["1", "1"], ["1", "1"], ["0", ""]]


def test_of_runs_that_agree_to_the_digit_it_is_said_that_they_show_no_spread(tmp_path: Path) -> None:
    text = page(tmp_path, [invented(9, seed, [9930] * 19 + [9946]) for seed in (1, 2, 3)])
    (line,) = [line for line in text.splitlines() if line.startswith("- Iteration 9, test accuracy, best epoch")]
    assert "documented 99.44%; 3 runs gave 99.46% on average" in line and "All runs agree to the digit" in line
