"""What is to be written out is not answered by a call of what does it all; arithmetic of any kind is."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from graders.probes import ask

CALLED = {
    "batch_norm_by_hand, the function": lambda x, w, b, eps=1e-5: F.batch_norm(x, None, None, w, b, True, eps=eps),
    "batch_norm_by_hand, the layer": lambda x, w, b, eps=1e-5: nn.BatchNorm2d(x.shape[1], eps, affine=False)(x),
    "count_by_hand, the layer": lambda k, i, o, bias: sum(p.numel() for p in nn.Conv2d(i, o, k, bias=bias).parameters()),
    "field_by_hand, the function": lambda layers: F.conv2d(torch.ones(1, 1, 99, 99), torch.ones(1, 1, 3, 3)).sum(),
}
NAMES = {"batch_norm_by_hand": "batch_norm", "count_by_hand": "conv_parameters", "field_by_hand": "receptive_field"}


def answered(check: str, answer: Callable) -> dict:
    return ask(check, {NAMES[check]: answer}, {"seed": 4})


@pytest.mark.parametrize("name", CALLED)
def test_what_does_it_all_is_no_answer(name: str) -> None:
    assert "written out" in answered(name.partition(",")[0], CALLED[name])["message"]


def test_a_tensor_to_be_filled_is_an_answer() -> None:
    def batch_norm(x, weight, bias, eps=1e-5):
        y = torch.empty(*x.shape)
        for c in range(x.shape[1]):
            y[:, c] = (x[:, c] - x[:, c].mean()) / (x[:, c].var(correction=0) + eps).sqrt() * weight[c] + bias[c]
        return y

    assert "values" in answered("batch_norm_by_hand", batch_norm)


def test_arithmetic_with_tensors_is_an_answer() -> None:
    count = answered("count_by_hand", lambda k, i, o, bias: torch.tensor([k, k, i, o]).prod() + (o if bias else 0))
    norm = answered("batch_norm_by_hand", lambda x, w, b, eps=1e-5: (x - x.mean((0, 2, 3), keepdim=True)) / x.new_ones(1))
    assert "values" in count and "values" in norm
