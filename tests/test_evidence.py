"""Reasons to retrain: honest weights give none, weights that were not earned give one, with figures."""

import json
import shutil
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from networks import conv, gap, network
from torch.nn import functional as F
from torch.optim import SGD

from course.data import Data, load_practice_digits, normalize
from course.errors import UsageError
from course.evaluation import accuracy
from course.graph import Graph
from course.recipe import Recipe
from course.submission import Submission, fresh_statistics
from course.submission_file import load_submission, save_submission
from course.trace import trace_with_weights
from graders import retraining
from graders.check import check
from graders.doubts import find_doubts
from graders.evidence import find_evidence
from graders.likeness import like_others, like_published
from graders.retraining import judge_retraining
from solutions.modules import weights_path


@pytest.fixture(scope="module")
def template() -> Graph:
    """The least that can learn digits by heart: one kernel as large as the image."""
    return Graph.trace(network(lambda s, x: s.c(x).flatten(1), c=conv(1, 10, 28)))


def fitted(graph: Graph, images: torch.Tensor, labels: torch.Tensor, steps: int):
    """The network after some steps on these digits alone."""
    generator = torch.Generator().manual_seed(1)
    net = graph.build({name: 0.01 * torch.randn(t.shape, generator=generator) for name, t in graph.tensors.items()})
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(steps):
        loss = F.cross_entropy(net(normalize(images)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.eval()


@pytest.fixture(scope="module")
def doubts_by_heart(mnist: Data, template: Graph) -> tuple[str, ...]:
    """What is said of a network that was fitted to the digits it is tested on."""
    few = replace(mnist, test_images=mnist.test_images[:1000], test_labels=mnist.test_labels[:1000])
    net = fitted(template, few.test_images, few.test_labels, steps=60)
    return find_doubts(net, few, accuracy(net, few.test_images, few.test_labels))


@pytest.mark.parametrize("number", [3, 8, 9])
def test_honest_weights_raise_no_doubt(number: int, mnist: Data) -> None:
    submission = load_submission(weights_path(number))
    counted = submission.history[submission.epoch - 1].test_accuracy
    assert find_doubts(submission.graph.build(submission.weights), mnist, counted) == ()


def test_weights_fitted_to_the_test_digits_are_better_on_them_than_on_training_digits(doubts_by_heart, mnist) -> None:
    assert any("plain training digits" in doubt and "standard errors" in doubt for doubt in doubts_by_heart)


def test_what_was_learned_by_heart_collapses_when_digits_move_by_a_pixel(doubts_by_heart, mnist) -> None:
    assert any("shifted by a pixel" in doubt for doubt in doubts_by_heart)


def test_where_a_lessons_own_run_is_missing_that_is_said_first(tmp_path: Path) -> None:
    (tmp_path / weights_path(8).name).write_bytes(weights_path(8).read_bytes())
    submission = load_submission(weights_path(8))
    found = find_evidence(tmp_path, 9, submission.graph, replace(submission.recipe, epochs=18))
    assert found.problem == (
        "there is no 09_image_augmentation.safetensors yet: train first, and run.save(…) writes it "
        "(08_final_model.safetensors is a run of another recipe)"
    )


def renamed(submission: Submission) -> Submission:
    """The same numbers under other names, as a copyist may do it."""
    names = {name: f"own{i}" for i, name in enumerate(submission.graph.tensors)}

    def rename(item):
        if isinstance(item, list):
            return [rename(one) for one in item]
        if not isinstance(item, dict):
            return item
        return {key: names[value] if key == "tensor" else rename(value) for key, value in item.items()}

    data = submission.graph.to_json()
    tensors = {names[name]: spec for name, spec in data["tensors"].items()}
    return replace(
        submission,
        graph=Graph.from_json(data | {"nodes": rename(data["nodes"]), "tensors": tensors}),
        weights={names[name]: tensor for name, tensor in submission.weights.items()},
        initial={names[name]: two for name, two in submission.initial.items()},
    )


def test_published_weights_are_known_under_any_name(tmp_path: Path) -> None:
    path = save_submission(renamed(load_submission(weights_path(8))), tmp_path / "own.safetensors")
    assert ["08_final_model" in sentence for sentence in like_published(path)] == [True]


def test_own_weights_are_like_no_others(tmp_path: Path) -> None:
    submission = load_submission(weights_path(8))
    own = {name: tensor * 1.01 if tensor.is_floating_point() else tensor for name, tensor in submission.weights.items()}
    assert like_published(save_submission(replace(submission, weights=own), tmp_path / "own.safetensors")) == ()


def test_weights_that_two_learners_handed_in_are_named(tmp_path: Path) -> None:
    for learner, number in (("anna", 8), ("bert", 8), ("cleo", 9)):
        folder = tmp_path / "submitted" / learner / "08_final_model"
        folder.mkdir(parents=True)
        (folder / "08_final_model.safetensors").write_bytes(weights_path(number).read_bytes())
    found = {name: like_others(tmp_path / "submitted" / name / "08_final_model") for name in ("anna", "bert", "cleo")}
    assert ["bert" in sentence for sentence in found["anna"]] == [True]
    assert ["anna" in sentence for sentence in found["bert"]] == [True]
    assert found["cleo"] == ()


def test_a_room_full_of_equal_runs_is_one_sentence_each(tmp_path: Path) -> None:
    for learner in range(6):
        folder = tmp_path / "submitted" / f"learner{learner}" / "08_final_model"
        folder.mkdir(parents=True)
        shutil.copy(weights_path(8), folder / "08_final_model.safetensors")
    (sentence,) = like_others(tmp_path / "submitted" / "learner0" / "08_final_model")
    assert "those that learner1, learner2, learner3 and 2 more handed in" in sentence


@pytest.mark.parametrize("content", [b"", bytes([255] * 8), bytes([2] + [0] * 7) + b"[]", bytes(100)])
def test_a_file_that_is_no_submission_is_like_no_other(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(content)
    assert like_published(path) == ()


@pytest.mark.mnist
def test_reasons_are_in_the_verdicts_words_and_not_in_its_object() -> None:
    verdict = check(weights_path(8))
    assert "a reason to retrain: its weights are those of the published" in str(verdict)
    assert "reason" not in str(verdict.to_json())


def retrained(template: Graph, seeds: int, keep: Path | None = None):
    """The accuracy's constraint after trainings on practice digits."""
    initial = {name: (0.0, 0.01) for name in template.tensors}
    recipe = Recipe(epochs=2, batch_size=64, optimizer=partial(SGD, lr=0.01))
    return judge_retraining(template, recipe, initial, load_practice_digits(), seeds, keep)["accuracy"]


def test_one_training_that_meets_the_rule_is_enough(template: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retraining, "ACCURACY_LIMIT", 1.0)
    seen = retrained(template, seeds=3)
    assert seen.passed and "trainings, whose" not in seen.message


def test_where_none_meets_it_every_seed_is_tried_and_shown(template: Graph) -> None:
    seen = retrained(template, seeds=3)
    assert seen.passed is False and "best of 3 trainings" in seen.message


def test_a_retrainings_file_is_a_submission_with_the_figure_of_the_verdict(template: Graph, tmp_path: Path) -> None:
    seen = retrained(template, 2, tmp_path / "kept.safetensors").value
    kept, data = load_submission(tmp_path / "kept.safetensors"), load_practice_digits()
    assert accuracy(kept.graph.build(kept.weights), data.test_images, data.test_labels) == pytest.approx(seen)


@pytest.mark.parametrize("hidden", [False, True], ids=["plainly", "behind a span that runs backwards"])
def test_a_header_that_asks_for_the_whole_file_again_and_again_costs_no_time(tmp_path: Path, hidden: bool) -> None:
    size = 1_000_000
    header = {f"t{i}": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]} for i in range(10_000)}
    if hidden:
        header["back"] = {"dtype": "F32", "shape": [0], "data_offsets": [10_000 * size, 0]}
    text = json.dumps(header).encode()
    path = tmp_path / "greedy.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(size))
    started = time.perf_counter()
    assert like_published(path) == ()
    assert time.perf_counter() - started < 2


def test_what_breaks_another_rule_is_not_trained(tmp_path: Path) -> None:
    honest = load_submission(weights_path(8))
    longer = replace(honest, recipe=replace(honest.recipe, epochs=25))
    verdict = check(save_submission(longer, tmp_path / "longer.safetensors"), retrain=True)
    assert verdict.evidence == "structure" and verdict.exit_status == 1
    assert "not trained, as the constraint on epochs is not met" in verdict.constraints["accuracy"].message


def written_out(images: torch.Tensor, labels: torch.Tensor) -> type[torch.nn.Module]:
    """A network whose fresh tensors, of one number each, are the classes' mean images in 9 × 9 pixels."""
    means = torch.stack([F.avg_pool2d(normalize(images[labels == k]), 3).mean((0, 1)) for k in range(10)])
    kernels = (means - means.mean(0)).flatten().tolist()

    def forward(s, x):
        return s.scale * F.conv2d(F.avg_pool2d(x, 3), torch.stack(list(s.numbers)).view(10, 1, 9, 9)).flatten(1)

    return network(
        forward,
        numbers=lambda: torch.nn.ParameterList(torch.nn.Parameter(torch.tensor(number)) for number in kernels),
        scale=lambda: torch.nn.Parameter(torch.zeros(1)),
    )


def test_numbers_that_were_trained_before_are_not_trained_again() -> None:
    data = load_practice_digits()
    graph, weights = trace_with_weights(written_out(data.train_images, data.train_labels))
    seen = judge_retraining(graph, Recipe(1, optimizer=partial(SGD, lr=1e-9)), fresh_statistics(weights), data, 1)["accuracy"]
    assert seen.passed is False and seen.value is None and "different means and deviations" in seen.message


def test_a_network_that_is_right_before_its_first_step_is_not_trained(template: Graph, monkeypatch) -> None:
    data = load_practice_digits()
    trained = fitted(template, data.train_images, data.train_labels, steps=50).weights()
    monkeypatch.setattr(retraining, "fresh_weights", lambda graph, initial, seed: trained)
    seen = retrained(template, seeds=1)
    assert seen.passed is False and seen.value is None and "right, where chance gives 10%" in seen.message


def test_a_fresh_network_that_is_right_by_chance_is_trained(template: Graph, monkeypatch) -> None:
    right = iter([45.0, 12.0])
    monkeypatch.setattr(retraining, "_right", lambda *given: next(right))
    assert retrained(template, seeds=1).value is not None


def test_what_would_take_days_is_not_trained() -> None:
    net = network(lambda s, x: gap(s.d(s.c(F.interpolate(x, scale_factor=10)))), c=conv(1, 40, 7), d=conv(40, 10, 1))
    with pytest.raises(UsageError, match="retraining is for at most"):
        judge_retraining(Graph.trace(net), Recipe(1), {}, load_practice_digits(), 1)
