"""Train a network by a recipe: `run = fit(Net, recipe, data)`.

The whole data set lies in memory, so an epoch is a shuffle and a walk through it. Seed first, then build: the recipe's
seed fixes the initial weights, the order of the digits, the augmentation and the dropout, and on a CPU the result.
"""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from course.data import Data, normalize
from course.errors import CourseError, RecipeError
from course.evaluation import scores
from course.graph import Graph
from course.rebuild import Network
from course.recipe import Recipe
from course.submission import Epoch, Submission, environment, fresh_statistics, save_submission
from course.trace import trace_with_weights


class Diverged(CourseError):
    """The loss became infinite or no number."""

    kind = "diverged"


class TrainFirst(CourseError):
    """nbgrader runs this notebook, and there is no finished training to show."""

    kind = "train_first"


@dataclass
class Run:
    """What training gave: the last epoch's weights, the best epoch's, and every epoch's figures.

    "Best" is the epoch with the most right answers on the test set. Choosing by the test set is the documented
    practice; it flatters by 0.05 to 0.1 points, which is why both epochs are kept and shown.
    """

    graph: Graph
    recipe: Recipe
    data: dict[str, str]
    initial: dict[str, tuple[float, float]]
    history: list[Epoch] = field(default_factory=list)
    weights: dict[str, dict[str, Tensor]] = field(default_factory=dict)  # "best" and "last"

    @property
    def best(self) -> Epoch:
        """The first epoch with the most right answers on the test set."""
        return max(self.history, key=lambda epoch: epoch.test_correct)

    @property
    def last(self) -> Epoch:
        return self.history[-1]

    def keep(self, epoch: Epoch, weights: dict[str, Tensor]) -> None:
        """Add a finished epoch."""
        self.history.append(epoch)
        self.weights["last"] = weights
        if self.best is epoch:
            self.weights["best"] = weights

    def network(self, epoch: str = "best") -> Network:
        """The trained network, in evaluation mode: the "best" epoch's or the "last" one's."""
        chosen = self.weights.get(epoch) or next(iter(self.weights.values()))  # a file carries only one of the two
        return self.graph.build(chosen).eval()

    def save(self, path, epoch: str = "best") -> Path:
        """Write a submission file that carries the weights of the "best" or the "last" epoch."""
        if epoch not in self.weights:
            raise CourseError(f"this run holds the weights of its {' and '.join(self.weights)} epoch, not {epoch!r}")
        number = self.best.epoch if epoch == "best" else self.last.epoch
        submission = Submission(
            self.graph, self.recipe, self.weights[epoch], tuple(self.history), self.initial, self.data,
            epoch, number, environment(),
        )  # fmt: skip
        return save_submission(submission, path)


def fit(
    network: type[nn.Module],
    recipe: Recipe,
    data: Data,
    *,
    device: str | torch.device = "cpu",
    replay: bool = True,
    progress: bool = True,
) -> Run:
    """Train a network class by a recipe on a data set, or replay the saved run of exactly that.

    A run in the working folder with the same graph, recipe, data and course version is replayed; delete its file,
    or say `replay=False`, to train again. Ctrl-C ends training and keeps the finished epochs. Raises CourseError.
    """
    from course.replay import find_run, is_graded_run

    if not isinstance(network, type):
        raise CourseError("give fit the class, fit(Net, …), not a network: it seeds first, then builds")
    if not isinstance(recipe, Recipe):
        raise CourseError(f"the recipe should be a Recipe(epochs=…, …), saw {type(recipe).__name__}")
    run, weights = begin(network, recipe, data)
    saved = find_run(run) if replay else None
    if saved:
        return saved
    if replay and is_graded_run():
        raise TrainFirst("train first: nbgrader never trains, and no saved run fits this network, recipe and data")
    try:
        with torch.random.fork_rng(devices=[]):
            for _ in train(run, weights, data, device=device, progress=progress):
                pass
    except KeyboardInterrupt:
        if not run.history:
            raise
        print(f"interrupted: the {len(run.history)} finished epochs are kept")
    except Diverged as error:
        if not run.history:
            raise
        print(f"{error}; the epochs before it are kept")
    return run


def begin(network: type[nn.Module], recipe: Recipe, data: Data) -> tuple[Run, dict[str, Tensor]]:
    """A run that is still to be trained, and its fresh weights: seed first, then build. The caller's seed stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        graph, weights = trace_with_weights(network)
    return Run(graph, recipe, {"name": data.name, "digest": data.digest}, fresh_statistics(weights)), weights


def train(run: Run, weights: dict[str, Tensor], data: Data, *, device="cpu", progress: bool = True) -> Iterator[Epoch]:
    """Train a run's graph by its recipe from these weights; the run grows by an epoch before each is yielded.

    Raises Diverged where the loss is no longer a number.
    """
    recipe, device = run.recipe, torch.device(device)
    images, labels = data.train_images.to(device), data.train_labels.to(device)
    test_images, test_labels = data.test_images.to(device), data.test_labels
    if not recipe.augment:
        images = normalize(images)  # once, not once an epoch: 188 MB
    # (N, H, W, C) in memory: the CPU's convolutions are faster on it
    network = run.graph.build(weights).to(device).to(memory_format=torch.channels_last)
    optimizer = recipe.build_optimizer(network.parameters())
    steps = math.ceil(len(images) / recipe.batch_size)
    schedule = recipe.build_schedule(optimizer, steps)
    generator = torch.Generator().manual_seed(recipe.seed)
    torch.manual_seed(recipe.seed)  # dropout draws from the global generator

    with tqdm(total=recipe.epochs * steps, file=sys.stdout, disable=not progress, unit="batch") as bar:
        for number in range(1, recipe.epochs + 1):
            bar.set_description(f"epoch {number}/{recipe.epochs}")
            started = time.perf_counter()
            rate = optimizer.param_groups[0]["lr"]
            network.train()
            loss_sum = torch.zeros((), device=device)  # sums stay on the device: asking for a number waits for it
            right = torch.zeros((), device=device, dtype=torch.int64)
            for chosen in torch.randperm(len(images), generator=generator).to(device).split(recipe.batch_size):
                batch, truth = images[chosen], labels[chosen]  # (B, 1, 28, 28) and (B,)
                if recipe.augment:
                    batch = _augmented(batch, recipe, generator)  # uint8 (B, 28, 28) to (B, 1, 28, 28)
                with _precision(recipe.precision, device):
                    logits = network(batch)  # (B, 10)
                loss = F.cross_entropy(logits.float(), truth)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                if schedule and recipe.steps_every_batch:
                    schedule.step()
                loss_sum += loss.detach() * len(truth)
                right += (logits.argmax(dim=1) == truth).sum()
                bar.update()
            if schedule and not recipe.steps_every_batch:
                schedule.step()

            train_loss = loss_sum.item() / len(images)
            if not math.isfinite(train_loss):
                raise Diverged(f"training diverged in epoch {number}: the loss is no number; lower the learning rate")
            with _precision(recipe.precision, device):
                answers = scores(network, test_images)  # (10000, 10)
            correct = int((answers.argmax(dim=1) == test_labels).sum())
            epoch = Epoch(
                epoch=number,
                train_loss=train_loss,
                train_accuracy=100 * right.item() / len(images),
                test_loss=F.cross_entropy(answers, test_labels).item(),
                test_accuracy=100 * correct / len(test_labels),
                test_correct=correct,
                learning_rate=rate,
                seconds=time.perf_counter() - started,
            )
            run.keep(epoch, network.weights())
            bar.set_postfix_str(
                f"loss {train_loss:.4f}, train {epoch.train_accuracy:.2f}%, test {epoch.test_accuracy:.2f}%"
            )
            yield epoch


def _augmented(batch: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    for augment in recipe.augment:
        batch = augment(batch, generator)
    return normalize(batch)


def _precision(precision: str, device: torch.device):
    """bfloat16 where the recipe asks for it; refused on a CPU that would emulate it, at a crawl."""
    if precision == "float32":
        return nullcontext()
    if device.type == "cpu" and not torch.cpu._is_avx512_bf16_supported():
        raise RecipeError('this CPU computes bfloat16 slowly; use precision="float32", or a CPU with avx512_bf16')
    return torch.autocast(device.type, dtype=torch.bfloat16)
