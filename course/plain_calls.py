"""The calls of which a plain network consists, and the operation that each of them is, as `torch.export` writes it down.

None of them tells a value, and the size of the batch is told as a `BatchSize`, of which nobody learns how many digits there
are: a pass of these alone does the same with any batch.
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
    F.group_norm: "group_norm.default",
    F.layer_norm: "layer_norm.default",
    F.dropout: "dropout.default",
    F.dropout2d: "feature_dropout.default",
    F.max_pool2d: "max_pool2d.default",
    F.avg_pool2d: "avg_pool2d.default",
    F.adaptive_avg_pool2d: "adaptive_avg_pool2d.default",
    F.relu: "relu.default",
    F.relu6: "relu6.default",
    F.hardtanh: "hardtanh.default",
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
IN_BOTH = "relu.default sigmoid.default tanh.default flatten.using_ints mean.dim log_softmax.int add.Tensor mul.Tensor".split()
OPERATIONS |= {getattr(home, name.partition(".")[0]): name for home in (torch, Tensor) for name in IN_BOTH}

SHORTER = {"training": "train"}  # what dropout's operation calls it
OF_ANY_BATCH = (Tensor.view, Tensor.reshape)  # plain where they leave the size of the batch open, or hand it on
SIZES = (Tensor.size, Tensor.shape.__get__)  # type: ignore[attr-defined]  # typed as what it gives


class BatchSize(torch.SymInt):
    """How many digits there are, to be handed on to a reshape. `end` is called when it is asked for anything."""

    def __init__(self, end: Callable) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # nobody is to know it
        self.end = end


for _question in "bool int index float eq ne lt le gt ge hash repr str format add radd sub rsub mul rmul".split():
    setattr(BatchSize, f"__{_question}__", lambda self, *others: self.end())


def operation_of(function: Callable, args: tuple, kwargs: dict) -> tuple[Any, list, dict]:
    """The operation that a call is, one of `torch.ops.aten`, with its arguments by position and by name, as an export has them.

    Raises KeyError, TypeError or ValueError where the call is not plain.
    """
    name = OPERATIONS[function]
    given = _by_name(function, args, kwargs, [argument.name for argument in _overload(name)._schema.arguments])
    if given.pop("inplace", False):
        name = name.replace(".", "_.")
    if isinstance(given.get("padding"), str):
        name = "conv2d.padding"
    operation = _overload(name)
    arguments = operation._schema.arguments
    given = {arguments[0].name if key in ("input", "self") else key: value for key, value in given.items()}
    if odd := given.keys() - {argument.name for argument in arguments}:
        raise ValueError(f"{name} takes no {odd}")
    values = {one.name: _value(one, given[one.name]) if one.name in given else one.default_value for one in arguments}
    positional = [one for one in arguments if not one.kwarg_only]
    while positional[-1].has_default_value() and _same(values[positional[-1].name], positional[-1].default_value):
        positional.pop()
    changed = [one for one in arguments if one.kwarg_only and not _same(values[one.name], one.default_value)]
    return operation, [values[one.name] for one in positional], {one.name: values[one.name] for one in changed}


@cache
def _overload(name: str):
    base, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, base), overload)


def _by_name(function: Callable, args: tuple, kwargs: dict, names: list[str]) -> dict:
    """The arguments of a call, by the names that the operation has for them."""
    if function in OF_ANY_BATCH:
        size = args[1] if isinstance(args[1], list | tuple) else args[1:]
        if not isinstance(size[0], BatchSize) and size[0] != -1:
            raise ValueError("a reshape that names the size of the batch")
        return {"self": args[0], names[1]: size}
    if function is F.max_pool2d:  # one of two functions: this one, where no indices are asked for
        kwargs = {key: value for key, value in kwargs.items() if key != "return_indices" or value}
    elif inspect.isfunction(function):  # written in Python, with names and an order of its own
        bound = inspect.signature(function).bind(*args, **kwargs)
        bound.apply_defaults()
        bound.arguments.pop("_stacklevel", None)  # of a warning
        args, kwargs = (), {key if key in names else SHORTER.get(key, key): bound.arguments[key] for key in bound.arguments}
        flags = [name for name in names if name.startswith("cudnn_enable")]  # which each of these functions fills in
        kwargs |= {name: function is F.batch_norm for name in flags}  # no default, so that it stays in the list
    if len(args) > len(names):
        raise ValueError(f"more than {names}")
    return dict(zip(names, args, strict=False)) | kwargs


def _value(argument, value):
    """A value as the operation takes it: one number for all sides is a list of them."""
    kind = str(argument.type)
    if kind == "float":
        return float(value)
    if not any(integers in kind for integers in ("List[int]", "List[SymInt]")):
        if value is None and not kind.startswith("Optional"):
            raise ValueError(f"{argument.name} is chosen by the function")
        return value
    if isinstance(value, int):
        return [value] * argument.N
    if not all(type(one) in (int, BatchSize) for one in value or ()):
        raise ValueError("None is `as large as it is`, which is a question")
    return list(value or ())


def _same(value, default) -> bool:
    return type(value) is type(default) and value == default
