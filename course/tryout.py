"""Run a network as it stands, before it is written down: does it answer at all, and where does it fail."""

from contextlib import contextmanager

import torch
from torch import nn

from course.errors import GraphError, one_line

UNWRITTEN = "Not complete yet: write your code where the last arrow points, in place of `raise NotImplementedError`."


def try_out(module: nn.Module) -> dict[int, torch.Tensor]:
    """Run the network as it stands on two batch sizes; what it answers is what the graph must answer."""
    answers = {}
    for count in (5, 3):  # odd sizes, so that a batch size written into `view` shows
        try:
            with torch.no_grad(), _following(module) as place:
                answers[count] = module(digits(count))
        except NotImplementedError as error:
            error.add_note(UNWRITTEN)
            raise
        except Exception as error:
            advice = ""
            if "is invalid for input of size" in str(error):
                advice = "; does a view name a batch size? Write x.size(0) there"
            raise GraphError(
                f"forward failed on a batch of {count} digits, shape ({count}, 1, 28, 28): "
                f"{type(error).__name__}: {one_line(error)}{advice}{place()}"
            ) from error
        if not isinstance(answers[count], torch.Tensor):
            raise GraphError(f"forward should return one tensor, saw {type(answers[count]).__name__}")
    return answers


def digits(count: int) -> torch.Tensor:
    """Noise in the shape of digits, (count, 1, 28, 28), the same each time."""
    return torch.randn(count, 1, 28, 28, generator=torch.Generator().manual_seed(count))


@contextmanager
def _following(module: nn.Module):
    """Gives a function that says how far a forward pass came: in which part it is, or which part ended last."""
    names = {part: name for name, part in module.named_modules() if name}
    begun: list[tuple[str, tuple]] = []
    said = ""

    def enter(part, inputs):
        if part in names:
            begun.append(
                (names[part], tuple(inputs[0].shape) if inputs and isinstance(inputs[0], torch.Tensor) else ())
            )

    def leave(part, inputs, output):
        nonlocal said
        if part in names:
            begun.pop()
            said = (
                f"; {names[part]} was the last part to give its output, shape {tuple(output.shape)}"
                if isinstance(output, torch.Tensor)
                else ""
            )

    hooks = [
        nn.modules.module.register_module_forward_pre_hook(enter),
        nn.modules.module.register_module_forward_hook(leave),
    ]
    try:
        yield lambda: f"; it failed in {begun[-1][0]}, which was given the shape {begun[-1][1]}" if begun else said
    finally:
        for hook in hooks:
            hook.remove()
