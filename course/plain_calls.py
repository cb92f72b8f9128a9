"""The calls of which a plain network consists, and the operation that each of them is, as `torch.export` writes it down.

None of them tells a size or a value: a pass of these alone does the same with any batch.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

OPERATIONS: dict[Callable, str] = {
    F.conv2d: "conv2d.default",
    F.linear: "linear.default",
    F.batch_norm: "batch_norm.default",
    F.dropout: "dropout.default",
    F.dropout2d: "feature_dropout.default",
    F.max_pool2d: "max_pool2d.default",
    F.avg_pool2d: "avg_pool2d.default",
    F.adaptive_avg_pool2d: "adaptive_avg_pool2d.default",
    F.relu: "relu.default",
    F.relu6: "relu6.default",
    F.leaky_relu: "leaky_relu.default",
    F.elu: "elu.default",
    F.selu: "selu.default",
    F.gelu: "gelu.default",
    F.silu: "silu.default",
    F.hardswish: "hardswish.default",
    F.log_softmax: "log_softmax.int",
    F.softmax: "softmax.int",
    torch.cat: "cat.default",
    Tensor.add_: "add_.Tensor",  # by which BatchNorm counts its batches
    Tensor.__add__: "add.Tensor",
    Tensor.__radd__: "add.Tensor",
    Tensor.__mul__: "mul.Tensor",
    Tensor.__rmul__: "mul.Tensor",
    Tensor.view: "view.default",
    Tensor.reshape: "reshape.default",
}
OPERATIONS |= {getattr(torch, name): f"{name}.default" for name in ("relu", "sigmoid", "tanh")}
OPERATIONS |= {getattr(Tensor, name): f"{name}.default" for name in ("relu", "sigmoid", "tanh")}
for _name in ("flatten.using_ints", "mean.dim", "log_softmax.int", "add.Tensor", "mul.Tensor"):
    for _home in (torch, Tensor):
        OPERATIONS[getattr(_home, _name.split(".")[0])] = _name

WITHOUT_BATCH = (Tensor.view, Tensor.reshape)  # plain where they leave the size of the batch open


def operation_of(function: Callable, args: tuple, kwargs: dict) -> tuple[Any, list, dict]:
    """The operation that a call is, one of `torch.ops.aten`, and its arguments as far as they are not the defaults.

    Raises an exception, of whatever kind, where the call is not plain.
    """
    name = OPERATIONS[function]
    if function in WITHOUT_BATCH:
        args = (args[0], args[1] if isinstance(args[1], list | tuple) else args[1:])
        assert args[1][0] == -1
    args, given = _named(function, args, kwargs)
    if given.pop("inplace", False):
        name = name.replace(".", "_.")
    if isinstance(given.get("padding", args[4] if len(args) > 4 else 0), str):
        name = "conv2d.padding"
    operation = _overload(name)
    arguments = operation._schema.arguments
    given |= zip((argument.name for argument in arguments), args, strict=False)
    assert len(args) <= len(arguments)
    written, by_name = [], {}
    for argument in arguments:
        is_given = argument.name in given
        value = _value(argument, given.pop(argument.name) if is_given else argument.default_value)
        if not argument.kwarg_only:
            written.append(value)
        elif is_given and value != argument.default_value:
            by_name[argument.name] = value
    assert not given
    for argument in reversed([one for one in arguments if not one.kwarg_only]):
        default = argument.default_value
        if not argument.has_default_value() or (type(written[-1]), written[-1]) != (type(default), default):
            break
        written.pop()
    return operation, written, by_name


@cache
def _overload(name: str):
    base, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, base), overload)


def _named(function: Callable, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """Arguments by position and by name, as the operation has them."""
    if function is F.max_pool2d:  # one of two functions, by its last argument
        return args, {key: value for key, value in kwargs.items() if key != "return_indices" or value}
    if not inspect.isfunction(function):  # written in C++: its arguments are the operation's
        return args, dict(kwargs)
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    given = dict(bound.arguments)
    if function is F.batch_norm:
        return (), given | {"cudnn_enabled": True}
    given.pop("_stacklevel", None)
    return (given.pop("input"),), {"train" if name == "training" else name: value for name, value in given.items()}


def _value(argument, value):
    """A value as the operation takes it: one number for all sides is a list of them."""
    if str(argument.type) == "float":
        return float(value)
    if "List[int]" not in str(argument.type):
        return value
    if isinstance(value, int):
        return [value] * argument.N
    return list(value or ())
