"""Write a plain network down by running it once, in a quarter of the time that `torch.export` takes.

Plain is a forward pass that calls the functions below alone. None of them tells a size or a value, so that no other call can
depend on the batch, and one run shows them all. Of a plain network `torch.export` writes down the same; any other is for it.
"""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from course.exported import Program, StoredTensor
from course.tryout import digits

CALLS = frozenset(  # each of them one operation
    {
        F.conv2d, F.linear, F.batch_norm, F.dropout, F.dropout2d, F.max_pool2d, F.avg_pool2d,
        F.adaptive_avg_pool2d, torch.relu, Tensor.relu, F.relu, F.relu6, F.leaky_relu, F.elu, F.selu, F.gelu, F.silu, F.prelu,
        F.hardswish, torch.sigmoid, Tensor.sigmoid, torch.tanh, Tensor.tanh, torch.flatten, Tensor.flatten, torch.mean,
        Tensor.mean, torch.cat, torch.log_softmax, Tensor.log_softmax, F.log_softmax, F.softmax, torch.add, Tensor.add,
        Tensor.__add__, Tensor.add_, torch.mul, Tensor.mul, Tensor.__mul__,
    }
)  # fmt: skip
RESHAPES = frozenset({Tensor.view, Tensor.reshape})  # plain where they leave the batch's size open
SILENT = frozenset({Tensor.dim})  # no operation, and the same for every batch


def record(module: nn.Module) -> Program | None:
    """A plain network in the mode that it is in; None for any other. The module's tensors stay as they were."""
    own: list[tuple[str, str, Tensor]] = [("parameter", *pair) for pair in module.named_parameters()]
    own += [("buffer", *pair) for pair in module.named_buffers()]
    copies = tuple(tensor.detach().clone().requires_grad_(tensor.requires_grad) for _, _, tensor in own)
    watch = _Watch(module)

    def run(tensors, images):
        with watch:
            return functional_call(module, dict(zip((name for _, name, _ in own), tensors, strict=True)), (images,))

    try:
        graph = make_fx(run, tracing_mode="real", pre_dispatch=True)(copies, digits(5)).graph
    except (Exception, _NotPlain):  # what is wrong with it the exporter finds again, and says
        return None
    finally:
        watch.end()
    inputs = [node.name for node in graph.nodes if node.op == "placeholder"]
    calls = [node for node in graph.nodes if node.op == "call_function"]
    if not watch.plain or len(calls) != len(watch.places) or len(inputs) + len(calls) + 1 != len(graph.nodes):
        return None
    for call, place in zip(calls, watch.places, strict=True):
        call.meta["nn_module_stack"] = {place: (place, "")}  # as the exporter says it
    return Program(graph, [StoredTensor(name, *one) for name, one in zip(inputs, own, strict=False)])


class _NotPlain(BaseException):
    """Ends a forward pass; no Exception, which the pass might catch."""


class _Watch(TorchFunctionMode):
    """Follows a forward pass: in which part each operation is called, and whether all are plain."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.plain = True
        self.places: list[str] = []
        names = {part: name for name, part in module.named_modules()}
        self.within: list[str] = []
        self.hooks = [
            nn.modules.module.register_module_forward_pre_hook(lambda part, _: self.within.append(names.get(part, ""))),
            nn.modules.module.register_module_forward_hook(lambda *_: self._leave()),
        ]

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Call it if it is plain, else end the pass."""
        if function not in SILENT:
            opened = function in RESHAPES and len(args) > 1 and -1 in (args[1], *args[1:2])
            usual = torch.is_grad_enabled() and not torch.is_autocast_enabled("cpu")
            if not (usual and (function in CALLS or opened)):
                self.plain = False
                raise _NotPlain
            self.places.append(self.within[-1] if self.within else "")
        return function(*args, **(kwargs or {}))

    def _leave(self) -> None:
        self.within.pop()

    def end(self) -> None:
        """Take the hooks out again."""
        for hook in self.hooks:
            hook.remove()
