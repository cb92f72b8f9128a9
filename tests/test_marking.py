"""Marks of a lesson: what a learner writes, in whichever way, gets what it deserves; code answers with their usual slips."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import MultiStepLR, StepLR
from torch.utils.data import DataLoader
from torchvision import transforms

from course.data import load_practice_digits
from course.errors import GraphError
from course.graph import Graph
from course.iterations import lessons
from course.pairs import LESSONS
from course.submission_file import load_submission, save_submission
from graders.affordable import expect_affordable
from graders.answer_judges import JUDGE
from graders.answers import ASK
from graders.course_checks import no_marks_as_released
from graders.lessons import checks, number_of
from graders.marking import mark
from graders.outcome import NOT_ATTEMPTED, Outcome, not_yet
from graders.points import POINTS
from graders.probes import ask
from graders.recipe_judges import judge_schedule
from graders.zygote import WarmSandbox
from solutions.course_checks import full_marks_when_solved
from solutions.fill import fill
from solutions.modules import solution, weights_path

WRITTEN = lessons()


@cache
def lesson(number: int) -> Path:
    return next(LESSONS / f"{item.slug}.ipynb" for item in WRITTEN if item.number == number)


Marked = Callable[..., dict[str, Outcome]]


@pytest.fixture
def marked(warm_sandbox: WarmSandbox) -> Marked:
    """The marks of the reference notebook with some answers replaced."""

    def marks(number: int, folder: Path, **replaced: str) -> dict[str, Outcome]:
        notebook = fill(lesson(number), number)
        for cell in notebook.cells:
            about = cell.metadata.get("nbgrader", {})
            if about.get("grade_id") in replaced and about.get("solution"):
                cell.source = replaced[about["grade_id"]]
        return mark(notebook, folder, number=number, practice=True, run=warm_sandbox.run)

    return marks


@pytest.mark.slow
@pytest.mark.mnist
@pytest.mark.parametrize("item", WRITTEN, ids=lambda item: item.slug)
def test_a_blank_lesson_has_no_marks_and_a_solved_one_all(item) -> None:
    assert no_marks_as_released(item) == []
    assert full_marks_when_solved(item) == []


def test_a_lessons_assignment_is_known_by_its_name() -> None:
    assert number_of("08_final_model") == 8
    assert number_of("homework") is None


def test_a_class_that_builds_upon_helpers_and_loops_is_marked_like_any_other(marked: Marked, tmp_path: Path) -> None:
    outcomes = marked(
        8,
        tmp_path,
        Net="""
def block(before, after, padding=0):
    return [nn.Conv2d(before, after, 3, padding=padding, bias=False), nn.ReLU(), nn.BatchNorm2d(after), nn.Dropout(0.1)]

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        layers = block(1, 16) + block(16, 32) + [nn.Conv2d(32, 10, 1, bias=False)]
        self.a = nn.ModuleList(layers)
        self.b = nn.Sequential(*block(10, 16), *block(16, 16), *block(16, 16), *block(16, 16, 1))
        self.c = nn.Conv2d(16, 10, 1, bias=False)

    def forward(self, x):
        for layer in self.a:
            x = layer(x)
        x = self.b(F.max_pool2d(x, 2))
        return torch.flatten(self.c(x.mean(dim=(2, 3), keepdim=True)), 1)
""",
    )
    short = {name: one.message for name, one in outcomes.items() if one.fraction < 1 and name != "accuracy"}
    assert short == {}


def test_without_a_recorded_run_the_structure_is_marked_and_accuracy_is_not_attempted(marked: Marked, tmp_path: Path) -> None:
    outcomes = marked(8, tmp_path)
    assert outcomes["accuracy"].state == NOT_ATTEMPTED
    assert all(one.fraction == 1 for name, one in outcomes.items() if name != "accuracy")


def test_pooling_and_cutting_off_may_be_written_out(marked: Marked, tmp_path: Path) -> None:
    import inspect

    source = inspect.getsource(solution(6).Net)
    source = source.replace("nn.AvgPool2d(7),", "").replace("nn.ReLU()", "nn.Threshold(0, 0)")
    outcomes = marked(6, tmp_path, Net=source.replace("(x).flatten(1)", "(x).sum((2, 3)) / 49"))
    assert {name: one.message for name, one in outcomes.items() if one.fraction < 1 and name != "trained"} == {}


FLATTENED = (
    "y.view(y.size(0), -1)", "y.reshape(y.shape[0], -1)", "y.view(y.shape[:2])", "y.squeeze(3).squeeze(2)", "y[:, :, 0, 0]",
)  # fmt: skip


@pytest.mark.parametrize("number", [6, 7, 8])
@pytest.mark.parametrize("written", FLATTENED)
def test_scores_may_be_flattened_in_any_way(number: int, written: str) -> None:
    assert short_of(number, "self.layers(x).flatten(1)", f"(lambda y: {written})(self.layers(x))") == {}


SAME = {  # what computes the same: lesson, a change of the reference network
    "averaging one axis, then the other": (7, ("nn.AvgPool2d(5),", ""), ("(x).flatten(1)", "(x).mean(3).mean(2)")),
    "averaging one axis, then the other, all axes kept": (
        7, ("nn.AvgPool2d(5),", ""), ("(x).flatten(1)", "(x).mean(3, keepdim=True).mean(2, keepdim=True).flatten(1)"),
    ),
    "a dropout of nothing": (8, ("nn.MaxPool2d(2),", "nn.Dropout(0.0), nn.MaxPool2d(2),")),
    "a ReLU twice": (7, ("nn.ReLU(),", "nn.ReLU(), nn.ReLU(inplace=True),")),
    "a max-pool that gives its places, too": (8, ("nn.MaxPool2d(2),", "nn.AdaptiveMaxPool2d(12),")),
    "padding before the convolution": (
        8, ("nn.Conv2d(16, 16, 3, padding=1, bias=False)", "nn.ZeroPad2d(1), nn.Conv2d(16, 16, 3, bias=False)"),
    ),
    "padding of nothing": (8, ("self.layers(x)", "self.layers(F.pad(x, (0, 0, 0, 0)))")),
    "single precision": (8, ("self.layers(x)", "self.layers(x.float())")),
    "the average of one number": (8, ("(x).flatten(1)", "(x).mean((2, 3))")),
    "the sum of one number": (8, ("(x).flatten(1)", "(x).sum((2, 3))")),
    "the largest of one number": (8, ("(x).flatten(1)", "(x).amax((2, 3))")),
    "single precision, behind the scores": (6, ("dim=1)", "dim=1).to(x.dtype)")),
    "a ReLU that chooses between the value and a constant": (
        8, ("nn.ReLU(),", "Cut(),"),
        ("    def forward", "    class Cut(nn.Module):\n        def forward(self, x):\n            import torch\n            "
         "return torch.where(x > 0, x, torch.tensor(0.0))\n\n    def forward"), ("Cut(),", "self.Cut(),"),
    ),
    "the length of the batch": (8, ("(x).flatten(1)", "(x).view(len(x), -1)")),
    "the logarithm of probabilities": (
        6, ("F.log_softmax(self.layers(x).flatten(1), dim=1)", "self.layers(x).flatten(1).softmax(1).log()"),
    ),
    "log-probabilities by their formula": (
        6, ("F.log_softmax(self.layers(x).flatten(1), dim=1)", "(s := self.layers(x).flatten(1)) - s.logsumexp(1, True)"),
    ),
    "log-probabilities along an axis of ten": (
        6, ("F.log_softmax(self.layers(x).flatten(1), dim=1)", "F.log_softmax(self.layers(x).view(-1, 1, 10), dim=2).squeeze(1)"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_what_computes_the_same_has_the_same_marks(name: str) -> None:
    number, *changes = SAME[name]
    assert short_of(number, *(text for change in changes for text in change)) == {}


DIFFERENT = {  # not in the lesson's table: lesson, a change of the reference network, the check that says so, its words
    "probabilities": (6, "F.log_softmax(", "F.softmax(", "layers", "hardly learns from probabilities"),
    "log-probabilities over another axis": (5, "dim=1)", "dim=0)", "layers", "of (N, 10) they are axis 1"),
    "log-probabilities of one number each": (
        6, "F.log_softmax(self.layers(x).flatten(1), dim=1)", "F.log_softmax(self.layers(x).view(-1, 1, 10), dim=1).squeeze(1)",
        "layers", "along which the ten scores do not lie",
    ),
    "a rim that is not zero": (
        8, "nn.Conv2d(16, 16, 3, padding=1, bias=False)", "nn.ReplicationPad2d(1), nn.Conv2d(16, 16, 3, bias=False)",
        "layers", "saw pad (layers.22)",
    ),
    "log-probabilities that are averaged": (
        6, "nn.AvgPool2d(7),", "nn.LogSoftmax(1), nn.AvgPool2d(7),", "layers", "saw log_softmax before avg_pool2d",
    ),
    "scores that keep their axes": (1, "x.flatten(1)", "x", "layers", "return x.flatten(1)"),
    "scores of all digits in one row": (
        1, "F.log_softmax(x.flatten(1), dim=1)", "x.flatten()", "layers", "saw flatten: flatten() without an axis",
    ),
    "scores of all digits in one row, by view": (
        1, "F.log_softmax(x.flatten(1), dim=1)", "x.view(-1)", "layers", "or view(-1), puts the whole batch in one row",
    ),
    "a layer forgotten": (
        8, "nn.Conv2d(16, 10, 1, bias=False),", "", "layers", "saw 7 convolutions, expected 8; compare them with the",
    ),
    "a global max-pool": (6, "nn.AvgPool2d(7)", "nn.AdaptiveMaxPool2d(1)", "gap", "saw a global max-pool, expected a global av"),
    "another padding before the average": (
        8, "nn.Conv2d(16, 16, 3, padding=1,", "nn.Conv2d(16, 16, 3, padding=2,", "gap", "convolution 7 has another padding",
    ),
    "dropout of whole channels": (8, "nn.Dropout(", "nn.Dropout2d(", "dropout", "saw Dropout2d behind the 3×3 convolution"),
    "dropout where there is none yet": (
        4, "nn.MaxPool2d(2),", "nn.Dropout(0.1), nn.MaxPool2d(2),", "layers", "saw 1 dropout behind it, expected none",
    ),
    "dropout on the image": (8, "nn.Sequential(", "nn.Sequential(nn.Dropout(0.1),", "layers", "saw dropout"),
    "a ReLU on the image": (8, "nn.Sequential(", "nn.Sequential(nn.ReLU(),", "layers", "saw relu"),
    "a ReLU behind averages": (7, "nn.AvgPool2d(5),", "nn.AvgPool2d(5), nn.ReLU(),", "output", "saw ReLU behind the last"),
    "the image scaled again": (8, "self.layers(x)", "self.layers(x / 255)", "layers", "saw div"),
    "the image cut": (8, "self.layers(x)", "self.layers(F.pad(x[:, :, 1:-1, 1:-1], (1, 1, 1, 1)))", "layers", "saw slice"),
    "a gradient cut off": (8, "self.layers(x)", "self.layers[1:](self.layers[0](x).detach())", "layers", "saw a detach"),
    "half of the channels": (6, "(x).flatten(1)", "(x).repeat(1, 2, 1, 1).chunk(2, 1)[0].flatten(1)", "layers", "saw repeat"),
    "normalised averages": (
        8, "nn.AvgPool2d(6),", "nn.AvgPool2d(6), nn.BatchNorm2d(16, affine=False),", "normalisation", "behind the global average",
    ),
    "a second average pooling": (8, "nn.AvgPool2d(6),", "nn.AvgPool2d(2), nn.AvgPool2d(3),", "gap", "by 2 (layers.26) besides"),
    "an average pooling where none is planned": (
        2, "self.conv1(x)", "self.conv1(F.avg_pool2d(x, 3, 1, 1))", "layers", "saw avg_pool, which",
    ),
    "a kernel with holes": (
        8, "nn.Conv2d(16, 16, 3, padding=1,", "nn.Conv2d(16, 16, 3, padding=2, dilation=2,", "layers", "padding 2, expected 1",
    ),
    "a max-pool with a rim": (
        8, "nn.MaxPool2d(2),", "nn.AvgPool2d(1), nn.MaxPool2d(2, padding=1),", "pooling", "saw a max-pool of padding 1",
    ),
    "momentum as other libraries count it": (
        4, "nn.BatchNorm2d(20)", "nn.BatchNorm2d(20, momentum=0.9)", "normalisation", "saw BatchNorm with momentum 0.9",
    ),
    "a constant that multiplies": (8, "self.layers(x)", "self.layers(x * 1.0)", "parameters", "are learned, and 1 constant in"),
    "another activation": (8, "nn.ReLU(),", "nn.GELU(),", "layers", "convolution 1 (layers.0): saw no ReLU behind it"),
    "a rate in eps's place": (8, "nn.BatchNorm2d(16)", "nn.BatchNorm2d(16, 0.1)", "normalisation", "saw BatchNorm with eps 0.1"),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_the_lessons_table_does_not_have_is_named(name: str) -> None:
    number, old, new, check, said = DIFFERENT[name]
    messages = short_of(number, old, new)
    assert said in messages.get(check, "all points"), messages


def test_a_network_without_pooling_that_costs_too_much_is_told_so() -> None:
    with pytest.raises(GraphError, match="most that is graded is 2,000,000,000; no pooling makes its maps smaller"):
        short_of(1, "x = F.max_pool2d(x, 2)", "pass")


def short_of(number: int, *changes: str) -> dict[str, str]:
    """The network checks that a changed reference network fails, with their words; old text, new text, and so on."""
    import inspect

    source = inspect.getsource(solution(number).Net)
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in source
        source = source.replace(old, new)
    names = dict(vars(solution(number)))
    exec(source, names)
    graph = Graph.trace(names["Net"])
    expect_affordable(graph)
    outcomes = {one.name: one.judge(graph) for one in checks(number).values() if one.kind == "network" and one.judge}
    return {name: outcome.message for name, outcome in outcomes.items() if outcome.fraction < 1}


@pytest.mark.parametrize("name, seed", [("train_loop", 89), ("train_loop", 224), ("test_loop", 892), ("test_loop", 932)])
def test_a_right_loop_is_right_although_no_answer_was(name: str, seed: int) -> None:
    """With these seeds the small network is wrong about every digit of noise."""
    answer = json.loads(json.dumps(ask(name, vars(solution(1)), {"seed": seed})))
    assert answer["returned"][1] == 0 and JUDGE[name](answer, seed).fraction == 1


def test_rates_may_be_of_single_precision() -> None:
    answer = json.loads(json.dumps(ask("rates", vars(solution(10)), {"seed": 1})))
    single = answer | {"values": [torch.tensor(values).tolist() for values in answer["values"]]}
    assert single != answer and JUDGE["rates"](single, 1).fraction == 1


@pytest.mark.parametrize("seed", range(40))
def test_rates_may_be_rounded_to_six_decimals(seed: int) -> None:
    answer = json.loads(json.dumps(ask("rates", vars(solution(10)), {"seed": seed})))
    rounded = answer | {"values": [[round(rate, 6) for rate in rates] for rates in answer["values"]], "trained": [[]] * 5}
    assert JUDGE["rates"](rounded, seed).fraction == 1


@pytest.mark.parametrize(
    "schedule, fraction",
    [
        (partial(MultiStepLR, milestones=[6, 12, 18], gamma=0.1), 1),
        (partial(StepLR, step_size=6, gamma=1 - 0.9), 1),
        (partial(StepLR, step_size=6), 1),
        (partial(MultiStepLR, milestones=[6], gamma=0.1), 0),
        (partial(StepLR, step_size=5, gamma=0.1), 0),
    ],
)
@pytest.mark.parametrize("epochs", [3, 19])
def test_a_schedule_is_judged_by_its_rates(schedule, fraction: float, epochs: int) -> None:
    recipe = replace(solution(10).recipe, schedule=schedule, epochs=epochs)
    assert judge_schedule(recipe).fraction == fraction


@pytest.mark.parametrize(
    "other, said",
    [
        (dict(optimizer=partial(SGD, lr=0.01)), "saw momentum 0, expected 0.9: set momentum=0.9"),
        (dict(optimizer=partial(SGD, lr=0.01, momentum=0.9, weight_decay=1e-4)), "saw weight_decay 0.0001, expected none"),
        (dict(optimizer=partial(SGD, lr=0.02, momentum=0.9)), "saw lr 0.02, expected 0.01: set lr=0.01"),
        (dict(optimizer=partial(Adam, lr=0.01)), "saw the optimizer Adam, expected partial(SGD"),
        (dict(batch_size=64), "saw batches of 64, expected 128: set batch_size=128"),
    ],
)
def test_a_right_schedule_of_another_optimizer_keeps_most_of_its_marks(other: dict, said: str) -> None:
    outcome = judge_schedule(replace(solution(10).recipe, **other))
    assert outcome.fraction == 0.8 and said in outcome.message


@pytest.mark.parametrize("epochs, fraction", [(18, 1), (19, 0)])
def test_a_change_of_the_rate_behind_the_last_epoch_is_not_asked_for(epochs: int, fraction: float) -> None:
    recipe = replace(solution(10).recipe, schedule=partial(MultiStepLR, milestones=[6, 12], gamma=0.1), epochs=epochs)
    assert judge_schedule(recipe).fraction == fraction


def test_settings_that_change_no_step_change_no_mark() -> None:
    optimizer = partial(SGD, lr=0.1**2, momentum=np.float32(0.9), weight_decay=0, nesterov=False, foreach=True)
    assert judge_schedule(replace(solution(10).recipe, optimizer=optimizer)).fraction == 1


def test_a_transform_may_compute_its_two_numbers_from_the_digits(marked: Marked, tmp_path: Path) -> None:
    """Where marks are settled, the digits that an answer can ask are the practice digits."""
    written = (
        "def make_transform():\n"
        "    mean, std = mean_and_std(data.train_images)\n"
        "    return transforms.Compose([transforms.ToTensor(), transforms.Normalize((round(mean, 4),), (round(std, 4),))])"
    )
    assert marked(1, tmp_path, make_transform=written)["transform"].fraction == 1
    other = marked(1, tmp_path, make_transform=written.replace("mean, 4", "std, 4"))["transform"]
    assert other.fraction == 0 and "expected -0.424 to 2.82" in other.message


@pytest.mark.mnist
def test_a_run_of_another_recipe_is_stale(marked: Marked, tmp_path: Path) -> None:
    (tmp_path / weights_path(8).name).write_bytes(weights_path(8).read_bytes())
    recipe = "recipe = Recipe(epochs=18, batch_size=128, optimizer=partial(SGD, lr=0.01, momentum=0.9), seed=1)"
    outcome = marked(8, tmp_path, recipe=recipe)["accuracy"]
    assert outcome.state == NOT_ATTEMPTED
    assert "another recipe" in outcome.message


def test_twenty_epochs_are_one_too_many(marked: Marked, tmp_path: Path) -> None:
    recipe = "recipe = Recipe(epochs=20, batch_size=128, optimizer=partial(SGD, lr=0.01, momentum=0.9), seed=1)"
    assert marked(8, tmp_path, recipe=recipe)["epochs"].fraction == 0


WRONG = {  # check: (what to change in the reference answer, what to change it to, a word of the sentence)
    "parameters": ("bias=False", "bias=True", "13,808"),
    "layers": ("padding=1", "padding=2", "padding"),
    "dropout": ("0.1", "0.25", "0.25"),
    "pooling": ("nn.MaxPool2d(2)", "nn.AvgPool2d(2)", "max"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_network_is_told_what_was_seen(marked: Marked, tmp_path: Path, name: str) -> None:
    import inspect
    import re

    old, new, said = WRONG[name]
    source = inspect.getsource(solution(8).Net)
    assert old in source
    outcome = marked(8, tmp_path, Net=source.replace(old, new))[name]
    assert outcome.fraction < 1
    assert re.search(said, outcome.message), outcome.message


HALF_RIGHT = {  # lesson, a change of the reference network: the marks that are left, the check that explains, its words
    "no global average pooling": (
        8, "nn.AvgPool2d(6),", "", {"gap", "output", "constraint_parameters", "fully_connected", "accuracy"},
        "output", "behind conv2d_7 (at layers.26) the map is 6 by 6, where 1 by 1 is needed",
    ),
    "an average pooling smaller than its map": (
        8, "nn.AvgPool2d(6)", "nn.AvgPool2d(3)", {"gap", "output", "constraint_parameters", "fully_connected", "accuracy"},
        "output", "(avg_pool2d's kernel is 3 × 3, on a map of 6 × 6 (at layers.26); a global one is as large as the map)",
    ),
    "no max-pool": (
        8, "nn.MaxPool2d(2),", "", {"pooling", "gap", "output", "constraint_parameters", "fully_connected", "accuracy"},
        "gap", "is 6 × 6, on a map of 18 × 18 (at layers.25); the map is larger than planned, because a max-pool before it is",
    ),
    "scores that keep their axes": (
        8, ".flatten(1)", "", {"output", "constraint_parameters", "fully_connected", "accuracy"}, "output", "x.flatten(1)",
    ),
    "a padding too many": (
        2, "nn.Conv2d(32, 64, 3,", "nn.Conv2d(32, 64, 3, padding=1,", {"layers", "output", "trained"},
        "output", "First difference from the lesson's table: convolution 2 (conv2): saw padding 1, expected 0",
    ),
    "scores before they are pooled": (
        6, "nn.AvgPool2d(7),", "", {"gap", "constraint_parameters", "fully_connected", "trained"},
        "constraint_parameters", "the map is 7 by 7",
    ),
    "ReLUs forgotten where no check is of ReLUs alone": (
        6, "nn.ReLU(),", "", {"layers", "trained"}, "layers", "convolution 1 (layers.0): saw no ReLU behind it",
    ),
    "a ReLU forgotten in the first lesson": (
        1, "F.relu(self.conv3(x))", "self.conv3(x)", {"layers"}, "layers", "convolution 3 (conv3): saw no ReLU behind it",
    ),
    "average pools in the first lesson": (
        1, "F.max_pool2d", "F.avg_pool2d", {"layers"},
        "layers", "saw no max-pool, expected 2, the first behind a receptive field of 5",
    ),
    "ReLUs forgotten where the network is one check": (
        9, "nn.ReLU(),", "", {"network", "accuracy"}, "network", "saw no ReLU behind it",
    ),
    "an average pool where lessons ask for the layers": (
        6, "nn.MaxPool2d(2),", "nn.AvgPool2d(2),", {"layers", "trained"}, "layers", "saw no max-pool, expected one",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HALF_RIGHT)
def test_a_network_of_another_output_keeps_the_marks_of_its_layers(marked: Marked, tmp_path: Path, name: str) -> None:
    import inspect

    number, old, new, lost, check, said = HALF_RIGHT[name]
    source = inspect.getsource(solution(number).Net)
    assert old in source
    outcomes = marked(number, tmp_path, Net=source.replace(old, new))
    assert {one for one, outcome in outcomes.items() if outcome.fraction < 1} == lost
    assert said in outcomes[check].message


@pytest.mark.parametrize(
    "ending, said", [("F.softmax(x, dim=1)", "probabilities"), ("F.log_softmax(x, dim=0)", "axis 0"), ("x", None)]
)
def test_scores_may_end_in_nothing_or_in_log_softmax_over_the_ten(ending: str, said: str | None) -> None:
    from course.graph import Graph
    from graders.output_judges import judge_output

    names: dict = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional}
    exec(f"def forward(self, x):\n    x = self.layers(x).flatten(1)\n    return {ending}", names)
    outcome = judge_output(Graph.trace(type("Net", (solution(8).Net,), {"forward": names["forward"]})), 8)
    assert (outcome.fraction == 1) == (said is None)
    assert said is None or said in outcome.message


@pytest.mark.parametrize("name", ASK)
def test_a_code_answer_of_the_solutions_is_right(name: str) -> None:
    number = next(number for number, points in POINTS.items() if name in points)
    module = solution(number)
    for seed in (1, 2, 3):
        answer = ask(name, vars(module), {"seed": seed})
        outcome = JUDGE[name](json.loads(json.dumps(answer)), seed)
        assert outcome.fraction == 1, outcome.message


def forgets_the_gradient(network, loader, optimizer):
    network.train()
    for images, labels in loader:
        loss = torch.nn.functional.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
    return 1.0, 50.0


def stays_in_evaluation(network, loader, optimizer):
    for images, labels in loader:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
    return 1.0, 50.0


def scores_in_training_mode(network, loader):
    network.train()
    right = total = 0
    loss = 0.0
    for images, labels in loader:
        scores = network(images)
        loss += torch.nn.functional.nll_loss(scores, labels, reduction="sum").item()
        right += int((scores.argmax(1) == labels).sum())
        total += len(labels)
    return loss / total, 100 * right / total


def divides_by_one_less(x, weight, bias, eps):
    axes = (0, 2, 3)
    normalised = (x - x.mean(axes, keepdim=True)) / (x.var(axes, keepdim=True) + eps).sqrt()
    return normalised * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)


def means_of_batches(network, loader):
    network.eval()
    losses, right = [], 0
    with torch.no_grad():
        for images, labels in loader:
            scores = network(images)
            losses.append(torch.nn.functional.cross_entropy(scores, labels).item())
            right += int((scores.argmax(1) == labels).sum())
    return sum(losses) / len(losses), 100 * right / len(loader.dataset)


def schedule_alone(epochs, lr, step_size, gamma, then=lambda optimizer: None):
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    schedule, rates = StepLR(optimizer, step_size, gamma), []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        schedule.step()
        then(optimizer)
    return rates


schedule_first = partial(schedule_alone, then=lambda optimizer: optimizer.step())


class NeedsATransform(solution(1).DigitDataset):
    def __getitem__(self, index):
        picture = Image.fromarray(self.images[index].numpy())
        return self.transform(picture), int(self.labels[index])


class FractionalLabels(solution(1).DigitDataset):
    def __getitem__(self, index):
        picture, label = super().__getitem__(index)
        return picture, float(label)


class LabelFirst(solution(1).DigitDataset):
    def __getitem__(self, index):
        return super().__getitem__(index)[::-1]


class ForgetsTheTransformed(solution(1).DigitDataset):
    def __getitem__(self, index):
        picture = Image.fromarray(self.images[index].numpy())
        self.transform(picture)
        return picture, int(self.labels[index])


class TensorLabels(solution(1).DigitDataset):
    def __getitem__(self, index):
        return super().__getitem__(index)[0], self.labels[index]


def test_a_label_may_be_a_tensor() -> None:
    answer = json.loads(json.dumps(ask("dataset", {"DigitDataset": TensorLabels}, {"seed": 4})))
    assert JUDGE["dataset"](answer, 4).fraction == 1


NORMALIZE = transforms.Normalize((0.1307,), (0.3081,))


def array(x, weight, bias, eps):
    values, axes = x.numpy(), (0, 2, 3)
    deviation = (values.var(axes, keepdims=True) + eps) ** 0.5
    scaled = (values - values.mean(axes, keepdims=True)) / deviation
    return scaled * weight.numpy()[:, None, None] + bias.numpy()[:, None, None]


def test_an_array_is_a_tensor_as_well() -> None:
    answer = json.loads(json.dumps(ask("batch_norm_by_hand", {"batch_norm": array}, {"seed": 4})))
    assert JUDGE["batch_norm_by_hand"](answer, 4).fraction == 1


def normalised(x, weight, bias, eps=1e-5, power=0.5, own=None):
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, correction=0)
    return (x - mean) / (variance + (own or eps)) ** power * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)


def test_batches_to_test_on_may_be_larger() -> None:
    def make_loaders(train, test, batch_size):
        return DataLoader(train, batch_size, shuffle=True), DataLoader(test, 1000)

    answer = json.loads(json.dumps(ask("loaders", {"make_loaders": make_loaders}, {"seed": 4})))
    assert JUDGE["loaders"](answer, 4).fraction == 1


def test_another_activation_costs_the_marks_of_what_asks_for_it_alone() -> None:
    assert set(short_of(8, "nn.ReLU(),", "nn.GELU(),")) == {"layers"}


SLIPS = {
    "statistics": (lambda images: (images.float().mean(), images.float().std()), "255"),
    "statistics, each picture for itself": (
        lambda images: ((images / 255).mean(), (images / 255).std((1, 2)).mean()), "all digits at once",
    ),
    "test_loop, a mean of means": (means_of_batches, "batches differ in size"),
    "rates, one order": (schedule_first, "the schedule steps last"),
    "statistics, deviation first": (lambda images: solution(1).mean_and_std(images)[::-1], "the mean, then the deviation"),
    "statistics, divided by 256": (lambda images: ((images / 256).mean(), (images / 256).std()), "largest is 255"),
    "statistics, whole numbers": (lambda images: ((images // 255).float().mean(), (images // 255).float().std()), "a single /"),
    "statistics, constants": (lambda images: (0.1307, 0.3081), "compute both from `images`"),
    "loaders, test first": (
        lambda *sets, batch_size: solution(1).make_loaders(*sets, batch_size)[::-1], "saw the test loader first",
    ),
    "loaders, both of the training digits": (
        lambda train, test, batch_size: solution(1).make_loaders(train, train, batch_size), "37 training digits: make it of test",
    ),
    "loaders, both of the test digits": (
        lambda train, test, batch_size: solution(1).make_loaders(test, test, batch_size), "the 21 test digits: make it of train",
    ),
    "loaders, used up": (
        lambda *sets, batch_size: [iter(loader) for loader in solution(1).make_loaders(*sets, batch_size)],
        "second epoch the train loader gave 0 digits, 37 in the first",
    ),
    "loaders, one used up": (
        lambda *sets, batch_size: [f(x) for f, x in zip((list, iter), solution(1).make_loaders(*sets, batch_size), strict=True)],
        "second epoch the test loader gave 0 digits, 21 in the first",
    ),
    "transform, normalised first": (lambda: transforms.Compose([NORMALIZE, transforms.ToTensor()]), "ToTensor first, then"),
    "transform, only normalised": (lambda: NORMALIZE, "Normalize without ToTensor"),
    "transform, a class": (lambda: transforms.Compose([transforms.ToTensor, NORMALIZE]), r"behind its name: ToTensor\(\)"),
    "transform, a class alone": (lambda: transforms.ToTensor, r"behind its name: ToTensor\(\)"),
    "transform, a tuple": (lambda: (transforms.ToTensor(), NORMALIZE), r"saw a tuple of 2 steps.*Compose\(\["),
    "transform, one by one": (lambda: transforms.Compose(transforms.ToTensor(), NORMALIZE), "takes one list of them"),
    "transform, no list": (lambda: transforms.Compose(transforms.ToTensor()), "takes a list of them"),
    "transform, still a picture": (lambda: transforms.RandomRotation(5), "gave Image, expected a tensor"),
    "transform, Compose itself": (lambda: transforms.Compose, r"behind its name: Compose\(\)"),
    "transform, rotated and normalised": (
        lambda: transforms.Compose([NORMALIZE, transforms.RandomRotation(5)]), "Normalize without ToTensor",
    ),
    "transform, rotated": (
        lambda: transforms.Compose([transforms.RandomRotation(5), transforms.ToTensor(), NORMALIZE]), "saw RandomRotation in it",
    ),
    "dataset, label first": (LabelFirst, "return the picture, then its label"),
    "dataset, transform not kept": (ForgetsTheTransformed, r"image = self.transform\(image\)"),
    "test_loop, accuracy first": (lambda *asked: solution(1).evaluate(*asked)[::-1], "saw the accuracy first"),
    "train_loop, accuracy first": (lambda *asked: solution(1).train_epoch(*asked)[::-1], "saw the accuracy first"),
    "rates, lists": (lambda epochs, lr, step, gamma: [[lr]] * epochs, r"should be a number, saw a list: get_last_lr\(\)\[0\]"),
    "rates, one": (lambda epochs, lr, step, gamma: [lr], "saw 1 rate, expected one an epoch"),
    "rates, early": (
        lambda epochs, lr, step, gamma: [lr * gamma ** ((epoch + 1) // step) for epoch in range(epochs)], "comes one epoch early",
    ),
    "rates, late": (
        lambda epochs, lr, step, gamma: [lr * gamma ** (max(epoch - 1, 0) // step) for epoch in range(epochs)], "one epoch late",
    ),
    "batch_norm_by_hand, without the root": (partial(normalised, power=1), "BatchNorm divides by its root"),
    "batch_norm_by_hand, an eps of its own": (partial(normalised, own=1e-5), "eps is an argument"),
    "loaders, always 128": (
        lambda train, test, batch_size: (DataLoader(train, 128, shuffle=True), DataLoader(test, 128)), "pass batch_size on",
    ),
    "loaders, by name": (lambda train, test, batch_size: {"train": DataLoader(train), "test": DataLoader(test)}, "saw dict"),
    "transform, three decimals": (
        lambda: transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.131,), (0.308,))]), "four decimals",
    ),
    "dataset": (NeedsATransform, "without one, dataset.0. gave TypeError"),
    "dataset, labels": (FractionalLabels, "whole number, saw float"),
    "field_by_hand": (lambda layers: 1 + sum(kernel - 1 for kernel, _ in layers), "jump"),
    "count_by_hand": (lambda kernel, before, after, bias: kernel**2 * before * after, "bias"),
    "batch_norm_by_hand": (divides_by_one_less, "n - 1"),
    "rates": (lambda epochs, lr, step, gamma: [lr] * epochs, "never changed"),
    "train_loop": (forgets_the_gradient, "zero_grad"),
    "test_loop": (scores_in_training_mode, "eval"),
    "loaders": (lambda train, test, batch_size: (DataLoader(train, batch_size), DataLoader(test, batch_size)), "shuffle"),
}  # fmt: skip


def forgets_to_return(*arguments, **named) -> None:
    pass


@pytest.mark.parametrize("name", sorted(set(ASK) - {"dataset"}))
def test_an_answer_that_returns_nothing_is_asked_whether_the_return_is_missing(name: str) -> None:
    answer = ask(name, {ASK[name][0]: forgets_to_return}, {"seed": 4})
    assert "saw None: is the return missing?" in answer["message"]


def test_an_answer_of_another_kind_is_told_what_to_return() -> None:
    answer = ask("count_by_hand", {"conv_parameters": lambda *_: "many"}, {"seed": 4})
    assert answer["message"] == "return a number, saw str"


@pytest.mark.parametrize(
    "written, said",
    [
        ("class MyNet(nn.Module): ...", "found a class MyNet"),
        ("import no_such_thing as nn\nclass Net(nn.Module): ...", "`import no_such_thing as nn` gave"),
    ],
)  # fmt: skip
def test_a_network_that_is_not_there_is_explained(
    warm_sandbox: WarmSandbox, tmp_path: Path, written: str, said: str
) -> None:
    notebook = {"cells": [{"cell_type": "code", "source": written}]}
    outcomes = mark(notebook, tmp_path, number=8, practice=True, run=warm_sandbox.run)
    assert said in outcomes["layers"].message


@pytest.mark.mnist
def test_of_a_run_on_practice_digits_that_is_said_first(marked: Marked, tmp_path: Path) -> None:
    data, honest = load_practice_digits(), load_submission(weights_path(8))
    save_submission(replace(honest, data={"name": data.name, "digest": data.digest}), tmp_path / weights_path(8).name)
    assert marked(8, tmp_path)["accuracy"].message.startswith("this run was trained on practice digits")


@pytest.mark.filterwarnings("ignore:Detected call of")  # PyTorch's own remark on the order of steps
@pytest.mark.parametrize("name", SLIPS)
def test_a_usual_slip_is_named(name: str) -> None:
    import re

    slip, said = SLIPS[name]
    check = name.partition(",")[0]
    answer = json.loads(json.dumps(ask(check, {ASK[check][0]: slip}, {"seed": 4})))
    outcome = not_yet(answer["message"]) if "message" in answer else JUDGE[check](answer, 4)
    assert outcome.fraction < 1
    assert re.search(said, outcome.message), outcome.message


@pytest.mark.filterwarnings("ignore:Detected call of")
def test_rates_may_be_asked_of_a_schedule_alone() -> None:
    answer = json.loads(json.dumps(ask("rates", {"learning_rates": schedule_alone}, {"seed": 4})))
    assert JUDGE["rates"](answer, 4).fraction == 1


def test_a_loop_that_stays_in_evaluation_is_named() -> None:
    outcome = JUDGE["train_loop"](ask("train_loop", {"train_epoch": stays_in_evaluation}, {"seed": 4}), 4)
    assert outcome.fraction < 1
    assert "train()" in outcome.message


def test_points_of_a_check_are_the_lessons() -> None:
    assert {name: check.points for name, check in checks(8).items()} == POINTS[8]
