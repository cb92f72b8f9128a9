"""Write a network down as a graph, with `torch.export`, in training and in evaluation mode."""

import logging
import math
import operator
import warnings
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn
from torch.export.graph_signature import InputKind

from course.errors import GraphError
from course.graph import INPUT, DType, Graph, Mode, Node, Stored, TensorSpec, Value
from course.operations import ALLOWED, DROPOUTS, GENERATORS, IDENTITIES, MODE_ARGUMENT, SAME_AS

SIZE_ARITHMETIC = {
    operator.mul: "size_mul",
    operator.add: "size_add",
    operator.sub: "size_sub",
    operator.floordiv: "size_floordiv",
}
# `cudnn_enabled` among the arguments depends on the machine that traces, not on the network.
CUDNN_ARGUMENT = {"batch_norm": 8, "instance_norm": 8, "group_norm": 5, "layer_norm": 5}
KINDS = {InputKind.PARAMETER: "parameter", InputKind.BUFFER: "buffer", InputKind.CONSTANT_TENSOR: "constant"}


def trace(network) -> Graph:
    """The graph of a network, given as a class built without arguments, or as a module."""
    return trace_with_weights(network)[0]


def trace_with_weights(network) -> tuple[Graph, dict[str, torch.Tensor]]:
    """The graph of a network, and a copy of the tensors that it holds now."""
    module = _instance(network)
    was_training = module.training
    try:
        with _quiet():
            expected = _try_out(module.eval())
            training, tensors, weights = _read(_export(module.train()), module)
            evaluation, _, _ = _read(_export(module.eval()), module)
    finally:
        module.train(was_training)
    nodes, output = _merge(training, evaluation)
    used = {item.name for node in nodes for item in node.inputs() if isinstance(item, Stored)}
    graph = Graph(tuple(nodes), {name: spec for name, spec in tensors.items() if name in used}, output)
    weights = {name: weights[name] for name in graph.tensors}
    _compare(graph.build(weights), expected)
    return graph, weights


def _instance(network) -> nn.Module:
    if isinstance(network, type) and issubclass(network, nn.Module):
        try:
            network = network()
        except NotImplementedError:
            raise
        except Exception as error:
            what = "needs arguments: give each a default" if "argument" in str(error) else "cannot be built"
            raise GraphError(f"{network.__name__}() {what} ({type(error).__name__}: {_short(error)})") from error
    if not isinstance(network, nn.Module):
        raise GraphError(f"expected a class that inherits from nn.Module, saw {type(network).__name__}")
    return network.cpu()


def _digits(count: int) -> torch.Tensor:
    return torch.randn(count, 1, 28, 28, generator=torch.Generator().manual_seed(count))


def _try_out(module: nn.Module) -> dict[int, torch.Tensor]:
    """Run the network as it stands on two batch sizes; what it answers is what the graph must answer."""
    answers = {}
    for count in (5, 3):  # odd sizes, so that a batch size written into `view` shows
        try:
            with torch.no_grad():
                answers[count] = module(_digits(count))
        except NotImplementedError:
            raise
        except Exception as error:
            advice = ""
            if "is invalid for input of size" in str(error):
                advice = "; does a view name a batch size? Write x.size(0) there"
            raise GraphError(
                f"forward failed on a batch of {count} digits, shape ({count}, 1, 28, 28): "
                f"{type(error).__name__}: {_short(error)}{advice}"
            ) from error
        if not isinstance(answers[count], torch.Tensor):
            raise GraphError(f"forward should return one tensor, saw {type(answers[count]).__name__}")
        if tuple(answers[count].shape) != (count, 10):
            raise GraphError(
                f"forward should return ten scores a digit, shape ({count}, 10) for {count} digits; "
                f"saw {tuple(answers[count].shape)}"
            )
    return answers


def _export(module: nn.Module):
    try:
        return torch.export.export(
            module, (_digits(5),), dynamic_shapes=(({0: torch.export.Dim.DYNAMIC}),), strict=False
        )
    except Exception as error:
        text = str(error)
        if "specialized" in text or "ConstraintViolation" in type(error).__name__:
            raise GraphError(
                "the network works for one batch size only: write x.size(0), not a number, where it reshapes"
            ) from error
        if "data-dependent" in text or "GuardOnDataDependent" in type(error).__name__:
            raise GraphError(
                "forward decides by the values of a tensor (an `if`, a loop, .item() or NumPy on activations); "
                "use tensor operations only, which do the same for every digit"
            ) from error
        raise GraphError(
            f"forward is not a fixed list of tensor operations ({type(error).__name__}: {_short(error)}); "
            "keep to torch operations on x, without NumPy, random choices or data-dependent branches"
        ) from error


def _read(program, module: nn.Module) -> tuple[tuple[list[Node], str], dict, dict]:
    """An exported program as nodes and an output name, stored tensors' specs, and their values."""
    known, tensors, weights = _stored_tensors(program, module)
    nodes: list[Node] = []
    for fx in program.graph.nodes:
        if fx.op == "placeholder":
            known.setdefault(fx.name, Value(INPUT))
        elif fx.op == "output":
            return (nodes, known[fx.args[0][0].name].name), tensors, weights
        elif fx.op == "call_function":
            _read_call(fx, known, nodes)
        else:
            raise GraphError(
                f"forward uses {fx.op} {fx.target}, which a graph cannot hold (no_grad and control flow are such)"
            )
    raise GraphError("forward returns nothing")


def _stored_tensors(program, module) -> tuple[dict, dict, dict]:
    known: dict[str, Stored | Value] = {}
    tensors: dict[str, TensorSpec] = {}
    weights: dict[str, torch.Tensor] = {}
    first_name: dict[tuple, str] = {}
    for spec in program.graph_signature.input_specs:
        if spec.kind == InputKind.USER_INPUT:
            continue
        name = spec.target
        tensor = program.state_dict.get(name, program.constants.get(name))
        if spec.kind not in KINDS or not isinstance(tensor, torch.Tensor):
            raise GraphError(f"forward uses {name}, which is not a tensor")
        identity = (tensor.untyped_storage().data_ptr(), tensor.storage_offset(), tuple(tensor.shape), tensor.stride())
        if tensor.numel():  # a tensor that two layers share is one tensor
            name = first_name.setdefault(identity, name)
        known[spec.arg.name] = Stored(name)
        trainable = spec.kind == InputKind.PARAMETER and tensor.requires_grad
        dtype = str(tensor.dtype).removeprefix("torch.")
        tensors.setdefault(name, TensorSpec(tuple(tensor.shape), dtype, KINDS[spec.kind], trainable))
        weights.setdefault(name, tensor.detach().clone())
    return known, tensors, weights


def _read_call(fx, known: dict, nodes: list[Node]) -> None:
    name = _operation_name(fx)
    inplace = name.endswith("_") and not name.startswith("_") and name not in IDENTITIES
    if not inplace and "_." in name:
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
    if name in IDENTITIES or (name in DROPOUTS and args[2] is False):
        known[fx.name] = args[0] if args else None
        return
    if name not in ALLOWED:
        raise GraphError(
            f"the operation {name}{_at(fx) and ' at ' + _at(fx)} is not one that the course can write down; "
            "use convolutions, normalisations, activations, poolings and reshapes"
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
    return str(path).removeprefix("L['self'].").removeprefix("L['self']")


def _merge(training, evaluation) -> tuple[list[Node], str]:
    """One graph from the two modes, which may differ in dropout and in normalisations' flags only."""
    train_nodes, output = _live(*training)
    eval_nodes, eval_output = _live(*evaluation)
    for node in eval_nodes:
        if node.op in DROPOUTS and node.args[1] > 0:
            raise GraphError(
                f"the dropout {node.where()} stays on in evaluation: write F.dropout(x, {node.args[1]}, self.training) "
                "or use nn.Dropout"
            )
    plain_train, plain_eval = _plain(train_nodes, output), _plain(eval_nodes, eval_output)
    if plain_train != plain_eval:
        different = next((a[0] for a, b in zip(plain_train, plain_eval, strict=False) if a != b), "their length")
        raise GraphError(
            "the network computes something else in training than in evaluation (first difference: "
            f"{different}); the two may differ in dropout and in normalisation only"
        )
    flags = iter([node for node in eval_nodes if node.op not in DROPOUTS])
    merged = []
    for node in train_nodes:
        if node.op in DROPOUTS:
            merged.append(_with_flag(node, Mode()))
            continue
        twin = next(flags)
        place = MODE_ARGUMENT.get(node.op)
        if place is None or node.args[place] == twin.args[place]:
            if node.op == "batch_norm" and node.args[MODE_ARGUMENT[node.op]] is True:
                raise GraphError(
                    f"the normalisation {node.where()} uses the batch's own mean in evaluation too, so that a digit's "
                    "score would depend on its neighbours; leave track_running_stats on"
                )
            merged.append(node)
        else:
            merged.append(_with_flag(node, Mode()))
    return merged, output


def _with_flag(node: Node, flag) -> Node:
    place = MODE_ARGUMENT[node.op]
    return replace(node, args=(*node.args[:place], flag, *node.args[place + 1 :]))


def _live(nodes: list[Node], output: str) -> tuple[list[Node], str]:
    """Only the operations that the output depends on."""
    needed = {output}
    for node in reversed(nodes):
        if node.name in needed:
            needed |= {item.name for item in node.inputs() if isinstance(item, Value)}
    return [node for node in nodes if node.name in needed], output


def _plain(nodes: list[Node], output: str) -> list[tuple]:
    """The operations without dropout, flags and names, to compare one mode with the other."""
    names: dict[str, str] = {INPUT: INPUT}

    def rename(item):
        if isinstance(item, Value):
            return Value(names[item.name])
        return tuple(rename(i) for i in item) if isinstance(item, tuple) else item

    plain: list[tuple] = []
    for node in nodes:
        if node.op in DROPOUTS:
            names[node.name] = names[node.args[0].name]
            continue
        names[node.name] = f"v{len(plain)}"
        if node.op in MODE_ARGUMENT:
            node = _with_flag(node, None)
        keywords = tuple((key, rename(item)) for key, item in sorted(node.kwargs.items()))
        plain.append((node.op, rename(node.args), keywords))
    return [*plain, (names[output],)]


def _compare(network: nn.Module, expected: dict[int, torch.Tensor]) -> None:
    network.eval()
    for count, answer in expected.items():
        with torch.no_grad():
            rebuilt = network(_digits(count))
        if not torch.allclose(rebuilt, answer.to(rebuilt.dtype), rtol=1e-3, atol=1e-4, equal_nan=True):
            raise GraphError(
                "the network written down as a list of operations answers differently from the network itself: "
                "does forward change a tensor in place that it uses again, or keep something between calls?"
            )


@contextmanager
def _quiet():
    """The exporter's own warnings and logs are about its insides; and the caller's random numbers stay as they were."""
    loggers = [logging.getLogger(name) for name in ("torch.export", "torch.fx", "torch._export", "torch._dynamo")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else text[:300] + "…"
