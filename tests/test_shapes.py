"""Shapes by formula are those that PyTorch computes."""

import itertools

import pytest
import torch
from torch.nn import functional as F

from course.known_shapes import avg_pool2d, batch_norm, conv2d, max_pool2d, softmax

SETTINGS = list(itertools.product([1, 2, 3, (3, 2)], [1, 2, (2, 1)], [0, 1, (1, 0)], [1, 2]))  # kernel, stride, padding, dilation


def outcome(function, *arguments):
    """A shape, or that it is refused."""
    try:
        return tuple(function(*arguments).shape)
    except (RuntimeError, ValueError, IndexError):
        return "refused"


def kernel_of(kernel) -> tuple[int, int]:
    return kernel if isinstance(kernel, tuple) else (kernel, kernel)


@pytest.mark.parametrize("side", [1, 4, 13])
def test_a_convolutions_shape_is_pytorchs(side: int) -> None:
    for (kernel, stride, padding, dilation), groups in itertools.product(SETTINGS, (1, 2)):
        x, weight = torch.zeros(2, 4, side, side + 1), torch.zeros(6, 4 // groups, *kernel_of(kernel))
        arguments = x, weight, torch.zeros(6), stride, padding, dilation, groups
        meta = [item.to("meta") if isinstance(item, torch.Tensor) else item for item in arguments]
        assert outcome(conv2d, *meta) == outcome(F.conv2d, *arguments), arguments[3:]


@pytest.mark.parametrize("side", [1, 4, 13])
def test_a_poolings_shape_is_pytorchs(side: int) -> None:
    for kernel, stride, padding, dilation in SETTINGS:
        x = torch.zeros(2, 4, side, side + 1)
        meta = x.to("meta")
        for ceil_mode in (False, True):
            settings = kernel, stride, padding, dilation, ceil_mode
            assert outcome(max_pool2d, meta, *settings) == outcome(F.max_pool2d, x, *settings), settings
            settings = kernel, stride, padding, ceil_mode
            assert outcome(avg_pool2d, meta, *settings) == outcome(F.avg_pool2d, x, *settings), settings


def test_a_pool_without_a_stride_steps_by_its_kernel() -> None:
    assert max_pool2d(torch.zeros(2, 4, 7, 7, device="meta"), [2, 2]).shape == (2, 4, 3, 3)


@pytest.mark.parametrize("weight", [(6, 3, 3, 3), (6, 4, 9, 9), (6, 4, 3)], ids=["channels", "too large", "axes"])
def test_a_convolution_that_does_not_fit_is_refused(weight: tuple[int, ...]) -> None:
    x = torch.zeros(2, 4, 8, 8)
    assert outcome(conv2d, x.to("meta"), torch.zeros(weight, device="meta")) == "refused"
    assert outcome(F.conv2d, x, torch.zeros(weight)) == "refused"


def test_a_normalisation_of_other_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="8 channels, and gets 4"):
        batch_norm(torch.zeros(2, 4, 5, 5, device="meta"), *[torch.zeros(8, device="meta")] * 4)


def test_a_softmax_along_no_axis_is_refused() -> None:
    with pytest.raises(IndexError):
        softmax(torch.zeros(2, 10, device="meta"), 2)
