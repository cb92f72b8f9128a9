"""`python -m graders check`: its contract, on honest submissions and on broken ones."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import nbformat
import pytest
from networks import conv, gap, network
from torch.optim import SGD

from course.data import load_practice_digits
from course.graph import Graph
from course.recipe import Recipe
from course.submission_file import load_submission, save_submission
from course.training import fit
from graders import reading_code
from graders.check import check
from graders.missing import EXAMPLE
from graders.retraining import judge_retraining
from graders.sandbox import Limits
from graders.verdict import LIMITS, not_graded
from graders.zygote import WarmSandbox
from solutions.modules import weights_path

HEAD = """
from functools import partial
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD
from course import Recipe
"""
SMALL = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 3, stride=2)

    def forward(self, x):
        return self.conv(x).mean((2, 3))
"""
RECIPE = "recipe = Recipe(epochs=19, batch_size=128, optimizer=partial(SGD, lr=0.01, momentum=0.9), seed=1)\n"


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "graders", "check", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch, warm_sandbox: WarmSandbox) -> None:
    """For tests of what is said of code, not of how it is confined: its sandbox has imported PyTorch."""
    monkeypatch.setattr(reading_code, "run_probes", lambda *asked: warm_sandbox.run(*asked[:3]))


def script(folder: Path, source: str, name: str = "net.py") -> Path:
    path = folder / name
    path.write_text(source)
    return path


@pytest.mark.mnist
def test_the_reference_passes_with_status_0_and_one_object() -> None:
    answer = command(str(weights_path(8)), "--json")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    verdict = json.loads(answer.stdout)
    assert answer.stdout.count("\n") == 1
    assert verdict["passed"] is True
    assert verdict["evidence"] == "weights"
    assert verdict["error"] is None
    assert verdict["constraints"]["accuracy"]["value"] >= 99.4
    assert {name: c["limit"] for name, c in verdict["constraints"].items()} == LIMITS


def test_a_script_without_weights_has_status_1_and_says_so(tmp_path: Path) -> None:
    answer = command(str(script(tmp_path, HEAD + SMALL + RECIPE)), "--json")
    assert answer.returncode == 1, answer.stdout
    verdict = json.loads(answer.stdout)
    assert verdict["evidence"] == "structure"
    assert verdict["constraints"]["accuracy"] == {
        "passed": None, "value": None, "limit": 99.4, "message": "not assessed: no trained weights",
    }  # fmt: skip
    assert verdict["constraints"]["parameters"]["value"] == 100
    assert [verdict["constraints"][name]["passed"] for name in ("parameters", "epochs", "fully_connected")] == [
        True
    ] * 3


def test_a_file_that_is_not_there_has_status_2_and_a_sentence(tmp_path: Path) -> None:
    answer = command(str(tmp_path / "nothing.safetensors"), "--json")
    assert answer.returncode == 2
    verdict = json.loads(answer.stdout)
    assert verdict["error"]["kind"] and "nothing.safetensors" in verdict["error"]["message"]
    assert "Traceback" not in answer.stdout + answer.stderr


def test_without_mnist_accuracy_is_not_assessed_and_the_structure_is(tmp_path: Path) -> None:
    answer = command(str(weights_path(8)), "--json", MNIST_DIR=str(tmp_path))
    assert answer.returncode == 2
    verdict = json.loads(answer.stdout)
    assert verdict["error"]["kind"] == "data"
    assert verdict["constraints"]["accuracy"]["passed"] is None
    assert verdict["constraints"]["parameters"]["value"] == 13_808


def test_help_does_not_wait_for_torch() -> None:
    code = """
import sys
sys.argv = ["graders", "check", "--help"]
from graders.__main__ import main
try:
    main()
except SystemExit:
    pass
assert "torch" not in sys.modules
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


@pytest.mark.parametrize("arguments", [(), ("net.py", "--seeds", "0"), ("net.py", "--no-such")])
def test_a_command_line_that_makes_no_sense_has_status_2_and_one_object(arguments: tuple[str, ...]) -> None:
    answer = command(*arguments, "--json")
    assert answer.returncode == 2
    assert json.loads(answer.stdout)["error"]["kind"] == "usage"
    assert "Traceback" not in answer.stderr


def test_pytorch_is_imported_while_the_sandbox_runs(tmp_path: Path) -> None:
    path = script(tmp_path, HEAD + SMALL + RECIPE)
    code = f"""
import sys
from graders import reading_code
from graders.check import check

def run_probes(source, request, limits, meanwhile):
    begun = "torch" in sys.modules
    meanwhile()
    print(begun, "torch" in sys.modules)
    return {{"answers": {{}}}}

reading_code.run_probes = run_probes
check({str(path)!r})
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.split() == ["False", "True"], answer.stderr


def test_work_that_crashes_its_process_gets_a_sentence() -> None:
    import os
    import signal

    from graders.own_process import run_apart

    def ends_by(work, seconds: float = 10) -> str:
        code = run_apart(work, seconds, 2**40)
        return code if isinstance(code, str) else "returned"

    assert ends_by(dict) == "returned"
    assert "SIGKILL" in ends_by(lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert "without a verdict" in ends_by(lambda: os._exit(3))
    assert "longer than 0.2 seconds" in ends_by(lambda: signal.pause(), 0.2)


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("net.txt", b"", "saw net.txt"),
        ("binary.py", bytes(range(256)), "UTF-8"),
        ("empty.ipynb", b"", "not a notebook"),
        ("list.ipynb", b"[]", "not a notebook"),
        ("deep.ipynb", b"[" * 100_000, "not a notebook"),
        ("cell.ipynb", b'{"cells": [{"cell_type": "code", "source": 5}]}', "not a notebook"),
        ("long.py", b"x = 1\n" * 90_000, "characters of code"),
    ],
)
def test_a_file_that_is_no_code_gets_a_sentence(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    verdict = check(tmp_path / name)
    assert verdict.error and said in verdict.error["message"] and verdict.exit_status == 2


@pytest.mark.parametrize("name", ["net.py", "net.ipynb", "net.safetensors"])
def test_a_pipe_or_a_folder_is_no_file(tmp_path: Path, name: str) -> None:
    import os

    os.mkfifo(tmp_path / name)
    verdict = check(tmp_path / name)
    assert verdict.error and "there is no file" in verdict.error["message"]
    (tmp_path / "folder" / name).mkdir(parents=True)
    assert check(tmp_path / "folder" / name).exit_status == 2


def test_a_verdict_in_words_is_drawn_by_us_alone() -> None:
    verdict = not_graded("a\nb.py: passed", "code", "\x1b[2J\nnet.py: passed")
    assert str(verdict).isprintable()


@pytest.mark.parametrize(
    "given",
    [
        {"answers": 5, "failures": 7},
        {"answers": {"network": {"graph": {"nodes": 3}}, "recipe": {}}},
        {
            "answers": {"network": {"graph": {"nodes": [], "tensors": {}, "output": "x"}}, "recipe": {}},
            "failures": [{}],
        },
        {"answers": {"network": {"state": {}}, "recipe": {}}},
    ],
)
def test_a_forged_answer_gets_a_sentence(tmp_path: Path, given: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graders.reading_code.run_probes", lambda *_: given)
    verdict = check(script(tmp_path, "Net = 1"))
    assert verdict.error and verdict.exit_status == 2


ODD_GRAPHS = {  # operations, and what is said of them
    "too much memory": ([("a", "repeat", [{"value": "x"}, [1, 10**6, 1, 1]])], "numbers a digit"),
    "too much work": (
        [("a", "pad", [{"value": "x"}, [400, 400, 400, 400]])]
        + [(f"b{i}", "relu", [{"value": f"b{i - 1}" if i else "a"}]) for i in range(30)]
        + [("m", "mean.dim", [{"value": "b29"}, [2, 3]]), ("e", "expand", [{"value": "m"}, [-1, 10]])],
        "most that is graded",
    ),
    "scores of another shape, which would be counted many times": (
        [("a", "slice.Tensor", [{"value": "x"}, 2, 0, 10]), ("b", "slice.Tensor", [{"value": "a"}, 3, 0, 1]),
         ("c", "transpose.int", [{"value": "b"}, 1, 2])], "ten scores",
    ),
    "division by zero": ([("a", "adaptive_avg_pool2d", [{"value": "x"}, [0, 0]])], ""),
    "sizes for digits": ([("a", "sym_size.int", [{"value": "x"}, 0]), ("b", "size_floordiv", [{"value": "a"}, 0])], ""),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD_GRAPHS)
def test_a_graph_that_no_network_has_gets_a_sentence(tmp_path: Path, name: str) -> None:
    nodes, said = ODD_GRAPHS[name]
    graph = Graph.from_json(
        {
            "nodes": [{"name": n, "op": op, "args": args, "kwargs": {}, "at": ""} for n, op, args in nodes],
            "tensors": {},
            "output": nodes[-1][0],
        }
    )
    honest = load_submission(weights_path(8))
    path = save_submission(replace(honest, graph=graph, weights={}, initial={}), tmp_path / "odd.safetensors")
    verdict = check(path)
    assert verdict.error and said in verdict.error["message"] and verdict.exit_status == 2, verdict


def notebook(folder: Path, *cells: str) -> Path:
    path = folder / "net.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)
    return path


@pytest.mark.usefixtures("warm")
def test_only_what_the_definitions_need_is_run(tmp_path: Path) -> None:
    verdict = check(
        notebook(
            tmp_path,
            "%matplotlib inline\n" + HEAD,
            "1 / 0",
            "while True: pass",
            "!rm -rf x",
            SMALL,
            RECIPE,
            "open('trace', 'w')",
        )
    )
    assert verdict.error is None, verdict.error
    assert verdict.constraints["parameters"].value == 100


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    "source, said",
    [
        (HEAD + SMALL, "recipe"),
        (HEAD + RECIPE, "Net"),
        (HEAD + SMALL.replace("stride=2", "stride='two'") + RECIPE, "Net"),
        (HEAD + SMALL + "recipe = 3", "saw int"),
        (HEAD + SMALL + "recipe = ...", "recipe"),
        ("class Net(:\n", "syntax|SyntaxError|invalid"),
        (HEAD + SMALL.replace("self.conv =", "raise NotImplementedError\n        self.conv =") + RECIPE, "nothing is written"),
    ],
)  # fmt: skip
def test_code_that_cannot_be_graded_is_answered_by_a_sentence(tmp_path: Path, source: str, said: str) -> None:
    import re

    verdict = check(script(tmp_path, source))
    assert verdict.error and re.search(said, verdict.error["message"]), verdict.error
    assert "Traceback" not in verdict.error["message"]
    assert verdict.exit_status == 2


MINE = SMALL.replace("Net", "MyNet")
MISSING_PACKAGE = "import no_such_package\n" + HEAD + SMALL.replace("10, 3", "no_such_package.width, 3")
SAID = {  # code in which something is missing, and what is said of it
    "a network of another name": (HEAD + MINE + RECIPE, "found a class MyNet that is an nn.Module; name it Net"),
    "a class upon a class of another name": (
        HEAD + MINE + "class Mine(MyNet):\n    pass\n" + RECIPE, "found a class Mine that is an nn.Module",
    ),
    "no network": (HEAD + RECIPE, "class Net(nn.Module)"),
    "a recipe of another name": (HEAD + SMALL + RECIPE.replace("recipe =", "mine ="), "found a Recipe under the name mine"),
    "no recipe": (HEAD + SMALL, "recipe = Recipe(epochs=19"),
    "a package that is not there": (MISSING_PACKAGE + RECIPE, "`import no_such_package` gave ModuleNotFoundError"),
}  # fmt: skip


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("name", SAID)
def test_what_is_missing_is_named_with_what_stands_there_instead(tmp_path: Path, name: str) -> None:
    source, said = SAID[name]
    verdict = check(script(tmp_path, source))
    assert verdict.error and said in verdict.error["message"], verdict.error


@pytest.mark.usefixtures("warm")
def test_lesson_1_is_sent_to_its_notebooks_checks(tmp_path: Path) -> None:
    verdict = check(script(tmp_path, HEAD + SMALL, "01_setup.py"))
    assert verdict.error and "lesson 1 has no recipe" in verdict.error["message"], verdict.error


@pytest.mark.usefixtures("warm")
def test_the_example_of_a_recipe_is_one(tmp_path: Path) -> None:
    assert check(script(tmp_path, HEAD + SMALL + EXAMPLE)).constraints["epochs"].passed


@pytest.mark.usefixtures("warm")
def test_an_import_that_nothing_uses_does_no_harm(tmp_path: Path) -> None:
    unused = "import no_such_package, torch\nfrom no_such_package import summary\n"
    verdict = check(script(tmp_path, unused + HEAD.replace("import torch\n", "") + SMALL + RECIPE))
    assert verdict.error is None, verdict.error


@pytest.mark.parametrize("name", ["net.pt", "net.PTH", "net.pkl"])
def test_a_pickle_is_refused_and_told_what_to_write_instead(tmp_path: Path, name: str) -> None:
    verdict = check(tmp_path / name)
    assert verdict.error and 'run.save("net.safetensors")' in verdict.error["message"]
    assert "run whatever code" in verdict.error["message"]


@pytest.mark.usefixtures("warm")
def test_weights_of_another_name_are_seen_and_the_name_that_counts_is_said(tmp_path: Path) -> None:
    (tmp_path / "mine.safetensors").write_bytes(weights_path(8).read_bytes())
    message = check(script(tmp_path, HEAD + SMALL + RECIPE)).constraints["accuracy"].message
    assert message.startswith("not assessed: no trained weights")
    assert "looked for net.safetensors, saw mine.safetensors" in message


@pytest.mark.mnist
def test_of_weights_trained_on_practice_digits_that_is_said_first(tmp_path: Path) -> None:
    data = load_practice_digits()
    elsewhere = replace(load_submission(weights_path(8)), data={"name": data.name, "digest": data.digest})
    message = check(save_submission(elsewhere, tmp_path / "net.safetensors")).constraints["accuracy"].message
    assert message.startswith("this run was trained on practice digits, not on this MNIST")


HOSTILE = {
    "an endless loop": ("        while True: pass\n", "longer than"),
    "much memory": ("        self.more = [bytearray(2**30) for _ in range(64)]\n", "memory|Memory"),
    "the end of its process": ("        import os; os._exit(0)\n", "ended with status 0"),
    "a signal": ("        import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n", "killed by signal 9"),
    "an answer of another kind": ("        import os; os.mkfifo('result.json'); os._exit(0)\n", "before it answered"),
    "a file too large": (
        "        import os\n        open(os.path.join(os.environ['HOME'], 'big'), 'wb').write(bytes(10**9))\n", ".",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_ends_itself_alone(tmp_path: Path, name: str) -> None:
    import re

    code, said = HOSTILE[name]
    source = HEAD + SMALL.replace("        super().__init__()\n", "        super().__init__()\n" + code) + RECIPE
    seconds = {"much memory": 90, "an endless loop": 6}.get(name, 15)  # gigabytes take long to touch beside other work
    verdict = check(script(tmp_path, source), limits=Limits(seconds=seconds, memory=3 * 2**30))
    assert verdict.passed is False
    assert verdict.error and re.search(said, verdict.error["message"]), verdict.error


def test_a_child_that_was_left_running_is_killed(tmp_path: Path) -> None:
    import time

    code = f"        import subprocess; subprocess.Popen(['sleep', '{86_400 + 77}'], start_new_session=True)\n"
    check(
        script(
            tmp_path,
            HEAD + SMALL.replace("        super().__init__()\n", "        super().__init__()\n" + code) + RECIPE,
        )
    )
    time.sleep(0.2)
    running = subprocess.run(["pgrep", "-f", "sleep 86477"], capture_output=True, text=True).stdout
    assert running == ""


def test_patching_the_grader_from_within_changes_no_verdict(tmp_path: Path) -> None:
    patch = """
import torch.nn as nn
import graders.constraints as constraints, graders.probes as probes
constraints.judge_parameters = constraints.judge_fully_connected = lambda *a: None
nn.Parameter.numel = lambda self: 1
torch.Tensor.numel = lambda self: 1
"""
    heavy = SMALL.replace("nn.Conv2d(1, 10, 3, stride=2)", "nn.Conv2d(1, 3000, 3, stride=8)").replace(
        "self.conv(x).mean((2, 3))", "self.conv(x)[:, :10].mean((2, 3))"
    )
    verdict = check(script(tmp_path, HEAD + patch + heavy + RECIPE))
    assert verdict.passed is False
    parameters = verdict.constraints["parameters"]
    assert verdict.error or parameters.value == 30_000 and parameters.passed is False


@pytest.mark.usefixtures("warm")
def test_weights_of_the_code_beside_it_count(tmp_path: Path) -> None:
    net = network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 3))
    run = fit(
        net,
        Recipe(epochs=1, batch_size=64, optimizer=partial(SGD, lr=0.1)),
        load_practice_digits(),
        progress=False,
        replay=False,
    )
    run.save(tmp_path / "net.safetensors")
    path = script(tmp_path, HEAD + SMALL + RECIPE)
    verdict = check(path)
    assert verdict.evidence == "structure"
    assert "another network" in verdict.constraints["accuracy"].message


@pytest.mark.mnist
def test_a_forged_history_changes_no_count(tmp_path: Path) -> None:
    honest = load_submission(weights_path(8))
    forged = tuple(
        replace(e, test_correct=9990, test_accuracy=99.9) if e.epoch == honest.epoch else e for e in honest.history
    )
    weights = {
        name: tensor * (0 if tensor.is_floating_point() and tensor.dim() == 4 else 1)
        for name, tensor in honest.weights.items()
    }
    path = save_submission(replace(honest, history=forged, weights=weights), tmp_path / "forged.safetensors")
    verdict = check(path)
    assert verdict.constraints["accuracy"].passed is False
    assert verdict.constraints["accuracy"].value < 20
    assert verdict.exit_status == 1


def test_a_retraining_counts_its_epochs_and_says_where_it_diverges() -> None:
    net = network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 3))
    graph, data = Graph.trace(net), load_practice_digits()
    initial = {name: (0.0, 0.1) for name in graph.tensors}
    recipe = Recipe(epochs=2, batch_size=64, optimizer=partial(SGD, lr=0.05))
    found = judge_retraining(graph, recipe, initial, data, seeds=2)
    assert found["epochs"].value == 2
    assert "best of 2 trainings" in found["accuracy"].message
    diverging = judge_retraining(graph, replace(recipe, optimizer=partial(SGD, lr=1e30)), initial, data, seeds=1)
    assert diverging["accuracy"].passed is False and "diverged" in diverging["accuracy"].message


@pytest.mark.mnist
@pytest.mark.slow
def test_a_retraining_takes_no_weights_from_the_submission(tmp_path: Path) -> None:
    honest = load_submission(weights_path(11))  # the quickest to train of those that meet rule 1
    recipe = replace(honest.recipe, epochs=1, optimizer=partial(SGD, lr=0.01), schedule=None)
    short = replace(honest, recipe=recipe, history=(replace(honest.history[-1], epoch=1),), epoch=1)
    verdict = check(save_submission(short, tmp_path / "short.safetensors"), retrain=True)
    assert verdict.evidence == "retrained"
    assert verdict.constraints["accuracy"].passed is False  # its own weights would have passed
    assert 60 < verdict.constraints["accuracy"].value < 98
    assert verdict.constraints["epochs"].value == 1
