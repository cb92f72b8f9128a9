"""A class at a time: each hand-in graded once, whatever happens meanwhile, with the marks that nbgrader's autograding gives."""

import csv
import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path

import nbformat
import pytest
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory

from course.errors import CourseError, SandboxError, UsageError, one_line
from graders import class_command, classroom
from graders.__main__ import parser
from graders.bubblewrap import why_not
from graders.class_gradebook import GradebookWriter
from graders.class_hand_ins import find_hand_ins, read_hand_in
from graders.class_report import report
from graders.classroom import Graded, Row, grade_class
from graders.course_folder import build_course
from graders.executors import DaskPool
from graders.forkserver import ForkServer
from graders.journal import Journal
from graders.lessons import checks
from graders.limits import BUBBLEWRAP, Limits
from graders.outcome import correct, not_yet
from solutions.demo import HIDDEN, run_nbgrader
from solutions.fill import fill
from solutions.modules import weights_path

SLUG = "08_final_model"
SERVER = """
import os, sys, time
from graders.forking import serve
seen = []
def work(asked):
    seen.append(asked)
    exec(asked, globals())
    return {"answer": answer, "seen": len(seen)}
serve(work, lambda request: None, {"ready": True}, orphans=True)
"""


@pytest.fixture
def server() -> Iterator[ForkServer]:
    """A server whose children run what they are asked, without a sandbox."""

    def start() -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )

    one = ForkServer(start)
    yield one
    one.close()


def test_a_child_knows_nothing_of_the_child_before_it(server: ForkServer) -> None:
    assert json.loads(server.ask("answer = 1; left = 2", 20)) == {"answer": 1, "seen": 1}
    assert json.loads(server.ask("answer = 'left' in globals()", 20)) == {"answer": False, "seen": 1}


@pytest.mark.parametrize(
    "code, said",
    [
        ("while True: pass", "took longer than 1 seconds"),
        ("os._exit(7)", "ended with status 7"),
        ("os.kill(os.getpid(), 11)", "killed by signal 11"),
        ("raise MemoryError", "ran out of memory"),
        ("answer = 'x' * 30_000_000", "more than"),
    ],
)
def test_a_child_that_fails_is_told_of_in_a_sentence_and_the_next_is_served(server: ForkServer, code, said) -> None:
    with pytest.raises(SandboxError, match=said):
        server.ask(code, 1)
    assert json.loads(server.ask("answer = 2", 20))["answer"] == 2


def test_a_child_that_kills_its_server_costs_only_itself(server: ForkServer) -> None:
    with pytest.raises(SandboxError, match="ended the process that ran it"):
        server.ask("os.kill(os.getppid(), 9); time.sleep(5)", 20)
    assert json.loads(server.ask("answer = 2", 20))["answer"] == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a server the children of its children")
def test_what_a_child_starts_ends_with_it_even_in_a_session_of_its_own(server: ForkServer) -> None:
    code = "answer = os.fork()\nif not answer:\n    os.setsid()\n    time.sleep(600)"
    started = json.loads(server.ask(code, 20))["answer"]
    assert not Path(f"/proc/{started}").exists()


def test_a_journal_passes_over_a_torn_line_and_goes_on_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "class" / "journal.jsonl"
    journal = Journal(path)
    journal.add_result("one", {"outcomes": {}, "evaluations": {"e": {"state": "correct"}}}, "files")
    journal.add_recorded("ada", SLUG, "stamp")
    journal.close()
    path.write_bytes(path.read_bytes() + b'{"key": "two", "resu')
    journal = Journal(path)
    assert set(journal.results) == {"one"} and journal.evaluations == {"files": {"e": {"state": "correct"}}}
    journal.add_result("three", {"outcomes": {}}, "others")
    journal.close()
    journal = Journal(path)
    assert set(journal.results) == {"one", "three"} and journal.recorded == {("ada", SLUG): "stamp"}
    journal.close()


def test_two_gradings_of_one_class_do_not_run_at_a_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "class" / "journal.jsonl")
    with pytest.raises(UsageError, match="another process"):
        Journal(tmp_path / "class" / "journal.jsonl")
    journal.close()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "127.0.0.1:8786", "ucx://cluster:1", "inproc://1"])
def test_a_cluster_without_tls_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="tls://"):
        DaskPool(address)


def test_a_table_is_no_formula_and_names_who_could_not_be_graded(tmp_path: Path) -> None:
    (tmp_path / "class").mkdir()
    rows = [
        Row("=1+1", SLUG, {"layers": (10.0, 10.0)}, {"layers": correct("so it is")}),
        Row("bob", SLUG, error="the code took\n  too long", doubts=("its weights are those that ann handed in",)),
    ]
    said = report(tmp_path, Graded(rows))
    assert f"bob, {SLUG}: could not be graded: the code took" in said
    assert "a reason to look: its weights are those that ann handed in" in said
    with (tmp_path / "class" / "marks.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert lines[0]["learner"] == "'=1+1" and lines[0]["marks"] == "10"
    assert (
        json.loads((tmp_path / "class" / "marks.json").read_text())["hand_ins"][0]["outcomes"]["layers"]["fraction"]
        == 1
    )


def test_what_a_file_is_named_does_nothing_to_the_screen(tmp_path: Path) -> None:
    folder = build_course(tmp_path / "course", [8])
    (folder / "submitted" / "ada" / SLUG).mkdir(parents=True)
    (folder / "submitted" / "ada" / "\x1b[2J\udcff.txt").touch()
    (folder / "class").mkdir()
    said = report(folder, Graded([], remarks=tuple(find_hand_ins(folder, None)[1])))
    assert "ada has files outside" in said and all(line.isprintable() for line in said.splitlines())


def test_what_an_error_says_does_nothing_to_the_screen(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    def grade(folder: Path, executor: object, *, progress: Callable[[int, int, Row], None], **settings) -> Graded:
        row = Row("ada", SLUG, error="saw \x1b[2J\u202e")
        progress(1, 1, row)
        return Graded([row])

    (tmp_path / "class").mkdir()
    monkeypatch.setattr(class_command, "grade_class", grade)
    assert class_command.run_class(parser().parse_args(["class", str(tmp_path), "--jobs", "1"])) == 1
    said = "".join(capsys.readouterr())
    assert said.count("saw  [2J") == 2 and "\x1b[2J" not in said and "\u202e" not in said


def test_the_command_line_is_read_without_pytorch() -> None:
    code = "import sys, graders.__main__ as m; m.parser().parse_args(['class', 'x']); assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("folder, said", [("nowhere", "is no course folder"), ("course", "there are no hand-ins")])
def test_a_folder_that_cannot_be_graded_is_refused_in_a_sentence(
    tmp_path: Path, capsys, folder: str, said: str
) -> None:
    from graders.__main__ import main

    build_course(tmp_path / "course", [8])
    assert main(["class", str(tmp_path / folder)]) == 2
    assert said in capsys.readouterr().err


def test_an_assignment_that_was_not_released_names_the_command(tmp_path: Path, capsys) -> None:
    from graders.__main__ import main

    folder = build_course(tmp_path / "course", [8])
    hand_in(folder, "ada")
    assert main(["class", str(folder)]) == 2
    assert f"nbgrader generate_assignment {SLUG}" in capsys.readouterr().err


def hand_in(
    folder: Path, learner: str, change: Callable[[nbformat.NotebookNode], None] = lambda notebook: None
) -> Path:
    """The reference solution with its weights, changed."""
    released = folder / "release" / SLUG / f"{SLUG}.ipynb"
    notebook = fill(released if released.exists() else folder / "source" / SLUG / f"{SLUG}.ipynb", 8)
    change(notebook)
    target = folder / "submitted" / learner / SLUG
    target.mkdir(parents=True)
    nbformat.write(notebook, target / f"{SLUG}.ipynb")
    shutil.copy(weights_path(8), target)
    return target


def test_another_text_is_recorded_again_and_not_judged_again(tmp_path: Path) -> None:
    folder = build_course(tmp_path / "course", [8])
    shutil.copytree(folder / "source" / SLUG, folder / "release" / SLUG)
    place = hand_in(folder, "ada")
    first = read_hand_in(folder, "ada", SLUG, "")
    notebook = nbformat.read(place / f"{SLUG}.ipynb", as_version=4)
    next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "analysis").source = "Better."
    nbformat.write(notebook, place / f"{SLUG}.ipynb")
    second = read_hand_in(folder, "ada", SLUG, "")
    (place / "timestamp.txt").write_text("2026-01-31 12:00:00 UTC")
    third = read_hand_in(folder, "ada", SLUG, "")
    assert first.key == second.key == third.key
    assert len({first.whole, second.whole, third.whole}) == 3


def test_what_lies_where_nothing_is_graded_is_told_of(tmp_path: Path) -> None:
    folder = build_course(tmp_path / "course", [8])
    for place in (f"ada/{SLUG}", "bert/08_final", "cleo/homework", "cleo/unknown"):
        (folder / "submitted" / place).mkdir(parents=True)
    (folder / "source" / "homework").mkdir()
    (folder / "submitted" / "dora").mkdir()
    (folder / "submitted" / "dora" / f"{SLUG}.ipynb").touch()
    found, astray = find_hand_ins(folder, None)
    assert found == [("ada", SLUG)]
    for said in (
        f"bert handed in 08_final, which is no assignment, and it was not graded: rename the folder; was {SLUG} meant?",
        "homework is no lesson: nbgrader autograde homework grades it",
        "cleo handed in unknown",
        f"dora has files outside an assignment's folder, which are not graded ({SLUG}.ipynb)",
    ):
        assert any(said in sentence for sentence in astray), astray
    assert len(astray) == 4


def net(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "Net")


def numbered(number: int) -> Callable[[nbformat.NotebookNode], None]:
    """The same network, in other code."""

    def change(notebook: nbformat.NotebookNode) -> None:
        net(notebook).source += f"\n\nNet.number = {number}"

    return change


def hiding(notebook: nbformat.NotebookNode) -> None:
    net(notebook).source += "\n" + HIDDEN


def hanging(notebook: nbformat.NotebookNode) -> None:
    net(notebook).source = "class Net(nn.Module):\n    while True:\n        pass"


def dying(notebook: nbformat.NotebookNode) -> None:
    net(notebook).source = "import os\nclass Net(nn.Module):\n    os._exit(3)"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which lesson 8 is released, and nobody has handed in."""
    folder = build_course(tmp_path_factory.mktemp("released") / "course", [8])
    run_nbgrader(folder, "generate_assignment", SLUG)
    return folder


@pytest.fixture
def course(released: Path, tmp_path: Path) -> Path:
    """A copy to hand in to."""
    return Path(shutil.copytree(released, tmp_path / "course"))


def run_class(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "graders", "class", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def book(folder: Path) -> dict:
    """All that the gradebook has of each submission's cells."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            one.student.id: sorted(
                [(g.name, g.auto_score, g.manual_score, g.max_score, g.needs_manual_grade) for g in notebook.grades]
                + [(c.name, c.auto_comment, c.manual_comment) for c in notebook.comments],
                key=str,
            )
            for one in gradebook.assignment_submissions(SLUG)
            for notebook in one.notebooks
        }


def journal_lines(folder: Path) -> list[dict]:
    path = folder / "class" / "journal.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


class Answering:
    """An executor that has one answer for every hand-in."""

    width = 1

    def __init__(self, answer: dict | Exception) -> None:
        self.answer = answer

    def submit(self, function, *arguments) -> Future:
        future: Future = Future()
        if isinstance(self.answer, Exception):
            future.set_exception(self.answer)
        else:
            future.set_result(self.answer)
        return future

    def submit_to_all(self, function, *arguments) -> list[Future]:
        future: Future = Future()
        future.set_result({"problem": "", "data": "MNIST", "torch": "2", "sandbox": "none"})
        return [future]

    def as_completed(self, futures: Iterable) -> Iterator:
        return iter(futures)

    def close(self) -> None:
        """Nothing was started."""


FULL_MARKS = {"outcomes": {name: asdict(correct("so it is")) for name in checks(8)}, "evaluations": {}, "trouble": []}


@pytest.mark.parametrize("what", ["the machine", "the reading", "the recording"])
def test_where_a_later_hand_in_fails_the_earlier_marks_stay_and_that_is_said(
    course: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def fail(*arguments):
        raise (CourseError if what == "the recording" else OSError)("the disk is full")

    place = hand_in(course, "ada")
    (first,) = grade_class(course, Answering(FULL_MARKS), seconds=9).rows
    before = book(course)
    assert not first.error and sum(got for got, _ in first.marks.values()) > 0
    shutil.rmtree(place)
    hand_in(course, "ada", hiding)
    if what == "the reading":
        monkeypatch.setattr(classroom, "read_hand_in", fail)
    if what == "the recording":
        monkeypatch.setattr(classroom.GradebookWriter, "write", fail)
    answer = OSError("the disk is full") if what == "the machine" else {**FULL_MARKS, "trouble": ["it was slow"]}
    (second,) = grade_class(course, Answering(answer), seconds=9).rows
    points = sum(most for _, most in first.marks.values())
    assert "the disk is full" in second.error and f"the gradebook still holds {points:g} of {points:g}" in second.error
    assert book(course) == before and not second.marks


def test_what_nbgrader_logs_does_nothing_to_the_screen(course: Path) -> None:
    place = hand_in(course, "ada")
    (place / "\x1b[2J\u202e.txt").touch()
    writer, said, log = GradebookWriter(course), io.StringIO(), logging.Logger("nbgrader's")
    log.addHandler(logging.StreamHandler(said))
    directory = CourseDirectory(config=writer.config)
    directory.student_id, directory.assignment_id = "ada", SLUG
    converter = Autograde(coursedir=directory, config=writer.config, log=log)
    converter.init_notebooks()
    (converter.notebooks,) = converter.assignments.values()
    converter.init_assignment(SLUG, "ada")
    try:
        raise ValueError("\x1b[2J")
    except ValueError:
        log.exception("%s\nfailed", "\x1b[31m")
    assert "[2J .txt" in said.getvalue() and "Traceback" in said.getvalue() and "\nfailed" in said.getvalue()
    assert all(line.isprintable() for line in said.getvalue().splitlines())


def test_a_message_with_half_a_character_is_recorded(course: Path) -> None:
    hand_in(course, "ada")
    read_hand_in(course, "ada", SLUG, "")
    found = {name: not_yet("saw \ud800") for name in checks(8)}
    marks = GradebookWriter(course).write("ada", SLUG, found)
    assert marks and not sum(got for got, _ in marks.values())
    assert "saw ?" in (course / "autograded" / "ada" / SLUG / f"{SLUG}.ipynb").read_text()


def test_what_an_error_says_can_be_written() -> None:
    assert one_line(ValueError("saw \ud800\nhere")) == "saw ? here"


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.mnist
def test_a_class_has_the_marks_that_nbgrader_autograde_gives_and_nbgrader_goes_on_from_there(course: Path) -> None:
    hand_in(course, "reference")
    hand_in(course, "cheat", hiding)
    (course / "submitted" / "blank" / SLUG).mkdir(parents=True)
    shutil.copy(course / "release" / SLUG / f"{SLUG}.ipynb", course / "submitted" / "blank" / SLUG)
    (course / "submitted" / "unreadable" / SLUG).mkdir(parents=True)
    (course / "submitted" / "unreadable" / SLUG / f"{SLUG}.ipynb").write_text("<<<<<<< HEAD")
    other = Path(shutil.copytree(course, course.parent / "other"))
    done = run_class(course)
    assert done.returncode == 0, done.stderr
    assert "its weights are those that cheat handed in" in done.stdout
    run_nbgrader(other, "autograde", SLUG)
    assert book(course) == book(other)
    run_nbgrader(course, "generate_feedback", SLUG)
    page = (course / "feedback" / "cheat" / SLUG / f"{SLUG}.html").read_text()
    assert "is a fully connected layer" in page
    run_nbgrader(course, "export")
    assert (course / "grades.csv").read_text().count(SLUG) == 4


@pytest.mark.slow
@pytest.mark.mnist
def test_after_a_kill_nothing_is_lost_and_nothing_graded_twice(course: Path) -> None:
    for i in range(4):
        hand_in(course, f"learner{i}", numbered(i))
    first = subprocess.Popen(
        [sys.executable, "-m", "graders", "class", str(course), "--jobs", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while sum("result" in line for line in journal_lines(course)) < 2 and first.poll() is None:
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = journal_lines(course)
    assert 2 <= sum("result" in line for line in before) < 4
    done = run_class(course)
    assert done.returncode == 0, done.stderr
    after = journal_lines(course)
    assert after[: len(before)] == before
    keys = [line["key"] for line in after if "result" in line]
    assert len(keys) == len(set(keys)) == 4
    assert sum(len(line["result"]["evaluations"]) for line in after if "result" in line) == 1  # the same weights, once
    assert len(book(course)) == 4
    again = run_class(course)
    assert journal_lines(course) == after and again.returncode == 0


@pytest.mark.slow
@pytest.mark.mnist
def test_what_hangs_or_dies_is_told_of_in_a_line_and_the_class_goes_on(course: Path) -> None:
    hand_in(course, "ada")
    hand_in(course, "bob", hanging)
    hand_in(course, "cyd", dying)
    done = run_class(course, "--seconds", "15")
    assert done.returncode == 1, done.stderr
    assert f"bob, {SLUG}: could not be graded: the code took longer than 15 seconds" in done.stdout
    assert f"cyd, {SLUG}: could not be graded: the code's process ended with status 3" in done.stdout
    with (course / "class" / "marks.csv").open(newline="") as file:
        marks = {line["learner"]: (float(line["marks"]), float(line["points"])) for line in csv.DictReader(file)}
    assert marks["ada"][0] == marks["ada"][1] > marks["bob"][0] == marks["cyd"][0]


LEAVE = """
import os, torch
found = [p for p in ("/tmp/left", "/dev/shm/left") if os.path.exists(p)]
for path in ("/tmp/left", "/dev/shm/left"):
    open(path, "w").close()
torch.nn.Linear.forward = None
processes = [name for name in os.listdir("/proc") if name.isdigit()]
raise ValueError(f"{found} {processes} {os.getppid()}")
"""


@pytest.mark.slow
def test_learners_who_share_a_warm_sandbox_meet_neither_each_other_nor_the_server() -> None:
    if why_not():
        pytest.skip(f"bubblewrap does not work here: {why_not()}")
    from graders.zygote import WarmSandbox

    sandbox = WarmSandbox(BUBBLEWRAP)
    try:
        if sandbox.problem:
            pytest.skip(f"namespaces within bubblewrap's are not allowed here: {sandbox.problem}")
        for _ in range(2):
            given = sandbox.run(LEAVE, {"probes": ["recipe"], "seed": 1}, Limits(seconds=60))
            assert given["failures"][0].endswith("ValueError: [] [] 0")
    finally:
        sandbox.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str, str]:
    """An authority, a certificate and its key; the authority signs itself alone."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed, which makes the test's certificate")
    key, cert = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=class"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, cert, key


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.filterwarnings("default")  # Dask's own, at its end
def test_a_cluster_of_two_grades_a_class_although_a_worker_is_killed(course: Path, certificate, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask's distributed is not installed: pip install distributed")
    files = ["--tls-ca-file", certificate[0], "--tls-cert", certificate[1], "--tls-key", certificate[2]]
    for i in range(6):
        hand_in(course, f"learner{i}", numbered(i))
    about = tmp_path / "scheduler.json"
    scheduler = start_dask(
        "scheduler", "--protocol", "tls", "--port", "0", "--no-dashboard", "--scheduler-file", str(about), *files
    )
    started = [scheduler]
    try:
        wait_for(lambda: about.exists() and about.read_text().endswith("}"), scheduler)  # it is written bit by bit
        address = json.loads(about.read_text())["address"]
        workers = [
            start_dask("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", *files) for _ in range(2)
        ]
        started += workers
        command = [sys.executable, "-m", "graders", "class", str(course), "--dask", address, "--tls", *certificate]
        grading = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        started.append(grading)
        wait_for(lambda: any("result" in line for line in journal_lines(course)), grading)
        os.killpg(workers[0].pid, signal.SIGKILL)
        said = grading.communicate()[0]
        assert grading.returncode == 0, said
        assert len(book(course)) == 6
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL) if process is not started[-1] else process.kill()
            process.wait()


def start_dask(kind: str, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_" + kind, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_for(happened: Callable[[], bool], process: subprocess.Popen) -> None:
    while not happened():
        assert process.poll() is None, f"{process.args} ended with status {process.returncode}"
        time.sleep(0.1)
