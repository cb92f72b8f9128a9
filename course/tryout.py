"""Build and run a network as it stands, before it is written down: does it answer at all, and where does it fail."""

import copy
import inspect
import re
from collections.abc import Callable, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from course.errors import GraphError, is_unwritten, one_line

UNWRITTEN = "Not complete yet: write your code where the last arrow points, in place of `raise NotImplementedError`."

ADVICE = {  # by a sign in what PyTorch says
    "is invalid for input of size": "does a view name a batch size? Write x.size(0) there",
    "CUDA|NVIDIA": (
        'leave devices out of the network, which is looked at on the CPU; fit(Net, recipe, data, device="cuda") puts it on a GPU'
    ),
    r"before Module\.__init__\(\)": "begin __init__ with super().__init__()",
}


def _advice(error: Exception) -> str:
    return next((f"; {advice}" for sign, advice in ADVICE.items() if re.search(sign, str(error))), "")


def instance(network) -> nn.Module:
    """The network, given as a class built without arguments or as a module, on the CPU; GraphError where it is neither."""
    if isinstance(network, type) and issubclass(network, nn.Module):
        try:
            network = network()
        except Exception as error:
            if is_unwritten(error):
                error.add_note(UNWRITTEN)
                raise
            what = "cannot be built" if _takes_nothing(network) else "needs arguments: give each a default"
            said = f"{type(error).__name__}: {one_line(error)}"
            raise GraphError(f"{network.__name__}() {what} ({said}){_advice(error)}") from error
    if not isinstance(network, nn.Module):
        advice = "; write one, whose __init__ calls super().__init__() and makes the layers"
        raise GraphError(
            f"expected a class that inherits from nn.Module, saw {type(network).__name__}{advice if callable(network) else ''}"
        )
    tensors = [*network.parameters(), *network.buffers()]
    return network if all(tensor.device.type == "cpu" for tensor in tensors) else copy.deepcopy(network).cpu()


def expect_registered(module: nn.Module, constants: Sequence[torch.Tensor]) -> None:
    """Refuse layers and parameters that PyTorch doesn't see, so that no optimiser would train them; `constants` are what forward
    uses besides what it sees.
    """
    for part in module.modules():
        for name, held in vars(part).items():
            hidden = [] if name in ("_parameters", "_buffers", "_modules") else _parameters_in(held)
            if any(torch.equal(one, constant) for one in hidden for constant in constants if one.shape == constant.shape):
                raise GraphError(
                    f"self.{name} is a plain {type(held).__name__}, and PyTorch does not see the layers in it: they would never "
                    "be trained; use nn.ModuleList(…) or nn.Sequential(…), for parameters nn.ParameterList(…)"
                )


def _parameters_in(held) -> list[torch.Tensor]:
    """The parameters in a list, a tuple or a dict of layers, however deep."""
    if isinstance(held, dict):
        held = list(held.values())
    if not isinstance(held, list | tuple):
        return []
    found: list[torch.Tensor] = []
    for item in held:
        match item:
            case nn.Parameter():
                found.append(item)
            case nn.Module():
                found += item.parameters()
            case _:
                found += _parameters_in(item)
    return found


def _takes_nothing(network: type) -> bool:
    try:
        inspect.signature(network).bind()
    except TypeError:
        return False
    return True


def try_out(module: nn.Module) -> dict[int, torch.Tensor]:
    """Run the network as it stands on three batch sizes; what it answers is what the graph must answer."""
    answers = {}
    called: list[list[nn.Module]] = []
    for count in (5, 4, 3):  # odd sizes, so that a batch size written into `view` shows, and one that can be halved
        try:
            with torch.no_grad(), _following(module) as place, _strangers(module) as strangers:
                answers[count] = module(digits(count))
        except Exception as error:
            if is_unwritten(error):
                error.add_note(UNWRITTEN)
                raise
            raise GraphError(
                f"forward failed on a batch of {count} digits, shape ({count}, 1, 28, 28): "
                f"{type(error).__name__}: {one_line(error)}{_advice(error)}{place()}"
            ) from error
        if not isinstance(answers[count], torch.Tensor):
            missing = ": is the return missing?" if answers[count] is None else ""
            raise GraphError(f"forward should return one tensor, saw {type(answers[count]).__name__}{missing}")
        called.append(strangers)
    anew = [part for part in called[-1] if all(part is not other for other in called[0])]
    if anew:
        name = type(anew[0]).__name__
        raise GraphError(
            f"forward makes a new {name} each time, so that it would never be trained; make it once, in __init__: "
            f"self.{name.lower()} = nn.{name}(…)"
        )
    return answers


@contextmanager
def _strangers(module: nn.Module):
    """Gives the layers that a forward pass calls with parameters that the network does not hold."""
    own, called = {id(parameter) for parameter in module.parameters()}, list[nn.Module]()

    def note(part, inputs):
        if any(id(parameter) not in own for parameter in part.parameters()):
            called.append(part)

    hook = nn.modules.module.register_module_forward_pre_hook(note)
    try:
        yield called
    finally:
        hook.remove()


def digits(count: int) -> torch.Tensor:
    """Noise in the shape of digits, (count, 1, 28, 28), the same each time."""
    return torch.randn(count, 1, 28, 28, generator=torch.Generator().manual_seed(count))


@contextmanager
def _following(module: nn.Module):
    """Gives a function that says how far a forward pass came: in which part it is, or which part ended last."""
    said = ""

    def leave(name, output):
        nonlocal said
        is_tensor = isinstance(output, torch.Tensor)
        said = f"; {name} was the last part to give its output, shape {tuple(output.shape)}" if is_tensor else ""

    with parts_begun(module, leave) as begun:
        yield lambda: f"; it failed in {begun[-1][0]}, which was given the shape {_shape(begun[-1][1])}" if begun else said


def _shape(inputs: tuple) -> tuple:
    return tuple(inputs[0].shape) if inputs and isinstance(inputs[0], torch.Tensor) else ()


@contextmanager
def parts_begun(module: nn.Module, left: Callable = lambda name, output: None):
    """Gives a list of the parts that a forward pass is in, the innermost last: the name of each, and what it was given.

    `left(name, output)` is called when a part has given its output.
    """
    names = {part: name for name, part in module.named_modules() if name}
    begun: list[tuple[str, tuple]] = []

    def enter(part, inputs):
        if part in names:
            begun.append((names[part], inputs))

    def leave(part, inputs, output):
        if part in names:
            begun.pop()
            left(names[part], output)

    hooks = [
        nn.modules.module.register_module_forward_pre_hook(enter),
        nn.modules.module.register_module_forward_hook(leave),
    ]
    try:
        yield begun
    finally:
        for hook in hooks:
            hook.remove()
