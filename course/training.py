"""Train a network by a recipe: `run = fit(Net, recipe, data)`.

The whole data set lies in memory, so an epoch is a shuffle and a walk through it. Seed first, then build: the recipe's
seed fixes the initial weights, the order of the digits, the augmentation and the dropout, and on a CPU the result.

What makes it faster than a loop over a DataLoader, each measured alone (docs/speed.md): batches come out of memory, and are
augmented and normalised as a whole; kernels and maps lie in memory as (N, H, W, C); dropout's masks are cheap; and a recipe
may ask for bfloat16.
"""

import copy
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from course.data import Data, normalize
from course.device import in_precision, present
from course.errors import CourseError
from course.evaluation import scores
from course.recipe import MOST_EPOCHS, Recipe
from course.run import Run
from course.submission import Epoch, fresh_statistics
from course.trace import trace_with_weights


class Diverged(CourseError):
    """The loss became infinite or no number."""

    kind = "diverged"


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
    from course.replay import expect_training, find_run, is_graded_run

    run, weights = begin(network, recipe, data)
    saved = find_run(run) if replay or is_graded_run() else None
    if saved:
        return saved
    expect_training()
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


def begin(
    network: type[nn.Module], recipe: Recipe, data: Data, seed: int | None = None
) -> tuple[Run, dict[str, Tensor]]:
    """A run that is still to be trained, and its fresh weights: seed first, then build. The seed is the recipe's, or another.

    The caller's own random numbers, on the CPU, go on as if nothing had been drawn. Raises CourseError.
    """
    if not isinstance(network, type):
        raise CourseError(f"give the class, as in fit(Net, …), not {type(network).__name__}: fit seeds first, then builds")
    if not isinstance(recipe, Recipe):
        raise CourseError(f"the recipe should be a Recipe(epochs=…, …), saw {type(recipe).__name__}")
    if not isinstance(data, Data):
        raise CourseError(f"the data should be what load_data() or load_mnist() gives, saw {type(data).__name__}")
    recipe = recipe if seed is None else replace(recipe, seed=seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        graph, weights = trace_with_weights(network)
    if not any(tensor.trainable for tensor in graph.tensors.values()):
        raise CourseError("the network has nothing to train: it needs a layer with weights that are not frozen")
    return Run(graph, recipe, {"name": data.name, "digest": data.digest}, fresh_statistics(weights)), weights


def train(run: Run, weights: dict[str, Tensor], data: Data, *, device="cpu", progress: bool = True) -> Iterator[Epoch]:
    """Train a run's graph by its recipe from these weights; the run grows by an epoch before each is yielded.

    A run that has epochs already goes on behind them, exactly as if it had never stopped; its own weights count then.
    Raises Diverged where the loss is no longer a number.
    """
    recipe, device = run.recipe, present(device)
    images, labels = data.train_images.to(device), data.train_labels.to(device)
    test_images, test_labels = data.test_images.to(device), data.test_labels
    network = run.graph.build(run.weights["last"] if run.history else weights).to(device)
    optimizer = recipe.build_optimizer(network.parameters())
    steps = math.ceil(len(images) / recipe.batch_size)
    schedule = recipe.build_schedule(optimizer, steps)
    if run.history:
        optimizer.load_state_dict(run.state["optimizer"])
        if schedule:
            schedule.load_state_dict(run.state["schedule"])
    generator = torch.Generator()

    done = len(run.history)
    with tqdm(
        total=recipe.epochs * steps, initial=done * steps, file=sys.stdout, disable=not progress, unit="batch"
    ) as bar:
        for number in range(done + 1, recipe.epochs + 1):
            bar.set_description(f"epoch {number}/{recipe.epochs}")
            started = time.perf_counter()
            seed = (recipe.seed * MOST_EPOCHS + number) % 2**63  # one an epoch: training can go on behind any of them
            generator.manual_seed(seed)
            torch.manual_seed(seed)  # dropout draws from the global generator
            rate = optimizer.param_groups[0]["lr"]
            network.train()
            loss_sum = torch.zeros((), device=device)  # sums stay on the device: asking for a number waits for it
            right = torch.zeros((), device=device, dtype=torch.int64)
            for chosen in torch.randperm(len(images), generator=generator).to(device).split(recipe.batch_size):
                batch = _augmented(images[chosen], recipe, generator)  # uint8 (B, 28, 28) to (B, 1, 28, 28)
                truth = labels[chosen]  # (B,)
                with in_precision(recipe.precision, device):
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
            answers = scores(network, test_images)  # (10000, 10), in single precision: as the grader will count
            test_loss = F.cross_entropy(answers, test_labels).item()
            if not math.isfinite(train_loss + test_loss):
                raise Diverged(f"training diverged in epoch {number}: the loss is no number; {_advice(run, len(images))}")
            correct = int((answers.argmax(dim=1) == test_labels).sum())
            epoch = Epoch(
                epoch=number,
                train_loss=train_loss,
                train_accuracy=100 * right.item() / len(images),
                test_loss=test_loss,
                test_accuracy=100 * correct / len(test_labels),
                test_correct=correct,
                learning_rate=rate,
                seconds=time.perf_counter() - started,
            )
            state = {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict() if schedule else {}}
            run.keep(epoch, network.weights(), copy.deepcopy(state))  # copies: an epoch that is broken off must not reach in
            bar.set_postfix_str(
                f"loss {train_loss:.4f}, train {epoch.train_accuracy:.2f}%, test {epoch.test_accuracy:.2f}%"
            )
            yield epoch


def _advice(run: Run, digits: int) -> str:
    single = any(row.kind == "norm" and math.prod(row.shape[1:]) == 1 for row in run.graph.rows)
    if digits % run.recipe.batch_size == 1 and single:
        return "the last batch has one digit, over which a normalisation has no deviation: take another batch_size"
    return "lower the learning rate"


def _augmented(batch: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Augmented where the recipe says so, and normalised."""
    for augment in recipe.augment:
        batch = augment(batch, generator)
    return normalize(batch)
