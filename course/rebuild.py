"""Run a graph: the network again, from data alone."""

import torch
from torch import Tensor, nn

from course.dropout import dropout
from course.errors import GraphError
from course.graph import INPUT, DType, Graph, Mode, Stored, Value
from course.operations import implementation

FASTER = {"dropout": dropout}  # the same operations, in less time


class Network(nn.Module):
    """A graph with its tensors, as a module: `train()` and `eval()` work, gradients flow, any device will do.

    Input (N, 1, 28, 28) float32, output (N, 10). `weights` maps the graph's tensor names to tensors; without it all
    are zero; `instead` maps operations to functions to run in their place (those of FASTER). Kernels lie in memory as
    (N, H, W, C), and maps then follow them: a CPU's convolutions are faster so. Raises GraphError where names, shapes or
    formats do not agree with the graph.
    """

    def __init__(self, graph: Graph, weights: dict[str, Tensor] | None = None, instead: dict | None = None):
        super().__init__()
        self.graph = graph
        self.stored: dict[str, str] = {}  # a graph's tensor name to this module's, which may hold no point
        if weights is None:
            weights = {n: torch.zeros(t.shape, dtype=getattr(torch, t.dtype)) for n, t in graph.tensors.items()}
        check_weights(graph, weights)
        for i, (name, spec) in enumerate(graph.tensors.items()):
            self.stored[name] = f"t{i}"
            layout = torch.channels_last if len(spec.shape) == 4 else torch.preserve_format
            tensor = weights[name].detach().clone(memory_format=layout)
            if spec.kind == "parameter":
                self.register_parameter(f"t{i}", nn.Parameter(tensor, requires_grad=spec.trainable))
            else:
                self.register_buffer(f"t{i}", tensor)
        instead = FASTER if instead is None else instead
        self._steps = [(n.name, instead.get(n.op) or implementation(n.op), n.args, n.kwargs) for n in graph.nodes]
        self._last_use = _last_uses(graph)
        self._squeezes = any(n.op == "squeeze" for n in graph.nodes)

    def forward(self, images: Tensor, watch=None) -> Tensor:
        """Scores (N, 10); `watch(name, value)`, if given, is called with what every operation returns."""
        if self._squeezes and len(images) == 1:  # `squeeze()` would take a batch of one for an axis to drop
            return self(images.repeat(2, 1, 1, 1), watch)[:1]
        values: dict = {INPUT: images}

        def resolve(argument):
            match argument:
                case Value(name):
                    return values[name]
                case Stored(name):
                    return getattr(self, self.stored[name])
                case Mode():
                    return self.training
                case DType(name):
                    return getattr(torch, name)
                case tuple():
                    return [resolve(item) for item in argument]
            return argument

        for name, function, args, kwargs in self._steps:
            extra = {key: resolve(value) for key, value in kwargs.items()}
            if "device" in extra:
                extra["device"] = images.device
            values[name] = function(*map(resolve, args), **extra)
            if watch:
                watch(name, values[name])
            for done in self._last_use.get(name, ()):  # frees memory as soon as nothing will ask for it
                del values[done]
        return values[self.graph.output]

    def weights(self) -> dict[str, Tensor]:
        """A copy of every stored tensor by the graph's own names, on the CPU."""
        return {name: getattr(self, own).detach().cpu().clone() for name, own in self.stored.items()}

    def load(self, weights: dict[str, Tensor]) -> None:
        """Put other tensors in the place of the stored ones."""
        check_weights(self.graph, weights)
        with torch.no_grad():
            for name, own in self.stored.items():
                getattr(self, own).copy_(weights[name])


def check_weights(graph: Graph, weights: dict[str, Tensor]) -> None:
    """Raise GraphError unless the tensors agree with the graph in every name, shape and format."""
    if set(weights) != set(graph.tensors):
        odd = sorted(set(weights) ^ set(graph.tensors))[:3]
        raise GraphError(f"weights and graph do not hold the same tensors: {', '.join(odd)} is only in one of them")
    for name, spec in graph.tensors.items():
        seen = tuple(weights[name].shape), str(weights[name].dtype).removeprefix("torch.")
        if seen != (spec.shape, spec.dtype):
            raise GraphError(f"the tensor {name} is {seen[1]} {seen[0]}; the graph says {spec.dtype} {spec.shape}")


def _last_uses(graph: Graph) -> dict[str, list[str]]:
    """After which operation each value is no longer needed."""
    last: dict[str, str] = {}
    for node in graph.nodes:
        last[node.name] = node.name
        for item in node.inputs():
            if isinstance(item, Value):
                last[item.name] = node.name
    frees: dict[str, list[str]] = {}
    for value, user in last.items():
        if value != graph.output:
            frees.setdefault(user, []).append(value)
    return frees
