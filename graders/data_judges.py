"""What the grader expects of lesson 1's answers about data, and what a difference most likely means."""

from collections.abc import Iterator

from course.data import MNIST_MEAN, MNIST_STD, load_practice_digits
from graders import answer_inputs
from graders.near import near
from graders.outcome import Outcome, correct, not_yet


def judge_statistics(seen: dict, seed: int) -> Outcome:
    """Mean and deviation of pixels between 0 and 1."""
    pixels = answer_inputs.pictures(seed).float() / 255
    mean, std = pixels.mean().item(), pixels.std().item()
    if near([seen["mean"] / 255, seen["std"] / 255], [mean, std], 1e-2):
        return not_yet(
            f"saw {seen['mean']:.4g} and {seen['std']:.4g}: bring the pixels from 0..255 to 0..1 first, divide by 255"
        )
    if near([seen["mean"], seen["std"] ** 0.5], [mean, std], 1e-3):
        return not_yet("the second number is the variance; the deviation is its root")
    if near([seen["mean"], seen["std"]], [mean, std], 1e-3):
        return correct("mean and deviation of the pixels, scaled to 0..1")
    if near([seen["std"], seen["mean"]], [mean, std], 1e-3):
        return not_yet("saw the deviation first: return the mean, then the deviation")
    if near([seen["mean"], seen["std"]], [mean * 255 / 256, std * 255 / 256], 1e-4):
        return not_yet("the pixels were divided by 256; the largest is 255, and should become 1: divide by 255")
    whole = (pixels == 1).float()
    if near([seen["mean"], seen["std"]], [whole.mean().item(), whole.std().item()], 1e-3):
        return not_yet("// 255 leaves whole numbers only, 0 or 1: divide with a single /")
    if near([seen["mean"], seen["std"]], [MNIST_MEAN, MNIST_STD], 1e-3):
        return not_yet(
            f"saw MNIST's own {seen['mean']:.4g} and {seen['std']:.4g}, whatever the images are: compute both from `images`"
        )
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
    if seen.get("random"):
        return not_yet(f"saw {seen['random'][0]} in it: this transform changes no picture by chance; leave it out")
    pixels = (answer_inputs.digits(seed, 1)[0].double() / 255).flatten()
    for mean, std in statistics():
        if near(seen["values"], ((pixels - mean) / std).tolist(), 5e-4):  # four decimals of both, or all of them
            return correct("a picture becomes float32 (1, 28, 28), normalised")
    if near(seen["values"], pixels.tolist(), 1e-4):
        return not_yet(
            "the pixels are between 0 and 1 and not normalised yet: transforms.Normalize((0.1307,), (0.3081,))"
        )
    if near(seen["values"], ((pixels - MNIST_MEAN) / MNIST_STD).tolist(), 2e-2):
        return not_yet(f"close: mean and deviation have four decimals, {MNIST_MEAN:.4f} and {MNIST_STD:.4f}")
    return not_yet(
        f"saw values from {min(seen['values']):.3g} to {max(seen['values']):.3g}, expected {-0.1307 / 0.3081:.3g} to "
        f"{(1 - 0.1307) / 0.3081:.3g}: ToTensor first, then Normalize((0.1307,), (0.3081,))"
    )


def statistics() -> Iterator[tuple[float, float]]:
    """Mean and deviation of MNIST's training digits, and of those that an answer meets which asks where MNIST is not at hand."""
    yield MNIST_MEAN, MNIST_STD
    pixels = load_practice_digits().train_images.float() / 255
    yield pixels.mean().item(), pixels.std().item()


def judge_dataset(seen: dict, seed: int) -> Outcome:
    """Length, transformed pictures and whole-number labels."""
    images, labels = answer_inputs.digits(seed, 5)
    if seen["length"] != 5:
        return not_yet(f"made of 5 digits, saw len(dataset) {seen['length']}; __len__ counts the images")
    if not seen["given"]:
        return not_yet("the transform was never called; __getitem__ applies it to the picture")
    if not seen["given"].startswith("PIL"):
        return not_yet("the transform was given no PIL picture; Image.fromarray(image.numpy()) makes one")
    if seen["labels"] != labels.tolist():
        return not_yet(f"saw the labels {seen['labels']}, expected {labels.tolist()}")
    if not near([x for item in seen["values"] for x in item], images.double().flatten().tolist(), 1e-6):
        return not_yet("the pictures are not those of the images, in their order; dataset[i] is digit i")
    if seen["without_transform"]:
        return not_yet(f"right with a transform; without one, dataset[0] gave {seen['without_transform']}", 0.8)
    return correct("length, pictures and labels are right, and the transform is applied")


def judge_loaders(seen: dict, seed: int) -> Outcome:
    """Shuffled batches for training, ordered ones for testing, none dropped."""
    given = {name: sorted(label for batch in seen[name] for label in batch) for name in ("train", "test")}
    training, testing = list(range(37)), list(range(21))
    if given == {"train": testing, "test": training}:
        return not_yet("saw the test loader first: return the training loader, then the test loader")
    for name, other, what in (("train", testing, "test"), ("test", training, "training")):
        if given[name] == other:
            return not_yet(f"the {name} loader gives the {len(other)} {what} digits: make it of {name}_set")
    for name, count in (("train", 37), ("test", 21)):
        sizes = [len(batch) for batch in seen[name]]
        flat = [label for batch in seen[name] for label in batch]
        larger = name == "test" and sizes[:1] > [8]  # as is usual: nothing is learned from them
        if not larger and (sizes[:1] != [8] or sizes[:-1] != [8] * (len(sizes) - 1)):
            return not_yet(f"asked for batches of 8, the {name} loader gave {sizes}; pass batch_size on")
        if sorted(flat) != list(range(count)):
            return not_yet(f"the {name} loader gave {len(flat)} of {count} digits; keep the last, smaller batch")
    for name, second in (("train", "again"), ("test", "test_again")):
        first, then = (sum(map(len, seen[which])) for which in (name, second))
        if first != then:
            return not_yet(
                f"in a second epoch the {name} loader gave {then} digits, {first} in the first: return the DataLoader itself; "
                "iter(…) of it is used up after one"
            )
    train, again, test = ([label for batch in seen[name] for label in batch] for name in ("train", "again", "test"))
    if train == sorted(train) or train == again:
        return not_yet("the training loader gives the digits in the same order every time; shuffle=True")
    if test != sorted(test):
        return not_yet(
            "the test loader shuffles; that does no harm, but testing in order can be repeated: shuffle=False", 0.8
        )
    return correct("training digits shuffled anew each time, test digits in order, none left out")
