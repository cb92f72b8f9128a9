"""Training: the loop against a plain one, reproducible, safe from interruption, replayed; and the file that it leaves."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from networks import HONEST, Final, conv, gap, network
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import OneCycleLR, StepLR

from course import training
from course.augment import RandomRotation
from course.data import Data, load_practice_digits, normalize
from course.dropout import dropout
from course.errors import CourseError, RecipeError, SubmissionError
from course.rebuild import Network
from course.recipe import Recipe
from course.replay import TrainFirst, find_run
from course.run import Run
from course.seeds import fit_seeds
from course.submission_file import load_submission
from course.training import Diverged, begin, fit, train

Small = network(lambda s, x: gap(s.c(s.stem(x))), c=conv(4, 10, 3))
Dropping = network(lambda s, x: gap(s.c(F.dropout(s.stem(x), 0.1, s.training))), c=conv(4, 10, 3))
RECIPE = Recipe(epochs=2, batch_size=64, optimizer=partial(SGD, lr=0.05, momentum=0.9), seed=5)


@pytest.fixture(scope="module")
def data() -> Data:
    return load_practice_digits()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in a folder of its own, outside nbgrader."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def run(data: Data) -> Run:
    return fit(Small, RECIPE, data, replay=False, progress=False)


def weights_differ(one: Run, other: Run) -> float:
    return max(
        float((a - b).abs().max())
        for a, b in zip(one.weights["last"].values(), other.weights["last"].values(), strict=True)
    )


def test_the_loop_gives_what_a_plain_loop_gives(data: Data, run: Run) -> None:
    torch.manual_seed(RECIPE.seed)
    plain = Small()
    optimizer = SGD(plain.parameters(), lr=0.05, momentum=0.9)
    images = normalize(data.train_images)
    for epoch in range(2):
        generator = torch.Generator().manual_seed(1000 * RECIPE.seed + epoch + 1)
        loss_sum = right = 0.0
        for chosen in torch.randperm(len(images), generator=generator).split(64):
            scores = plain(images[chosen])
            loss = F.cross_entropy(scores, data.train_labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(chosen)
            right += (scores.argmax(1) == data.train_labels[chosen]).sum().item()
        assert run.history[epoch].train_loss == pytest.approx(loss_sum / len(images), rel=1e-3)
        assert run.history[epoch].train_accuracy == pytest.approx(100 * right / len(images), abs=0.3)
    for name, tensor in plain.named_parameters():
        torch.testing.assert_close(run.weights["last"][name], tensor.detach(), atol=2e-4, rtol=1e-2)


def test_the_same_seed_gives_the_same_weights(data: Data, run: Run) -> None:
    torch.rand(3)  # whatever was drawn before
    assert weights_differ(fit(Small, RECIPE, data, progress=False), run) == 0


def test_another_seed_gives_others(data: Data, run: Run) -> None:
    assert weights_differ(fit(Small, replace(RECIPE, seed=6), data, progress=False), run) > 0.01


def test_training_leaves_the_learners_random_numbers_alone(data: Data) -> None:
    torch.manual_seed(11)
    expected = torch.rand(1)
    torch.manual_seed(11)
    fit(Small, replace(RECIPE, epochs=1), data, progress=False)
    assert torch.rand(1) == expected


def test_a_schedule_steps_once_an_epoch(data: Data) -> None:
    recipe = replace(RECIPE, epochs=4, schedule=partial(StepLR, step_size=2, gamma=0.1))
    rates = [epoch.learning_rate for epoch in fit(Small, recipe, data, progress=False).history]
    assert rates == pytest.approx([0.05, 0.05, 0.005, 0.005])


def test_one_cycle_steps_every_batch_to_its_end(data: Data) -> None:
    recipe = replace(RECIPE, schedule=partial(OneCycleLR, max_lr=0.1))
    rates = [epoch.learning_rate for epoch in fit(Small, recipe, data, progress=False).history]
    steps = -(-len(data.train_images) // RECIPE.batch_size)
    alone = SGD([nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    cycle, expected = OneCycleLR(alone, max_lr=0.1, total_steps=2 * steps), [0.1 / 25]
    for _ in range(steps):
        alone.step()
        cycle.step()
    expected.append(cycle.get_last_lr()[0])
    assert rates == pytest.approx(expected) and rates[1] > 10 * rates[0]


@pytest.mark.parametrize(
    "recipe",
    [replace(RECIPE, augment=RandomRotation(7)), replace(RECIPE, optimizer=partial(Adam, lr=0.01))],
    ids=["rotated", "Adam"],
)
def test_other_recipes_learn(data: Data, recipe: Recipe) -> None:
    history = fit(Final, replace(recipe, epochs=3), data, progress=False).history
    assert history[-1].train_loss < 0.8 * history[0].train_loss


def test_the_bar_shows_figures_on_standard_output(data: Data, capsys) -> None:
    fit(Small, RECIPE, data)
    out, err = capsys.readouterr()
    assert "epoch 2/2" in out and "train" in out and "test" in out and "loss" in out
    assert err == ""


def test_an_interruption_keeps_the_finished_epochs(data: Data, monkeypatch, capsys) -> None:
    calls = []

    def interrupted(network, images):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return scores(network, images)

    scores = training.scores
    monkeypatch.setattr(training, "scores", interrupted)
    run = fit(Small, replace(RECIPE, epochs=9), data, progress=False)
    assert len(run.history) == 2
    assert "2 finished epochs are kept" in capsys.readouterr().out
    assert load_submission(run.save("kept.safetensors")).epoch in (1, 2)


GOING_ON = {
    "one cycle": dict(schedule=partial(OneCycleLR, max_lr=0.1)),
    "steps, rotated": dict(schedule=partial(StepLR, step_size=1, gamma=0.5), augment=RandomRotation(7)),
    "Adam": dict(optimizer=partial(Adam, lr=0.01)),
}


@pytest.mark.parametrize("name", GOING_ON)
def test_training_that_was_broken_off_goes_on_as_if_it_never_stopped(data: Data, name: str) -> None:
    recipe = replace(RECIPE, epochs=2, **GOING_ON[name])
    whole, weights = begin(Dropping, recipe, data)
    parts, _ = begin(Dropping, recipe, data)
    for _ in train(whole, weights, data, progress=False):
        pass
    for epoch in train(parts, weights, data, progress=False):
        if epoch.epoch == 1:
            break
    torch.rand(5)  # whatever was drawn in between
    for _ in train(parts, weights, data, progress=False):
        pass
    assert weights_differ(whole, parts) == 0
    assert [e.test_correct for e in whole.history] == [e.test_correct for e in parts.history]


@pytest.mark.parametrize("p", [0.004, 0.1, 0.25, 0.5, 0.97])
def test_dropout_zeros_the_share_it_was_told_and_keeps_the_mean(p: float) -> None:
    torch.manual_seed(3)
    ones = torch.ones(8, 3, 40, 40)
    for x in (ones, ones.contiguous(memory_format=torch.channels_last), ones[:, ::2]):
        out = torch.stack([dropout(x, p, True) for _ in range(40)])
        error = 5 * (p * (1 - p) / out.numel()) ** 0.5
        assert (out == 0).float().mean().item() == pytest.approx(p, abs=error + 0.5 / 256 / 40**0.5)
        assert sorted(out.unique().tolist()) == pytest.approx([0, 1 / (1 - p)])


def test_dropout_drops_each_number_by_itself() -> None:
    torch.manual_seed(4)
    masks = torch.stack([dropout(torch.ones(8, 16, 10, 10), 0.5, True) for _ in range(400)]).flatten(1) / 2
    together = (masks.T - 0.5) @ (masks - 0.5)[:, :64] / len(masks)  # covariances, 0.25 on the diagonal
    together[:64] -= 0.25 * torch.eye(64)
    assert together.abs().max() < 6.5 * 0.25 / 400**0.5


def test_a_loss_that_is_no_number_is_said(data: Data) -> None:
    with pytest.raises(Diverged, match="lower the learning rate"):
        fit(Small, replace(RECIPE, optimizer=partial(SGD, lr=1e9)), data, progress=False)


def test_a_test_loss_that_is_no_number_ends_training_with_what_can_be_saved(data: Data, folder: Path) -> None:
    deep = network(lambda s, x: s.c(s.n(F.max_pool2d(s.stem(x), 7))).flatten(1), n=lambda: nn.BatchNorm2d(4), c=conv(4, 10, 1))
    few = replace(data, train_images=data.train_images[:65], train_labels=data.train_labels[:65])
    with pytest.raises(Diverged, match="the last batch has one digit"):
        fit(deep, RECIPE, few, progress=False)
    run = fit(deep, replace(RECIPE, batch_size=65), few, progress=False)
    assert load_submission(run.save(folder / "whole.safetensors")).epoch in (1, 2)


def test_an_epoch_that_is_broken_off_as_it_is_kept_is_not_kept(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(RECIPE, epochs=3, schedule=partial(OneCycleLR, max_lr=0.1))
    whole, weights = begin(Small, recipe, data)
    parts, _ = begin(Small, recipe, data)
    for _ in train(whole, weights, data, progress=False):
        pass
    copied, calls = Network.weights, []

    def interrupted(self):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return copied(self)

    monkeypatch.setattr(Network, "weights", interrupted)
    with pytest.raises(KeyboardInterrupt):
        for _ in train(parts, weights, data, progress=False):
            pass
    for _ in train(parts, weights, data, progress=False):
        pass
    assert weights_differ(whole, parts) == 0


UNFIT = {
    "a network instead of its class": ((Small(), RECIPE), r"fit\(Net"),
    "something else than a recipe": ((Small, 5), "Recipe"),
    "a network without weights": ((network(lambda s, x: gap(x).repeat(1, 10)), RECIPE), "nothing to train"),
}


@pytest.mark.parametrize("name", UNFIT)
@pytest.mark.parametrize("train_by", [fit, lambda *given, **more: fit_seeds(*given, [1], **more)], ids=["fit", "fit_seeds"])
def test_what_cannot_be_trained_is_refused_in_a_sentence(name: str, train_by, data: Data) -> None:
    (net, recipe), said = UNFIT[name]
    with pytest.raises(CourseError, match=said):
        train_by(net, recipe, data, progress=False)


def test_data_of_another_kind_and_a_device_that_is_not_there_are_refused(data: Data) -> None:
    with pytest.raises(CourseError, match="load_mnist"):
        fit(Small, RECIPE, (data.train_images, data.train_labels))  # type: ignore[arg-type]
    with pytest.raises(CourseError, match="leave it out for the CPU"):
        fit(Small, RECIPE, data, device="nowhere")


def test_a_run_without_an_epoch_says_so(data: Data) -> None:
    run, _ = begin(Small, RECIPE, data)
    for ask in (run.save, lambda _: run.network()):
        with pytest.raises(CourseError, match="train first"):
            ask("empty.safetensors")


def test_an_epoch_is_the_best_or_the_last(run: Run) -> None:
    with pytest.raises(CourseError, match="lastt"):
        run.network("lastt")


def test_a_replayed_run_says_which_epoch_it_can_save(run: Run, data: Data) -> None:
    run.save("mine.safetensors", epoch="last")
    with pytest.raises(CourseError, match='epoch="last"'):
        fit(Small, RECIPE, data).save("mine.safetensors")


def test_dropout_is_on_while_training_and_off_afterwards(data: Data) -> None:
    run = fit(Final, replace(RECIPE, epochs=1), data, progress=False)
    trained = run.network()
    images = normalize(data.test_images[:50])
    assert torch.equal(trained(images), trained(images))
    trained.train()
    assert not torch.equal(trained(images), trained(images))


def test_a_saved_run_is_read_back(run: Run, data: Data, folder: Path) -> None:
    saved = load_submission(run.save(folder / "run.safetensors"))
    assert (saved.graph.hash, saved.recipe.hash, list(saved.history)) == (run.graph.hash, run.recipe.hash, run.history)
    assert saved.epoch == run.best.epoch
    best = run.weights["best"]
    assert all(torch.equal(saved.weights[name], best[name]) for name in best)


def test_a_saved_run_is_replayed_and_says_so(run: Run, data: Data, folder: Path, capsys) -> None:
    run.save("mine.safetensors")
    again = fit(Small, RECIPE, data)
    assert again.history == run.history
    assert "replaying mine.safetensors" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["recipe", "network", "data"])
def test_a_run_of_another_kind_is_not_replayed(run: Run, what: str) -> None:
    run.save("mine.safetensors")
    other = {
        "recipe": replace(run, recipe=replace(RECIPE, seed=8)),
        "network": replace(run, graph=training.trace_with_weights(HONEST["strided"])[0]),
        "data": replace(run, data={"name": "MNIST", "digest": "0"}),
    }[what]
    assert find_run(replace(other, history=[], weights={})) is None


def test_nbgrader_never_trains(run: Run, data: Data, monkeypatch) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    with pytest.raises(TrainFirst, match="train first"):
        fit(Small, RECIPE, data)
    with pytest.raises(TrainFirst, match="train first"):
        fit(Small, RECIPE, data, replay=False)
    with pytest.raises(TrainFirst, match="train first"):
        fit_seeds(Small, RECIPE, data, [1])
    run.save("mine.safetensors")
    assert fit(Small, RECIPE, data).history == run.history


def test_a_file_is_written_whole_or_not_at_all(run: Run, folder: Path, monkeypatch) -> None:
    import os

    path = run.save("mine.safetensors")
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *a: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        run.save("mine.safetensors")
    assert path.read_bytes() == before
    assert [p.name for p in folder.iterdir()] == ["mine.safetensors"]


def doctored(run: Run, folder: Path, change) -> Path:
    """The run's file with its tensors and metadata changed."""
    import safetensors

    path = run.save(folder / "honest.safetensors")
    tensors = load_file(path)
    with safetensors.safe_open(path, "pt") as file:
        metadata = dict(file.metadata())
    change(tensors, metadata)
    save_file(tensors, folder / "doctored.safetensors", metadata)
    return folder / "doctored.safetensors"


def edited(key: str, edit):
    def change(tensors, metadata):
        value = json.loads(metadata[key])
        metadata[key] = json.dumps(edit(value) or value)

    return change


def extra_tensor(tensors, metadata):
    tensors["more"] = torch.zeros(3)


def nan_weight(tensors, metadata):
    next(iter(tensors.values())).view(-1)[0] = float("nan")


def other_shape(tensors, metadata):
    name = next(name for name in tensors if name.endswith("weight"))
    tensors[name] = torch.zeros(2, 2)


LIES = {
    "an unknown entry": (lambda t, m: m.update(more="1"), "unknown entries"),
    "another version": (lambda t, m: m.update(version="2"), "version"),
    "a tensor too many": (extra_tensor, "more"),
    "a weight that is no number": (nan_weight, "NaN"),
    "another shape": (other_shape, "the graph says"),
    "more epochs than the recipe's": (edited("recipe", lambda r: r | {"epochs": 1}), "history has 2 epochs"),
    "an epoch left out": (edited("history", lambda h: h[1:]), "1, 2, 3"),
    "no history": (lambda t, m: m.update(history="[]"), "empty"),
    "a history of another form": (edited("history", lambda h: {"a": 1}), "list"),
    "infinity": (
        lambda t, m: m.update(history=m["history"].replace('"seconds": ', '"seconds": Infinity, "x": ', 1)),
        "finite|figures",
    ),
    "a number that no float holds": (
        edited("history", lambda h: [h[0] | {"seconds": 10**400}, *h[1:]]),
        "no such figure",
    ),
    "a deviation below zero": (edited("initial", lambda i: i | {next(iter(i)): [0, -1]}), "deviation"),
    "three numbers for two": (edited("initial", lambda i: i | {next(iter(i)): [0, 1, 2]}), "deviation"),
    "a nest of lists": (lambda t, m: m.update(graph="[" * 100_000), "run.save"),
    "a rate of 400 digits": (edited("recipe", lambda r: r | {"optimizer": {"name": "SGD", "lr": 10**400}}), "lr"),
    "a text for a number": (edited("recipe", lambda r: r | {"epochs": "2"}), "whole number"),
    "an epoch that it does not carry": (edited("epoch", lambda e: 3 - e), "carries"),
    "no such optimiser": (edited("recipe", lambda r: r | {"optimizer": {"name": "Evil"}}), "Evil"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_file_that_contradicts_itself_is_refused_with_a_sentence(name: str, run: Run, folder: Path) -> None:
    change, said = LIES[name]
    with pytest.raises(SubmissionError, match=said):
        load_submission(doctored(run, folder, change))


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04pickle", b"PK\x03\x04" + b"0" * 50, bytes(100)], ids=["empty", "pickle", "zip", "zeros"]
)
def test_a_file_that_is_no_submission_is_refused_with_a_sentence(content: bytes, folder: Path) -> None:
    (folder / "odd.safetensors").write_bytes(content)
    with pytest.raises(SubmissionError, match="odd.safetensors"):
        load_submission(folder / "odd.safetensors")


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_short_is_refused_with_a_sentence(run: Run, folder: Path, cut: float) -> None:
    path = run.save(folder / "cut.safetensors")
    path.write_bytes(path.read_bytes()[: int(cut * path.stat().st_size)])
    with pytest.raises(SubmissionError, match="cut.safetensors"):
        load_submission(path)


REFUSED_RECIPES = {
    "a lambda": dict(optimizer=lambda parameters: SGD(parameters, lr=0.1)),
    "a nested schedule": dict(schedule=partial(StepLR, step_size=partial(int))),
    "no epochs": dict(epochs=0),
    "half an epoch": dict(epochs=1.5),
    "a batch of none": dict(batch_size=0),
    "an unknown augmentation": dict(augment=nn.Identity()),
    "an unknown precision": dict(precision="float8"),
    "a step of 0 epochs": dict(schedule=partial(StepLR, step_size=0)),
    "a factor of none": dict(schedule=partial(StepLR, step_size=1, gamma=None)),
    "a rate that no float holds": dict(optimizer=partial(SGD, lr=10**400)),
}


@pytest.mark.parametrize("name", REFUSED_RECIPES)
def test_what_is_not_data_is_refused_in_a_recipe(name: str) -> None:
    settings = dict(epochs=2, batch_size=64, optimizer=partial(SGD, lr=0.1)) | REFUSED_RECIPES[name]
    with pytest.raises(RecipeError):
        Recipe(**settings)  # type: ignore[arg-type]


def test_a_recipe_is_the_same_after_json() -> None:
    recipe = Recipe(
        epochs=19, batch_size=128, optimizer=partial(SGD, lr=0.01, momentum=0.9),
        schedule=partial(StepLR, step_size=6, gamma=0.1), augment=RandomRotation(7), seed=1,
    )  # fmt: skip
    again = Recipe.from_json(json.loads(json.dumps(recipe.to_json())))
    assert again.hash == recipe.hash
    assert again.to_json() == recipe.to_json()
