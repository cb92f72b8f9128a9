"""Does the leaderboard rank verdicts, and nothing that is only claimed; and do its pages show names as they are?"""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest

from course.errors import DataError, SandboxError, UsageError
from course.pairs import LESSONS
from graders import bubblewrap, leaderboard_hand_ins
from graders.__main__ import main
from graders.course_config import CONFIG
from graders.leaderboard import KEPT, Entry, collect, frontier, ranking
from graders.leaderboard_hand_ins import CAPSTONE
from graders.leaderboard_page import write_pages
from graders.verdict import LIMITS, Constraint, Verdict, not_graded
from solutions.fill import fill
from solutions.modules import weights_path


def entry(learner: str, accuracy: float, parameters: int, epochs: int = 19, evidence: str = "weights") -> Entry:
    found = {"accuracy": accuracy, "parameters": parameters, "epochs": epochs, "fully_connected": 0}
    passed = {"accuracy": accuracy >= 99.4, "parameters": parameters < 20_000, "epochs": epochs < 20, "fully_connected": True}
    constraints = {name: Constraint(passed[name], found[name], LIMITS[name], "") for name in LIMITS}
    return Entry(learner, Verdict("net.safetensors", evidence, constraints))


ENTRIES = [
    entry("ada", 99.50, 13_808),
    entry("bob", 99.41, 3_952, evidence="retrained"),
    entry("cat", 99.41, 5_000, 8),
    entry("dan", 99.60, 19_000),
    entry("eve", 99.30, 2_000),
    entry("fay", 99.90, 1_000, evidence="structure"),
    Entry("gus", not_graded("gus.safetensors", "submission", "damaged")),
]


def test_each_direction_ranks_who_meets_the_constraints_by_counted_weights() -> None:
    found = {name: [one.learner for one in ranking(ENTRIES, name)] for name in ("Fewest parameters", "Fewest epochs")}
    assert found == {"Fewest parameters": ["bob", "cat", "ada", "dan"], "Fewest epochs": ["cat", "dan", "ada", "bob"]}
    assert [one.learner for one in ranking(ENTRIES, "Highest accuracy")] == ["dan", "ada", "bob", "cat"]


def test_the_frontier_holds_whom_nobody_beats_in_both() -> None:
    def beaten(one: Entry) -> bool:
        mine = one.value("parameters"), -one.value("accuracy")
        others = [(other.value("parameters"), -other.value("accuracy")) for other in ENTRIES if other.ranked]
        return any(a <= mine[0] and b <= mine[1] and (a, b) != mine for a, b in others)

    assert {one.learner for one in frontier(ENTRIES)} == {one.learner for one in ENTRIES if one.ranked and not beaten(one)}


def test_the_pages_name_everybody_and_say_what_the_unranked_miss(tmp_path: Path) -> None:
    html, markdown, picture = (path.read_text() for path in write_pages(tmp_path, ENTRIES))
    for page in (html, markdown):
        assert all(one.learner in page for one in ENTRIES)
        assert "accuracy not met" in page and "could not be graded" in page
    svg = ElementTree.fromstring(picture)
    assert {"ada", "bob", "dan"} <= {text.strip() for text in svg.itertext()}


def test_a_name_is_text_on_every_page(tmp_path: Path) -> None:
    name = '<b>"$x_1$ | &\x07'
    html, markdown, picture = (path.read_text() for path in write_pages(tmp_path, [entry(name, 99.5, 5_000)]))
    assert "<b>" not in html and "\x07" not in picture + markdown
    assert r"\<b\>" in markdown and r"\|" in markdown
    assert '<b>"$x_1$ | &' in {text.strip() for text in ElementTree.fromstring(picture).itertext()}


def test_pages_without_a_ranked_network_are_pages(tmp_path: Path) -> None:
    for path in write_pages(tmp_path, ENTRIES[4:]):
        assert path.read_text()


def test_a_class_without_a_capstone_is_told_where_it_belongs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="submitted/LEARNER/11_capstone"):
        collect(tmp_path)


def test_without_mnist_no_verdict_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "submitted" / "ada" / CAPSTONE).mkdir(parents=True)
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / "no-mnist"))
    with pytest.raises(DataError, match="no-mnist"):
        collect(tmp_path)
    assert not (tmp_path / KEPT).exists()


@pytest.mark.mnist
def test_another_learners_weights_are_not_ranked_by_a_link_to_them(tmp_path: Path) -> None:
    ada, eve = (tmp_path / "submitted" / name / CAPSTONE for name in ("ada", "eve"))
    for place in (ada, eve):
        place.mkdir(parents=True)
    shutil.copy(weights_path(8), ada / f"{CAPSTONE}.safetensors")
    (eve / f"{CAPSTONE}.safetensors").symlink_to(ada / f"{CAPSTONE}.safetensors")
    (eve / f"{CAPSTONE}.ipynb").write_bytes((LESSONS / "08_final_model.ipynb").read_bytes())
    entries = {one.learner: one for one in collect(tmp_path)}
    assert entries["ada"].ranked and not entries["eve"].ranked


@pytest.mark.mnist
@pytest.mark.parametrize("what", ["the intake fails", "a file that is too large to be read"])
def test_a_hand_in_that_cannot_be_read_stops_no_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    ada, eve = (tmp_path / "submitted" / name / CAPSTONE for name in ("ada", "eve"))
    for place in (ada, eve):
        place.mkdir(parents=True)
        shutil.copy(weights_path(8), place / f"{CAPSTONE}.safetensors")

    def take_in(folder: Path, assignment: str, learner: str) -> None:
        if learner == "eve" and what == "the intake fails":
            raise RecursionError("folders without end")

    monkeypatch.setattr(leaderboard_hand_ins, "take_in", take_in)
    if what != "the intake fails":
        with (eve / f"{CAPSTONE}.safetensors").open("r+b") as file:
            file.truncate(300_000_000_000)
    entries = {one.learner: one for one in collect(tmp_path)}
    assert entries["ada"].ranked and not entries["eve"].ranked
    said = {"the intake fails": "cannot be read (folders without end)"}.get(what, "300,000,000,000 bytes, the most is")
    assert entries["eve"].verdict.error and said in entries["eve"].verdict.error["message"]


def test_a_course_that_wants_bubblewrap_has_no_board_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "submitted" / "ada" / CAPSTONE).mkdir(parents=True)
    (tmp_path / "nbgrader_config.py").write_text(CONFIG.replace('"best"', '"bubblewrap"'))
    monkeypatch.setattr(bubblewrap, "why_not", lambda: "it is not here")
    with pytest.raises(SandboxError, match="it is not here"):
        collect(tmp_path)


@pytest.mark.slow
@pytest.mark.mnist
def test_a_class_is_ranked_by_its_files_and_asked_again_only_for_what_changed(tmp_path: Path, capsys) -> None:
    places = {name: tmp_path / "submitted" / name / CAPSTONE for name in ("ada", "bob", "cat")}
    for place in places.values():
        place.mkdir(parents=True)
        nbformat.write(fill(LESSONS / f"{CAPSTONE}.ipynb", 11), place / f"{CAPSTONE}.ipynb")
    for name, number in (("ada", 8), ("bob", 2)):
        shutil.copy(weights_path(number), places[name] / f"{CAPSTONE}.safetensors")

    assert main(["leaderboard", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Fewest parameters: ada" in said and "ada: a reason to look: its weights are those of the published" in said
    page = (tmp_path / "class" / "leaderboard.md").read_text()
    assert "| bob | weights | " in page and "parameters not met" in page and "| cat | claimed | accuracy not assessed |" in page

    kept = json.loads((tmp_path / KEPT).read_text())
    asked: list[int] = []
    shutil.copy(weights_path(9), places["cat"] / f"{CAPSTONE}.safetensors")
    entries = collect(tmp_path, progress=lambda done, total: asked.append(total))
    assert asked == [1] and sum(one.ranked for one in entries) == 2
    again = json.loads((tmp_path / KEPT).read_text())
    assert {name: again[name] for name in ("ada", "bob")} == {name: kept[name] for name in ("ada", "bob")}
