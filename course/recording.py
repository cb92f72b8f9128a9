"""Write a plain network down by running it once: `torch.export` takes some thirty times as long, and seconds to be imported.

In a plain network no call can depend on the batch (`course.plain_calls`), so that one run shows them all. `torch.export` writes
the same down; any other network is for it.
"""

from functools import cached_property
from typing import NoReturn

import torch
from torch import Tensor, fx, nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

from course.exported import Program, StoredTensor
from course.plain_calls import SIZES, BatchSize, operation_of
from course.tryout import digits, parts_begun

# Digits in evaluation, in training: primes, of which hardly any other size is a multiple; two, since a number that was made of
# one of them would not be made of the other.
DIGITS = (17, 19)


def record(module: nn.Module) -> Program | None:
    """A plain network in the mode that it is in; None for any other. The module's tensors stay as they were."""
    own: list[tuple[str, str, Tensor]] = [("parameter", *pair) for pair in module.named_parameters()]
    own += [("buffer", *pair) for pair in module.named_buffers()]
    copies = [tensor.detach().clone().requires_grad_(tensor.requires_grad) for _, _, tensor in own]
    images = digits(DIGITS[module.training])
    recorder = _Recorder(images)
    stored = [StoredTensor(recorder.take(copy).name, *one) for copy, one in zip(copies, own, strict=True)]
    by_name = {name: copy for (_, name, _), copy in zip(own, copies, strict=True)}
    try:
        with parts_begun(module) as recorder.within, recorder:
            output = functional_call(module, by_name, (images,))
        recorder.graph.output([recorder.node_of(output)])
    except (Exception, _NotPlain):  # what is wrong with it the exporter finds again, and says
        return None
    return Program(recorder.graph, stored) if recorder.plain else None


class _NotPlain(BaseException):
    """Ends a forward pass; no Exception, which the pass might catch."""


class _Recorder(TorchFunctionMode):
    """Writes a forward pass's operations into a graph, each with the part of the network that it is called in."""

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.graph = fx.Graph()
        self.plain = True
        self.nodes: dict[int, tuple[fx.Node, Tensor]] = {}  # by identity; kept, so that no other tensor has the same
        self.images = self.take(images)
        self.digits = len(images)
        self.within: list[tuple[str, tuple]] = []  # the parts that the pass is in

    def take(self, tensor: Tensor) -> fx.Node:
        """A tensor that the pass begins with, as an input of the graph."""
        node = self.graph.placeholder(f"input_{len(self.nodes)}")
        self.nodes[id(tensor)] = node, tensor
        return node

    def node_of(self, item):
        """An argument with nodes in the place of tensors. Raises KeyError, TypeError for what it does not know."""
        if isinstance(item, Tensor):
            return self.nodes[id(item)][0]
        if isinstance(item, BatchSize):
            return self.batch_size
        if isinstance(item, list | tuple):
            return [self.node_of(one) for one in item]
        if item is None or type(item) in (bool, int, float, str):
            return item
        raise TypeError(f"a graph holds no {type(item).__name__}")

    @cached_property
    def batch_size(self) -> fx.Node:
        """The size of the batch as an operation, which the exporter has before all others."""
        *_, last = (node for node in self.graph.nodes if node.op == "placeholder")
        with self.graph.inserting_after(last):
            return self.graph.create_node("call_function", torch.ops.aten.sym_size.int, (self.images, 0), {}, "sym_size_int_1")

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Call it and write it down if it is plain, else end the pass."""
        kwargs = kwargs or {}
        if function is Tensor.dim:  # normalisation asks for it: no operation, and the same for every batch
            return function(*args, **kwargs)
        if function in SIZES:
            return self.told(function(*args, **kwargs))
        try:
            if not self.plain or not torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"):
                raise ValueError("not as it began")
            operation, inputs, by_name = operation_of(function, args, kwargs)
            inputs, by_name = self.node_of(inputs), {key: self.node_of(item) for key, item in by_name.items()}
        except Exception:
            self.end()
        result = function(*self.in_numbers(args), **self.in_numbers(kwargs))
        name = operation.__name__.partition(".")[0]
        node = self.graph.create_node("call_function", operation, tuple(inputs), by_name, name)
        place = self.within[-1][0] if self.within else ""
        node.meta["nn_module_stack"] = {place: (place, "")}  # as the exporter says it
        self.nodes[id(result)] = node, result
        return result

    def end(self) -> NoReturn:
        """End the pass: the network is not plain."""
        self.plain = False
        raise _NotPlain

    def told(self, size):
        """What the pass learns of a size: a size of the batch only as such, and nothing that may be made of one."""
        if isinstance(size, tuple):
            return tuple(self.told(one) for one in size)
        if size == self.digits:
            return BatchSize(self.end)
        if size and size % self.digits == 0:
            self.end()
        return size

    def in_numbers(self, item):
        """An argument with the number of digits in the place of a `BatchSize`."""
        if isinstance(item, BatchSize):
            return self.digits
        if isinstance(item, dict):
            return {key: self.in_numbers(one) for key, one in item.items()}
        return type(item)(map(self.in_numbers, item)) if type(item) in (list, tuple) else item
