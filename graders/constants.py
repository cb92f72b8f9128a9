"""Values that look like the image's and are not: the same whatever the image, as `x * 0 + 1` and padded ones are.

Found by running the network with weights of no meaning, on noise of several sizes, and on blobs as bright as digits are:
what comes out the same, bit for bit, for all images of a kind and for two draws of weights, did not come from the image. Where
trained weights are at hand, digits show it.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from course.data import normalize
from course.graph import Graph, Stored, TensorSpec
from course.operations import INDEXINGS
from course.rebuild import Network

SCALES = (1.0, 0.1, 3.0)  # of the noise; an activation that saturates does not do so for all of them
BLACK, WHITE = -0.4242, 2.8215  # what normalised digits have
DRAWS = 2  # of weights
NEARLY = 1e-3  # of the largest entry: what changes less is a stored number, with a little of the image to hide behind
EXACT = 1e-5  # of the largest entry: closer ones differ by rounding


def find_constants(graph: Graph, batch: int) -> Iterator[dict[str, Tensor]]:
    """For each kind of images, values by name that do not change with them; each for a batch of that many digits."""
    for kind in (_noise, _blobs):
        first, *others = [_constant_under(graph, batch, draw, kind) for draw in range(DRAWS)]
        yield {name: value for name, value in first.items() if all(name in other for other in others)}


def constant_rows(network: Network, images: Tensor) -> dict[str, Tensor]:
    """Values by name that are the same, bit for bit, for all these digits (N, 28, 28): with these weights, no image's."""
    same: dict[str, Tensor] = {}

    def compare(name, value):
        a_row_each = isinstance(value, Tensor) and value.dim() and len(value) == len(images)
        if a_row_each and torch.equal(value, value[:1].expand_as(value)):
            same[name] = value.clone()

    with torch.no_grad():
        network.eval()(normalize(images), compare)
    return same


def nearly_constant(network: Network, images: Tensor) -> set[str]:
    """Names of values that hardly change with these digits (N, 28, 28), N even: with these weights, no image's."""
    half = len(images) // 2
    first: dict[str, Tensor] = {}
    same: set[str] = set()

    def keep(name, value):
        if isinstance(value, Tensor):
            first[name] = value.double()

    def compare(name, value):
        if name not in first or first[name].shape != value.shape:
            return
        one, other = first[name], value.double()
        model = one[:1] if one.dim() and len(one) == half else one  # a row is a digit's
        size = model.abs().amax() if model.numel() else torch.tensor(0.0)
        if all(bool(((part - model).abs() <= NEARLY * size).all()) for part in (one, other)):  # NaN is nowhere near
            same.add(name)

    with torch.no_grad():
        network.eval()(normalize(images[:half]), keep)
        network(normalize(images[half : 2 * half]), compare)
    return set() if network.graph.output in same else same  # a network that has died hides nothing


def constants_beside(network: Network, images: Tensor) -> dict[str, int]:
    """By value, how many different numbers other than zero it has that are the same for all these digits (N, 28, 28) and noise.

    With noise, too, as a digit's border is black; different ones, as a channel that has died is one number at all positions.
    """
    noise = torch.randint(0, 256, images.shape, generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    rows = torch.cat([images, noise])
    found: dict[str, int] = {}

    def count(name, value):
        if isinstance(value, Tensor):
            axes = [axis for axis, size in enumerate(value.shape) if size == len(rows)]
            found[name] = max((_kept_along(axis, value.double()) for axis in axes), default=0)

    with torch.no_grad():
        network.eval()(normalize(rows), count)
    return {name: numbers for name, numbers in found.items() if numbers}


def _kept_along(axis: int, value: Tensor) -> int:
    first = value.select(axis, 0)
    same = ((value - first.unsqueeze(axis)).abs() <= NEARLY * first.abs().unsqueeze(axis)).all(axis)
    sizes, powers = torch.frexp(first[same & (first != 0)])
    return len((powers.double() * (4 / EXACT) + (sizes / EXACT).round()).unique())  # different but for rounding


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


def _noise(batch: int, scale: float, generator: torch.Generator) -> Tensor:
    return scale * torch.randn(batch, 1, 28, 28, generator=generator)


def _blobs(batch: int, scale: float, generator: torch.Generator) -> Tensor:
    smooth = avg_pool2d(torch.randn(batch, 1, 32, 32, generator=generator), 5, 1)
    return (BLACK + (WHITE - BLACK) * (5 * smooth.clamp(min=0)).clamp(max=1)).to(torch.float32)


def _constant_under(graph: Graph, batch: int, seed: int, kind) -> dict[str, Tensor]:
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
            network(kind(batch, scale, generator), compare if i else keep)
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
