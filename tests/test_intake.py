"""Whatever a learner does to a notebook, the intake makes of it one that nbgrader can grade, and keeps what was handed in."""

import copy
import json
import os
import socket
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from course.pairs import LESSONS
from graders.intake import take_in
from solutions.fill import fill

SLUG = "08_final_model"
RELEASE = LESSONS / f"{SLUG}.ipynb"


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    """The place of a hand-in in a course whose release is lesson 8."""
    release = tmp_path / "release" / SLUG / f"{SLUG}.ipynb"
    release.parent.mkdir(parents=True)
    release.write_bytes(RELEASE.read_bytes())
    path = tmp_path / "submitted" / "ada" / SLUG / f"{SLUG}.ipynb"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def solved() -> NotebookNode:
    return fill(RELEASE, 8)


def taken_in(path: Path) -> tuple[dict[str, NotebookNode], list[str]]:
    """The graded cells after the intake, by grade id, and its notes."""
    course = path.parents[3]
    (intake,) = take_in(course, SLUG, "ada")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    names = [cell.metadata.nbgrader.grade_id for cell in cells]
    assert len(names) == len(set(names)), "a grade id stands twice"
    return dict(zip(names, cells, strict=True)), intake.notes


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def duplicated(notebook: NotebookNode) -> None:
    for name in ("Net", "parameters"):
        notebook.cells.insert(3, copy.deepcopy(cell(notebook, name)))
        notebook.cells[3]["id"] = f"pasted-{name}"  # Jupyter gives it a new one, and leaves the metadata


def deleted(notebook: NotebookNode) -> None:
    notebook.cells = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") != "parameters"]


def renamed(notebook: NotebookNode) -> None:
    cell(notebook, "parameters").metadata.nbgrader.grade_id = "free_marks"


def promoted(notebook: NotebookNode) -> None:
    about = cell(notebook, "parameters").metadata.nbgrader
    about.points, about.solution, about.schema_version = 1000, True, 1


def rewritten(notebook: NotebookNode) -> None:
    cell(notebook, "parameters").source = "1000.0"


def stripped(notebook: NotebookNode) -> None:
    for c in notebook.cells:
        c.metadata = NotebookNode()


def reordered(notebook: NotebookNode) -> None:
    notebook.cells.reverse()


def skipping(notebook: NotebookNode) -> None:
    for c in notebook.cells:
        c.metadata["tags"] = ["skip-execution"]


def turned_to_markdown(notebook: NotebookNode) -> None:
    changed = cell(notebook, "parameters")
    changed.cell_type = "markdown"
    del changed["outputs"], changed["execution_count"]


MISHAPS = [duplicated, deleted, renamed, promoted, rewritten, stripped, reordered, skipping, turned_to_markdown]


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.__name__)
def test_cells_are_the_releases_and_answers_the_learners(handed_in: Path, solved: NotebookNode, mishap) -> None:
    answer = cell(solved, "Net").source
    mishap(solved)
    nbformat.write(solved, handed_in)
    cells, _ = taken_in(handed_in)
    released = {
        c.metadata.nbgrader.grade_id: c for c in nbformat.read(RELEASE, as_version=4).cells if "nbgrader" in c.metadata
    }
    assert {name: c.metadata for name, c in cells.items()} == {name: c.metadata for name, c in released.items()}
    assert cells["parameters"].source == released["parameters"].source
    assert cells["Net"].source.strip() == answer.strip()


ENCODINGS = {"BOM": "utf-8-sig", "UTF-16": "utf-16", "plain": "utf-8"}


SPLIT = {
    "a helper before": ["def block():\n    return 1", "class Net:\n    size = block()"],
    "a trial after": ["class Net:\n    size = 1", "print(Net.size)"],
    "in the middle of a body": ["class Net:\n    size = 1", "    other = 2"],
}


@pytest.mark.parametrize("name", SPLIT)
def test_an_answer_that_was_split_is_put_together(handed_in: Path, solved: NotebookNode, name: str) -> None:
    place = solved.cells.index(cell(solved, "Net"))
    halves = [copy.deepcopy(solved.cells[place]) for _ in SPLIT[name]]
    for i, (half, source) in enumerate(zip(halves, SPLIT[name], strict=True)):
        half.source, half["id"] = source, f"half-{i}"
    solved.cells[place : place + 1] = halves
    nbformat.write(solved, handed_in)
    cells, notes = taken_in(handed_in)
    assert cells["Net"].source == "\n".join(SPLIT[name])
    assert any("put together" in note for note in notes)


TWICE = {
    "the same again": (["x = 1", "x = 2", "x = 1"], "x = 2\nx = 1"),
    "timed": (["recipe = 1", "%%time\nrecipe = 2"], "recipe = 1\n%%time\nrecipe = 2"),
    "timed before": (["%%time\nrecipe = 1", "recipe = 2"], "\nrecipe = 1\nrecipe = 2"),
    "not written at first": (["recipe = ...\nraise NotImplementedError  # first", "recipe = 2"], "recipe = ...\n\nrecipe = 2"),
    "a shell's line before": (["!pip list\nwidth = 16", "recipe = width"], "!pip list\nwidth = 16\nrecipe = width"),
}


@pytest.mark.parametrize("name", TWICE)
def test_of_several_versions_the_last_definition_counts(handed_in: Path, solved: NotebookNode, name: str) -> None:
    sources, expected = TWICE[name]
    place = solved.cells.index(cell(solved, "recipe"))
    versions = [copy.deepcopy(solved.cells[place]) for _ in sources]
    for i, (version, source) in enumerate(zip(versions, sources, strict=True)):
        version.source, version["id"] = source, f"version-{i}"
    solved.cells[place : place + 1] = versions
    nbformat.write(solved, handed_in)
    assert taken_in(handed_in)[0]["recipe"].source == expected


def test_text_that_was_split_is_put_together(handed_in: Path, solved: NotebookNode) -> None:
    place = solved.cells.index(cell(solved, "prediction"))
    half = copy.deepcopy(solved.cells[place])
    solved.cells[place].source, half.source, half["id"] = "First: 9.", "Then (it isn't code", "half"
    solved.cells.insert(place + 1, half)
    nbformat.write(solved, handed_in)
    assert taken_in(handed_in)[0]["prediction"].source == "First: 9.\nThen (it isn't code"


@pytest.mark.parametrize("other", ["07_increasing_capacity.ipynb", "helpers.py"])
def test_a_blank_notebook_is_not_replaced_by_what_is_none_of_this_lesson(
    handed_in: Path, solved: NotebookNode, other: str
) -> None:
    handed_in.write_bytes(RELEASE.read_bytes())
    text = "def block(): pass" if other.endswith(".py") else nbformat.writes(solved)
    handed_in.with_name(other).write_text(text)
    cells, _ = taken_in(handed_in)
    assert "raise NotImplementedError" in cells["Net"].source


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_costs_nothing(handed_in: Path, solved: NotebookNode) -> None:
    nbformat.write(solved, handed_in)
    (handed_in.parent / "closed").mkdir(mode=0)
    cells, _ = taken_in(handed_in)
    assert "raise" not in cells["Net"].source


def test_of_attempts_that_do_not_fit_together_the_last_that_is_code_counts(handed_in: Path, solved: NotebookNode) -> None:
    place = solved.cells.index(cell(solved, "Net"))
    attempt = copy.deepcopy(solved.cells[place])
    attempt.source, attempt["id"] = "class Net(", "attempt"
    solved.cells.insert(place, attempt)
    nbformat.write(solved, handed_in)
    cells, _ = taken_in(handed_in)
    assert cells["Net"].source == solved.cells[place + 1].source


@pytest.mark.parametrize("name", ENCODINGS)
def test_any_encoding_is_read(handed_in: Path, solved: NotebookNode, name: str) -> None:
    cell(solved, "Net").source += "\n# für später"
    handed_in.write_text(nbformat.writes(solved), encoding=ENCODINGS[name])
    cells, _ = taken_in(handed_in)
    assert cells["Net"].source.endswith("# für später")


def test_a_script_is_taken_for_the_notebook(handed_in: Path, solved: NotebookNode) -> None:
    import jupytext

    handed_in.with_suffix(".py").write_text(jupytext.writes(solved, fmt="py:percent"))
    cells, notes = taken_in(handed_in)
    assert "class Net" in cells["Net"].source and "raise" not in cells["Net"].source
    assert "script" in notes[0]


ELSEWHERE = {
    "renamed": ["Untitled (2).ipynb"],
    "in capitals": ["08_FINAL_MODEL.IPYNB"],
    "saved by a browser": ["08_final_model.ipynb.txt"],
    "saved as JSON": ["08_final_model.json"],
    "one folder deeper": ["homework/08_final_model.ipynb"],
    "beside a system's own file": ["Untitled.ipynb", "._Untitled.ipynb"],
    "several": ["older.ipynb", "newer.ipynb"],
}


@pytest.mark.parametrize("blank", [False, True], ids=["alone", "beside the release"])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_notebook_is_found_where_an_honest_learner_puts_it(
    handed_in: Path, solved: NotebookNode, name: str, blank: bool
) -> None:
    if blank:
        handed_in.write_bytes(RELEASE.read_bytes())
    for age, other in enumerate(reversed(ELSEWHERE[name])):
        path = handed_in.parent / other
        path.parent.mkdir(exist_ok=True)
        cell(solved, "Net").source += f"  # {other}"
        path.write_bytes(b"\0\5\x16\7Mac OS X") if other.startswith("._") else nbformat.write(solved, str(path))
        os.utime(path, (1e9 - age, 1e9 - age))
    cells, notes = taken_in(handed_in)
    taken = next(other for other in reversed(ELSEWHERE[name]) if not other.startswith("."))
    assert cells["Net"].source.endswith(f"# {taken}") and "raise" not in cells["Net"].source
    assert f"{taken} was taken for it" in notes[0]


@pytest.mark.parametrize("name", ["final.ipynb", "homework/08_final_model.ipynb"])
def test_what_was_taken_from_another_file_is_taken_again_when_that_changes(
    handed_in: Path, solved: NotebookNode, name: str
) -> None:
    path = handed_in.parent / name
    path.parent.mkdir(exist_ok=True)
    nbformat.write(solved, path)
    taken_in(handed_in)
    assert take_in(handed_in.parents[3], SLUG, "ada") == []
    cell(solved, "Net").source = "class Net: second"
    nbformat.write(solved, path)
    assert taken_in(handed_in)[0]["Net"].source == "class Net: second"


def test_what_was_taken_from_another_file_stays_when_that_is_removed(handed_in: Path, solved: NotebookNode) -> None:
    path = handed_in.with_name("final.ipynb")
    nbformat.write(solved, path)
    taken_in(handed_in)
    path.unlink()
    assert take_in(handed_in.parents[3], SLUG, "ada") == []
    assert "raise" not in cell(nbformat.read(handed_in, as_version=4), "Net").source


def test_a_notebook_that_comes_after_a_hand_in_without_one_is_taken(handed_in: Path, solved: NotebookNode) -> None:
    handed_in.with_name("homework.zip").write_bytes(b"PK")
    taken_in(handed_in)
    nbformat.write(solved, handed_in.with_name("final.ipynb"))
    assert "raise" not in taken_in(handed_in)[0]["Net"].source


def test_a_newer_file_beside_the_one_that_was_taken_is_taken(handed_in: Path, solved: NotebookNode) -> None:
    for number in (1, 2):
        cell(solved, "Net").source = f"class Net: number {number}"
        path = handed_in.with_name(f"08_final_model ({number}).ipynb")
        nbformat.write(solved, path)
        os.utime(path, (1e9 + number, 1e9 + number))
        assert taken_in(handed_in)[0]["Net"].source == f"class Net: number {number}"


def test_a_run_one_folder_too_deep_is_brought_up_again_when_it_changes(handed_in: Path, solved: NotebookNode) -> None:
    deeper = handed_in.parent / "homework"
    deeper.mkdir()
    nbformat.write(solved, deeper / handed_in.name)
    for content in (b"a run", b"a better run"):
        (deeper / "08_final_model.safetensors").write_bytes(content)
        taken_in(handed_in)
        assert handed_in.with_suffix(".safetensors").read_bytes() == content


def test_a_written_answer_is_found_without_its_grade_id(handed_in: Path, solved: NotebookNode) -> None:
    cell(solved, "prediction").source, cell(solved, "analysis").source = "It will be 9.", "It was 8."
    stripped(solved)
    for c in solved.cells:
        c["id"] = f"other-{c['id']}"
    nbformat.write(solved, handed_in)
    cells, notes = taken_in(handed_in)
    assert (cells["prediction"].source, cells["analysis"].source) == ("It will be 9.", "It was 8.")
    assert any("prediction was found in a text without its grade id" in note for note in notes)


def test_a_written_answer_is_found_below_its_cell(handed_in: Path, solved: NotebookNode) -> None:
    blank = cell(nbformat.read(RELEASE, as_version=4), "prediction").source
    cell(solved, "prediction").source = blank
    solved.cells.insert(solved.cells.index(cell(solved, "prediction")) + 1, new_markdown_cell("It will be 9."))
    nbformat.write(solved, handed_in)
    cells, notes = taken_in(handed_in)
    assert cells["prediction"].source == "It will be 9."
    assert any("below its cell" in note for note in notes)


def test_a_run_is_brought_up_with_its_notebook(handed_in: Path, solved: NotebookNode) -> None:
    deeper = handed_in.parent / "homework"
    deeper.mkdir()
    nbformat.write(solved, deeper / handed_in.name)
    (deeper / "08_final_model.safetensors").write_bytes(b"a run")
    taken_in(handed_in)
    assert handed_in.with_suffix(".safetensors").read_bytes() == b"a run"


def test_a_script_is_taken_where_the_notebook_has_no_answer(handed_in: Path, solved: NotebookNode) -> None:
    import jupytext

    handed_in.write_bytes(RELEASE.read_bytes())
    handed_in.with_suffix(".py").write_text(jupytext.writes(solved, fmt="py:percent"))
    cells, notes = taken_in(handed_in)
    assert "raise" not in cells["Net"].source and "has no answer" in notes[0]


def test_a_notebook_with_an_answer_comes_before_all_others(handed_in: Path, solved: NotebookNode) -> None:
    other = copy.deepcopy(solved)
    cell(other, "Net").source = "class Net: pass"
    nbformat.write(solved, handed_in)
    nbformat.write(other, handed_in.with_name("newer.ipynb"))
    cells, _ = taken_in(handed_in)
    assert cells["Net"].source == cell(solved, "Net").source


@pytest.mark.parametrize("script", ["# %%\n" * 5_000, "# %%\nx = 1\n# " + "a" * 1_200_000], ids=["of cells", "of one line"])
def test_a_script_that_is_too_large_to_read_costs_no_time(handed_in: Path, script: str) -> None:
    handed_in.with_suffix(".py").write_text(script)
    started = time.perf_counter()
    _, notes = taken_in(handed_in)
    assert any("the most is" in note for note in notes)
    assert time.perf_counter() - started < 5


def test_an_archive_is_named(handed_in: Path) -> None:
    handed_in.with_name("homework.zip").write_bytes(b"PK")
    _, notes = taken_in(handed_in)
    assert "nothing could be marked; what is there: homework.zip" in notes[0]


UNREADABLE = {
    "with a torn end of zeros": b'{"cells": [' + bytes(40),
    "empty": b"",
    "cut short": RELEASE.read_bytes()[:3000],
    "a merge": b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "deep": b"[" * 100_000,
    "no cells": b'{"cells": 3}',
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_becomes_a_blank_release_with_a_note(handed_in: Path, name: str) -> None:
    handed_in.write_bytes(UNREADABLE[name])
    cells, notes = taken_in(handed_in)
    assert "raise NotImplementedError" in cells["Net"].source
    assert any("nothing could be marked" in note for note in notes)


def test_no_file_at_all_is_noted(handed_in: Path) -> None:
    cells, notes = taken_in(handed_in)
    assert "raise NotImplementedError" in cells["Net"].source
    assert "there is no" in notes[0]


def test_what_was_handed_in_is_kept_each_version(handed_in: Path, solved: NotebookNode) -> None:
    versions = []
    for text in ("# one", "# two"):
        cell(solved, "Net").source = text
        nbformat.write(solved, handed_in)
        versions.append(handed_in.read_bytes())
        taken_in(handed_in)
    kept = handed_in.parents[3] / "originals" / "ada" / SLUG
    assert sorted(path.read_bytes() for path in kept.glob("*.ipynb")) == sorted(versions)


def test_what_was_taken_in_is_left_alone_until_something_new_comes(handed_in: Path, solved: NotebookNode) -> None:
    nbformat.write(solved, handed_in)
    taken_in(handed_in)
    before = handed_in.read_bytes()
    assert take_in(handed_in.parents[3], SLUG, "ada") == []
    assert handed_in.read_bytes() == before


def test_a_learners_own_cells_stay_plain_and_in_their_place(handed_in: Path, solved: NotebookNode) -> None:
    place = solved.cells.index(cell(solved, "recipe"))
    solved.cells.insert(place, new_code_cell("width = 16"))
    nbformat.write(solved, handed_in)
    taken_in(handed_in)
    sources = [c.source for c in nbformat.read(handed_in, as_version=4).cells]
    recipe = cell(nbformat.read(handed_in, as_version=4), "recipe").source
    assert sources.index("width = 16") < sources.index(recipe)


def test_a_link_is_not_followed(handed_in: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.ipynb").write_text(json.dumps({"cells": []}))
    handed_in.symlink_to(tmp_path / "secret.ipynb")
    _, notes = taken_in(handed_in)
    assert "there is no" in notes[0]
    assert (tmp_path / "secret.ipynb").read_text() == json.dumps({"cells": []})


def test_a_link_beside_the_notebook_is_taken_out(handed_in: Path, tmp_path: Path) -> None:
    (tmp_path / "gradebook.db").write_text("marks")
    link = handed_in.with_name("08_final_model.safetensors")
    link.symlink_to(tmp_path / "gradebook.db")
    _, notes = taken_in(handed_in)
    assert any("was a link" in note for note in notes)
    assert not link.is_symlink() and (tmp_path / "gradebook.db").read_text() == "marks"


TIMES = {
    "of millions of digits": b"1" * 5_000_000,
    "that is no time": b"9999-99-99 nonsense",
    "that is no text": bytes(range(256))[:90],
    "that is out of range": b"0001-01-01 00:00:00 +99999",
}


@pytest.mark.parametrize("name", TIMES)
def test_a_timestamp_that_nbgrader_would_stop_at_is_taken_out(handed_in: Path, solved: NotebookNode, name: str) -> None:
    nbformat.write(solved, handed_in)
    timestamp = handed_in.with_name("timestamp.txt")
    timestamp.write_bytes(TIMES[name])
    started = time.perf_counter()
    _, notes = taken_in(handed_in)
    assert any("timestamp.txt" in note and "was taken out" in note for note in notes) and not timestamp.exists()
    assert time.perf_counter() - started < 5


def test_a_folder_for_a_timestamp_is_taken_out(handed_in: Path, solved: NotebookNode) -> None:
    nbformat.write(solved, handed_in)
    handed_in.with_name("timestamp.txt").mkdir()
    assert any("timestamp.txt was no file" in note for note in taken_in(handed_in)[1])


@pytest.mark.parametrize("text", ["", "2026-01-31 12:00:00 UTC", "2026-01-31T12:00:00+01:00", "2026-01-31 12:00:00.123456 CET\n"])
def test_a_time_stays(handed_in: Path, solved: NotebookNode, text: str) -> None:
    nbformat.write(solved, handed_in)
    timestamp = handed_in.with_name("timestamp.txt")
    timestamp.write_text(text)
    taken_in(handed_in)
    assert timestamp.read_text() == text


def test_a_bad_timestamp_that_comes_later_is_noted_beside_what_was_noted_before(handed_in: Path, solved: NotebookNode) -> None:
    nbformat.write(solved, handed_in.with_name("final.ipynb"))
    taken_in(handed_in)
    handed_in.with_name("timestamp.txt").write_text("soon")
    (intake,) = take_in(handed_in.parents[3], SLUG, "ada")
    kept = json.loads((handed_in.parents[3] / "originals" / "ada" / SLUG / f"{SLUG}.json").read_text())
    assert "timestamp.txt held no time" in intake.notes[0] and len(kept["notes"]) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such files")
def test_what_is_neither_file_nor_folder_is_taken_out(
    handed_in: Path, solved: NotebookNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbformat.write(solved, handed_in)
    monkeypatch.chdir(handed_in.parent)  # the path of a socket is short
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket")
    cells, notes = taken_in(handed_in)
    assert [f"{name} was neither a file nor a folder and was taken out" for name in ("pipe", "socket")] == notes[-2:]
    assert os.listdir() == [handed_in.name] and "raise" not in cells["Net"].source


def nest(folder: Path, depth: int) -> None:
    """So many folders in each other, whose path no call could name at once."""
    here = os.open(".", os.O_RDONLY)
    os.chdir(folder)
    for _ in range(depth):
        os.mkdir("deep")
        os.chdir("deep")
    Path("file").touch()
    os.fchdir(here)
    os.close(here)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such files")
def test_folders_that_lie_too_deep_are_taken_out(handed_in: Path, solved: NotebookNode) -> None:
    nbformat.write(solved, handed_in)
    nest(handed_in.parent, 3_000)
    cells, notes = taken_in(handed_in)
    assert "lay too deep" in notes[-1] and "raise" not in cells["Net"].source
    assert max(len(Path(place).parts) for place, _, _ in os.walk(handed_in.parent)) < 20 + len(handed_in.parts)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such files")
@pytest.mark.parametrize("name", ["x.safetensors", "homework/x.safetensors", "homework/deeper/data", "08_final_model.ipynb"])
def test_a_file_that_is_too_large_is_taken_out_unread(handed_in: Path, name: str) -> None:
    path = handed_in.parent / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(100_000_000_000)
    started = time.perf_counter()
    _, notes = taken_in(handed_in)
    assert any(f"{name} had 100,000,000,000 bytes" in note for note in notes)
    assert sum(path.stat().st_size for path in handed_in.parents[3].rglob("*")) < 10_000_000
    assert time.perf_counter() - started < 5


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such files")
def test_of_files_that_are_too_much_together_the_notebook_stays(handed_in: Path, solved: NotebookNode) -> None:
    nbformat.write(solved, handed_in)
    for number in range(5):
        with handed_in.with_name(f"{number}.bin").open("wb") as file:
            file.truncate(240_000_000)
    cells, notes = taken_in(handed_in)
    assert "4.bin was taken out" in notes[-1] and len(list(handed_in.parent.glob("*.bin"))) == 4
    assert "raise" not in cells["Net"].source


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such files")
def test_a_name_that_is_not_utf_8_is_mended(handed_in: Path, solved: NotebookNode) -> None:
    path = handed_in.parent / os.fsdecode(b"L\xf6sung")
    path.mkdir()
    nbformat.write(solved, path / os.fsdecode(b"\xfcbung.ipynb"))
    cells, notes = taken_in(handed_in)
    assert "L_F6sung/_FCbung.ipynb was taken for it" in notes[0] and "raise" not in cells["Net"].source


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such files")
def test_a_long_name_is_kept_under_a_shorter_one(handed_in: Path, solved: NotebookNode) -> None:
    deeper = handed_in.parent / ("d" * 255)
    deeper.mkdir()
    nbformat.write(solved, deeper / f"{'n' * 249}.ipynb")
    for place in (deeper, handed_in.parent):
        (place / f"{'r' * 243}.safetensors").write_bytes(place.name.encode())
    assert "raise" not in taken_in(handed_in)[0]["Net"].source
    assert len(list(handed_in.parent.glob("*.safetensors"))) == 2


def test_a_folder_where_the_notebook_is_written_first_does_not_stop_it(handed_in: Path, solved: NotebookNode) -> None:
    nbformat.write(solved, handed_in)
    (handed_in.parent / f".{handed_in.name}.taking-in" / "deeper").mkdir(parents=True)
    assert "raise" not in taken_in(handed_in)[0]["Net"].source
