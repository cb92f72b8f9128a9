"""Code answers, run on the grader's inputs in the process that runs the learner's code; what they return becomes data."""

import operator
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_pre_hook

from course.errors import UsageError, one_line
from graders.answer_inputs import (
    BATCH,
    batches,
    convolution_settings,
    digits,
    layer_lists,
    normalisation_inputs,
    pictures,
    schedule_settings,
    small_network,
)
from graders.by_hand import ByHand

COMPOSED = "transforms.Compose([transforms.ToTensor(), transforms.Normalize(…)])"
TWO_FIGURES = "two numbers: mean loss, accuracy in percent"


def given(value, wanted: str):
    """What an answer returned, unless that is nothing. Raises UsageError."""
    if value is None:
        raise UsageError(f"return {wanted}, saw None: is the return missing?")
    return value


def number(value, wanted: str = "a number") -> float:
    """A number of Python, NumPy or PyTorch as a plain one. Raises UsageError."""
    try:
        return float(given(value, wanted))
    except (TypeError, ValueError, RuntimeError):
        raise UsageError(f"return {wanted}, saw {type(value).__name__}") from None


def numbers(values, wanted: str) -> list[float]:
    """Several of them, from whatever can be walked through. Raises UsageError."""
    try:
        entries = list(given(values, wanted))
    except TypeError:
        raise UsageError(f"return {wanted}, saw {type(values).__name__}") from None
    return [_entry(value, wanted) for value in entries]


def _entry(value, wanted: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        pass
    cure = ": get_last_lr()[0]" if isinstance(value, list) and "rates" in wanted else ""
    raise UsageError(f"return {wanted}: each entry should be a number, saw a {type(value).__name__}{cure}")


def pair(value, wanted: str) -> tuple:
    """A tuple or a list of two. Raises UsageError."""
    if isinstance(given(value, wanted), tuple | list) and len(value) == 2:
        return tuple(value)
    length = f" of {len(value)}" if isinstance(value, tuple | list) else ""
    raise UsageError(f"return {wanted}, saw {type(value).__name__}{length}")


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
    return {"shape": list(image.shape), "dtype": str(image.dtype), "values": _numbers(image), "random": others[:1]}


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
        "values": [_numbers(torch.as_tensor(item[0])) for item in items],
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


def ask_train_loop(answer: Callable, seed: int) -> dict:
    network, loader = small_network(seed), _loader(seed)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    network.eval()  # a loop that forgets train() shows
    returned = answer(network, loader, optimizer)
    return {"returned": numbers(returned, TWO_FIGURES), "weights": state(network)}


def ask_test_loop(answer: Callable, seed: int) -> dict:
    network = small_network(seed)
    grad = []
    network.register_forward_hook(lambda *_: grad.append(torch.is_grad_enabled()))
    network.train()
    returned = answer(network, _loader(seed))
    return {"returned": numbers(returned, TWO_FIGURES), "weights": state(network), "grad": any(grad)}


def ask_receptive_field(answer: Callable, seed: int) -> dict:
    with ByHand("a sum over the layers"):
        return {"values": [number(answer(list(layers))) for layers in layer_lists(seed)]}


def ask_count_by_hand(answer: Callable, seed: int) -> dict:
    with ByHand("a product of the settings"):
        return {"values": [number(answer(*settings)) for settings in convolution_settings(seed)]}


def ask_batch_norm(answer: Callable, seed: int) -> dict:
    x, weight, bias, eps = normalisation_inputs(seed)
    with ByHand("the mean, the variance, and what is made of them"):
        y = given(answer(x.clone(), weight, bias, eps), "the normalised tensor")
    return {"shape": list(y.shape), "values": _numbers(y)}


def ask_rates(answer: Callable, seed: int) -> dict:
    values, trained = [], []
    for settings in schedule_settings(seed):
        used: list[float] = []
        hook = register_optimizer_step_pre_hook(lambda optimizer, *_, used=used: used.append(_rate(optimizer)))
        try:
            values.append(numbers(answer(*settings), "a list of rates, one an epoch"))
        finally:
            hook.remove()
        trained.append(used)
    return {"values": values, "trained": trained}


def _rate(optimizer: Optimizer) -> float:
    """The rate that a step is about to be taken with."""
    return float(optimizer.param_groups[0]["lr"])


def state(network: nn.Module) -> list[float]:
    """Every parameter and running statistic, in order."""
    return [entry for tensor in network.state_dict().values() for entry in _numbers(tensor)]


def _loader(seed: int):
    from torch.utils.data import DataLoader, TensorDataset

    return DataLoader(TensorDataset(*batches(seed)), batch_size=BATCH)


def _numbers(tensor: Tensor) -> list[float]:
    return torch.as_tensor(tensor).detach().double().flatten().tolist()


ASK = {  # check: the definition that answers it, and how it is asked
    "statistics": ("mean_and_std", ask_statistics),
    "transform": ("make_transform", ask_transform),
    "dataset": ("DigitDataset", ask_dataset),
    "loaders": ("make_loaders", ask_loaders),
    "train_loop": ("train_epoch", ask_train_loop),
    "test_loop": ("evaluate", ask_test_loop),
    "field_by_hand": ("receptive_field", ask_receptive_field),
    "count_by_hand": ("conv_parameters", ask_count_by_hand),
    "batch_norm_by_hand": ("batch_norm", ask_batch_norm),
    "rates": ("learning_rates", ask_rates),
}
