"""Values that look like the image's and are not: the same whatever the image, as `x * 0 + 1` and padded ones are.

Found by running the network on noise, with weights of no meaning: what comes out the same, bit for bit, for images of
every size of number and for two draws of weights, did not come from the image.
"""

import torch
from torch import Tensor

from course.graph import Graph, Stored, TensorSpec
from course.operations import INDEXINGS

SCALES = (1.0, 0.1, 3.0)  # of the noise; an activation that saturates does not do so for all of them
DRAWS = 2  # of weights
EXACT = 1e-5  # of the largest entry: closer ones differ by rounding


def find_constants(graph: Graph, batch: int) -> dict[str, Tensor]:
    """Values by name that do not change with the image, computed from it or not; each for a batch of that many digits."""
    constant: dict[str, Tensor] | None = None
    for draw in range(DRAWS):
        found = _constant_under(graph, batch, draw)
        constant = found if constant is None else {name: value for name, value in found.items() if name in constant}
    return constant or {}


def alike(value: Tensor) -> Tensor:
    """A whole number for each entry, the same for entries that are the same number."""
    numbers = value.double()
    size = float(numbers.abs().max()) if numbers.numel() else 0.0
    steps = (numbers / (size * EXACT)).round() if size else numbers
    return steps.unique(return_inverse=True)[1].double().view(value.shape)


def depend_on_stored(graph: Graph) -> set[str]:
    """Names of the values in which a stored tensor has a part."""
    names: set[str] = set()
    for node in graph.nodes:
        if any(isinstance(item, Stored) or item.name in names for item in node.inputs()):
            names.add(node.name)
    return names


def _constant_under(graph: Graph, batch: int, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    others = {item.name for node in graph.nodes if node.op not in INDEXINGS for item in node.inputs()}
    weights = {name: _drawn(spec, generator, name in others) for name, spec in graph.tensors.items()}
    network = graph.build(weights).eval()
    first: dict[str, Tensor] = {}

    def keep(name, value):
        if isinstance(value, Tensor):
            first[name] = value.clone()

    def compare(name, value):
        if name in first and not torch.equal(first[name], value):  # NaN equals nothing
            del first[name]

    with torch.no_grad():
        for i, scale in enumerate(SCALES):
            network(scale * torch.randn(batch, 1, 28, 28, generator=generator), compare if i else keep)
    return first


def _drawn(spec: TensorSpec, generator: torch.Generator, is_number: bool) -> Tensor:
    """Numbers near one for what scales and shifts, and such as keep activations in bounds for kernels.

    Whole ones are 0 or 1, and 0 if they are only places to look at, of which there may be no more.
    """
    dtype = getattr(torch, spec.dtype)
    if not dtype.is_floating_point:
        return torch.randint(2 if is_number else 1, spec.shape, generator=generator).to(dtype)
    noise = torch.randn(spec.shape, generator=generator)
    if len(spec.shape) < 2:
        return (1 + 0.1 * noise).to(dtype)
    return (noise / max(1, spec.count // max(1, spec.shape[0])) ** 0.5).to(dtype)
