"""Rule 4 of coordinates: a few channels that tell where a position is may stand beside the image; one a position may not.

With a channel for each position, weights over channels are weights over positions.
"""

from course.graph import Graph, Node, Stored, Value
from course.operations import GENERATORS, JOINS, PADS, SIZES
from graders.labels import Labels, labels_of, places_along, tensors_of
from graders.relabelling import joined_axis

MOST_COORDINATES = 4  # beside maps of one size: rows, columns, the distance from the middle, and one more


def judge_coordinates(graph: Graph, labels) -> dict[str, str]:
    """By operation, which puts more coordinates beside the image than are allowed, those before it counted too."""
    names = names_by_content(graph, labels)
    beside: dict[tuple, dict] = {}  # by the size of the map: how many channels, by what they hold
    wrong = {}
    for node in graph.nodes:
        images = [item for item in tensors_of(node, labels) if item.from_image]
        if not images or not (node.op in JOINS or node.op in PADS):
            continue
        image = max(images, key=lambda item: len(item.shape))
        found = beside.setdefault(_size(image), {})
        before = sum(found.values())
        found |= _joined(node, image, labels, names) if node.op in JOINS else _padded(node, image)
        if sum(found.values()) > max(before, MOST_COORDINATES):
            wrong[node.name] = (
                f"it puts numbers beside the image that differ by position, {sum(found.values())} for each so far and at "
                f"most {MOST_COORDINATES} may; let convolutions act alike at every position"
            )
    return wrong


def _joined(node: Node, image: Labels, labels, names) -> dict:
    """The coordinates that are joined to an image's value, by their content."""
    result = labels[node.name]
    axis = joined_axis(node, result)
    wide = node.op != "stack"
    found = {}
    for argument in node.args[0]:
        item = labels_of(argument, labels)
        if item is None or item.from_image or item.learned:
            continue
        across = [at for at in range(1, len(item.shape)) if not (wide and at == axis)]
        if any(item.differs(at) for at in across):
            found[names.get(argument.name, argument.name)] = item.shape[axis] if wide else 1
    if wide and result.from_image and _is_flat(image, axis):
        others = result.shape[axis] - sum(label >= 0 for label in places_along(result, axis))
        found[node.name, "along"] = -(-others // _positions(image, axis))
    return found


def _padded(node: Node, image: Labels) -> dict:
    """Numbers other than zero, put beside a flattened map by padding; a border of the map itself is none."""
    value = node.args[3 if node.op == "pad" else 2 :]
    if not value or not value[0]:
        return {}
    amounts = node.args[1]
    axes = [len(image.shape) - 1 - i // 2 for i, amount in enumerate(amounts) if amount > 0]
    return {node.name: 1} if any(_is_flat(image, axis) for axis in axes) else {}


def _is_flat(image: Labels, axis: int) -> bool:
    """Whether an axis holds more than the rows, or more than the columns, of a map."""
    if axis == 0 or not image.moves(axis):
        return False
    assert image.height is not None and image.width is not None
    both = [Labels(part, part, part) for part in (image.height, image.width)]
    return axis == 1 or all(one.moves(axis) for one in both) or image.changes_channel(axis)


def _positions(image: Labels, axis: int) -> int:
    return max(1, len({label for label in places_along(image, axis) if label >= 0}))


def _size(image: Labels) -> tuple:
    """How many rows and how many columns a value tells apart."""
    return tuple(0 if part is None else len(part[part >= 0].unique()) for part in (image.height, image.width))


def names_by_content(graph: Graph, labels) -> dict[str, int]:
    """Values by name; those that are computed alike, from numbers and sizes alone, have one number."""
    names: dict[str, int] = {}
    known: dict[object, int] = {}

    def content(argument):
        if isinstance(argument, Stored | Value):
            return ("of", names.get(argument.name, argument.name))
        return tuple(map(content, argument)) if isinstance(argument, tuple) else argument

    for node in graph.nodes:
        image = any(item.from_image for item in tensors_of(node, labels))
        key: object = (node.op, content(node.args), content(tuple(node.kwargs.items())))
        if node.op in SIZES:
            key = (node.op, *node.args[1:])
        elif image and node.op in GENERATORS:
            key = (node.op, tuple(content(a) for a in node.args[1:]))
        elif image:
            key = node.name
        names[node.name] = known.setdefault(key, len(known))
    return names
