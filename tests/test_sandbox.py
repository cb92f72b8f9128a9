"""The sandbox: what learner code can see, reach and leave behind."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from sandboxes import BOTH, ends, needs_bubblewrap, running

from course.errors import SandboxError
from graders import bubblewrap
from graders.isolation import EMPTIED
from graders.limits import BEST, BUBBLEWRAP, PLAIN
from graders.sandbox import Limits, run_probes


def told(source: str, sandbox: str, seconds: float = 30) -> str:
    """What learner code tells through the message of an error."""
    answer = run_probes(source, {"probes": []}, Limits(seconds, sandbox=sandbox))
    return " ".join(answer["failures"])


@needs_bubblewrap
@pytest.mark.parametrize(
    "wanted", ["the home folder", "the checkout with its solutions", "the digits", "another learner's work", "accounts"]
)
def test_learner_code_sees_no(wanted: str, tmp_path: Path, root: Path) -> None:
    (tmp_path / "gradebook.db").write_text("marks")
    place = {
        "the home folder": Path.home() / ".bashrc",
        "the checkout with its solutions": root / "solutions",
        "the digits": Path(os.environ.get("MNIST_DIR", "/mnist")),
        "another learner's work": tmp_path / "gradebook.db",
        "accounts": Path("/etc/passwd"),
    }[wanted]
    source = f"import os; raise ValueError('seen: ' + str(os.path.exists({str(place)!r})))"
    assert "seen: False" in told(source, BUBBLEWRAP)


@needs_bubblewrap
def test_learner_code_reaches_no_network() -> None:
    source = "import socket; raise ValueError(f'reached: {[name for _, name in socket.if_nameindex()]}')"
    assert "reached: ['lo']" in told(source, BUBBLEWRAP)


@needs_bubblewrap
def test_learner_code_sees_no_other_process() -> None:
    source = "import os; raise ValueError(f'processes: {sum(name.isdigit() for name in os.listdir(\"/proc\"))}')"
    assert "processes: 2" in told(source, BUBBLEWRAP)  # its own, and bubblewrap's


@needs_bubblewrap
@pytest.mark.parametrize("place", ["/", "/dev", "/grading", "/grading/graders", "/usr", sys.prefix])
def test_learner_code_writes_nothing_to(place: str) -> None:
    with_root = f"open({place + '/new'!r}, 'w')"
    assert "OSError: [Errno 30]" in told(with_root, BUBBLEWRAP) or "PermissionError" in told(with_root, BUBBLEWRAP)


@needs_bubblewrap
def test_what_learner_code_writes_is_bounded_in_all() -> None:
    source = "for i in range(100): open(f'{i}', 'wb').write(bytes(10_000_000))"
    assert "No space left" in told(source, BUBBLEWRAP)


@BOTH
def test_the_environment_tells_nothing(sandbox: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "1234")
    assert "None" in told("import os; raise ValueError(repr(os.environ.get('SECRET')))", sandbox)


@BOTH
def test_the_code_that_grades_is_the_code_that_probes(sandbox: str, root: Path) -> None:
    source = (
        "import graders.probes as p, hashlib; raise ValueError(hashlib.md5(open(p.__file__, 'rb').read()).hexdigest())"
    )
    assert hashlib.md5((root / "graders" / "probes.py").read_bytes()).hexdigest() in told(source, sandbox)


@BOTH
def test_solutions_cannot_be_imported(sandbox: str) -> None:
    assert "ModuleNotFoundError" in told("import solutions", sandbox)


@BOTH
def test_a_child_that_leaves_its_session_ends_with_the_code(sandbox: str) -> None:
    mark = f"{time.time_ns()}"
    source = f"""
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "{mark}"])
    os._exit(0)
time.sleep(0.5)
raise ValueError("left")
"""
    assert "left" in told(source, sandbox)
    assert ends(mark)


@BOTH
def test_code_that_never_ends_is_ended_with_its_children(sandbox: str) -> None:
    mark = f"{time.time_ns()}"
    source = f"import subprocess\nsubprocess.Popen(['sleep', '{mark}'], start_new_session=True)\nwhile True: pass"
    with pytest.raises(SandboxError, match="longer than 3 seconds"):
        told(source, sandbox, seconds=3)
    assert ends(mark)


@needs_bubblewrap
def test_learner_code_ends_with_a_grader_that_is_killed() -> None:
    mark = f"{time.time_ns()}"
    source = f"import subprocess; subprocess.run(['sleep', '{mark}'])"
    grade = f"from graders.sandbox import *; run_probes({source!r}, {{'probes': []}}, Limits(60, sandbox='bubblewrap'))"
    grader = subprocess.Popen([sys.executable, "-c", grade])
    end = time.monotonic() + 30
    while not running(f"sleep\0{mark}") and time.monotonic() < end:
        time.sleep(0.1)
    assert running(f"sleep\0{mark}")
    grader.kill()
    grader.wait()
    assert ends(f"sleep\0{mark}")


@BOTH
def test_code_that_kills_itself_gets_a_sentence(sandbox: str) -> None:
    with pytest.raises(SandboxError, match="signal 9"):
        told("import os; os.kill(os.getpid(), 9)", sandbox)


@pytest.fixture
def without_bubblewrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A PATH on which there is none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    bubblewrap.why_not.cache_clear()
    yield
    bubblewrap.why_not.cache_clear()


def test_without_bubblewrap_the_best_is_a_plain_process(without_bubblewrap) -> None:
    assert bubblewrap.choose(BEST) == PLAIN
    assert "sudo apt install bubblewrap" in bubblewrap.describe(PLAIN)


def test_who_asks_for_bubblewrap_gets_nothing_less(without_bubblewrap) -> None:
    with pytest.raises(SandboxError, match="sudo apt install bubblewrap"):
        run_probes("", {"probes": []}, Limits(sandbox=BUBBLEWRAP))


def test_a_verdict_names_the_sandbox_and_the_object_has_the_same_keys(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("Net = 1")
    command = [sys.executable, "-m", "graders", "check", str(tmp_path / "net.py"), "--plain-sandbox"]
    words = subprocess.run(command, capture_output=True, text=True)
    assert "in a plain limited process" in words.stdout
    answer = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert set(json.loads(answer.stdout)) == {"submission", "passed", "evidence", "constraints", "error"}


LOOK = """
import sys
from pathlib import Path
from graders.isolation import isolate
kept, other = map(Path, sys.argv[1:])
isolate("/tmp/child", 2**20, [kept])
print((kept / "inside").read_text(), other.exists())
"""


@needs_bubblewrap
def test_an_isolated_child_sees_of_an_emptied_folder_only_what_python_is_in(root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=EMPTIED[0]) as folder:  # wherever pytest's own folder lies
        kept, other = Path(folder) / "python", Path(folder) / "other"
        for place in (kept, other):
            place.mkdir()
            (place / "inside").write_text("there")
        done = subprocess.run([sys.executable, "-c", LOOK, kept, other], capture_output=True, text=True, cwd=root)
    assert done.stdout.split() == ["there", "False"], done.stderr


@pytest.mark.slow
def test_a_warm_sandbox_has_imported_what_tracing_any_network_takes() -> None:
    code = """
import sys
from torch import nn
from course.graph import Graph
from graders.zygote import _warm

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 10, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1))

    def forward(self, x):
        x = self.layers(x)
        return x.squeeze(3).squeeze(2)  # what the exporter alone writes down

_warm()
before = set(sys.modules)
Graph.trace(Net)
print([name for name in sys.modules if name not in before])
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "[]", answer.stderr
