"""Code answers, run on the grader's inputs in the process that runs the learner's code; what they return becomes data."""

from collections.abc import Callable

import torch
from torch.optim.optimizer import Optimizer, register_optimizer_step_pre_hook

from graders.answer_inputs import (
    BATCH,
    batches,
    convolution_settings,
    layer_lists,
    normalisation_inputs,
    schedule_settings,
    small_network,
)
from graders.by_hand import ByHand
from graders.data_answers import ask_dataset, ask_loaders, ask_statistics, ask_transform
from graders.returned import entries, given, number, numbers, state

TWO_FIGURES = "two numbers: mean loss, accuracy in percent"


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
    return {"shape": list(y.shape), "values": entries(y)}


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


def _loader(seed: int):
    from torch.utils.data import DataLoader, TensorDataset

    return DataLoader(TensorDataset(*batches(seed)), batch_size=BATCH)


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
