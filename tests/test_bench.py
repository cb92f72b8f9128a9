"""What the bench compares does what it says; how fast it is, no test asks."""

import shutil
import subprocess
from dataclasses import replace

import pytest
import torch
from torch.utils.data import DataLoader, Subset

from course import load_mnist, training
from course.errors import CourseError
from course.graph import Graph
from course.iterations import iterations, measured_probe
from course.rebuild import FASTER
from solutions import class_times, levers, standard
from solutions.bench import PARTS, bench, read_bench
from solutions.modules import solution


@pytest.mark.slow
@pytest.mark.mnist
def test_the_standard_loop_learns(monkeypatch) -> None:
    few = range(12_800)  # all test digits are among as many
    monkeypatch.setattr(
        standard, "DataLoader", lambda digits, **more: DataLoader(Subset(digits, few[: len(digits)]), **more)
    )
    torch.manual_seed(1)
    module = solution(8)
    [(seconds, accuracy)] = standard.standard_loop(module.Net(), replace(module.recipe, epochs=1))
    assert accuracy > 75 and seconds > 0


@pytest.mark.slow
@pytest.mark.mnist
def test_every_lever_is_measured_and_afterwards_as_before(monkeypatch) -> None:
    monkeypatch.setattr(levers, "DIGITS", 256)
    monkeypatch.setattr(shutil, "which", lambda name: None)  # no torch.compile, which starts up for half a minute
    before = dict(FASTER), Graph.build, torch.get_num_threads(), training.normalize, training.F
    rates = levers.lever_rates(load_mnist(), rounds=1)
    assert set(levers.possible()) < set(rates) and all(rate > 0 for turns in rates.values() for rate in turns)
    assert (dict(FASTER), Graph.build, torch.get_num_threads(), training.normalize, training.F) == before


@pytest.mark.mnist
def test_a_part_that_is_measured_again_leaves_the_others(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(PARTS, "evaluation", (lambda data: 0.5, PARTS["evaluation"][1]))
    path = tmp_path / "bench.json"
    path.write_text('{"other": 1}')
    bench(["evaluation"], path)
    assert read_bench(path)["other"] == 1
    assert read_bench(path)["evaluation"]["found"] == 0.5
    assert read_bench(path)["evaluation"]["machine"]["torch"] == torch.__version__


def test_the_lessons_minutes_are_those_that_the_bench_measured() -> None:
    found = read_bench()["growth"]["found"]
    assert measured_probe() == round(found["probe_seconds"], 3)
    minutes = {row["iteration"]: row["microseconds"] * 60_000 / 60e6 for row in found["iterations"]}
    assert {item.number: item.minutes_cpu for item in iterations()} == {
        item.number: max(1, round(minutes[item.number] * item.epochs)) for item in iterations()
    }


@pytest.mark.slow
@pytest.mark.mnist
def test_a_class_is_timed_to_its_last_mark() -> None:
    found = class_times.class_times(learners=2, rounds=1)
    assert found["turns"] == [found["seconds"]] and found["seconds"] > 1


def test_a_class_without_its_marks_is_not_timed(tmp_path, monkeypatch) -> None:
    def graded(*arguments, **more):
        (tmp_path / "class").mkdir()
        (tmp_path / "class" / "marks.csv").write_text("marks,points,error\n85,85,\n84,85,\n85,85,too slow\n")
        return subprocess.CompletedProcess(arguments, 0)

    monkeypatch.setattr(class_times.subprocess, "run", graded)
    with pytest.raises(CourseError, match="1 of 3 hand-ins have all their marks"):
        class_times.seconds_of_grading(tmp_path, learners=3)
