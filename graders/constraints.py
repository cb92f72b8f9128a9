"""The four rules, applied to a graph, a recipe and, where there are any, trained weights."""

import secrets
from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from course.counting import count_parameters
from course.data import Data
from course.errors import counted
from course.evaluation import scores
from course.graph import Graph
from course.rebuild import Network
from course.recipe import Recipe
from course.submission import Epoch
from graders.fully_connected import find_fully_connected
from graders.verdict import ACCURACY_LIMIT, EPOCHS_LIMIT, FULLY_CONNECTED_LIMIT, PARAMETERS_LIMIT, Constraint

MOST_TURNED = 1  # of 500 digits, whose answer rounding may turn: scores tie for fewer
NO_WEIGHTS = "not assessed: no trained weights"


def judge_structure(graph: Graph, recipe: Recipe, accuracy: Constraint | None = None) -> dict[str, Constraint]:
    """All four constraints; accuracy is given, or not assessed."""
    return {
        "accuracy": accuracy or Constraint(None, None, ACCURACY_LIMIT, NO_WEIGHTS),
        "parameters": judge_parameters(graph),
        "epochs": judge_epochs(recipe),
        "fully_connected": judge_fully_connected(graph),
    }


def judge_parameters(
    graph: Graph, constants: Collection[str] = (), beside: Mapping[str, int] | None = None
) -> Constraint:
    """Rule 2: fewer than 20,000 learned numbers; `constants` are values that were seen to be no image's, and `beside` says
    how many such numbers other values have.
    """
    count = count_parameters(graph, constants, beside)
    if count < PARAMETERS_LIMIT:
        return Constraint(True, count, PARAMETERS_LIMIT, f"{count:,} parameters, fewer than {PARAMETERS_LIMIT:,}")
    largest = max(graph.rows, key=lambda row: row.parameters)
    where = f" at {largest.at}" if largest.at else ""
    return Constraint(
        False, count, PARAMETERS_LIMIT,
        f"{count:,} parameters, and the rule asks for fewer than {PARAMETERS_LIMIT:,}; the most, "
        f"{largest.parameters:,}, are in {largest.name}{where}: fewer channels there help most",
    )  # fmt: skip


def judge_epochs(recipe: Recipe) -> Constraint:
    """Rule 3: fewer than 20 passes over the training digits."""
    epochs = recipe.epochs
    if epochs < EPOCHS_LIMIT:
        return Constraint(True, epochs, EPOCHS_LIMIT, f"{counted(epochs, 'epoch')}, fewer than {EPOCHS_LIMIT}")
    return Constraint(
        False, epochs, EPOCHS_LIMIT,
        f"{epochs} epochs, and the rule asks for fewer than {EPOCHS_LIMIT}; set epochs={EPOCHS_LIMIT - 1} or less",
    )  # fmt: skip


def judge_fully_connected(graph: Graph, constants: dict[str, Tensor] | None = None) -> Constraint:
    """Rule 4: no fully connected layer, and none in disguise; `constants` are values that were seen to be no image's."""
    found = find_fully_connected(graph, constants)
    if not found:
        return Constraint(True, 0, FULLY_CONNECTED_LIMIT, "no fully connected layer, and none in disguise")
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return Constraint(False, len(found), FULLY_CONNECTED_LIMIT, f"{first.where}: {first.message}{more}")


def judge_accuracy(
    network: Network, data: Data, history: tuple[Epoch, ...] = (), carries: str = "", epoch: int | None = None
) -> Constraint:
    """Rule 1: at least 9,940 of MNIST's 10,000 test digits, counted here, with these weights."""
    answers = scores(network, data.test_images)
    if tuple(answers.shape) != (len(data.test_labels), 10):
        return Constraint(
            False, None, ACCURACY_LIMIT,
            f"the network should give ten scores a digit, shape {(len(data.test_labels), 10)}; saw {tuple(answers.shape)}",
        )  # fmt: skip
    if not torch.isfinite(answers).all():
        return Constraint(False, 0.0, ACCURACY_LIMIT, "the network's scores are not all finite numbers; train it again")
    if depends_on_batch(network, data.test_images, answers):
        return Constraint(
            False, None, ACCURACY_LIMIT,
            "its answer to a digit changes with the other digits of the batch; each should be answered alone",
        )  # fmt: skip
    correct = int((answers.argmax(dim=1) == data.test_labels).sum())
    total = len(data.test_labels)
    needed = int(-(-total * ACCURACY_LIMIT // 100))
    value = 100 * correct / total
    said = f"{correct:,} of {total:,} test digits ({value:.2f}%)"
    if carries:
        last = history[-1]
        said += f" with the weights of the {carries} epoch, {epoch} of {len(history)}"
        if carries == "best":
            said += f"; the last epoch's history says {last.test_accuracy:.2f}%"
        if abs(history[(epoch or 0) - 1].test_correct - correct) > 5:
            said += f"; its history claims {history[(epoch or 0) - 1].test_correct:,} for that epoch"
    if correct >= needed:
        return Constraint(True, value, ACCURACY_LIMIT, said)
    return Constraint(False, value, ACCURACY_LIMIT, f"{said}: {needed - correct:,} digits short of {needed:,}")


def depends_on_batch(network: Network, images: Tensor, answers: Tensor) -> bool:
    """Whether a digit's scores change with its company: the same digits again, shuffled, in batches of another size.

    Which digits these are nobody knows beforehand. Scores may differ by rounding, since kernels sum in another order for
    another batch; by no more than that, whatever the size of the scores.
    """
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(secrets.randbits(60)))[:500]
    before, again = answers[order], scores(network, images[order], batch_size=37)  # a size that divides nothing
    if int((before.argmax(dim=1) != again.argmax(dim=1)).sum()) > MOST_TURNED:
        return True
    size = max(1e-3, float((before.amax(dim=1) - before.amin(dim=1)).median()))
    return not torch.allclose(again / size, before / size, rtol=1e-2, atol=1e-2)
