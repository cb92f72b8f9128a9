"""Mutated and random submissions by the ten thousand: no crash, no hang, no pass."""

import json
import random
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat
import pytest
import torch
from mutations import mutate_bytes, mutate_json
from networks import conv, gap, learned, network, written_down
from safetensors.torch import save
from torch import nn
from torch.nn import functional as F

from course.data import Data, load_practice_digits
from course.errors import CourseError
from course.graph import Graph
from course.pairs import LESSONS
from course.recipe import Recipe
from course.submission import Epoch, fresh_statistics
from graders import judging
from graders.answer_judges import JUDGE
from graders.check import check
from graders.constraints import judge_structure
from graders.definitions import definitions
from graders.handed_in import read_hand_in
from graders.rebuilding import rebuild
from solutions.fill import fill

pytestmark = pytest.mark.slow
SEEDS = range(10)  # each test draws its share with each of them
SLOWEST = 20  # seconds that one file may take where other tests run beside


def _attentive(s, x):
    y = s.n(s.stem(x)) * torch.sigmoid(s.k(gap(x)[:, :, None, None]))
    return F.log_softmax(gap(s.c(F.dropout(y, 0.1, s.training))), 1)


Attentive = network(
    _attentive,
    n=lambda: nn.BatchNorm2d(4), k=conv(1, 4, 1), c=conv(4, 10, 3),
)  # fmt: skip
Written = network(
    lambda s, x: gap(F.conv2d(s.stem(x), s.w.view(10, 4, 1, 1)) * 0.5 + s.h), w=learned(40), h=learned(10, 1, 1)
)
NETWORKS = (Attentive, Written)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> Data:
    """Twenty practice digits in MNIST's place: untrained weights meet rule 1 on them by no accident."""
    data = load_practice_digits()
    data = replace(data, test_images=data.test_images[:20], test_labels=data.test_labels[:20])
    monkeypatch.setattr(judging, "load_mnist", lambda: data)
    return data


@cache
def parts(module: type[nn.Module]) -> tuple[dict[str, torch.Tensor], dict]:
    """The tensors and the metadata, parsed, of an untrained network's submission."""
    graph, weights = written_down(module)
    history = [Epoch(i, 0.3, 90.0 + i, 0.2, 91.0 + i, 9_100 + i, 0.1, 1.0).__dict__ for i in range(1, 4)]
    return weights, {
        "graph": graph.to_json(), "recipe": Recipe(epochs=3).to_json(), "history": history,
        "initial": {name: list(two) for name, two in fresh_statistics(weights).items()},
        "data": {"name": "MNIST", "digest": "0"}, "carries": "best", "epoch": 3, "environment": {"torch": torch.__version__},
    }  # fmt: skip


def written(tensors, about: dict) -> bytes:
    metadata = {"format": "mnist-course-submission", "version": "1"}
    metadata |= {str(key): json.dumps(value) for key, value in about.items()}
    return save(tensors, metadata)


def judged(path: Path, content: bytes) -> bool:
    """Whether the file could be graded; what it got is no pass, said in a sentence, in time."""
    path.write_bytes(content)
    started = time.monotonic()
    verdict = check(path)
    assert time.monotonic() - started < SLOWEST
    assert not verdict.passed
    assert verdict.error is None or 20 < len(verdict.error["message"]) <= 1_000
    json.dumps(verdict.to_json(), allow_nan=False)
    return verdict.error is None


def test_the_files_that_are_mutated_are_submissions(tmp_path: Path) -> None:
    for module in NETWORKS:
        assert judged(tmp_path / "net.safetensors", written(*parts(module)))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mutated_submission_does_not_pass(seed: int, tmp_path: Path, tally) -> None:
    draw, graded = random.Random(seed), 0
    for _ in range(160):
        tensors, about = parts(draw.choice(NETWORKS))
        chosen = draw.choice([*about, "graph", "graph", "graph"])
        changed = about | {chosen: mutate_json(about[chosen], draw, draw.choice([1, 1, 1, 2, 5]))}
        try:
            content = written(tensors, changed)
        except UnicodeEncodeError:  # safetensors writes no half a letter
            continue
        graded += judged(tmp_path / "net.safetensors", content)
        tally("mutated submissions, none of which passed")
    tally("of these still form a submission", graded)


@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_bytes_do_not_pass(seed: int, tmp_path: Path, tally) -> None:
    draw = random.Random(seed)
    originals = [written(*parts(module)) for module in NETWORKS]
    for _ in range(600):
        judged(tmp_path / "net.safetensors", mutate_bytes(draw.choice(originals), draw))
    tally("submissions with mutated bytes, none of which passed", 600)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_bytes_do_not_pass(seed: int, tmp_path: Path, tally) -> None:
    draw = random.Random(seed)
    for _ in range(1_000):
        header = json.dumps(mutate_json({"__metadata__": {"format": "mnist-course-submission"}}, draw, 3)).encode()
        content = draw.randbytes(draw.choice([0, 1, 7, 8, 9, 100, 3_000]))
        if draw.random() < 0.5:
            content = len(header).to_bytes(8, "little") + header + content
        assert not judged(tmp_path / "net.safetensors", content)
    tally("random files, none of which passed", 1_000)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mutated_answer_of_the_sandbox_is_judged_or_refused(seed: int, tally) -> None:
    draw = random.Random(seed)
    for _ in range(500):
        about = parts(draw.choice(NETWORKS))[1]
        changed = mutate_json({"graph": about["graph"], "recipe": about["recipe"]}, draw, draw.choice([1, 2, 4]))
        try:
            judge_structure(Graph.from_json(changed["graph"]), Recipe.from_json(changed["recipe"]))
        except (CourseError, KeyError, TypeError):
            pass  # as graders.check takes them
        except Exception as error:
            assert not isinstance(error, MemoryError | RecursionError), error
        tally("mutated answers of the sandbox, each judged or refused")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mutated_answer_to_a_lessons_question_earns_nothing_by_accident(seed: int, tally) -> None:
    draw = random.Random(seed)
    for name, judge in JUDGE.items():
        for _ in range(20):
            try:
                outcome = judge(
                    mutate_json({"values": [[0.1] * 5], "returned": [1.0, 50.0], "weights": [0.5]}, draw, 3), seed
                )
            except Exception as error:  # as graders.marking takes it
                assert not isinstance(error, MemoryError | RecursionError), (name, error)
            else:
                assert outcome.fraction == 0, name
            tally("mutated answers to a lesson's questions, none of which earned marks")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mutated_notebook_is_rebuilt(seed: int, tmp_path: Path, tally) -> None:
    draw = random.Random(seed)
    release = LESSONS / "08_final_model.ipynb"
    notebook = json.loads(nbformat.writes(fill(release, 8)))
    text = json.dumps(notebook).encode()
    path = tmp_path / "08_final_model.ipynb"
    expected = [c.metadata for c in nbformat.read(release, as_version=4).cells if "nbgrader" in c.metadata]
    for _ in range(60):
        mutated = (
            json.dumps(mutate_json(notebook, draw, 30)).encode() if draw.random() < 0.6 else mutate_bytes(text, draw)
        )
        path.write_bytes(mutated)
        cells = read_hand_in(path, [])
        rebuilt = rebuild(nbformat.read(release, as_version=4), cells, [])
        assert [c.metadata for c in rebuilt.cells if "nbgrader" in c.metadata] == expected
        definitions([c.source for c in rebuilt.cells if c.cell_type == "code"], {"Net", "recipe"})
        tally("mutated notebooks, each rebuilt with the release's cells")
