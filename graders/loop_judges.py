"""What the grader expects of lesson 1's two loops, and what a difference most likely means."""

import torch
from torch.nn import functional as F

from graders import answer_inputs
from graders.near import near
from graders.outcome import Outcome, correct, not_yet
from graders.returned import state


def judge_train_loop(seen: dict, seed: int) -> Outcome:
    """The weights after an epoch, and the two figures, are those of the grader's own loop."""
    loss, accuracy, weights = _train(seed)
    if near(seen["weights"], weights, 1e-3):
        return _figures(seen, loss, accuracy) or correct("weights, loss and accuracy are those of a correct epoch")
    untouched = state(answer_inputs.small_network(seed))
    if near(seen["weights"], untouched, 1e-9):
        return not_yet("after an epoch the weights are what they were: loss.backward(), then optimizer.step()")
    if near(seen["weights"], _train(seed, zero_grad=False)[2], 1e-3):
        return not_yet("gradients of one batch add up into the next: optimizer.zero_grad() before loss.backward()")
    if near(seen["weights"], _train(seed, train_mode=False)[2], 1e-3):
        return not_yet("the network was in evaluation mode: call network.train() at the start of the epoch")
    return not_yet(
        "after an epoch the weights are not those of a correct loop; for each batch: zero_grad, scores, cross-entropy, "
        "backward, step, and nothing else that changes weights"
    )


def judge_test_loop(seen: dict, seed: int) -> Outcome:
    """Two figures in evaluation mode, without a change to the network."""
    network = answer_inputs.small_network(seed)
    images, labels = answer_inputs.batches(seed)
    with torch.no_grad():
        network.eval()
        scores = network(images)
        loss = F.nll_loss(scores, labels).item()
        accuracy = 100 * (scores.argmax(dim=1) == labels).float().mean().item()
    if not near(seen["weights"], state(answer_inputs.small_network(seed)), 1e-9):
        return not_yet("testing changed the network: its BatchNorm was in training mode; call network.eval() first")
    wrong = _figures(seen, loss, accuracy)
    if wrong:
        return wrong
    if seen["grad"]:
        return not_yet("the figures are right, but gradients were not switched off: put the loop under torch.no_grad()", 0.8)
    return correct("loss and accuracy are right, and the network is left as it was")


def _train(seed: int, *, zero_grad: bool = True, train_mode: bool = True) -> tuple[float, float, list[float]]:
    """The grader's own epoch, or one with a usual mistake: mean loss, accuracy in percent, weights."""
    network, (images, labels) = answer_inputs.small_network(seed), answer_inputs.batches(seed)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    network.train(train_mode)
    loss_sum, right = 0.0, 0
    for batch, truth in zip(images.split(answer_inputs.BATCH), labels.split(answer_inputs.BATCH), strict=True):
        if zero_grad:
            optimizer.zero_grad()
        scores = network(batch)
        loss = F.nll_loss(scores, truth)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(truth)
        right += int((scores.argmax(dim=1) == truth).sum())
    return loss_sum / len(labels), 100 * right / len(labels), state(network)


def _figures(seen: dict, loss: float, accuracy: float) -> Outcome | None:
    if len(seen["returned"]) != 2:
        return not_yet(f"saw {len(seen['returned'])} values returned, expected two: mean loss, accuracy in percent")
    saw_loss, saw_accuracy = seen["returned"]
    if near([saw_accuracy], [loss], 1e-3) and any(near([saw_loss], [accuracy / by], 1e-3) for by in (1, 100)):
        return not_yet("saw the accuracy first: return the mean loss, then the accuracy in percent", 0.5)
    if not near([saw_accuracy], [accuracy], 1e-3):
        if near([saw_accuracy], [accuracy / 100], 1e-4):
            return not_yet(f"saw an accuracy of {saw_accuracy:.4g}: give it in percent, {accuracy:.4g}")
        return not_yet(
            f"saw an accuracy of {saw_accuracy:.4g}, expected {accuracy:.4g}: 100 · right answers / digits", 0.5
        )
    if not near([saw_loss], [loss], 1e-4):
        return not_yet(
            f"saw a mean loss of {saw_loss:.5g}, expected {loss:.5g}: batches differ in size, so sum each batch's mean "
            "times its digits, and divide by all digits",
            0.5,
        )
    return None
