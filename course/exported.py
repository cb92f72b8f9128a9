"""Read a network that PyTorch wrote down: its calls as operations of a graph, its tensors as stored ones."""

from dataclasses import dataclass

import torch
from torch.export.graph_signature import InputKind

from course.errors import GraphError
from course.exported_calls import read_call
from course.graph import INPUT, Node, Stored, TensorSpec, Value

KINDS = {InputKind.PARAMETER: "parameter", InputKind.BUFFER: "buffer", InputKind.CONSTANT_TENSOR: "constant"}


@dataclass(frozen=True)
class StoredTensor:
    """A tensor that the module holds, and the name of the graph's input that stands for it; kind as in a TensorSpec."""

    stands_for: str
    kind: str
    name: str
    tensor: torch.Tensor


@dataclass(frozen=True)
class Program:
    """PyTorch's own graph of a forward pass: the stored tensors are inputs, and so are the images."""

    graph: torch.fx.Graph
    stored: list[StoredTensor]


def from_export(exported) -> Program:
    """What `torch.export` gives, as a program. Raises GraphError."""
    stored = []
    for spec in exported.graph_signature.input_specs:
        if spec.kind == InputKind.USER_INPUT:
            continue
        tensor = exported.state_dict.get(spec.target, exported.constants.get(spec.target))
        if spec.kind not in KINDS or not isinstance(tensor, torch.Tensor):
            raise GraphError(f"forward uses {spec.target}, which is not a tensor")
        stored.append(StoredTensor(spec.arg.name, KINDS[spec.kind], spec.target, tensor))
    return Program(exported.graph, stored)


def read_program(program: Program) -> tuple[tuple[list[Node], str], dict, dict]:
    """A program as nodes and an output name, stored tensors' specs, and their values."""
    known, tensors, weights = _stored_tensors(program)
    nodes: list[Node] = []
    for fx in program.graph.nodes:
        if fx.op == "placeholder":
            known.setdefault(fx.name, Value(INPUT))
        elif fx.op == "output":
            returned = fx.args[0]
            if len(returned) != 1 or not isinstance(returned[0], torch.fx.Node):
                raise GraphError(f"forward should return one tensor, in training as in evaluation; saw {len(returned)} results")
            return (nodes, known[returned[0].name].name), tensors, weights
        elif fx.op == "call_function":
            read_call(fx, known, nodes)
        elif not isinstance(getattr(fx.graph.owning_module, str(fx.target), None), torch.fx.GraphModule):
            raise GraphError(f"forward uses {fx.op} {fx.target}, which a graph cannot hold (control flow is such)")
    raise GraphError("forward returns nothing")


def _stored_tensors(program: Program) -> tuple[dict, dict, dict]:
    known: dict[str, Stored | Value] = {}
    tensors: dict[str, TensorSpec] = {}
    weights: dict[str, torch.Tensor] = {}
    first_name: dict[tuple, str] = {}
    for stored in program.stored:
        name, tensor = stored.name, stored.tensor
        identity = (tensor.untyped_storage().data_ptr(), tensor.storage_offset(), tuple(tensor.shape), tensor.stride())
        if tensor.numel():  # a tensor that two layers share is one tensor
            name = first_name.setdefault(identity, name)
        known[stored.stands_for] = Stored(name)
        trainable = stored.kind == "parameter" and tensor.requires_grad
        dtype = str(tensor.dtype).removeprefix("torch.")
        tensors.setdefault(name, TensorSpec(tuple(tensor.shape), dtype, stored.kind, trainable))
        weights.setdefault(name, tensor.detach().clone())
    return known, tensors, weights
