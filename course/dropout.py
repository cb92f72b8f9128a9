"""Dropout with a cheap mask: a third of what PyTorch's costs on a CPU, where dropout takes a fifth of a step."""

import torch
from torch import Tensor
from torch.nn import functional as F

STEPS = 256  # one random byte decides on a number


def dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """Zero each number with probability p and scale the rest by 1 / (1 - p), as `F.dropout` does; any shape.

    The generator gives 64 bits a call, one call after the other: eight numbers share one here, PyTorch takes one for each.
    """
    if not training:
        return x
    if not 1 / STEPS <= p <= 1 - 1 / STEPS or x.device.type != "cpu" or not x.is_floating_point():
        return F.dropout(x, p, training)
    if not (x.is_contiguous() or (x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last))):
        return F.dropout(x, p, training)
    limit = int(STEPS * p)  # p = 0.1 is 25.6 of 256: the limit is 26 in six calls of ten and 25 in the others
    limit += torch.rand(()).item() < STEPS * p - limit
    words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
    random = words.view(torch.uint8)[: x.numel()]
    keep = random.clamp_(limit - 1, limit).sub_(limit - 1)  # 0 or 1; making bools by `>=` takes four times as long
    mask = keep.to(x.dtype).mul_(1 / (1 - p))
    return x * mask.as_strided(x.shape, x.stride())  # in x's own memory order
