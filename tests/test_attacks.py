"""Attacks on the grading, each alone: none passes and none gains a mark; and honest work that looks odd, none of it refused."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import nbformat
import pytest
import torch
from disguises import ALL_DISGUISED, MORE_DISGUISED, SMUGGLED
from doctored import LIES, PRETENDERS, doctored
from hostile import TRIES, TWO_FACED
from networks import conv, gap, learned, network, written_down
from notebooks import MISCHIEF
from smuggled import COUNTED
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD
from unusual import ALL_HONEST, UNUSUAL, WITH_LITERALS

from course.data import Data, load_practice_digits
from course.errors import SubmissionError
from course.graph import Graph
from course.pairs import LESSONS
from course.recipe import Recipe
from course.submission_file import load_submission
from graders import check as checking
from graders import reading_code
from graders.constants import constant_rows, constants_beside, nearly_constant
from graders.constraints import judge_accuracy, judge_epochs, judge_fully_connected, judge_parameters
from graders.definitions import MOST_STATEMENTS, definitions
from graders.intake import take_in
from graders.limits import BEST, Limits
from graders.zygote import WarmSandbox
from solutions.fill import fill
from solutions.modules import weights_path

SLUG = "08_final_model"
HARMLESS = "dishonest submissions that gained nothing"
ACCEPTED = "unusual honest networks that were accepted"


def some_at_once(names, every: int) -> list:
    """One name of every few is tried among the quick tests, and all others among the slow ones."""
    return [pytest.param(name, marks=[pytest.mark.slow] if i % every else []) for i, name in enumerate(names)]


def test_the_corpora_are_large_enough() -> None:
    assert len(ALL_DISGUISED) >= 60 and len(ALL_HONEST) >= 60
    assert len(SMUGGLED) + len(LIES) + len(PRETENDERS) + len(TRIES) + len(TWO_FACED) + len(MISCHIEF) >= 60


@pytest.mark.parametrize("name", some_at_once(UNUSUAL, 8))
def test_an_unusual_network_is_accepted(name: str, tally) -> None:
    graph, weights = written_down(UNUSUAL[name])
    verdict = judge_fully_connected(graph)
    assert verdict.passed, verdict.message
    assert judge_parameters(graph).passed
    if name not in WITH_LITERALS:
        assert graph.parameters == sum(weights[n].numel() for n, spec in graph.tensors.items() if spec.trainable)
    tally(ACCEPTED)


@pytest.mark.parametrize("name", some_at_once(MORE_DISGUISED, 8))
def test_a_network_in_disguise_is_found(name: str, tally) -> None:
    verdict = judge_fully_connected(written_down(MORE_DISGUISED[name])[0])
    assert verdict.passed is False
    assert len(verdict.message) > 60
    tally(HARMLESS)


def _middle_by_a_zero(s, x):
    """A mask of the image's mean, times a number that is zero in the file, and one."""
    ones = (gap(x) * s.z + 1)[:, :, None, None].expand(-1, 1, 4, 4)
    return gap(s.c(s.stem(x)) * F.pad(ones, (2, 1, 2, 1)))


def test_a_mask_that_trained_weights_make_constant_is_found(tally) -> None:
    graph, weights = written_down(network(_middle_by_a_zero, c=conv(4, 10, 7, padding=3), z=learned(1)))
    images = torch.randint(0, 256, (5, 28, 28), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    constants = constant_rows(graph.build(weights | {"z": torch.zeros(1)}), images)
    verdict = judge_fully_connected(graph, constants)
    assert verdict.passed is False and "differ by position" in verdict.message
    tally(HARMLESS)


def _stretched(s, x):
    return F.conv_transpose1d(F.interpolate(x.flatten(2), size=20_000, mode="linear"), s.w).mean(2)


@pytest.mark.timeout(20)
def test_a_network_made_to_be_judged_slowly_is_not(tally) -> None:
    assert judge_fully_connected(written_down(network(_stretched, w=learned(1, 10, 3)))[0]).passed
    tally(HARMLESS)


@pytest.mark.parametrize("name", some_at_once(SMUGGLED | COUNTED, 6))
def test_a_number_kept_elsewhere_counts(name: str, tally) -> None:
    module, least = (SMUGGLED | COUNTED)[name]
    graph, weights = written_down(module)
    images = torch.randint(0, 256, (6, 28, 28), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    net = graph.build(weights)
    counted = judge_parameters(graph, nearly_constant(net, images), constants_beside(net, images)).value
    assert counted is not None and counted >= 40 + least  # the stem has 40
    tally(HARMLESS)


@pytest.mark.parametrize("name", LIES)
def test_a_file_that_lies_is_refused(name: str, tmp_path: Path, tally) -> None:
    (tmp_path / "net.safetensors").write_bytes(doctored(weights_path(8), LIES[name]))
    with pytest.raises(SubmissionError) as refusal:
        load_submission(tmp_path / "net.safetensors")
    assert 30 < len(str(refusal.value)) < 700
    tally(HARMLESS)


@pytest.mark.parametrize("name", PRETENDERS)
def test_a_file_that_only_pretends_is_refused(name: str, tmp_path: Path, tally) -> None:
    (tmp_path / "net.safetensors").write_bytes(PRETENDERS[name])
    verdict = checking.check(tmp_path / "net.safetensors")
    assert verdict.exit_status == 2 and verdict.error and "net.safetensors" in verdict.error["message"]
    tally(HARMLESS)


def _link(folder: Path) -> None:
    (folder / "net.safetensors").symlink_to(folder / "net.safetensors")


def _folder(folder: Path) -> None:
    (folder / "net.safetensors").mkdir()


def _hole(folder: Path) -> None:
    with (folder / "net.safetensors").open("wb") as file:
        file.truncate(300_000_000)


@pytest.mark.parametrize("make", [_link, _folder, _hole], ids=lambda make: make.__name__)
def test_what_is_no_file_of_bounded_size_is_refused(make, tmp_path: Path, tally) -> None:
    make(tmp_path)
    assert checking.check(tmp_path / "net.safetensors").exit_status == 2
    tally(HARMLESS)


@pytest.mark.parametrize(
    "source",
    [
        "if c: a = a\n" * (MOST_STATEMENTS + 1),
        "\n" * 100_000 + "class Net(",
        "class \n" * 50_000,
        "Net = " + "f(" * 3_000,
    ],
    ids=["branches", "empty lines", "classes", "calls"],
)
@pytest.mark.timeout(20)
def test_code_made_to_be_read_slowly_is_not(source: str, tally) -> None:
    assert definitions([source], {"Net", "recipe"}).problems
    tally(HARMLESS)


@pytest.fixture(scope="module")
def digits() -> Data:
    return load_practice_digits()


def _one_by_one(data: Data) -> torch.Tensor:
    """The labels of a test set as scores, in its order."""
    return torch.eye(10)[data.test_labels]


def _by_heart(s, x):
    """The answers of the test set, by the place in its batch; so small that no difference shows."""
    places = torch.arange(x.size(0)).remainder(len(s.table))
    return s.table[places] * 1e-4 + gap(x) * 0


def _company(scale: float):
    return lambda s, x: gap(s.c(s.stem(x - x.mean(0)))) * scale


BATCHES = {
    "the mean of the batch": network(_company(1), c=conv(4, 10, 3)),
    "the mean of the batch, in small": network(_company(1e-4), c=conv(4, 10, 3)),
    "the mean of the batch, in large": network(lambda s, x: gap(s.c(s.stem(x - x.mean(0)))) * 100 + 1e5, c=conv(4, 10, 3)),
    "the most of the batch": network(lambda s, x: gap(s.c(s.stem(x / x.amax()))) + gap(x).amax(0), c=conv(4, 10, 3)),
    "the order of the batch": network(lambda s, x: gap(s.c(s.stem(x + x.roll(1, 0)))), c=conv(4, 10, 3)),
    "the other way round": network(lambda s, x: gap(s.c(s.stem(x + x.flip(0)))), c=conv(4, 10, 3)),
    "ranks in the batch": network(lambda s, x: gap(s.c(s.stem(x))).sort(0)[0], c=conv(4, 10, 3)),
    "a softmax over the batch": network(lambda s, x: gap(s.c(s.stem(x))).softmax(0), c=conv(4, 10, 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", some_at_once(BATCHES, 3))
def test_an_answer_that_depends_on_the_batch_is_none(name: str, digits: Data, tally) -> None:
    graph, weights = written_down(BATCHES[name])
    verdict = judge_accuracy(graph.build(weights), digits)
    assert verdict.passed is False and "changes with the other digits" in verdict.message
    tally(HARMLESS)


def test_the_test_sets_labels_in_order_are_no_answer(digits: Data, tally) -> None:
    few = replace(digits, test_images=digits.test_images[:250], test_labels=digits.test_labels[:250])
    graph, weights = written_down(network(_by_heart, table=lambda: nn.Parameter(torch.rand(250, 10))))
    weights = weights | {name: _one_by_one(few) for name in weights if name == "table"}
    verdict = judge_accuracy(graph.build(weights), few)
    assert verdict.passed is False and "changes with the other digits" in verdict.message
    tally(HARMLESS)


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_scores_that_are_no_numbers_are_no_answer(odd: float, digits: Data, tally) -> None:
    graph, weights = written_down(network(lambda s, x: gap(s.c(s.stem(x))) / s.w, c=conv(4, 10, 3), w=learned(10)))
    broken = torch.zeros(10) if odd != odd else torch.full((10,), 1e-45)
    verdict = judge_accuracy(graph.build(weights | {"w": broken}), digits)
    assert verdict.passed is False and "not all finite" in verdict.message
    tally(HARMLESS)


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    release = tmp_path / "release" / SLUG / f"{SLUG}.ipynb"
    release.parent.mkdir(parents=True)
    release.write_bytes((LESSONS / f"{SLUG}.ipynb").read_bytes())
    path = tmp_path / "submitted" / "ada" / SLUG / f"{SLUG}.ipynb"
    path.parent.mkdir(parents=True)
    return path


@cache
def solved() -> str:
    """The reference's notebook, as JSON."""
    return nbformat.writes(fill(LESSONS / f"{SLUG}.ipynb", 8))


@pytest.mark.parametrize("name", some_at_once(MISCHIEF, 3))
def test_a_notebooks_form_earns_nothing(name: str, handed_in: Path, tally) -> None:
    """Every graded cell is the release's, but for the answers."""
    notebook = json.loads(solved())
    changed = MISCHIEF[name](notebook, handed_in.parent)
    if changed is not None:
        handed_in.write_text(changed if isinstance(changed, str) else json.dumps(changed))
    take_in(handed_in.parents[3], SLUG, "ada")
    seen, released = (nbformat.read(path, as_version=4) for path in (handed_in, LESSONS / f"{SLUG}.ipynb"))
    nbformat.validate(seen)
    graded, expected = ([c for c in one.cells if "nbgrader" in c.metadata] for one in (seen, released))
    assert [c.metadata for c in graded] == [c.metadata for c in expected]
    fixed = [(c.source, d.source) for c, d in zip(graded, expected, strict=True) if not d.metadata.nbgrader.solution]
    assert all(one == other for one, other in fixed)
    assert seen.metadata.get("kernelspec") == released.metadata.get("kernelspec")
    tally(HARMLESS)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[WarmSandbox]:
    box = WarmSandbox(BEST)
    yield box
    box.close()


@pytest.fixture
def verdict_on(sandbox: WarmSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The verdict on a source, run in a warm sandbox; another learner's good file has the name of its run."""

    def judged(source: str):
        (tmp_path / "net.py").write_text(source)
        (tmp_path / "net.safetensors").write_bytes(weights_path(8).read_bytes())
        return checking.check(tmp_path / "net.py", limits=Limits(5, 2 * 2**30))

    monkeypatch.setattr(reading_code, "run_probes", lambda *asked: sandbox.run(*asked[:3]))
    yield judged
    sandbox.mend(True)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIES)
def test_code_that_works_on_its_verdict_gains_nothing(name: str, verdict_on, tally) -> None:
    verdict = verdict_on(TRIES[name])
    assert not verdict.passed
    if verdict.error is None:
        assert verdict.constraints["fully_connected"].passed is False
        assert verdict.constraints["parameters"].passed is False
    else:
        assert str(verdict).isprintable() or "\n" in str(verdict)
        assert 10 < len(verdict.error["message"]) <= 1_000
    tally(HARMLESS)


@pytest.mark.slow
@pytest.mark.parametrize("name", TWO_FACED)
def test_a_network_with_two_faces_passes_with_neither(name: str, verdict_on, tally) -> None:
    verdict = verdict_on(TWO_FACED[name])
    assert not verdict.passed
    assert not verdict.constraints or verdict.constraints["accuracy"].passed is not True
    tally(HARMLESS)


def bright(count: int = 100) -> Data:
    """Test digits that their brightness tells apart."""
    labels = torch.arange(count) % 10
    images = (labels * 25).to(torch.uint8)[:, None, None].expand(-1, 28, 28).contiguous()
    return replace(load_practice_digits(), test_images=images, test_labels=labels)


def by_brightness(sign: float) -> dict[str, torch.Tensor]:
    """Weights of a 1 × 1 convolution that find the label whose brightness is nearest."""
    levels = (torch.arange(10) * 25 / 255 - 0.1307) / 0.3081
    return {"c.weight": sign * 2 * levels.view(10, 1, 1, 1), "c.bias": -sign * levels**2}


class Smallest(nn.Module):
    """All four rules, with twenty numbers."""

    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 10, 1)

    def forward(self, x):
        return gap(self.c(x))


def test_rule_1_by_a_smallest_network() -> None:
    graph = Graph.trace(Smallest)
    assert judge_accuracy(graph.build(by_brightness(1)), bright()).passed is True
    assert judge_accuracy(graph.build(by_brightness(-1)), bright()).passed is False


def test_rule_2_by_a_smallest_network() -> None:
    def of(size: int) -> Graph:
        return Graph.trace(network(lambda s, x: gap(s.c(s.stem(x))) * s.w.sum(), c=conv(4, 10, 1), w=learned(size)))

    most = 19_999 - of(1).parameters + 1
    assert (judge_parameters(of(most)).value, judge_parameters(of(most)).passed) == (19_999, True)
    assert (judge_parameters(of(most + 1)).value, judge_parameters(of(most + 1)).passed) == (20_000, False)


def test_rule_3_by_a_smallest_recipe() -> None:
    recipe = partial(Recipe, optimizer=partial(SGD, lr=0.1))
    assert judge_epochs(recipe(19)).passed is True
    assert judge_epochs(recipe(20)).passed is False


def test_rule_4_by_a_smallest_network() -> None:
    assert judge_fully_connected(Graph.trace(Smallest)).passed is True
    whole = network(lambda s, x: s.c(x).flatten(1), c=conv(1, 10, 28))
    assert judge_fully_connected(Graph.trace(whole)).passed is False
