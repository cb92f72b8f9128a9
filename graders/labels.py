"""Labels of the numbers of a value: which position of the map, which channel, or which stored number each comes from.

Rule 4 asks what weights do to positions. To answer it for any way of writing a network, labels travel through the graph
beside the values: whatever moves numbers about (a reshape, a slice, a concatenation) moves their labels the same way,
so there is nothing to be clever about.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from course.graph import Node, Stored

NOWHERE = -1.0  # the label of padding, and of a part that a number has no place in
PARTS = ("height", "width", "channel", "entry")


@dataclass(frozen=True)
class Labels:
    """Labels of one value, shaped like it.

    `height`, `width` and `channel` for an image's value, where numbers that are not the image's stand beside it with
    their `entry`; only `entry` for any other value. `learned` says whether a stored tensor had a part in the latter.
    """

    height: Tensor | None = None
    width: Tensor | None = None
    channel: Tensor | None = None
    entry: Tensor | None = None
    learned: bool = False

    @property
    def from_image(self) -> bool:
        return self.height is not None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple((self.entry if self.height is None else self.height).shape)  # type: ignore[union-attr]

    def moves(self, axis: int) -> bool:
        """Whether the position changes along an axis."""
        return any(varies(t, axis) for t in (self.height, self.width) if t is not None)

    def differs(self, axis: int) -> bool:
        """Whether the numbers that are not the image's change along an axis."""
        return self.entry is not None and bool((self.entry != self.entry.narrow(axis, 0, 1)).any())

    def changes_channel(self, axis: int) -> bool:
        """Whether the channel changes along an axis."""
        return self.channel is not None and varies(self.channel, axis)

    def map(self, function) -> "Labels":
        """The labels after something that moves numbers about."""
        parts = {part: getattr(self, part) for part in PARTS}
        return Labels(**{p: None if t is None else function(t) for p, t in parts.items()}, learned=self.learned)


def labels_of(argument, labels) -> Labels | None:
    """The labels of an argument, stored or computed; None for a number."""
    found = labels.get(argument if isinstance(argument, Stored) else getattr(argument, "name", None))
    return found if isinstance(found, Labels) else None


def tensors_of(node: Node, labels) -> list[Labels]:
    """The labels of every tensor among a node's arguments, those in lists too."""
    return [found for item in node.inputs() if (found := labels_of(item, labels)) is not None]


def grid(shape: tuple[int, ...]) -> Labels:
    """Fresh labels: axis 1 is channels, every position of the axes after it is one of its own."""
    tall = range(2, max(len(shape) - 1, 3)) if len(shape) > 2 else ()
    wide = range(len(shape) - 1, len(shape)) if len(shape) > 3 else ()
    return Labels(count_along(shape, tall), count_along(shape, wide), count_along(shape, range(1, min(len(shape), 2))))


def count_along(shape: tuple[int, ...], axes) -> Tensor:
    """Labels that number the places along some axes together, and are the same along the others."""
    label = torch.zeros(())
    for axis in axes:
        steps = torch.arange(shape[axis]).float().view([-1 if a == axis else 1 for a in range(len(shape))])
        label = label * shape[axis] + steps
    return label.expand(shape)


def varies(tensor: Tensor, axis: int) -> bool:
    """Whether labels change along an axis, padding aside."""
    if tensor.dim() <= axis or tensor.shape[axis] < 2:
        return False
    lowest = tensor.where(tensor >= 0, torch.inf).amin(axis)
    return bool((tensor.amax(axis) > lowest).any())


def places_along(image: Labels, axis: int) -> list[float]:
    """The label of each position along an axis, NOWHERE for padding; those with one label are one position."""
    assert image.height is not None and image.width is not None
    others = tuple(a for a in range(image.height.dim()) if a != axis)
    height, width = image.height.amax(others), image.width.amax(others)
    both = height * (width.max() + 1) + width
    return both.where((height >= 0) & (width >= 0), NOWHERE).tolist()


def live_along(image: Labels, axis: int) -> list[bool]:
    """Whether there is anything but padding at each place of an axis."""
    assert image.height is not None
    return (image.height.amax([a for a in range(image.height.dim()) if a != axis]) >= 0).tolist()
