"""Lesson 1's answers about the data, run on the grader's inputs: statistics, a transform, a dataset, loaders."""

import operator
from collections.abc import Callable

import torch

from course.errors import UsageError, one_line
from graders.answer_inputs import digits, pictures
from graders.returned import entries, given, numbers, pair

COMPOSED = "transforms.Compose([transforms.ToTensor(), transforms.Normalize(…)])"


def ask_statistics(answer: Callable, seed: int) -> dict:
    two = numbers(answer(pictures(seed)), "two numbers, mean and deviation")
    if len(two) != 2:
        raise UsageError(f"return two numbers, mean and deviation, saw {len(two)}")
    return {"mean": two[0], "std": two[1]}


def ask_transform(answer: Callable, seed: int) -> dict:
    from PIL import Image

    try:
        transform = given(answer(), "the transform, a function from a picture to a tensor")
    except TypeError as error:
        if "Compose" in str(error) and "positional" in str(error):
            raise UsageError(f"Compose was given its steps one by one, and takes one list of them: {COMPOSED}") from None
        raise
    if isinstance(transform, tuple | list):
        raise UsageError(f"saw a {type(transform).__name__} of {len(transform)} steps, expected one function: {COMPOSED}")
    steps = getattr(transform, "transforms", [transform])
    try:
        image = given(transform(Image.fromarray(digits(seed, 1)[0][0].numpy())), "from the transform a tensor")
    except (TypeError, AttributeError):
        if slip := _slip(steps):
            raise UsageError(slip) from None
        raise
    if not hasattr(image, "shape"):
        came = f"the transform gave {type(image).__name__}, expected a tensor: transforms.ToTensor() makes one of a picture"
        raise UsageError(_slip(steps) or came)
    names = [type(step).__name__ for step in steps] if isinstance(steps, tuple | list) else []
    others = [name for name in names if name.startswith("Random")]
    return {"shape": list(image.shape), "dtype": str(image.dtype), "values": entries(image), "random": others[:1]}


def _slip(steps) -> str:
    """What is wrong with the steps of a transform that fails; empty where that is not seen."""
    if not isinstance(steps, tuple | list):
        return f"Compose was given one step, and takes a list of them: {COMPOSED}"
    classes = [step.__name__ for step in steps if isinstance(step, type)]
    if classes:
        return f"saw the class {classes[0]}, expected an object made of it, with brackets behind its name: {classes[0]}()"
    names = [type(step).__name__ for step in steps]
    if "Normalize" not in names:
        return ""
    if "ToTensor" not in names:
        return f"saw Normalize without ToTensor, and it takes tensors, no pictures: {COMPOSED}"
    if names.index("Normalize") < names.index("ToTensor"):
        return "saw Normalize before ToTensor: ToTensor first, then Normalize, which takes tensors and no pictures"
    return ""


def ask_dataset(answer: Callable, seed: int) -> dict:
    import numpy as np

    images, labels = digits(seed, 5)
    kinds = []

    def look(image):
        kinds.append(type(image).__module__)
        return torch.from_numpy(np.array(image)).float()

    dataset = answer(images, labels, look)
    items = [_item(pair(dataset[i], "from __getitem__ a picture and its label")) for i in range(5)]
    return {
        "length": len(dataset),
        "given": kinds[0] if kinds else "",
        "values": [entries(torch.as_tensor(item[0])) for item in items],
        "labels": [_whole(item[1]) for item in items],
        "without_transform": _fails(lambda: answer(images, labels)[0]),
    }


def _item(item: tuple) -> tuple:
    """A picture and its label, unless it shows that something else is there. Raises UsageError."""
    if _size(item[0]) == 1 and _size(item[1]) > 1:
        raise UsageError("__getitem__ gives the label first: return the picture, then its label")
    if type(item[0]).__module__.startswith("PIL"):
        raise UsageError(
            "the picture is still a PIL picture, although there is a transform: keep what it gives, image = self.transform(image)"
        )
    return item


def _size(thing) -> int:
    """How many numbers it holds; of what holds none, 0."""
    try:
        return torch.as_tensor(thing).numel()
    except (TypeError, ValueError, RuntimeError):
        return 784 if type(thing).__module__.startswith("PIL") else 0


def _whole(label) -> int:
    """A label of Python, NumPy or PyTorch, if it is a whole number. Raises UsageError."""
    try:
        return operator.index(label)
    except TypeError:
        raise UsageError(f"the label of an item should be a whole number, saw {type(label).__name__}: int(label)") from None


def _fails(attempt: Callable) -> str:
    """What an attempt ends in, where it ends in an error."""
    try:
        attempt()
    except Exception as error:
        return f"{type(error).__name__}: {one_line(error)}"
    return ""


def ask_loaders(answer: Callable, seed: int) -> dict:
    train, test = ([(torch.zeros(1, 28, 28), i) for i in range(count)] for count in (37, 21))
    train_loader, test_loader = pair(answer(train, test, batch_size=8), "two loaders, training first")
    asked = {"train": train_loader, "again": train_loader, "test": test_loader, "test_again": test_loader}
    return {name: [labels.tolist() for _, labels in loader] for name, loader in asked.items()}
