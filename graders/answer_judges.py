"""What the grader expects of a code answer, computed from the same inputs, and what a difference most likely means."""

import math

import torch
from torch.nn import functional as F

from graders import answers
from graders.outcome import Outcome, correct, not_yet


def judge_statistics(seen: dict, seed: int) -> Outcome:
    """Mean and deviation of pixels between 0 and 1."""
    pixels = answers.digits(seed, 40)[0].float() / 255
    mean, std = pixels.mean().item(), pixels.std().item()
    if _near([seen["mean"] / 255, seen["std"] / 255], [mean, std], 1e-2):
        return not_yet(
            f"saw {seen['mean']:.4g} and {seen['std']:.4g}: bring the pixels from 0..255 to 0..1 first, divide by 255"
        )
    if _near([seen["mean"], seen["std"] ** 0.5], [mean, std], 1e-3):
        return not_yet("the second number is the variance; the deviation is its root")
    if _near([seen["mean"], seen["std"]], [mean, std], 1e-3):
        return correct("mean and deviation of the pixels, scaled to 0..1")
    return not_yet(
        f"on noise saw mean {seen['mean']:.4g} and deviation {seen['std']:.4g}, expected {mean:.4g} and {std:.4g}: "
        "over all pixels of all digits at once"
    )


def judge_transform(seen: dict, seed: int) -> Outcome:
    """A picture to float32 (1, 28, 28), normalised with MNIST's mean and deviation."""
    if seen["shape"] != [1, 28, 28]:
        return not_yet(
            f"saw shape {tuple(seen['shape'])}, expected (1, 28, 28); transforms.ToTensor() adds the channel"
        )
    if seen["dtype"] != "torch.float32":
        return not_yet(f"saw {seen['dtype']}, expected torch.float32; transforms.ToTensor() gives it")
    pixels = (answers.digits(seed, 1)[0].double() / 255).flatten()
    if _near(seen["values"], ((pixels - 0.1307) / 0.3081).tolist(), 1e-4):
        return correct("a picture becomes float32 (1, 28, 28), normalised")
    if _near(seen["values"], pixels.tolist(), 1e-4):
        return not_yet(
            "the pixels are between 0 and 1 and not normalised yet: transforms.Normalize((0.1307,), (0.3081,))"
        )
    return not_yet(
        f"saw values from {min(seen['values']):.3g} to {max(seen['values']):.3g}, expected {-0.1307 / 0.3081:.3g} to "
        f"{(1 - 0.1307) / 0.3081:.3g}: ToTensor first, then Normalize((0.1307,), (0.3081,))"
    )


def judge_dataset(seen: dict, seed: int) -> Outcome:
    """Length, transformed pictures and whole-number labels."""
    images, labels = answers.digits(seed, 5)
    if seen["length"] != 5:
        return not_yet(f"made of 5 digits, saw len(dataset) {seen['length']}; __len__ counts the images")
    if not seen["given"]:
        return not_yet("the transform was never called; __getitem__ applies it to the picture")
    if not seen["given"].startswith("PIL"):
        return not_yet("the transform was given no PIL picture; Image.fromarray(image.numpy()) makes one")
    if seen["labels"] != labels.tolist():
        return not_yet(f"saw the labels {seen['labels']}, expected {labels.tolist()}")
    if not _near([x for item in seen["values"] for x in item], images.double().flatten().tolist(), 1e-6):
        return not_yet("the pictures are not those of the images, in their order; dataset[i] is digit i")
    return correct("length, pictures and labels are right, and the transform is applied")


def judge_loaders(seen: dict, seed: int) -> Outcome:
    """Shuffled batches for training, ordered ones for testing, none dropped."""
    for name, count in (("train", 37), ("test", 21)):
        sizes = [len(batch) for batch in seen[name]]
        flat = [label for batch in seen[name] for label in batch]
        if sizes[:-1] != [8] * (len(sizes) - 1) or not sizes:
            return not_yet(f"asked for batches of 8, the {name} loader gave {sizes}; pass batch_size on")
        if sorted(flat) != list(range(count)):
            return not_yet(f"the {name} loader gave {len(flat)} of {count} digits; keep the last, smaller batch")
    train, again, test = ([label for batch in seen[name] for label in batch] for name in ("train", "again", "test"))
    if train == sorted(train) or train == again:
        return not_yet("the training loader gives the digits in the same order every time; shuffle=True")
    if test != sorted(test):
        return not_yet(
            "the test loader shuffles; that does no harm, but testing in order can be repeated: shuffle=False", 0.8
        )
    return correct("training digits shuffled anew each time, test digits in order, none left out")


def judge_train_loop(seen: dict, seed: int) -> Outcome:
    """The weights after an epoch, and the two figures, are those of the grader's own loop."""
    loss, accuracy, weights = _train(seed)
    if _near(seen["weights"], weights, 1e-3):
        return _figures(seen, loss, accuracy) or correct("weights, loss and accuracy are those of a correct epoch")
    untouched = answers.state(answers.small_network(seed))
    if _near(seen["weights"], untouched, 1e-9):
        return not_yet("after an epoch the weights are what they were: loss.backward(), then optimizer.step()")
    if _near(seen["weights"], _train(seed, zero_grad=False)[2], 1e-3):
        return not_yet("gradients of one batch add up into the next: optimizer.zero_grad() before loss.backward()")
    if _near(seen["weights"], _train(seed, train_mode=False)[2], 1e-3):
        return not_yet("the network was in evaluation mode: call network.train() at the start of the epoch")
    return not_yet(
        "after an epoch the weights are not those of a correct loop; for each batch: zero_grad, scores, cross-entropy, "
        "backward, step, and nothing else that changes weights"
    )


def judge_test_loop(seen: dict, seed: int) -> Outcome:
    """Two figures in evaluation mode, without a change to the network."""
    network = answers.small_network(seed)
    images, labels = answers.batches(seed)
    with torch.no_grad():
        network.eval()
        scores = network(images)
        loss = F.nll_loss(scores, labels).item()
        accuracy = 100 * (scores.argmax(dim=1) == labels).float().mean().item()
    if not _near(seen["weights"], answers.state(answers.small_network(seed)), 1e-9):
        return not_yet("testing changed the network: its BatchNorm was in training mode; call network.eval() first")
    wrong = _figures(seen, loss, accuracy)
    if wrong:
        return wrong
    if seen["grad"]:
        return not_yet("the figures are right, but gradients were recorded: put the loop under torch.no_grad()", 0.8)
    return correct("loss and accuracy are right, and the network is left as it was")


def judge_receptive_field(seen: dict, seed: int) -> Outcome:
    """r grows by (k - 1) times the jump, and the jump by the stride."""
    for layers, value in zip(answers.layer_lists(seed), seen["values"], strict=True):
        size, jump = 1, 1
        for kernel, stride in layers:
            size, jump = size + (kernel - 1) * jump, jump * stride
        if value != size:
            return not_yet(
                f"for (kernel, stride) {layers} saw {value:g}, expected {size}: "
                "add (kernel - 1) · jump to the size, then multiply the jump by the stride"
            )
    return correct("receptive fields are right, with strides too")


def judge_count_by_hand(seen: dict, seed: int) -> Outcome:
    """kernel² · in · out, and a bias for each channel out."""
    for (kernel, before, after, bias), value in zip(answers.convolution_settings(seed), seen["values"], strict=True):
        expected = sum(p.numel() for p in torch.nn.Conv2d(before, after, kernel, bias=bias).parameters())
        if value != expected:
            return not_yet(
                f"for a {kernel}×{kernel} convolution {before} → {after}, bias={bias}, saw {value:g}, "
                f"PyTorch's has {expected:,}"
            )
    return correct("the same numbers as PyTorch's own convolutions have")


def judge_batch_norm(seen: dict, seed: int) -> Outcome:
    """What torch's batch_norm gives in training mode."""
    x, weight, bias, eps = answers.normalisation_inputs(seed)
    if seen["shape"] != list(x.shape):
        return not_yet(f"saw shape {tuple(seen['shape'])}, expected the input's, {tuple(x.shape)}")
    expected = F.batch_norm(x, None, None, weight, bias, training=True, eps=eps).double().flatten().tolist()
    if _near(seen["values"], expected, 1e-4):
        return correct("the same as F.batch_norm in training mode")
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True)
    w, b = weight.view(1, -1, 1, 1), bias.view(1, -1, 1, 1)
    deviation = x.std((0, 2, 3), keepdim=True, correction=0)
    guesses = {
        "the variance divides by n - 1; BatchNorm divides by n: correction=0": (x - mean) * (variance + eps) ** -0.5 * w + b,
        "weight and bias are not applied yet": F.batch_norm(x, None, None, training=True, eps=eps),
        "eps stands inside the root, under the variance": (x - mean) / (deviation + eps) * w + b,
    }  # fmt: skip
    for message, guess in guesses.items():
        if _near(seen["values"], guess.double().flatten().tolist(), 1e-4):
            return not_yet(message)
    return not_yet(
        "the values differ from F.batch_norm's: mean and variance over batch, height and width, for each channel"
    )


def judge_rates(seen: dict, seed: int) -> Outcome:
    """The rate of each epoch under StepLR."""
    for (epochs, lr, step, gamma), rates in zip(answers.schedule_settings(seed), seen["values"], strict=True):
        expected = [lr * gamma ** (epoch // step) for epoch in range(epochs)]
        said = f"for {epochs} epochs from {lr} with step_size={step}, gamma={gamma}"
        if len(rates) != epochs:
            return not_yet(f"{said} saw {len(rates)} rates, expected one an epoch")
        if _near(rates, expected, 1e-9):
            continue
        if len(set(rates)) == 1:
            return not_yet(f"{said} the rate never changed: is scheduler.step() called, once an epoch?")
        if _near(rates[:-1], expected[1:], 1e-9):
            return not_yet(f"{said} every rate is one epoch late: note the rate before scheduler.step()")
        first = next(i for i, (a, b) in enumerate(zip(rates, expected, strict=True)) if not _near([a], [b], 1e-9))
        return not_yet(f"{said} saw {rates[first]:g} in epoch {first + 1}, expected {expected[first]:g}")
    return correct("the rate of every epoch is right")


def _train(seed: int, *, zero_grad: bool = True, train_mode: bool = True) -> tuple[float, float, list[float]]:
    """The grader's own epoch, or one with a usual mistake: mean loss, accuracy in percent, weights."""
    network, (images, labels) = answers.small_network(seed), answers.batches(seed)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    network.train(train_mode)
    loss_sum, right = 0.0, 0
    for batch, truth in zip(images.split(20), labels.split(20), strict=True):
        if zero_grad:
            optimizer.zero_grad()
        scores = network(batch)
        loss = F.nll_loss(scores, truth)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(truth)
        right += int((scores.argmax(dim=1) == truth).sum())
    return loss_sum / len(labels), 100 * right / len(labels), answers.state(network)


def _figures(seen: dict, loss: float, accuracy: float) -> Outcome | None:
    if len(seen["returned"]) != 2:
        return not_yet(f"saw {len(seen['returned'])} values returned, expected two: mean loss, accuracy in percent")
    saw_loss, saw_accuracy = seen["returned"]
    if _near([saw_accuracy], [accuracy / 100], 1e-4):
        return not_yet(f"saw an accuracy of {saw_accuracy:.4g}: give it in percent, {accuracy:.4g}")
    if not _near([saw_accuracy], [accuracy], 1e-3):
        return not_yet(
            f"saw an accuracy of {saw_accuracy:.4g}, expected {accuracy:.4g}: 100 · right answers / digits", 0.5
        )
    if not _near([saw_loss], [loss], 1e-3):
        return not_yet(
            f"saw a mean loss of {saw_loss:.5g}, expected {loss:.5g}: batches differ in size, so sum each batch's mean "
            "times its digits, and divide by all digits",
            0.5,
        )
    return None


def _near(seen: list[float], expected: list[float], tolerance: float) -> bool:
    return len(seen) == len(expected) and all(
        math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance) for a, b in zip(seen, expected, strict=True)
    )


JUDGE = {
    "statistics": judge_statistics,
    "transform": judge_transform,
    "dataset": judge_dataset,
    "loaders": judge_loaders,
    "train_loop": judge_train_loop,
    "test_loop": judge_test_loop,
    "field_by_hand": judge_receptive_field,
    "count_by_hand": judge_count_by_hand,
    "batch_norm_by_hand": judge_batch_norm,
    "rates": judge_rates,
}
