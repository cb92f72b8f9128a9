"""Read a call that PyTorch wrote down: an operation of a graph, or a sentence why it cannot be one."""

import math
import operator

import torch

from course.errors import GraphError
from course.graph import DType, Node, Stored, Value
from course.operations import ALLOWED, DROPOUTS, GENERATORS, IDENTITIES, SAME_AS

SIZE_ARITHMETIC = {
    operator.mul: "size_mul",
    operator.add: "size_add",
    operator.sub: "size_sub",
    operator.floordiv: "size_floordiv",
}
# `cudnn_enabled` among the arguments depends on the machine that traces, not on the network.
CUDNN_ARGUMENT = {"batch_norm": 8, "instance_norm": 8, "group_norm": 5, "layer_norm": 5}
ADVICE = {  # by what an operation's name begins with; what the course cannot write down, and what would do instead
    ("bernoulli", "rand", "normal", "uniform", "rrelu", "exponential", "multinomial"): (
        "it draws random numbers. Use dropout, which a graph can hold (to drop a branch: x + branch * "
        "F.dropout(torch.ones(x.size(0), 1, 1, 1), 0.1, self.training)), and the recipe's augment to vary images"
    ),
    ("index_put", "masked_scatter"): "it writes into a part of a tensor; use torch.where or clamp, or join parts by torch.cat",
    ("has_compatible_shallow_copy_type",): "it puts another tensor in the place of one, by x.data = …; write x = …",
    ("gather", "take", "index", "diagonal", "grid_sampler", "affine_grid", "scatter", "masked_select"): (
        "it picks entries by number; take slices, and pool over all positions"
    ),
    ("empty", "new_empty"): (
        "it holds whatever was in memory. torch.zeros and torch.ones make values; where random ones were to fill it, as in "
        "torchvision's StochasticDepth and DropBlock, use dropout, which a graph can hold"
    ),
    ("copy", "slice_scatter", "select_scatter"): "it writes into a part of a tensor; put the parts together by torch.cat",
    ("argmax",): "return the ten scores themselves: the loss needs them, and the largest is looked for outside",
    ("meshgrid",): "lay the axes out yourself: torch.linspace(-1, 1, 28).view(1, 1, 28, 1).expand(x.size(0), 1, 28, 28)",
    ("any", "all"): "it asks about a tensor's values, as torchvision's Normalize does; write (x - mean) / std",
    ("wrap_with_autocast",): 'leave torch.autocast out of forward; a recipe says precision="bfloat16"',
    ("fft", "stft"): "it mixes all positions at once, as a matrix product does; use convolutions",
}
NOWHERE = "_empty_nn_module_stack_from_metadata_hook"  # what the exporter says of the size of the batch


def read_call(fx, known: dict, nodes: list[Node]) -> None:
    """Append one call of PyTorch's graph to `nodes`; `known` holds what each of its names stands for. Raises GraphError."""
    name = _operation_name(fx)
    if name == "wrap_with_set_grad_enabled":
        return _read_without_gradient(fx, known, nodes)
    if name == "getitem" and isinstance(known.get(fx.args[0].name), tuple):
        known[fx.name] = known[fx.args[0].name][fx.args[1]]
        return
    inplace = name.endswith("_") and not name.startswith("_") and name not in IDENTITIES
    if not inplace and "_." in name and not name.startswith("_"):
        base, _, overload = name.partition(".")
        inplace = base.endswith("_")
        name = f"{base[:-1]}.{overload}" if inplace else name
    elif inplace:
        name = name[:-1]
    name = SAME_AS.get(name, name)
    args = _arguments(fx.args, known, fx)
    if inplace and isinstance(args[0], Stored):
        if args[0].name.rpartition(".")[2] == "num_batches_tracked":
            return  # BatchNorm counts its batches; nothing reads the count
        raise GraphError(f"forward changes its own stored tensor {args[0].name} ({fx.target}); keep those constant")
    if name.endswith(".out"):
        raise GraphError(
            f"forward writes into a tensor that is already there ({fx.target}{_at(fx) and ' at ' + _at(fx)}), as spectral "
            "norm does to its own buffers; keep stored tensors constant"
        )
    if name in IDENTITIES or (name in DROPOUTS and args[2] is False):
        known[fx.name] = args[0] if args else None
        return
    if name not in ALLOWED:
        advice = next((text for starts, text in ADVICE.items() if name.lstrip("_").startswith(starts)), None)
        raise GraphError(
            f"the operation {name}{_at(fx) and ' at ' + _at(fx)} is not one that the course can write down; "
            f"{advice or 'use convolutions, normalisations, activations, poolings and reshapes'}"
        )
    if name in CUDNN_ARGUMENT and len(args) > CUDNN_ARGUMENT[name]:
        place = CUDNN_ARGUMENT[name]
        args = (*args[:place], True, *args[place + 1 :])
    nodes.append(Node(fx.name, name, args, _keywords(fx, name, known), _at(fx)))
    known[fx.name] = Value(fx.name)
    if inplace:  # whoever holds the old value sees the new one
        for other, value in known.items():
            if value == args[0]:
                known[other] = Value(fx.name)


def _read_without_gradient(fx, known: dict, nodes: list[Node]) -> None:
    """The operations under `with torch.no_grad():`, which are a graph within the graph; what leaves it is detached."""
    enabled, block, *given = fx.args
    inner = getattr(fx.graph.owning_module, block.target).graph
    inputs = iter(given)
    for part in inner.nodes:
        part.name = f"{fx.name}_{part.name}"  # its names may be those of the graph around it
        if part.op == "placeholder":
            known[part.name] = known.get(next(inputs).name)
        elif part.op == "call_function":
            read_call(part, known, nodes)
        elif part.op == "output":
            results = [known.get(item.name) for item in part.args[0]]
    if not enabled:
        for i, result in enumerate(results):
            nodes.append(Node(f"{fx.name}_detach_{i}", "detach", (result,), {}, _at(fx)))
            results[i] = Value(nodes[-1].name)
    known[fx.name] = tuple(results)


def _operation_name(fx) -> str:
    target = fx.target
    if target in SIZE_ARITHMETIC:
        return SIZE_ARITHMETIC[target]
    if target is operator.getitem:
        return "getitem"
    if isinstance(target, torch._ops.OpOverload) and target.namespace == "aten":
        base, overload = target._schema.name.removeprefix("aten::"), target._overloadname
        if (base, overload) in {("to", "device"), ("to", "dtype_layout"), ("type_as", "default")}:
            return "identity"
        return base if overload == "default" else f"{base}.{overload}"
    return getattr(target, "__name__", str(target))


def _arguments(items, known, fx) -> tuple:
    return tuple(_argument(item, known, fx) for item in items)


def _argument(item, known, fx):
    if isinstance(item, torch.fx.Node):
        return known.get(item.name)
    if isinstance(item, list | tuple):
        return _arguments(item, known, fx)
    if isinstance(item, torch.dtype):
        return DType(str(item).removeprefix("torch."))
    if isinstance(item, torch.memory_format | torch.layout | torch.device):
        return None
    if isinstance(item, float) and math.isnan(item):
        raise GraphError(f"the operation {fx.name} is given NaN")
    if item is None or isinstance(item, bool | int | float | str):
        return item
    raise GraphError(f"the operation {fx.name} is given {type(item).__name__}, which a graph cannot hold")


def _keywords(fx, name, known) -> dict:
    kept = {
        key: _argument(item, known, fx)
        for key, item in fx.kwargs.items()
        if key not in ("memory_format", "layout", "pin_memory", "device") and item is not None
    }
    if name in GENERATORS and "_like" not in name and not name.startswith("new_"):
        kept["device"] = "cpu"  # a rebuilt network puts its own device there
    return kept


def _at(fx) -> str:
    stack = fx.meta.get("nn_module_stack") or {}
    path = next(reversed(stack.values()))[0] if stack else ""
    if path == NOWHERE:
        return ""
    return str(path).removeprefix("L['self'].").removeprefix("L['self']")
